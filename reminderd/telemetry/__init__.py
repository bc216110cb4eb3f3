"""What the daemon tells of itself: every log event, named once."""

from reminderd.telemetry.lines import json_text
from reminderd.telemetry.log import Event, configure, emit, in_one_write, level_of, silence, traceback

__all__ = ["Event", "configure", "emit", "in_one_write", "json_text", "level_of", "silence", "traceback"]
