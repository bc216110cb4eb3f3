"""Exceptions that leave out nothing, because the rule does not come then anyway."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice, takewhile
from typing import NamedTuple

from reminderd.model import Instant, Limited, OnHoliday
from reminderd.recurrence import limited
from reminderd.recurrence.zones import get_zone, settle, wall_of

_MOST_LOOKED_AT = 100
_DAY, _TINY = timedelta(days=1), timedelta(microseconds=1)


class IdleException(NamedTuple):
    """A date or time of `except` (in its normal form) that leaves out nothing. comes: when the rule does on that day."""

    text: str
    comes: tuple[str, ...]


def idle_exceptions(schedule: Limited, zones: Collection[str], first: date, last: date) -> Iterator[IdleException]:
    """The dates and times of `except` in [first, last] that leave out nothing in any of the zones.

    Only the first hundred are looked at. Ranges are not: a holiday lasts as long as it lasts, whatever falls into it.
    """
    texts = [text for text in schedule.exceptions if ".." not in text and first <= _day(text) <= last]
    if schedule.on_holiday is not OnHoliday.SKIP:  # a date that is left out is no working day to move to, too
        texts = [text for text in texts if "T" in text]
    bare = replace(schedule, exceptions=(), holidays=(), on_holiday=OnHoliday.SKIP)
    for text in texts[:_MOST_LOOKED_AT]:
        if not any(_leaves_out(schedule, bare, text, zone) for zone in zones):
            yield IdleException(text, _comes(bare, _day(text), next(iter(zones))))


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def _leaves_out(schedule: Limited, bare: Limited, text: str, zone: str) -> bool:
    if "T" not in text:
        return next(_on(bare, _day(text), zone), None) is not None
    moments = limited.frame_of(Limited(schedule.rule, exceptions=(text,)), zone).off_at
    return any(_due_at(next(limited.upward(bare, zone, moment - _TINY), None)) == moment for moment in moments)


def _due_at(instant: Instant | None) -> datetime | None:
    return None if instant is None else instant.due_at


def _on(bare: Limited, day: date, zone: str) -> Iterator[Instant]:
    """The rule's instants of a day."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 (wall time)
    begin, end = (settle(wall, get_zone(zone)) for wall in (midnight, midnight + _DAY))
    return takewhile(lambda instant: instant.due_at < end, limited.upward(bare, zone, begin - _TINY))


def _comes(bare: Limited, day: date, zone: str) -> tuple[str, ...]:
    walls = (wall_of(instant.due_at, get_zone(zone)) for instant in islice(_on(bare, day, zone), 3))
    return tuple(f"{wall:%H:%M:%S}" if wall.second else f"{wall:%H:%M}" for wall in walls)
