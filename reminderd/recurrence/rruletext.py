"""Recurrence rules of RFC 5545 as people write them: read strictly, and brought into one normal form.

What dateutil would pass over in silence, or would search for until the year 9999, is a problem here.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple, TypeVar

from reminderd.model import DstFold, DstGap, Rrule
from reminderd.recurrence.errors import ScheduleError

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
DATED = FREQUENCIES[:4]  # their time of day comes from BYHOUR or the start
MOST = 10_000

_LONGEST = 500
_DAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9])(Z?))?")
_YEARS = range(1970, 2200)
# Numbers from 1 on may also be counted from the end.
_NUMBERS: Mapping[str, tuple[int, int, bool]] = {
    "BYMONTH": (1, 12, False),
    "BYWEEKNO": (1, 53, True),
    "BYYEARDAY": (1, 366, True),
    "BYMONTHDAY": (1, 31, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSECOND": (0, 59, False),
    "BYSETPOS": (1, 366, True),
}
_DAYS_IN = {month: 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31 for month in range(1, 13)}
_ORDER = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", *list(_NUMBERS)[:4], "BYDAY", *list(_NUMBERS)[4:])
_EXAMPLE = "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=9"


class Weekday(NamedTuple):
    """A day of the week, from 0 for Monday; the nth one of its month or year where nth is not 0."""

    day: int
    nth: int

    def __str__(self) -> str:
        return f"{self.nth or ''}{WEEKDAYS[self.day]}"


Item = TypeVar("Item", int, Weekday)


class Parts(NamedTuple):
    """What a rule says. times: its COUNT. numbers: the BY parts with numbers that it has. until: with `Z` an instant, else wall time."""

    freq: str
    interval: int
    times: int | None
    until: datetime | None
    until_utc: bool
    wkst: int
    days: tuple[Weekday, ...]
    numbers: Mapping[str, tuple[int, ...]]


@lru_cache(maxsize=4096)
def parts_of(rule: str) -> Parts:
    """What a rule in its normal form says; raises ScheduleError for what is none."""
    return _parts(_split(rule))


def parse_rule(text: str, start: str | None, count: int | None, gap: DstGap, fold: DstFold) -> Rrule:
    """The rule, not yet known to have any occurrence. start: a wall time or a date, in its normal form. count: as COUNT.

    Raises ScheduleError.
    """
    written = _split(text)
    if count is not None:
        end = next((name for name in ("COUNT", "UNTIL") if name in written), None)
        if end is not None:
            raise ScheduleError(f"{end} in the rule and count exclude each other", "remove one", key="count")
        written["COUNT"] = str(count)
    parts = _parts(written)
    _check_together(parts)
    _check_start(parts, start)
    rule = ";".join(f"{name}={value}" for name, value in _written(parts))
    return Rrule(rule, f"{start}T00:00:00" if start and "T" not in start else start, gap, fold)


def _split(text: str) -> dict[str, str]:
    rule = "".join(text.upper().split()).removeprefix("RRULE:").rstrip(";")
    if len(rule) > _LONGEST:
        raise ScheduleError(f"a rule of over {_LONGEST} characters")
    if "DTSTART" in rule:
        raise ScheduleError("DTSTART does not go into the rule", "write it as start: 2027-01-01T09:00 beside rrule")
    found: dict[str, str] = {}
    for part in rule.split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise ScheduleError(f"{_show(part)} is not a part of a rule", f"write NAME=VALUE;…, like {_EXAMPLE}")
        if name not in _ORDER:
            raise ScheduleError(f"unknown part {_show(name)}", _name_hint(name))
        if name in found:
            raise ScheduleError(f"{name} is given twice", "give all its values in one, with commas")
        found[name] = value
    return found


def _name_hint(name: str) -> str:
    if name == "BYEASTER":
        return "it is not part of RFC 5545: give the dates with at, or use holidays"
    if name in ("RSCALE", "SKIP"):
        return "only the calendar of RFC 5545 is known; BYMONTHDAY=-1 is the last day of a month"
    close = get_close_matches(name[:20], _ORDER, n=1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(_ORDER)}"


def _parts(written: Mapping[str, str]) -> Parts:
    freq = _freq(written)
    if "COUNT" in written and "UNTIL" in written:
        raise ScheduleError("COUNT and UNTIL exclude each other", "remove one")
    until, until_utc = _until(written["UNTIL"]) if "UNTIL" in written else (None, False)
    return Parts(
        freq,
        _whole("INTERVAL", written.get("INTERVAL", "1")),
        _whole("COUNT", written["COUNT"]) if "COUNT" in written else None,
        until,
        until_utc,
        WEEKDAYS.index(_one_of("WKST", written.get("WKST", "MO"), WEEKDAYS)),
        _items("BYDAY", written, _weekday),
        {name: _items(name, written, _number_of(name)) for name in _NUMBERS if name in written},
    )


def _freq(written: Mapping[str, str]) -> str:
    if "FREQ" not in written:
        raise ScheduleError("the rule has no FREQ", f"begin it with FREQ={'|'.join(FREQUENCIES)}")
    if written["FREQ"] == "SECONDLY":
        raise ScheduleError("FREQ=SECONDLY is not supported", "for seconds use every: 30s with from")
    return _one_of("FREQ", written["FREQ"], FREQUENCIES)


def _one_of(name: str, value: str, options: tuple[str, ...]) -> str:
    if value not in options:
        close = get_close_matches(value[:20], options, n=1)
        hint = f"did you mean {close[0]}?" if close else f"it takes {', '.join(options)}"
        raise ScheduleError(f"{name}={_show(value)} is not valid", hint)
    return value


def _whole(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value) or not 1 <= int(value) <= MOST:
        raise ScheduleError(f"{name}={_show(value)} is not valid", f"it takes a number from 1 to {MOST}")
    return int(value)


def _items(name: str, written: Mapping[str, str], read: Callable[[str], Item]) -> tuple[Item, ...]:
    return tuple(sorted({read(item) for item in written[name].split(",")})) if name in written else ()


def _number_of(name: str) -> Callable[[str], int]:
    least, most, signed = _NUMBERS[name]

    def read(item: str) -> int:
        if (
            not re.fullmatch(r"[+-]?[0-9]{1,3}" if signed else r"[0-9]{1,3}", item)
            or not least <= abs(int(item)) <= most
        ):
            also = f", or -{least} to -{most} counted from the end" if signed else ""
            raise ScheduleError(f"{name}={_show(item)} is not valid", f"it takes numbers from {least} to {most}{also}")
        return int(item)

    return read


def _weekday(item: str) -> Weekday:
    match = _DAY.fullmatch(item)
    if match is None or (match[1] and not 1 <= abs(int(match[1])) <= 53):
        raise ScheduleError(
            f"BYDAY={_show(item)} is not valid",
            f"it takes {','.join(WEEKDAYS)}, also 2MO (the second) and -1FR (the last)",
        )
    return Weekday(WEEKDAYS.index(match[2]), int(match[1] or 0))


def _until(value: str) -> tuple[datetime, bool]:
    match = _UNTIL.fullmatch(value)
    if match is None:
        raise ScheduleError(f"UNTIL={_show(value)} is not a time", "write UNTIL=20271231T090000, with Z if it is UTC")
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise ScheduleError(f"UNTIL={value[:8]} is not in the calendar") from None
    if day.year not in _YEARS:
        raise ScheduleError(f"the year {day.year} is out of range", f"use {_YEARS[0]} to {_YEARS[-1]}")
    hour, minute, second = (int(match[group] or last) for group, last in ((4, 23), (5, 59), (6, 59)))
    return datetime(day.year, day.month, day.day, hour, minute, second), bool(match[7])  # noqa: DTZ001 (wall time)


def _written(parts: Parts) -> list[tuple[str, str]]:
    until = f"{parts.until:%Y%m%dT%H%M%S}{'Z' if parts.until_utc else ''}" if parts.until else ""
    listed = {name: ",".join(map(str, values)) for name, values in parts.numbers.items()}
    values = {
        "FREQ": parts.freq,
        "INTERVAL": str(parts.interval) if parts.interval != 1 else "",
        "COUNT": str(parts.times or ""),
        "UNTIL": until,
        "WKST": WEEKDAYS[parts.wkst] if parts.wkst else "",
        "BYDAY": ",".join(map(str, parts.days)),
        **listed,
    }
    return [(name, values[name]) for name in _ORDER if values.get(name)]


def _check_together(parts: Parts) -> None:
    """What RFC 5545 forbids, and what would be read in different ways by different programs."""
    freq, given = parts.freq, parts.numbers
    if "BYWEEKNO" in given and freq != "YEARLY":
        raise ScheduleError(
            "BYWEEKNO goes with FREQ=YEARLY alone", f"remove it, or write FREQ=YEARLY instead of {freq}"
        )
    if "BYWEEKNO" in given and not parts.days:
        raise ScheduleError("BYWEEKNO does not say the day", "add BYDAY=MO")
    if "BYYEARDAY" in given and freq in DATED[1:]:
        raise ScheduleError(f"BYYEARDAY does not go with FREQ={freq}", "write BYMONTH and BYMONTHDAY, or FREQ=YEARLY")
    if "BYMONTHDAY" in given and freq == "WEEKLY":
        raise ScheduleError("BYMONTHDAY does not go with FREQ=WEEKLY", "write FREQ=MONTHLY or FREQ=DAILY")
    if "BYSETPOS" in given and (freq not in DATED or not (parts.days or given.keys() - {"BYSETPOS"})):
        hint = "it chooses among what the other BY parts of a day, week, month or year give"
        raise ScheduleError("BYSETPOS has nothing to choose from", hint)
    months, days = given.get("BYMONTH", ()), given.get("BYMONTHDAY", ())
    if months and days and all(abs(day) > _DAYS_IN[month] for month in months for day in days):
        raise ScheduleError("the rule never comes", "no month of BYMONTH has a day of BYMONTHDAY")
    _check_nth(parts)


def _check_nth(parts: Parts) -> None:
    nth = next((day for day in parts.days if day.nth), None)
    if nth is None:
        return
    if parts.freq not in ("YEARLY", "MONTHLY") or "BYWEEKNO" in parts.numbers:
        where = "BYWEEKNO" if "BYWEEKNO" in parts.numbers else f"FREQ={parts.freq}"
        raise ScheduleError(
            f"BYDAY={nth} does not go with {where}", f"write BYDAY={WEEKDAYS[nth.day]}, or FREQ=MONTHLY"
        )
    in_month = parts.freq == "MONTHLY" or "BYMONTH" in parts.numbers
    if in_month and any(abs(day.nth) > 5 for day in parts.days):
        raise ScheduleError("no month has more than five of a weekday", "use 1 to 5, or -1 to -5 from the end")


def _check_start(parts: Parts, start: str | None) -> None:
    dated = parts.freq in DATED
    if start is not None:
        if "T" not in start and dated and "BYHOUR" not in parts.numbers:
            raise ScheduleError(
                "start says no time of day", f"write start: {start}T09:00, or add BYHOUR=9", key="start"
            )
        if start.endswith("Z"):
            raise ScheduleError(
                "start of an rrule is wall time", "write it without an offset, in the job's zone", key="start"
            )
        return
    missing = _undetermined(parts, dated)
    if missing:
        raise ScheduleError(f"the rule needs start: {missing[0]}", f"write start: 2027-01-04T09:00{missing[1]}")


def _undetermined(parts: Parts, dated: bool) -> tuple[str, str] | None:
    """What only a start could say, and what to write instead of one."""
    given = parts.numbers.keys()
    on_a_day = parts.days or given & {"BYMONTHDAY", "BYYEARDAY"}
    if parts.interval > 1:
        return "its INTERVAL is counted from there", ""
    if parts.times is not None:
        return "its COUNT is counted from there", ""
    if dated and "BYHOUR" not in given:
        return "it does not say the hour", ", or add BYHOUR=9"
    if parts.freq == "HOURLY" and "BYMINUTE" not in given:
        return "it does not say the minute", ", or add BYMINUTE=0"
    if parts.freq in DATED[:3] and not on_a_day:
        day = (
            "BYDAY=MO"
            if parts.freq == "WEEKLY"
            else "BYMONTHDAY=1"
            if parts.freq == "MONTHLY"
            else "BYMONTH=1;BYMONTHDAY=1"
        )
        return "it does not say the day", f", or add {day}"
    return None


def _show(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
