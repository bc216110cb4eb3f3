"""What the daemon tells of itself: every log event, named once."""

from reminderd.telemetry.log import Event, configure, emit, in_one_write, json_text, silence, traceback

__all__ = ["Event", "configure", "emit", "in_one_write", "json_text", "silence", "traceback"]
