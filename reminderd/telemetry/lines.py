"""How a record looks as text: a line for people, a line of JSON, and one by systemd's notation for streams."""

import json
import logging
import os
import re
from datetime import UTC, datetime
from typing import Any, TextIO

from reminderd.telemetry.hiding import hide_tokens

_ODD = re.compile(r"[^\n -~]")
# As syslog counts: what `<3>` before a line says, and PRIORITY in the journal.
PRIORITIES = {logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
_COLOURS = {logging.ERROR: 31, logging.WARNING: 33, logging.INFO: 32, logging.DEBUG: 2}
_EVENT_WIDTH = 20


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """The event's fields, by name and in their order."""
    found: dict[str, object] = getattr(record, "fields", {})
    return found


def sentence(record: logging.LogRecord, width: int = 0) -> str:
    """`event field=value ...`, one line; a traceback follows on lines of its own."""
    words = [record.getMessage().ljust(width)]
    words += [f"{name}={_quoted(value)}" for name, value in fields_of(record).items()]
    if record.exc_info:
        words.append("\n" + hide_tokens(logging.Formatter().formatException(record.exc_info)))
    return " ".join(words).rstrip(" ")


def by_priority(record: logging.LogRecord) -> str:
    """As systemd reads it from a stream: `<priority>event ...`. The journal keeps time itself."""
    return f"<{PRIORITIES.get(record.levelno, 6)}>{sentence(record)}"


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class TextFormatter(logging.Formatter):
    """`time level event field=value ...`; on a terminal in columns, with the level in colour unless NO_COLOR is set."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._terminal = stream.isatty()
        self._colour = self._terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname.lower():7}"
        if self._colour:
            level = f"\x1b[{_COLOURS.get(record.levelno, 0)}m{level}\x1b[0m"
        return f"{_time(record)} {level} {sentence(record, _EVENT_WIDTH if self._terminal else 0)}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time, level, event`, and the event's fields."""

    def format(self, record: logging.LogRecord) -> str:
        head = {"time": _time(record), "level": record.levelname.lower(), "event": record.getMessage()}
        if record.exc_info:
            head["traceback"] = hide_tokens(self.formatException(record.exc_info))
        return json_text({**head, **fields_of(record)}, default=str)


def json_text(value: object, **options: Any) -> str:
    """JSON in which nothing can steer a terminal: what cannot be printed is escaped, though JSON would take it."""
    return _ODD.sub(_escaped, json.dumps(value, ensure_ascii=False, **options))


def _escaped(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]


def _quoted(value: object) -> str:
    """One word, or a JSON string: a line of the log stays one line whatever the value."""
    text = str(value)
    plain = text.isprintable() and text and not any(c in ' "=' for c in text)
    return text if plain else json_text(text)
