"""What keeps reminderd from working on this machine, looked for before it does."""

from reminderd.doctor.examine import CHECKS, examine
from reminderd.doctor.finding import Finding, Grade
from reminderd.doctor.scene import Scene

__all__ = ["CHECKS", "Finding", "Grade", "Scene", "examine"]
