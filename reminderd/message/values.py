"""The values that a template works with, and the bounds of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

LONGEST = 8192  # characters; five times the longest text that can be sent
_WIDEST = 128  # bits of an integer
DATES = (datetime, date, time, timedelta)
LISTS = (list, tuple)


class Fault(Exception):
    """Something that a template asks for and cannot have; where it stands is added by the one who knows."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Missing:
    """The value of what is not there. It may be asked for (`is defined`, `default`) and is an error elsewhere.

    hint: makes the hint, when it has become an error; looking for similar names takes long.
    """

    message: str
    hint: Callable[[], str] = lambda: ""


def kind(value: object) -> str:
    """What people call the value."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case Mapping():
            return "a mapping"
        case Missing():
            return "something undefined"
    return "a list" if isinstance(value, LISTS) else "a date" if isinstance(value, DATES) else "this value"


def cost(value: object) -> int:
    """The steps that it takes to work on all of the value."""
    if isinstance(value, str):
        return len(value) // 16
    return len(value) if isinstance(value, (*LISTS, Mapping)) else 0


def printed(value: object) -> str:
    """The value as it stands in a message."""
    match value:
        case str():
            return text(value)
        case None:
            raise Fault("null cannot be printed", "give a default: {{ x | default('-', true) }}")
        case int() | float():
            return _digits(value)
    if isinstance(value, DATES):
        return str(value)
    raise Fault(f"{kind(value)} cannot be printed", "print its parts, or {{ x | join(', ') }}")


def _digits(value: float) -> str:
    try:
        return str(value)
    except ValueError:
        raise Fault("the number is too large") from None


def text(value: object) -> str:
    if not isinstance(value, str):
        raise Fault(f"text is needed here, not {kind(value)}")
    if len(value) > LONGEST:
        raise Fault(f"a text of more than {LONGEST} characters")
    return value


def number(value: object) -> int | float:
    if not isinstance(value, int | float):
        raise Fault(f"a number is needed here, not {kind(value)}")
    if isinstance(value, int) and value.bit_length() > _WIDEST:
        raise Fault("the number is too large")
    return value


def integer(value: object) -> int:
    if not isinstance(value, int):
        raise Fault(f"a whole number is needed here, not {kind(value)}")
    number(value)
    return value


def elements(value: object) -> Sequence[object]:
    """The elements of a list, or the keys of a mapping."""
    if isinstance(value, Mapping):
        return list(value)
    if isinstance(value, list | tuple):
        return value
    raise Fault(f"a list is needed here, not {kind(value)}")


def scalar(value: object) -> object:
    """A value that can be compared in a bounded time."""
    if isinstance(value, str):
        return text(value)
    if value is None or isinstance(value, (bool, int, float, *DATES)):
        return value
    raise Fault(f"{kind(value)} cannot be compared", "compare its length or its elements")
