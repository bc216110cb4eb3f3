"""Every log event, named once, with its level; and how a line of the log looks.

A line is an event and its fields: `delivery.accepted job=rent delivery=42 attempt=1`. No field ever holds a message's
text, a full phone number or a credential.
"""

import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TextIO

from reminderd.clock import to_text
from reminderd.duration import format_duration

_logger = logging.getLogger("reminderd")
_held = threading.local()
_ODD = re.compile(r"[^\n -~]")


class Event(StrEnum):
    """What the daemon tells. docs/events.md says what each means and what to do."""

    DAEMON_STARTED = "daemon.started"
    DAEMON_STOPPING = "daemon.stopping"
    DAEMON_STOPPED = "daemon.stopped"
    DAEMON_FAILED = "daemon.failed"
    DAEMON_RECOVERED = "daemon.recovered"
    SETTINGS_RELOADED = "settings.reloaded"
    SETTINGS_PROBLEM = "settings.problem"
    CATALOG_LOADED = "catalog.loaded"
    CATALOG_PROBLEM = "catalog.problem"
    WATCHER_FAILED = "watcher.failed"
    OCCURRENCE_PLANNED = "occurrence.planned"
    OCCURRENCE_SKIPPED = "occurrence.skipped"
    DELIVERY_CLAIMED = "delivery.claimed"
    DELIVERY_ACCEPTED = "delivery.accepted"
    DELIVERY_RETRYING = "delivery.retrying"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_MISSED = "delivery.missed"
    DELIVERY_CANCELLED = "delivery.cancelled"
    DELIVERY_IN_DOUBT = "delivery.in_doubt"
    DOUBT_LOOKED_UP = "doubt.looked_up"
    DOUBT_SETTLED = "doubt.settled"
    DOUBT_UNRESOLVED = "doubt.unresolved"
    LOG_UNAVAILABLE = "log.unavailable"
    RECEIPT_DELIVERED = "receipt.delivered"
    RECEIPT_UNDELIVERED = "receipt.undelivered"
    RECEIPT_ACCOUNT = "receipt.account"
    RECEIPT_MISSING = "receipt.missing"
    RECEIPT_UNAVAILABLE = "receipt.unavailable"
    GATEWAY_SUSPENDED = "gateway.suspended"
    GATEWAY_RESUMED = "gateway.resumed"
    HOLD_OPENED = "hold.opened"
    HOLD_CLOSED = "hold.closed"
    OVERRIDE_SET = "override.set"
    OVERRIDE_ENDED = "override.ended"
    OPT_OUT_ADDED = "opt_out.added"
    OPT_OUT_REMOVED = "opt_out.removed"
    DRILL_PLANNED = "drill.planned"
    MARK_FAILED = "mark.failed"
    MARK_RECOVERED = "mark.recovered"
    ORIGIN_UNPROVEN = "origin.unproven"
    OCCURRENCE_MOVED = "occurrence.moved"
    ZONES_CHANGED = "zones.changed"
    COMMAND_DONE = "command.done"
    COMMAND_FAILED = "command.failed"


_LEVELS = {
    Event.DAEMON_FAILED: logging.ERROR,
    Event.SETTINGS_PROBLEM: logging.ERROR,
    Event.CATALOG_PROBLEM: logging.WARNING,
    Event.WATCHER_FAILED: logging.ERROR,
    Event.OCCURRENCE_SKIPPED: logging.WARNING,
    Event.OCCURRENCE_PLANNED: logging.DEBUG,
    Event.DELIVERY_CLAIMED: logging.DEBUG,
    Event.DELIVERY_RETRYING: logging.WARNING,
    Event.DELIVERY_FAILED: logging.ERROR,
    Event.DELIVERY_MISSED: logging.WARNING,
    Event.DELIVERY_IN_DOUBT: logging.WARNING,
    Event.DOUBT_UNRESOLVED: logging.ERROR,
    Event.LOG_UNAVAILABLE: logging.WARNING,
    Event.RECEIPT_UNDELIVERED: logging.WARNING,
    Event.RECEIPT_ACCOUNT: logging.ERROR,
    Event.RECEIPT_UNAVAILABLE: logging.WARNING,
    Event.GATEWAY_SUSPENDED: logging.ERROR,
    Event.HOLD_OPENED: logging.WARNING,
    Event.MARK_FAILED: logging.ERROR,
    Event.ORIGIN_UNPROVEN: logging.WARNING,
    Event.OCCURRENCE_MOVED: logging.WARNING,
    Event.ZONES_CHANGED: logging.WARNING,
    Event.COMMAND_FAILED: logging.ERROR,
}


