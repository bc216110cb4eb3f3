"""Holidays and weekends of countries and exchanges, by the package `holidays`, which is there only where it is wanted.

The package knows a calendar up to about the year 2100; beyond what it knows no day is a holiday.
"""

import re
from collections.abc import Collection, Container, Mapping, Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from reminderd.recurrence.errors import ScheduleError

if TYPE_CHECKING:
    from holidays import HolidayBase

_DAY = timedelta(days=1)


class _Code(NamedTuple):
    name: str
    part: str | None
    exchange: bool


def parse_calendars(codes: Sequence[str]) -> tuple[str, ...]:
    """The codes, such as DE or DE-BE, in their normal form; raises ScheduleError with the index of a wrong one."""
    found: dict[str, None] = {}
    for index, code in enumerate(codes):
        try:
            name, part, _ = _code(code.strip())
        except ScheduleError as error:
            raise ScheduleError(error.message, error.hint, index) from None
        found[name if part is None else f"{name}-{part}"] = None
    return tuple(found)


def check_package() -> None:
    """Raise ScheduleError where the package `holidays` is not installed."""
    try:
        import holidays  # noqa: F401
    except ImportError:
        hint = "install it from the checkout with: pip install '.[holidays]'"
        raise ScheduleError("holidays needs the package `holidays`, which is not installed", hint) from None


def is_holiday(calendars: tuple[str, ...], day: date) -> bool:
    """Whether one of the calendars has that day as a holiday."""
    return any(day in _year(code, day.year).holidays for code in calendars)


def is_working_day(calendars: tuple[str, ...], day: date) -> bool:
    """Whether it is neither a holiday nor on a weekend in any of the calendars."""
    return all(_year(code, day.year).is_working_day(day) for code in calendars)


class _Year(NamedTuple):
    holidays: frozenset[date]
    weekend: frozenset[int]
    working_weekends: frozenset[date]  # moved by law, as in China

    def is_working_day(self, day: date) -> bool:
        if day in self.holidays:
            return False
        return day.weekday() not in self.weekend or day in self.working_weekends


@lru_cache(maxsize=4096)
def _year(code: str, year: int) -> _Year:
    # A holiday on a weekend may be kept in the year before or after.
    years = range(year - 1, year + 2)
    calendar = _calendar(_code(code), years)
    own = frozenset(day for day in calendar if day.year == year)
    working = frozenset(day for day in getattr(calendar, "weekend_workdays", ()) if day.year == year)
    return _Year(own, frozenset(calendar.weekend), working)


def _calendar(code: _Code, years: range) -> "HolidayBase":
    import holidays

    if code.exchange:
        return holidays.financial_holidays(code.name, subdiv=code.part, years=years, expand=False)
    return holidays.country_holidays(code.name, subdiv=code.part, years=years, expand=False)


@lru_cache(maxsize=4096)
def _code(text: str) -> _Code:
    check_package()
    name, _, part = text.partition("-")
    for exchange, known in ((False, _countries()), (True, _exchanges())):
        whole = _among(text, known)  # a few names of exchanges may hold a dash themselves
        if whole is not None:
            return _Code(whole, None, exchange)
        if (found := _among(name, known)) is None:
            continue
        inside = _among(part, known[found])
        if inside is None:
            raise ScheduleError(f"{found} has no part {part[:40]!r}", _hint(part, known[found], f"{found}-"))
        return _Code(found, inside, exchange)
    raise ScheduleError(f"unknown calendar {text[:40]!r}", _hint(text, [*_countries(), *_exchanges()], ""))


def _among(word: str, known: Collection[str]) -> str | None:
    return word if word in known else next((each for each in known if each.casefold() == word.casefold()), None)


def _hint(word: str, known: Collection[str], prefix: str) -> str:
    dashed = re.sub(r"[/_ ]+", "-", word[:40])
    if not prefix and dashed != word and (code := _code_or_none(dashed)):
        return f"did you mean {code.name}{f'-{code.part}' if code.part else ''}?"
    if not known:
        return f"write {prefix.rstrip('-')} alone"
    if prefix and len(word) < 4:  # too short for anything but a guess
        return f"there are {', '.join(list(known)[:60])}"
    folded = {each.casefold(): each for each in known}
    close = get_close_matches(word[:40].casefold(), folded, n=1, cutoff=0.5)
    if close:
        return f"did you mean {prefix}{folded[close[0]]}?"
    if prefix:
        return f"there are {', '.join(list(known)[:60])}"
    return "write a country of ISO 3166, like DE, with a part of it, like DE-BE or US-CA"


def _code_or_none(text: str) -> _Code | None:
    try:
        return _code(text)
    except ScheduleError:
        return None


@cache
def _countries() -> Mapping[str, list[str]]:
    import holidays

    return holidays.list_supported_countries(include_aliases=True)


@cache
def _exchanges() -> Mapping[str, list[str]]:
    import holidays

    return holidays.list_supported_financial(include_aliases=True)


def nearest_working_day(
    calendars: tuple[str, ...], off: Container[date], day: date, step: int, most: int
) -> date | None:
    """The first working day that is not in `off`, from `day` on by `step` days; None where `most` days have none."""
    for _ in range(most):
        day += step * _DAY
        if day not in off and is_working_day(calendars, day):
            return day
    return None
