"""A rule within bounds, with exceptions and holidays.

Bounds and `count` speak of the rule's own occurrences. Of these, the exceptions are left out; then those on holidays
are left out or moved. A day that `except` leaves out is no working day to move to.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count as counter
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminderd.model import At, DstFold, DstGap, Every, Instant, Limited, OnHoliday, Rrule, Rule
from reminderd.recurrence import single
from reminderd.recurrence.calendars import is_holiday, is_working_day, nearest_working_day
from reminderd.recurrence.exceptions import Exceptions, exceptions_of
from reminderd.recurrence.zones import changes, gap_end, get_zone, instants_of, resolve, settle, wall_of

FARTHEST_MOVE = 31  # days; an occurrence that has no working day so near stays where it is

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9900, 1, 1, tzinfo=UTC)
_COUNTED_UNTIL = datetime(2300, 1, 1, tzinfo=UTC)
_DAY, _TINY = timedelta(days=1), timedelta(microseconds=1)


class _Frame(NamedTuple):
    """A limited rule in one zone. begin, end: of the rule's own occurrences, both inclusive."""

    rule: Rule
    zone: str
    info: ZoneInfo
    begin: datetime
    end: datetime
    off: Exceptions
    off_at: frozenset[datetime]
    holidays: tuple[str, ...]
    on_holiday: OnHoliday


def upward(schedule: Limited, zone: str, after: datetime) -> Iterator[Instant]:
    """The instants after `after`, strictly increasing."""
    frame = frame_of(schedule, zone)
    if not frame.holidays or frame.on_holiday is OnHoliday.SKIP:
        return _own(frame, after)
    return _moved(frame, after)


def latest(schedule: Limited, zone: str, after: datetime, until: datetime) -> Instant | None:
    """The last instant in (after, until]."""
    frame = frame_of(schedule, zone)
    reach = FARTHEST_MOVE * _DAY if frame.holidays else timedelta(0)
    after, until = max(after, frame.begin - reach - _DAY), min(until, frame.end + reach + _DAY)
    return single.search_latest(lambda moment: upward(schedule, zone, moment), after, until)


def takes(schedule: Limited, zone: str, wall: datetime) -> bool:
    """Whether an occurrence written for this wall time (naive) would be within the bounds and not be left out or moved."""
    frame = frame_of(schedule, zone)
    due_at = settle(wall, frame.info)
    in_it = frame.begin <= due_at <= frame.end and due_at not in frame.off_at
    return in_it and wall.date() not in frame.off and not is_holiday(frame.holidays, wall.date())


def forget() -> None:
    """Read bounds and exceptions anew."""
    frame_of.cache_clear()


@lru_cache(maxsize=16_384)
def frame_of(schedule: Limited, zone: str) -> _Frame:
    info, rule = get_zone(zone), schedule.rule
    begin = _first_instant(schedule.start, info) if schedule.start else _BEGIN
    end = _last_instant(schedule.until, info) if schedule.until else _END
    if schedule.count is not None:
        end = min(end, _counted(rule, zone, begin, schedule.count))
    off = exceptions_of(schedule.exceptions)
    gap = rule.gap if isinstance(rule, At | Rrule) else None
    walls = (instant for wall in off.walls for instant in _shown_as(wall, info, gap or DstGap.END))
    return _Frame(rule, zone, info, begin, end, off, off.instants.union(walls), schedule.holidays, schedule.on_holiday)


