"""What a check found: how well it stands, what was seen, and what to do."""

from enum import StrEnum
from typing import NamedTuple


class Grade(StrEnum):
    """How well something stands. skip: it could not be looked at, or there is nothing to look at."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


class Finding(NamedTuple):
    """One line of `reminderd doctor`. check: its name in the docs. do: what to do about it; "" where there is nothing."""

    check: str
    grade: Grade
    seen: str
    do: str = ""


def ok(check: str, seen: str) -> Finding:
    return Finding(check, Grade.OK, seen)


def warn(check: str, seen: str, do: str) -> Finding:
    return Finding(check, Grade.WARN, seen, do)


def fail(check: str, seen: str, do: str) -> Finding:
    return Finding(check, Grade.FAIL, seen, do)


def skip(check: str, why: str, do: str = "") -> Finding:
    return Finding(check, Grade.SKIP, why, do)


def count(number: int, one: str, many: str | None = None) -> str:
    """So many of something."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def few(things: list[str], most: int = 3) -> str:
    """The first of several, and how many more there are."""
    rest = f" and {len(things) - most} more" if len(things) > most else ""
    return ", ".join(things[:most]) + rest
