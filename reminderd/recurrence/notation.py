"""Single moments as people write them, for `at` and for the start of `every`."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from reminderd.model import At, DstFold, DstGap, Every, Instant
from reminderd.recurrence.errors import ScheduleError
from reminderd.recurrence.zones import gap_end, get_zone, instants_of, resolve, wall_of

# Stricter than fromisoformat, which also takes week dates, any separator, and a date alone.
_MOMENT = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?)"
    r" ?(?P<offset>Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])?"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARS = range(1970, 2200)
_SECOND = timedelta(seconds=1)


class Moment(NamedTuple):
    """A moment in its normal notation, as model.At holds it, and the aware UTC datetimes that it means."""

    text: str
    instants: tuple[datetime, ...]


def parse_at(values: Sequence[str], zone: str, gap: DstGap | None = None, fold: DstFold | None = None) -> At:
    """The schedule of single instants; a value without an offset is wall time in `zone`.

    Raises ScheduleError, with the index of the value: not a time, given twice, or in a DST gap or a repeated hour
    where `gap` or `fold` do not say what is meant.
    """
    if not values:
        raise ScheduleError("no time is given", "write at least one, like 2026-11-22T09:00")
    seen: dict[datetime, str] = {}
    texts = []
    for index, value in enumerate(values):
        moment = _parse_moment(value, zone, index, gap, fold)
        for instant in moment.instants:
            if instant in seen:
                raise ScheduleError(f"{value} is the same instant as {seen[instant]}", "remove one of them", index)
            seen[instant] = value
        texts.append(moment.text)
    return At(tuple(texts), gap, fold)


def accept_at(values: Sequence[str], gap: DstGap | None = None, fold: DstFold | None = None) -> At:
    """The schedule of single instants whose zone is not asked: nothing in it is judged by the zone's rules."""
    # In UTC no time is skipped or comes twice; one by one, no two of them are the same.
    return At(tuple(parse_at([text], "UTC").times[0] for text in values), gap, fold)


def parse_every(interval: timedelta, start: str, zone: str) -> Every:
    """The fixed interval from `start`, which is written like a value of `at`. Raises ScheduleError."""
    if interval < _SECOND or interval % _SECOND:
        raise ScheduleError("the interval must be whole seconds, and at least one", "write it like 30s, 2h or 1d")
    try:
        return Every(interval, _parse_moment(start, zone, None, None, None).instants[0])
    except ScheduleError as error:
        raise ScheduleError(error.message, error.hint.split(", or say dst_")[0], key="from") from None


def read_times(text: str, zone: str, gap: DstGap, fold: DstFold) -> list[Instant]:
    """The instants of one of model.At's texts, by these rules where clocks change."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        return [Instant(text, moment.astimezone(UTC))]
    instants = resolve(moment, get_zone(zone), gap, fold)
    second = len(instants) == 2 or (fold is DstFold.SECOND and len(instants_of(moment, get_zone(zone))) == 2)
    return [
        Instant(f"{text} fold=1" if second and number == len(instants) else text, instant)
        for number, instant in enumerate(instants, 1)
    ]


def parse_time(text: str) -> str:
    """A date, a wall time, or an instant with `Z` or an offset, in its normal form; raises ScheduleError."""
    date = text.strip()
    return _read_date(date).isoformat() if _DATE.fullmatch(date) else _read(date, None)[0]


def parse_date(text: str) -> date:
    """A date such as 2026-12-25; raises ScheduleError."""
    if not _DATE.fullmatch(text):
        raise ScheduleError(f"{_shown(text)} is not a date", "write YYYY-MM-DD, like 2026-12-25")
    return _read_date(text)


def _read_date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ScheduleError(f"{text} is not in the calendar") from None
    _check_year(day.year, None)
    return day


def _check_year(year: int, index: int | None) -> None:
    if year not in _YEARS:
        raise ScheduleError(f"the year {year} is out of range", f"use {_YEARS[0]} to {_YEARS[-1]}", index)


def _read(text: str, index: int | None) -> tuple[str, datetime]:
    """The normal form, and the wall time (naive) or the instant (aware UTC) that it means."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise _not_a_moment(text.strip(), index)
    try:
        wall = datetime.fromisoformat(f"{match['date']}T{match['time']}")
    except ValueError:
        raise ScheduleError(f"{match['date']} is not in the calendar", index=index) from None
    _check_year(wall.year, index)
    if match["offset"] is None:
        return wall.isoformat(), wall
    instant = datetime.fromisoformat(f"{wall.isoformat()}{match['offset']}").astimezone(UTC)
    return f"{instant.replace(tzinfo=None).isoformat()}Z", instant


def _parse_moment(text: str, zone: str, index: int | None, gap: DstGap | None, fold: DstFold | None) -> Moment:
    normal, moment = _read(text, index)
    if moment.tzinfo is not None:
        return Moment(normal, (moment,))
    found = instants_of(moment, get_zone(zone))
    if not found and gap is None:
        raise _never(moment, zone, index)
    if len(found) > 1 and fold is None:
        raise _twice(moment, zone, found, index)
    return Moment(normal, tuple(resolve(moment, get_zone(zone), gap or DstGap.END, fold or DstFold.FIRST)))


def _not_a_moment(text: str, index: int | None) -> ScheduleError:
    if _DATE.fullmatch(text):
        return ScheduleError(f"{_shown(text)} has no time of day", f"write {text}T09:00", index)
    return ScheduleError(
        f"{_shown(text)} is not a time",
        "write YYYY-MM-DDTHH:MM, like 2026-11-22T09:00 or 2026-11-22T09:00+01:00",
        index,
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def _never(wall: datetime, zone: str, index: int | None) -> ScheduleError:
    end = gap_end(wall, get_zone(zone))
    before, after = (wall_of(moment, get_zone(zone)) for moment in (end - _SECOND, end))
    before += _SECOND
    one_day = before.date() == after.date()
    shown, written = ("%H:%M", "%H:%M") if one_day else ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")
    clocks = f"clocks go from {before:{shown}} to {after:{shown}}"
    offset = _with_offset(wall, zone, end - _SECOND)
    hint = f"write {after:{written}}, or give an offset, like {offset}, or say dst_gap: end or later"
    return ScheduleError(f"{wall:%H:%M} does not exist on {wall:%Y-%m-%d} in {zone}: {clocks}", hint, index)


def _twice(wall: datetime, zone: str, found: list[datetime], index: int | None) -> ScheduleError:
    first, second = (_with_offset(wall, zone, instant) for instant in found)
    return ScheduleError(
        f"{wall:%H:%M} comes twice on {wall:%Y-%m-%d} in {zone}, because clocks go back",
        f"write {first} for the first or {second} for the second, or say dst_fold: first, second or both",
        index,
    )


def _with_offset(wall: datetime, zone: str, at: datetime) -> str:
    offset = f"{at.astimezone(get_zone(zone)):%z}"
    return f"{wall:%Y-%m-%dT%H:%M}{offset[:3]}:{offset[3:5]}"