def _first_instant(text: str, info: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo is not None else settle(moment, info)


def _last_instant(text: str, info: ZoneInfo) -> datetime:
    if "T" not in text:
        return settle(datetime.fromisoformat(text) + _DAY, info) - _TINY
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    found = instants_of(moment, info)
    return found[-1] if found else gap_end(moment, info)


def _counted(rule: Rule, zone: str, begin: datetime, count: int) -> datetime:
    """The instant of the last of `count` occurrences; where they are not over by 2300, the end of all time."""
    if isinstance(rule, Every):
        return rule.start + (count - 1) * rule.interval
    last, number = _END, 0
    for instant in islice(single.upward(rule, zone, begin - _TINY), count):
        if instant.due_at > _COUNTED_UNTIL:
            return _END
        last, number = instant.due_at, number + 1
    return last if number == count else _END


def _shown_as(wall: datetime, info: ZoneInfo, gap: DstGap) -> list[datetime]:
    """All instants that a time which is left out may stand for."""
    return instants_of(wall, info) or resolve(wall, info, gap, DstFold.FIRST)


def _own(frame: _Frame, after: datetime) -> Iterator[Instant]:
    """The rule's own instants after `after` that are not left out, by exceptions or by holidays that are skipped."""
    here: datetime | None = max(after, frame.begin - _TINY)
    while here is not None:
        start, here = here, None
        for instant in single.upward(frame.rule, frame.zone, start):
            if instant.due_at > frame.end:
                return
            off_until = _off_until(frame, wall_of(instant.due_at, frame.info).date())
            if off_until is not None:
                # A rule by the minute is not walked through years of exceptions.
                here = _skipped_to(frame, instant.due_at, off_until)
                break
            if instant.due_at not in frame.off_at:
                yield instant


def _skipped_to(frame: _Frame, moment: datetime, off_until: date) -> datetime:
    """From where to look on after `moment`, whose day and all up to `off_until` are left out.

    Not past a change of clocks: where they go back over midnight, a day before that is shown once more.
    """
    over = _midnight(off_until + _DAY, frame.info)
    return max(moment, next(changes(frame.info, moment, over), over) - _TINY)


def _off_until(frame: _Frame, day: date) -> date | None:
    off_until = frame.off.off_until(day)
    if off_until is None and frame.on_holiday is OnHoliday.SKIP and is_holiday(frame.holidays, day):
        return day
    return off_until


def _midnight(day: date, info: ZoneInfo) -> datetime:
    return settle(datetime(day.year, day.month, day.day), info)  # noqa: DTZ001 (wall time)


def _moved(frame: _Frame, after: datetime) -> Iterator[Instant]:
    """The instants after `after`, those on holidays moved, in their new order."""
    ahead: list[tuple[datetime, int, Instant]] = []
    number, last = counter(), after
    for instant in _own(frame, _reach_back(frame, after)):
        floor = _floor(frame, instant)
        while ahead and ahead[0][0] < floor:
            earliest = heappop(ahead)[2]
            if earliest.due_at > last:
                yield earliest
                last = earliest.due_at
        for moved in _move(frame, instant):
            if moved.due_at not in frame.off_at:
                heappush(ahead, (moved.due_at, next(number), moved))
    while ahead:
        earliest = heappop(ahead)[2]
        if earliest.due_at > last:
            yield earliest
            last = earliest.due_at


def _move(frame: _Frame, instant: Instant) -> list[Instant]:
    wall = wall_of(instant.due_at, frame.info)
    if not is_holiday(frame.holidays, wall.date()):
        return [instant]
    target = _target(frame, wall.date())
    if target == wall.date():
        return [instant]
    gap, fold = (frame.rule.gap, frame.rule.fold) if isinstance(frame.rule, At | Rrule) else (None, None)
    there = datetime.combine(target, wall.time())
    # A time that is moved is not dropped for the hour that it comes to.
    found = resolve(there, frame.info, gap or DstGap.END, fold or DstFold.FIRST) or [gap_end(there, frame.info)]
    if instant.nominal.endswith("Z"):
        return [single.utc(due_at) for due_at in found]
    return [single.local(due_at, frame.zone) for due_at in found]


def _target(frame: _Frame, day: date) -> date:
    """The day to which a holiday's occurrences go."""
    step = -1 if frame.on_holiday is OnHoliday.BEFORE else 1
    return nearest_working_day(frame.holidays, frame.off, day, step, FARTHEST_MOVE) or day


def _reach_back(frame: _Frame, after: datetime) -> datetime:
    """An instant such that what the rule has before or at it is not after `after` when it is moved."""
    if frame.on_holiday is OnHoliday.BEFORE:
        return after
    day = wall_of(after, frame.info).date()
    earliest = day
    for number in range(FARTHEST_MOVE + 1):
        before = day - number * _DAY
        if number and _works(frame, before):
            break
        if is_holiday(frame.holidays, before):
            earliest = before
    if earliest == day and not is_holiday(frame.holidays, day):
        return after
    return min(after, _midnight(earliest, frame.info) - _TINY)


def _floor(frame: _Frame, instant: Instant) -> datetime:
    """No occurrence of the rule from this one on is moved to before this instant."""
    if frame.on_holiday is OnHoliday.AFTER:
        return instant.due_at
    day = wall_of(instant.due_at, frame.info).date()
    for number in range(FARTHEST_MOVE + 1):
        later = day + number * _DAY
        if number and _works(frame, later):
            break
        if is_holiday(frame.holidays, later):
            return min(instant.due_at, _midnight(_target(frame, later), frame.info))
    return instant.due_at


def _works(frame: _Frame, day: date) -> bool:
    return day not in frame.off and is_working_day(frame.holidays, day)
