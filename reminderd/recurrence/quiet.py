"""Quiet hours: a stretch of each local day in which nobody is written to."""

import re
from datetime import UTC, datetime, timedelta

from reminderd.model import QuietHours
from reminderd.recurrence.errors import ScheduleError
from reminderd.recurrence.zones import get_zone, settle, wall_of

_NOTATION = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9]) ?- ?([01]?[0-9]|2[0-3]):([0-5][0-9])")
_DAY = timedelta(days=1)


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

    Where clocks skip or repeat one of its ends, that end is meant as cron would mean it.
    """
    info = get_zone(zone)
    midnight = wall_of(moment, info).replace(hour=0, minute=0, second=0, microsecond=0) - _DAY
    while True:
        end = midnight + (_DAY if hours.end < hours.start else timedelta(0)) + timedelta(minutes=hours.end)
        begins, ends = settle(midnight + timedelta(minutes=hours.start), info), settle(end, info)
        if ends > moment.astimezone(UTC) and ends > begins:
            return begins, ends
        midnight += _DAY
