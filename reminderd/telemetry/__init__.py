"""What the daemon tells of itself: every log event, named once, and its figures."""

from reminderd.telemetry.figures import LONGEST_PASS, Credit, Figures, Histogram, OpenAlert, RefusedCallbacks
from reminderd.telemetry.lines import json_text
from reminderd.telemetry.log import Event, configure, emit, in_one_write, level_of, silence, traceback

__all__ = [
    "LONGEST_PASS",
    "Credit",
    "Event",
    "Figures",
    "Histogram",
    "OpenAlert",
    "RefusedCallbacks",
    "configure",
    "emit",
    "in_one_write",
    "json_text",
    "level_of",
    "silence",
    "traceback",
]
