"""What the daemon tells of itself: every log event, named once, and its figures."""

from reminderd.telemetry.figures import Credit, Figures, Histogram
from reminderd.telemetry.lines import json_text
from reminderd.telemetry.log import Event, configure, emit, in_one_write, level_of, silence, traceback

__all__ = [
    "Credit",
    "Event",
    "Figures",
    "Histogram",
    "configure",
    "emit",
    "in_one_write",
    "json_text",
    "level_of",
    "silence",
    "traceback",
]
