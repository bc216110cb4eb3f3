"""Single moments as people write them, for `at` and for the start of `every`."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from reminderd.model import At, Cron, Every, Schedule, Several
from reminderd.recurrence.errors import ScheduleError
from reminderd.recurrence.zones import gap_end, get_zone, instants_of, wall_of

# Stricter than fromisoformat, which also takes week dates, any separator, and a date alone.
_MOMENT = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?)"
    r" ?(?P<offset>Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])?"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARS = range(1970, 2200)
_SECOND = timedelta(seconds=1)


class Moment(NamedTuple):
    """A moment in its normal notation, as model.At holds it, and as an aware UTC datetime."""

    text: str
    instant: datetime


def parse_at(values: Sequence[str], zone: str) -> At:
    """The schedule of single instants; a value without an offset is wall time in `zone`.

    Raises ScheduleError, with the index of the value: not a time, in a DST gap or a repeated hour, or given twice.
    """
    if not values:
        raise ScheduleError("no time is given", "write at least one, like 2026-11-22T09:00")
    seen: dict[datetime, str] = {}
    texts = []
    for index, value in enumerate(values):
        moment = _parse_moment(value, zone, index)
        if moment.instant in seen:
            raise ScheduleError(f"{value} is the same instant as {seen[moment.instant]}", "remove one of them", index)
        seen[moment.instant] = value
        texts.append(moment.text)
    return At(tuple(texts))


def parse_every(interval: timedelta, start: str, zone: str) -> Every:
    """The fixed interval from `start`, which is written like a value of `at`. Raises ScheduleError."""
    if interval < _SECOND or interval % _SECOND:
        raise ScheduleError("the interval must be whole seconds, and at least one", "write it like 30s, 2h or 1d")
    return Every(interval, _parse_moment(start, zone, None).instant)


def several(rules: Sequence[At | Cron | Every]) -> Schedule:
    """The schedule of all these rules; one alone stays itself."""
    return rules[0] if len(rules) == 1 else Several(tuple(rules))


def read_moment(text: str, zone: str) -> datetime:
    """The UTC instant of one of model.At's texts with the zone's rules as they are now; never fails on a DST change.

    New rules can put an old text into a gap or a repeated hour: then its end, or its first pass.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    found = instants_of(moment, get_zone(zone))
    return found[0] if found else gap_end(moment, get_zone(zone))


def _parse_moment(text: str, zone: str, index: int | None) -> Moment:
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise _not_a_moment(text.strip(), index)
    try:
        wall = datetime.fromisoformat(f"{match['date']}T{match['time']}")
    except ValueError:
        raise ScheduleError(f"{match['date']} is not in the calendar", index=index) from None
    if wall.year not in _YEARS:
        raise ScheduleError(f"the year {wall.year} is out of range", f"use {_YEARS[0]} to {_YEARS[-1]}", index)
    if match["offset"] is None:
        return Moment(wall.isoformat(), _local(wall, zone, index))
    instant = datetime.fromisoformat(f"{wall.isoformat()}{match['offset']}").astimezone(UTC)
    return Moment(f"{instant.replace(tzinfo=None).isoformat()}Z", instant)


def _not_a_moment(text: str, index: int | None) -> ScheduleError:
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    if _DATE.fullmatch(text):
        return ScheduleError(f"{shown!r} has no time of day", f"write {text}T09:00", index)
    return ScheduleError(
        f"{shown!r} is not a time", "write YYYY-MM-DDTHH:MM, like 2026-11-22T09:00 or 2026-11-22T09:00+01:00", index
    )


def _local(wall: datetime, zone: str, index: int | None) -> datetime:
    found = instants_of(wall, get_zone(zone))
    if len(found) == 1:
        return found[0]
    if found:
        raise _twice(wall, zone, found, index)
    raise _never(wall, zone, index)


def _never(wall: datetime, zone: str, index: int | None) -> ScheduleError:
    end = gap_end(wall, get_zone(zone))
    before, after = (wall_of(moment, get_zone(zone)) for moment in (end - _SECOND, end))
    before += _SECOND
    if before.date() == after.date():
        clocks = f"clocks go from {before:%H:%M} to {after:%H:%M}"
        hint = f"write {after:%H:%M}, or give an offset, like {_with_offset(wall, zone, end - _SECOND)}"
    else:
        clocks = f"clocks go from {before:%Y-%m-%d %H:%M} to {after:%Y-%m-%d %H:%M}"
        hint = f"write {after:%Y-%m-%dT%H:%M}, or give an offset, like {_with_offset(wall, zone, end - _SECOND)}"
    return ScheduleError(f"{wall:%H:%M} does not exist on {wall:%Y-%m-%d} in {zone}: {clocks}", hint, index)


def _twice(wall: datetime, zone: str, found: list[datetime], index: int | None) -> ScheduleError:
    first, second = (_with_offset(wall, zone, instant) for instant in found)
    return ScheduleError(
        f"{wall:%H:%M} comes twice on {wall:%Y-%m-%d} in {zone}, because clocks go back",
        f"write {first} for the first or {second} for the second",
        index,
    )


def _with_offset(wall: datetime, zone: str, at: datetime) -> str:
    offset = f"{at.astimezone(get_zone(zone)):%z}"
    return f"{wall:%Y-%m-%dT%H:%M}{offset[:3]}:{offset[3:5]}"
