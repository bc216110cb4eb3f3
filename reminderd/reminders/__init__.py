"""Reminders that programs make: a request becomes a job file, once, and the files stay the truth."""

from reminderd.reminders.asked import Flaw, plain_json
from reminderd.reminders.refusals import RefusedError, Why
from reminderd.reminders.reminders import MOST, Made, Reminders
from reminderd.reminders.shown import Shown, show

__all__ = ["MOST", "Flaw", "Made", "RefusedError", "Reminders", "Shown", "Why", "plain_json", "show"]
