"""Quiet hours: a stretch of each local day in which nobody is written to."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from reminderd.model import QuietHours
from reminderd.recurrence.errors import ScheduleError
from reminderd.recurrence.zones import changes, get_zone, offset_of

_NOTATION = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9]) ?- ?([01]?[0-9]|2[0-3]):([0-5][0-9])")
_DAY = timedelta(days=1)
_BACK, _AHEAD = 3 * _DAY, 4 * _DAY  # from a moment: longer than a quiet period lasts, and than until the next two begin


def parse_quiet_hours(text: str) -> QuietHours:
    """The quiet hours that `text` says, such as 21:00-08:00; raises ScheduleError."""
    match = _NOTATION.fullmatch(text.strip())
    if match is None:
        raise ScheduleError(f"{text[:40]!r} are not quiet hours", "write them like 21:00-08:00")
    hours = QuietHours(int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4]))
    if hours.start == hours.end:
        raise ScheduleError("quiet hours that never end", "write two different times, like 21:00-08:00")
    return hours


def quiet_period(hours: QuietHours, zone: str, moment: datetime) -> tuple[datetime, datetime]:
    """The first quiet period that ends after `moment`, as (from, until) in UTC; it is quiet now when from <= moment.

    It is quiet whenever clocks in the zone show a time within the hours: also again, where they show it twice.
    """
    moment = moment.astimezone(UTC)
    here: tuple[datetime, datetime] | None = None
    for begins, ends in _stretches(hours, zone, moment.replace(microsecond=0)):
        if here is not None and begins <= here[1]:
            here = here[0], max(here[1], ends)
            continue
        if here is not None and here[1] > moment:
            return here
        here = begins, ends
    raise AssertionError("no quiet hours within days")  # each day that a zone has holds some


def _stretches(hours: QuietHours, zone: str, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The quiet stretches around `moment` in order, cut where clocks change."""
    info = get_zone(zone)
    start, end = moment - _BACK, moment + _AHEAD
    ends = [*changes(info, start, end), end]
    for begin, until in zip([start, *ends], ends, strict=False):
        offset = offset_of(begin, info)
        day = (begin + offset).replace(hour=0, minute=0, second=0) - _DAY
        while day - offset < until:
            first = day + timedelta(minutes=hours.start) - offset
            last = day + timedelta(minutes=hours.end) - offset + (_DAY if hours.end < hours.start else timedelta(0))
            if first < until and last > begin:
                yield max(first, begin), min(last, until)
            day += _DAY
