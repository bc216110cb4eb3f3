"""Recurrence rules of RFC 5545, by dateutil on wall time; what the zone does to a wall time is decided here.

dateutil walks from DTSTART on, and never stops looking before the year 9999. So it is given a start near the question,
a whole number of intervals after the true one, in a year of the last 500 before 9999 that has the same calendar: the
calendar repeats every 400 years. What DTSTART would say of days and hours is made explicit first.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from heapq import heappop, heappush
from itertools import islice
from typing import Any

from reminderd.model import DstFold, DstGap, Rrule
from reminderd.recurrence.errors import ScheduleError
from reminderd.recurrence.rruletext import DATED, Parts, Weekday, parse_rule, parts_of
from reminderd.recurrence.zones import changes, get_zone, resolve, settle, wall_of

_BEGIN = datetime(1970, 1, 1)  # noqa: DTZ001 (wall time)
_END = datetime(9900, 1, 1)  # noqa: DTZ001 (wall time)
_COUNTED_UNTIL = datetime(2300, 1, 1)  # noqa: DTZ001 (wall time)
_PERIOD = 400  # years after which the calendar repeats, weekdays included
_WINDOW = 100  # years to look at, at the least
_LAST_YEAR = 9998
_REACH = timedelta(hours=25)  # more than clocks ever skip or repeat
_SECOND = timedelta(seconds=1)


def parse_rrule(
    text: str,
    start: str | None = None,
    count: int | None = None,
    gap: DstGap = DstGap.END,
    fold: DstFold = DstFold.FIRST,
) -> Rrule:
    """The rule in its normal form. start: a wall time or date in its normal form. count: the same as COUNT in the rule.

    Raises ScheduleError, also where the rule never comes.
    """
    schedule = parse_rule(text, start, count, gap, fold)
    try:
        first = next(_window(schedule, _first(schedule) - _SECOND), None)
    except ValueError:  # dateutil finds that INTERVAL passes over all of BYHOUR or BYMINUTE
        first = None
    if first is None:
        raise ScheduleError("the rule never comes", "no time has all that it asks for")
    until = parts_of(schedule.rule).until
    if until is not None and first > until:
        raise ScheduleError("the rule never comes", f"its first time would be {first:%Y-%m-%d %H:%M}, after UNTIL")
    return schedule


def upward(schedule: Rrule, zone: str, after: datetime) -> Iterator[datetime]:
    """The UTC instants after `after`, strictly increasing."""
    info, last = get_zone(zone), after
    ahead: list[datetime] = []
    parts = parts_of(schedule.rule)
    end = parts.until.replace(tzinfo=after.tzinfo) if parts.until and parts.until_utc else None
    for wall in walls(schedule, _wall_before(after, zone)):
        # What later wall times come to is not before this; but a moved time may come after that of a later one.
        floor = settle(wall, info)
        while ahead and ahead[0] <= floor:
            if (instant := heappop(ahead)) > last:
                yield instant
                last = instant
        if end is not None and floor > end:
            break
        for instant in resolve(wall, info, schedule.gap, schedule.fold):
            if end is None or instant <= end:
                heappush(ahead, instant)
    while ahead:
        if (instant := heappop(ahead)) > last:
            yield instant
            last = instant


def _wall_before(after: datetime, zone: str) -> datetime:
    """A wall time such that every instant after `after` is that of a later one."""
    info, after = get_zone(zone), after.replace(microsecond=0)
    wall = wall_of(after, info)
    near = next(changes(info, after - _REACH, after + _REACH), None)
    return wall if near is None else wall - _REACH


def walls(schedule: Rrule, after: datetime) -> Iterator[datetime]:
    """The wall times after `after`, by COUNT and by an UNTIL in wall time."""
    here, end = max(after, _first(schedule) - _SECOND), _last_wall(schedule)
    while here < end:
        for wall in _window(schedule, here):
            if wall > end:
                return
            yield wall
        here = _window_end(here)


def _window(schedule: Rrule, after: datetime) -> Iterator[datetime]:
    """The wall times of the rule after `after`, up to the end of the years that are looked at in one go."""
    parts, first = parts_of(schedule.rule), _first(schedule)
    shift = _shift(after)
    anchor = _anchor(parts, first, max(after, first))
    for wall in _dateutil(parts, schedule.start is not None, first, _moved(anchor, shift)):
        if wall.year > _LAST_YEAR:
            return
        wall = _moved(wall, -shift)
        if wall > after and wall >= first:
            yield wall


def _shift(after: datetime) -> int:
    """By how many years to move `after`, so that there are at least _WINDOW of them left."""
    return (_LAST_YEAR - _WINDOW - after.year) // _PERIOD * _PERIOD


def _window_end(after: datetime) -> datetime:
    year = _LAST_YEAR - _shift(after)
    return datetime(min(year, _END.year), 12, 31, 23, 59, 59)  # noqa: DTZ001 (wall time)


def _moved(wall: datetime, years: int) -> datetime:
    return wall.replace(year=wall.year + years)


def _first(schedule: Rrule) -> datetime:
    return datetime.fromisoformat(schedule.start) if schedule.start is not None else _BEGIN


@lru_cache(maxsize=4096)
def _last_wall(schedule: Rrule) -> datetime:
    """The last wall time by COUNT or UNTIL; of a COUNT that is not used up by 2300, none."""
    parts = parts_of(schedule.rule)
    if parts.until is not None and not parts.until_utc:
        return parts.until
    if parts.times is None:
        return _END
    last, number, here = _END, 0, _first(schedule) - _SECOND
    while here < _COUNTED_UNTIL:
        for wall in islice(_window(schedule, here), parts.times - number):
            last, number = wall, number + 1
        if number == parts.times:
            return last
        here = _window_end(here)
    return _END


def _anchor(parts: Parts, first: datetime, near: datetime) -> datetime:
    """The beginning of the last interval of the rule that begins by `near`."""
    day = first.replace(hour=0, minute=0, second=0)
    match parts.freq:
        case "YEARLY":
            years = (near.year - first.year) // parts.interval * parts.interval
            return day.replace(year=first.year + years, month=1, day=1)
        case "MONTHLY":
            months = (near.year - first.year) * 12 + near.month - first.month
            months = first.month - 1 + months // parts.interval * parts.interval
            return day.replace(year=first.year + months // 12, month=months % 12 + 1, day=1)
        case "WEEKLY":
            begin = day - timedelta(days=(day.weekday() - parts.wkst) % 7)
            length = timedelta(weeks=parts.interval)
        case "DAILY":
            begin, length = day, timedelta(days=parts.interval)
        case "HOURLY":
            begin, length = first.replace(minute=0, second=0), timedelta(hours=parts.interval)
        case _:
            begin, length = first.replace(second=0), timedelta(minutes=parts.interval)
    return begin + (near - begin) // length * length


def _dateutil(parts: Parts, started: bool, first: datetime, anchor: datetime) -> Iterator[datetime]:
    from dateutil import rrule  # not at the start of every command

    given: dict[str, Any] = {name.lower(): values for name, values in parts.numbers.items()}
    if parts.days:
        given["byweekday"] = [rrule.weekdays[each.day](each.nth) if each.nth else each.day for each in _all_nth(parts)]
    settings = {**_implied(parts, started, first), **given}
    freq = getattr(rrule, parts.freq)
    return iter(rrule.rrule(freq, dtstart=anchor, interval=parts.interval, wkst=parts.wkst, **settings))


def _all_nth(parts: Parts) -> tuple[Weekday, ...]:
    """The days of BYDAY. Of MO,-1FR dateutil takes what is both, and not either: then each Monday is counted out."""
    if all(day.nth for day in parts.days) or not any(day.nth for day in parts.days):
        return parts.days
    most = 5 if parts.freq == "MONTHLY" or "BYMONTH" in parts.numbers else 53
    counted = [Weekday(day.day, nth) for day in parts.days for nth in ((day.nth,) if day.nth else range(1, most + 1))]
    return tuple(dict.fromkeys(counted))


def _implied(parts: Parts, started: bool, first: datetime) -> Mapping[str, Any]:
    """What the start says of days and times where the rule itself does not."""
    given, freq = parts.numbers.keys(), parts.freq
    implied: dict[str, Any] = {"bysecond": first.second}
    if freq != "MINUTELY":
        implied["byminute"] = first.minute
    if freq in DATED:
        implied["byhour"] = first.hour
    if not started or parts.days or given & {"BYWEEKNO", "BYYEARDAY", "BYMONTHDAY"}:
        return implied
    match freq:
        case "YEARLY":
            return implied | {"bymonthday": first.day} | ({} if "BYMONTH" in given else {"bymonth": first.month})
        case "MONTHLY":
            return implied | {"bymonthday": first.day}
        case "WEEKLY":
            return implied | {"byweekday": first.weekday()}
    return implied
