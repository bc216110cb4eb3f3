"""Cron expressions: five fields, in a zone, with Debian cron's rules where clocks change.

cronsim walks the wall time, without a zone, and what the zone does to it is decided here. Given a zone, cronsim 2.8
answers with the past when started in the second pass of a repeated hour, and loses occurrences after a change of half
an hour (40 * * * * in Australia/Lord_Howe) or at midnight (*/30 1 * * SUN in America/Havana).
"""

import re
from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from reminderd.model import Cron
from reminderd.recurrence.errors import ScheduleError
from reminderd.recurrence.zones import changes, get_zone, last_change, offset_of, settle, wall_of

_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31, L or LW",
    "month": "1 to 12 or JAN to DEC",
    "day-of-week": "0 to 7 (0 and 7 are Sunday) or SUN to SAT, 5L, MON#2",
}
_LONGEST = 500
_ANY_DAY = datetime(2000, 1, 1)  # noqa: DTZ001 (wall time)
_SECOND = timedelta(seconds=1)


def parse_cron(text: str) -> Cron:
    """The schedule of five fields or of an alias such as @daily, in a normal notation; raises ScheduleError."""
    expression = " ".join(text.upper().split())
    if expression.startswith("@"):
        return Cron(_expand_alias(expression.lower()))
    if len(expression) > _LONGEST:
        raise ScheduleError(f"a cron expression of over {_LONGEST} characters")
    if len(expression.split()) != len(_FIELDS):
        raise _wrong_number_of_fields(expression)
    try:
        first = next(walls(expression, _ANY_DAY), None)
    except CronSimError as error:
        raise _bad_field(expression, str(error)) from None
    if first is None:
        raise ScheduleError(f"{expression!r} never comes", "no date has this day, month and weekday")
    return Cron(expression)


def _expand_alias(alias: str) -> str:
    if alias == "@reboot":
        raise ScheduleError("@reboot is not a time: a restart must never send anything", "use at, cron or every")
    if alias not in _ALIASES:
        raise ScheduleError(f"unknown alias {alias[:60]!r}", f"there are {', '.join(_ALIASES)}")
    return _ALIASES[alias]


def _wrong_number_of_fields(expression: str) -> ScheduleError:
    number = len(expression.split())
    if number == 6:
        hint = "seconds and years are not supported; for seconds use every"
    else:
        hint = "the fields are minute, hour, day of month, month, day of week, like 0 9 * * MON-FRI"
    return ScheduleError(f"a cron expression has five fields, not {number}", hint)


def _bad_field(expression: str, reason: str) -> ScheduleError:
    name = reason.removeprefix("Bad ")
    value = expression.split()[list(_FIELDS).index(name)]
    if name == "day-of-month" and re.fullmatch(r"[0-9,*/-]+", value) and _is_day(value):
        return ScheduleError(f"{expression!r} never comes", "no month given here has that day")
    hint = f"it takes {_FIELDS[name]}, with * , - and /"
    if "?" in value:
        hint = "write * instead of ?"
    elif re.fullmatch(r"[A-Z0-9]+-[A-Z0-9]+", value):
        hint += "; a range goes from low to high"
    return ScheduleError(f"the {name} field {value!r} is not valid", hint)


def _is_day(value: str) -> bool:
    try:
        CronSim(f"0 0 {value} 1 *", _ANY_DAY)
    except CronSimError:
        return False
    return True


def upward(schedule: Cron, zone: str, after: datetime) -> Iterator[datetime]:
    """The UTC instants after `after`, without end, strictly increasing."""
    after = after.replace(microsecond=0)
    expression = schedule.expression
    if follows_the_clock(expression):
        return _clock_upward(expression, get_zone(zone), after)
    return _fixed_upward(expression, get_zone(zone), after)


def downward(schedule: Cron, zone: str, until: datetime, after: datetime) -> datetime | None:
    """The last UTC instant in (after, until]."""
    expression, until = schedule.expression, until.replace(microsecond=0)
    if follows_the_clock(expression):
        found = _clock_latest(expression, get_zone(zone), until, after.replace(microsecond=0))
    else:
        found = _fixed_latest(expression, get_zone(zone), until)
    return found if found is not None and found > after else None


def follows_the_clock(expression: str) -> bool:
    """Whether it fires whenever clocks show a matching time, so never in a gap and again in a repeated hour.

    Debian cron: so do jobs whose minute or hour starts with a star; the others run once for each matching wall time,
    in the first pass of a repeated hour, and at the end of a gap.
    """
    minute, hour, *_ = expression.split()
    return minute.startswith("*") or hour.startswith("*")


def _fixed_upward(expression: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    last = after
    for wall in walls(expression, wall_of(after, zone)):
        instant = settle(wall, zone)
        # In the second pass of a repeated hour, later wall times still belong to the first; and a gap merges many.
        if instant > last:
            yield instant
            last = instant


def _fixed_latest(expression: str, zone: ZoneInfo, until: datetime) -> datetime | None:
    wall = wall_of(until, zone)
    # In the second pass, all of the first is behind us, also the times that clocks are still to show again.
    repeated = until - settle(wall, zone)
    for earlier in walls(expression, wall + repeated + _SECOND, reverse=True):
        instant = settle(earlier, zone)
        if instant <= until:
            return instant
    return None


def _clock_upward(expression: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    here: datetime | None = after
    start = wall_of(after, zone)
    while here is not None:
        change = None
        offset = offset_of(here, zone)
        for wall in walls(expression, start):
            instant = _at_offset(wall, offset)
            change = next(changes(zone, here, instant), None)
            if change is not None:
                start = wall_of(change, zone) - _SECOND
                break
            yield instant
            here = instant
        here = change


def _clock_latest(expression: str, zone: ZoneInfo, until: datetime, after: datetime) -> datetime | None:
    here = until
    while here > after:
        wall = next(walls(expression, wall_of(here, zone) + _SECOND, reverse=True), None)
        if wall is None:
            return None
        instant = _at_offset(wall, offset_of(here, zone))
        change = last_change(zone, max(instant, after), here)
        if change is None:
            return instant
        here = change - _SECOND
    return None


def _at_offset(wall: datetime, offset: timedelta) -> datetime:
    return (wall - offset).replace(tzinfo=UTC)


def walls(expression: str, start: datetime, *, reverse: bool = False) -> Iterator[datetime]:
    """The matching wall times after `start`, or before it, without end or until none comes for 50 years."""
    wall: datetime | None = start
    while (wall := _next_wall(expression, wall, reverse)) is not None:
        yield wall


# The planner asks for the same step several times: when a job is due next, whether more is due by now, what comes then.
@lru_cache(maxsize=16_384)
def _next_wall(expression: str, wall: datetime, reverse: bool) -> datetime | None:
    matching = copy(_parsed(expression, reverse))
    matching.dt = wall
    return next(matching, None)


@lru_cache(maxsize=4096)
def _parsed(expression: str, reverse: bool) -> CronSim:
    return CronSim(expression, _ANY_DAY, reverse)


@lru_cache(maxsize=4096)
def explain(expression: str) -> str:
    """The expression in words: At 09:00 every day."""
    return _parsed(expression, False).explain()
