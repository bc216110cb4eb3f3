"""Every log event, named once, with its level, and where it goes.

A record is an event and its fields: `delivery.accepted job=rent delivery=42 attempt=1`. No field ever holds a message's
text, a full phone number or a credential.
"""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TextIO

from reminderd.clock import to_text
from reminderd.duration import format_duration
from reminderd.telemetry.handlers import StreamHandler
from reminderd.telemetry.handlers import in_one_write as held_until_the_end
from reminderd.telemetry.hiding import hide_tokens
from reminderd.telemetry.journal import JournalHandler
from reminderd.telemetry.journal import reads as in_journal
from reminderd.telemetry.lines import JsonFormatter, TextFormatter

_logger = logging.getLogger("reminderd")


class Event(StrEnum):
    """What the daemon tells. docs/events.md says what each means and what to do."""

    DAEMON_STARTED = "daemon.started"
    DAEMON_STOPPING = "daemon.stopping"
    DAEMON_STOPPED = "daemon.stopped"
    DAEMON_FAILED = "daemon.failed"
    DAEMON_RECOVERED = "daemon.recovered"
    DAEMON_DELAYED = "daemon.delayed"
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
    INBOUND_RECEIVED = "inbound.received"
    OPT_OUT_ADDED = "opt_out.added"
    OPT_OUT_REMOVED = "opt_out.removed"
    DRILL_PLANNED = "drill.planned"
    MARK_FAILED = "mark.failed"
    MARK_RECOVERED = "mark.recovered"
    ORIGIN_UNPROVEN = "origin.unproven"
    OCCURRENCE_MOVED = "occurrence.moved"
    ZONES_CHANGED = "zones.changed"
    STATE_PRUNED = "state.pruned"
    RECIPIENT_FORGOTTEN = "recipient.forgotten"
    REMINDER_WRITTEN = "reminder.written"
    REMINDER_REMOVED = "reminder.removed"
    WEB_LISTENING = "web.listening"
    WEB_FAILED = "web.failed"
    WEB_REFUSED = "web.refused"
    CALLBACK_REFUSED = "callback.refused"
    CALLBACK_UNKNOWN = "callback.unknown"
    TEXTFILE_FAILED = "textfile.failed"
    TEXTFILE_RECOVERED = "textfile.recovered"
    COMMAND_DONE = "command.done"
    COMMAND_FAILED = "command.failed"
    JOURNAL_LOST = "journal.lost"
    ALERT_OPENED = "alert.opened"
    ALERT_TOLD = "alert.told"
    ALERT_FAILED = "alert.failed"
    ALERT_OVER = "alert.over"
    HEARTBEAT_FAILED = "heartbeat.failed"
    HEARTBEAT_RECOVERED = "heartbeat.recovered"


_LEVELS = {
    Event.DAEMON_FAILED: logging.ERROR,
    Event.DAEMON_DELAYED: logging.WARNING,
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
    Event.WEB_FAILED: logging.ERROR,
    Event.WEB_REFUSED: logging.WARNING,
    Event.CALLBACK_REFUSED: logging.WARNING,
    Event.CALLBACK_UNKNOWN: logging.WARNING,
    Event.TEXTFILE_FAILED: logging.ERROR,
    Event.COMMAND_FAILED: logging.ERROR,
    Event.JOURNAL_LOST: logging.WARNING,
    Event.ALERT_OPENED: logging.WARNING,
    Event.ALERT_FAILED: logging.ERROR,
    Event.HEARTBEAT_FAILED: logging.WARNING,
}


def emit(event: Event, **fields: object) -> None:
    """Log an event with its fields, in their order; None fields are left out."""
    if _logger.isEnabledFor(level_of(event)):
        _logger.handle(_record(event, fields))


def traceback(event: Event, **fields: object) -> None:
    """Log an event with the traceback of the exception being handled."""
    _logger.handle(_record(event, fields, with_exception=True))


def level_of(event: Event) -> int:
    """At which of logging's levels it is told."""
    return _LEVELS.get(event, logging.INFO)


def _record(event: Event, fields: Mapping[str, object], *, with_exception: bool = False) -> logging.LogRecord:
    # Made by hand: logging would look for the caller's line, which no format of ours shows.
    exception = sys.exc_info() if with_exception else None
    record = logging.LogRecord(_logger.name, level_of(event), "", 0, event.value, (), exception)
    record.fields = {name: _plain(value) for name, value in fields.items() if value is not None}
    return record


def _plain(value: object) -> object:
    """Times and durations as they are written everywhere else, and no token that came in with a text."""
    match value:
        case datetime():
            return to_text(value)
        case timedelta():
            return format_duration(value)
        case str():
            return hide_tokens(value)
        case _:
            return value


def in_one_write() -> AbstractContextManager[None]:
    """What the block emits in its thread is written at its end, at once: each write is a turn for other threads."""
    return held_until_the_end(_logger)


@contextmanager
def silence() -> Iterator[None]:
    """What the block emits is not logged: it plays something through on a copy."""
    before, _logger.disabled = _logger.disabled, True
    try:
        yield
    finally:
        _logger.disabled = before


def configure(format_: str, level: str, stream: TextIO | None = None) -> None:
    """Send the log to `stream` (default: stderr). format_: text, json, or auto: the journal where it reads stderr, else text."""
    out = stream or sys.stderr
    before = _logger.handlers[:]
    _logger.handlers[:] = [_handler(format_, out)]
    for handler in before:
        handler.close()
    _logger.propagate = False
    _logger.setLevel(level.upper())


def _handler(format_: str, out: TextIO) -> logging.Handler:
    if format_ == "json":
        return StreamHandler(out, JsonFormatter())
    if format_ == "auto" and in_journal(out):
        return JournalHandler(out, _lost)
    return StreamHandler(out, TextFormatter(out))


def _lost(number: int) -> logging.LogRecord:
    return _record(Event.JOURNAL_LOST, {"lines": number})
