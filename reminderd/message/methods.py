"""The methods of text, mappings and dates that templates may call: Python's by name and meaning, each bounded."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from reminderd.message.functions import join, replace
from reminderd.message.values import DATES, Fault, integer, scalar, text

# The C library takes widths of any size, and answers %s with the machine's own zone.
_DIRECTIVES = re.compile(r"%[-_^]?[aAbBcdDeFgGhHIjmMnpPrRStTuUVwWxXyYzZ%]")
DATE_ATTRIBUTES = frozenset({"year", "month", "day", "hour", "minute", "second", "days", "seconds"})


def _on_text(function: Callable[..., object]) -> Callable[..., object]:
    """Of a function of text and more text."""
    return lambda value, *rest: function(text(value), *(text(more) for more in rest))


def _split(value: object, separator: object = None, times: object = -1) -> list[str]:
    return text(value).split(None if separator is None else text(separator), integer(times))


def strftime(value: Any, pattern: object) -> str:
    """Python's strftime of a date or time, of directives that are the same everywhere."""
    if "%" in _DIRECTIVES.sub("", text(pattern)):
        raise Fault("strftime does not know one of these directives", "there are %H:%M, %d, %-d, %B, %Y and their like")
    if len(text(pattern)) > 256:
        raise Fault("strftime takes no more than 256 characters")
    return str(value.strftime(pattern))


def _isoformat(value: Any, *args: object, timespec: object = "auto") -> str:
    separator = [text(arg) for arg in args]
    return str(value.isoformat(*separator, **({} if timespec == "auto" else {"timespec": text(timespec)})))


_TEXT_METHODS: Mapping[str, Callable[..., object]] = {
    "upper": _on_text(str.upper),
    "lower": _on_text(str.lower),
    "title": _on_text(str.title),
    "capitalize": _on_text(str.capitalize),
    "strip": _on_text(str.strip),
    "lstrip": _on_text(str.lstrip),
    "rstrip": _on_text(str.rstrip),
    "startswith": _on_text(str.startswith),
    "endswith": _on_text(str.endswith),
    "split": _split,
    "replace": replace,
    "join": lambda separator, parts: join(parts, separator),
}

_MAPPING_METHODS: Mapping[str, Callable[..., object]] = {
    "get": lambda value, key, default=None: value.get(scalar(key), default),
    "items": lambda value: list(value.items()),
    "keys": lambda value: list(value),
    "values": lambda value: list(value.values()),
}

_DATE_METHODS: Mapping[str, Callable[..., object]] = {
    "strftime": strftime,
    "isoformat": _isoformat,
    "date": datetime.date,
    "time": datetime.time,
    "weekday": lambda value: value.weekday(),
    "isoweekday": lambda value: value.isoweekday(),
    "tzname": lambda value: value.tzname(),
    "total_seconds": timedelta.total_seconds,
}

_METHODS_OF: tuple[tuple[type | tuple[type, ...], Mapping[str, Callable[..., object]]], ...] = (
    (str, _TEXT_METHODS),
    (Mapping, _MAPPING_METHODS),
    (DATES, _DATE_METHODS),
)
METHODS = frozenset({*_TEXT_METHODS, *_MAPPING_METHODS, *_DATE_METHODS})


def method(value: object, name: str) -> Callable[..., object]:
    """The method of that name of a value of this kind, still to be given the value."""
    table = next((methods for kinds, methods in _METHODS_OF if isinstance(value, kinds)), {})
    if name in table and _has(value, name):
        return table[name]
    there = ", ".join(sorted(known for known in table if _has(value, known)))
    raise Fault(f"{name}() cannot be called here", f"there are {there}" if there else "")


def _has(value: object, name: str) -> bool:
    """Of dates, times and spans each has some of the methods; of text and mappings all have all."""
    return not isinstance(value, DATES) or hasattr(value, name)
