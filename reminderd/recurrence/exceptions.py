"""What `except` leaves out: dates, ranges of dates, and single times."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache

from reminderd.recurrence.errors import ScheduleError
from reminderd.recurrence.notation import parse_date, parse_time

_RANGE = re.compile(r"\s*(\S+?)\s*\.\.\s*(\S+)\s*")
_DASHED = re.compile(r"\s*([0-9]{4}-[0-9]{2}-[0-9]{2})\s*(?:-+|–|/|to|bis)\s*([0-9]{4}-[0-9]{2}-[0-9]{2})\s*")
_DAY = timedelta(days=1)


def parse_exceptions(values: Sequence[str]) -> tuple[str, ...]:
    """The exceptions in their normal form; raises ScheduleError with the index of a wrong one."""
    found: dict[str, None] = {}
    for index, value in enumerate(values):
        try:
            found[_parse(value)] = None
        except ScheduleError as error:
            raise ScheduleError(error.message, error.hint, index) from None
    return tuple(found)


def _parse(value: str) -> str:
    ends = _RANGE.fullmatch(value)
    if ends is None:
        if dashed := _DASHED.fullmatch(value):
            raise ScheduleError(f"{value.strip()!r} is not a range of dates", f"write {dashed[1]}..{dashed[2]}")
        return parse_time(value)
    first, last = parse_date(ends[1]), parse_date(ends[2])
    if last < first:
        raise ScheduleError(f"{first}..{last} ends before it begins", f"write {last}..{first}")
    return f"{first}..{last}"


class Exceptions:
    """The exceptions of one rule, to be asked many times."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        ranges = sorted(_days(text) for text in texts if "T" not in text)
        self._firsts: list[date] = []
        self._lasts: list[date] = []
        for first, last in ranges:
            if self._lasts and first <= self._lasts[-1] + _DAY:
                self._lasts[-1] = max(self._lasts[-1], last)
            else:
                self._firsts.append(first)
                self._lasts.append(last)
        times = [datetime.fromisoformat(text) for text in texts if "T" in text]
        self.walls = frozenset(time for time in times if time.tzinfo is None)
        self.instants = frozenset(time for time in times if time.tzinfo is not None)

    def off_until(self, day: date) -> date | None:
        """The last of the days in a row from `day` on that are left out; None where `day` is not."""
        index = bisect_right(self._firsts, day) - 1
        return self._lasts[index] if index >= 0 and day <= self._lasts[index] else None

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.off_until(day) is not None


def _days(text: str) -> tuple[date, date]:
    first, _, last = text.partition("..")
    return date.fromisoformat(first), date.fromisoformat(last or first)


@lru_cache(maxsize=1024)
def exceptions_of(texts: tuple[str, ...]) -> Exceptions:
    return Exceptions(texts)