def emit(event: Event, **fields: object) -> None:
    """Log an event with its fields, in their order; None fields are left out."""
    level = _LEVELS.get(event, logging.INFO)
    if _logger.isEnabledFor(level):
        # Made by hand: logging would look for the caller's line, which no format of ours shows.
        record = logging.LogRecord(_logger.name, level, "", 0, event.value, (), None)
        record.fields = {name: _plain(value) for name, value in fields.items() if value is not None}
        _logger.handle(record)


def _plain(value: object) -> object:
    """Times and durations as they are written everywhere else."""
    match value:
        case datetime():
            return to_text(value)
        case timedelta():
            return format_duration(value)
        case _:
            return value


@contextmanager
def in_one_write() -> Iterator[None]:
    """What the block emits in its thread is written at its end, at once: each write is a turn for other threads."""
    _held.lines = []
    try:
        yield
    finally:
        lines, _held.lines = _held.lines, None
        for handler in _logger.handlers:
            if lines and isinstance(handler, _Handler):
                handler.write_all(lines)


@contextmanager
def silence() -> Iterator[None]:
    """What the block emits is not logged: it plays something through on a copy."""
    before, _logger.disabled = _logger.disabled, True
    try:
        yield
    finally:
        _logger.disabled = before


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to a stream; holds lines back within `in_one_write`."""

    def emit(self, record: logging.LogRecord) -> None:
        lines: list[str] | None = getattr(_held, "lines", None)
        if lines is None:
            super().emit(record)
        else:
            lines.append(self.format(record))

    def write_all(self, lines: list[str]) -> None:
        # As logging itself does for single lines: a log that cannot be written must not stop the work.
        with self.lock or nullcontext(), suppress(OSError, ValueError):
            self.stream.write("".join(line + self.terminator for line in lines))
            self.flush()


def configure(format_: str, level: str, stream: TextIO | None = None) -> None:
    """Send the log to `stream` (default: stderr). format_: text, json, or auto (text, in the journal's notation there)."""
    out = stream or sys.stderr
    handler = _Handler(out)
    handler.setFormatter(_JsonFormatter() if format_ == "json" else _TextFormatter(_in_journal()))
    _logger.handlers[:] = [handler]
    _logger.propagate = False
    _logger.setLevel(level.upper())


def _in_journal() -> bool:
    return "JOURNAL_STREAM" in os.environ and not sys.stderr.isatty()


_PRIORITIES = {logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _fields(record: logging.LogRecord) -> dict[str, object]:
    found: dict[str, object] = getattr(record, "fields", {})
    return found


class _TextFormatter(logging.Formatter):
    """`time level event field=value ...`; in the journal, which keeps time itself, `<priority>event ...`."""

    def __init__(self, journal: bool) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        words = [record.getMessage(), *(f"{name}={_quoted(value)}" for name, value in _fields(record).items())]
        if record.exc_info:
            words.append("\n" + self.formatException(record.exc_info))
        if self._journal:
            return f"<{_PRIORITIES.get(record.levelno, 6)}>" + " ".join(words)
        return " ".join([_time(record), f"{record.levelname.lower():7}", *words])


def json_text(value: object, **options: Any) -> str:
    """JSON in which nothing can steer a terminal: what cannot be printed is escaped, though JSON would take it."""
    return _ODD.sub(_escaped, json.dumps(value, ensure_ascii=False, **options))


def _escaped(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        head = {"time": _time(record), "level": record.levelname.lower(), "event": record.getMessage()}
        if record.exc_info:
            head["traceback"] = self.formatException(record.exc_info)
        return json_text({**head, **_fields(record)}, default=str)


def _quoted(value: object) -> str:
    """One word, or a JSON string: a line of the log stays one line whatever the value."""
    text = str(value)
    plain = text.isprintable() and text and not any(c in ' "=' for c in text)
    return text if plain else json_text(text)


def traceback(event: Event, **fields: object) -> None:
    """Log an event at error level with the traceback of the exception being handled."""
    _logger.error(event.value, extra={"fields": fields}, exc_info=True)
