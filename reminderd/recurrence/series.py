"""The instants of a schedule, in a range or after a moment.

Ranges are (after, until]: neighbouring ranges join without loss or repetition, wherever they meet. All moments are
aware; what returns is UTC. Schedules live between 1970 and 9900; outside they have no instants.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from heapq import merge
from itertools import islice
from typing import assert_never

from reminderd.model import At, Cron, Every, Instant, Schedule, Several
from reminderd.recurrence.cron import downward, upward
from reminderd.recurrence.notation import read_moment
from reminderd.recurrence.zones import get_zone

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9900, 1, 1, tzinfo=UTC)


def between(
    schedule: Schedule, zone: str, after: datetime, until: datetime, *, limit: int | None = None
) -> Iterator[Instant]:
    """The instants in (after, until], strictly increasing, at most `limit` of them."""
    return islice(_between(schedule, zone, _within(after), _within(until)), limit)


def next_after(schedule: Schedule, zone: str, after: datetime) -> Instant | None:
    """The first instant after `after`."""
    return next(between(schedule, zone, after, _END), None)


def latest(schedule: Schedule, zone: str, after: datetime, until: datetime) -> Instant | None:
    """The last instant in (after, until], without walking through the others."""
    after, until = _within(after), _within(until)
    if until <= after:
        return None
    match schedule:
        case At():
            earlier = _moments(schedule, zone)[: _index(schedule, zone, until)]
            return earlier[-1] if earlier and earlier[-1].due_at > after else None
        case Every():
            due_at = schedule.start + _steps(schedule, until) * schedule.interval
            return _utc(due_at) if due_at > after and due_at >= schedule.start else None
        case Cron():
            found = downward(schedule, zone, until, after)
            return None if found is None else _local(found, zone)
        case Several():
            ends = [end for rule in schedule.rules if (end := latest(rule, zone, after, until)) is not None]
            return max(ends, key=_due_at, default=None)
        case _:
            assert_never(schedule)


def count(schedule: Schedule, zone: str, after: datetime, until: datetime, cap: int) -> int:
    """How many instants lie in (after, until]; counts no further than `cap`."""
    after, until = _within(after), _within(until)
    if until <= after:
        return 0
    match schedule:
        case At():
            number = _index(schedule, zone, until) - _index(schedule, zone, after)
        case Every():
            number = _steps(schedule, until) - max(_steps(schedule, after), -1)
        case Cron() | Several():
            number = sum(1 for _ in between(schedule, zone, after, until, limit=cap))
        case _:
            assert_never(schedule)
    return max(0, min(number, cap))


def _between(schedule: Schedule, zone: str, after: datetime, until: datetime) -> Iterator[Instant]:
    match schedule:
        case At():
            start, end = (_index(schedule, zone, moment) for moment in (after, until))
            yield from _moments(schedule, zone)[start:end]
        case Every():
            step = max(_steps(schedule, after) + 1, 0)
            while (due_at := schedule.start + step * schedule.interval) <= until:
                yield _utc(due_at)
                step += 1
        case Cron():
            for due_at in upward(schedule, zone, after):
                if due_at > until:
                    return
                yield _local(due_at, zone)
        case Several():
            yield from _merged([_between(rule, zone, after, until) for rule in schedule.rules])
        case _:
            assert_never(schedule)


def _merged(series: Sequence[Iterator[Instant]]) -> Iterator[Instant]:
    """All of several series in order. Of what is due at one instant, the first series has its say, as in `latest`."""
    last = None
    for instant in merge(*series, key=_due_at):
        if instant.due_at != last:
            yield instant
            last = instant.due_at


def is_appointments(schedule: Schedule) -> bool:
    """Whether each of its times was written singly (`at`), so that it is an appointment of its own, and no rule."""
    match schedule:
        case At():
            return True
        case Several():
            return all(map(is_appointments, schedule.rules))
        case Cron() | Every():
            return False
        case _:
            assert_never(schedule)


def _due_at(instant: Instant) -> datetime:
    return instant.due_at


def _within(moment: datetime) -> datetime:
    return min(max(moment, _BEGIN), _END).astimezone(UTC)


def _steps(schedule: Every, moment: datetime) -> int:
    """How many whole intervals lie between the start and `moment`; negative before it."""
    return (moment - schedule.start) // schedule.interval


# An `at` list may hold thousands of times, and each of the functions above is called for every job again and again.
@lru_cache(maxsize=16_384)
def _moments(schedule: At, zone: str) -> tuple[Instant, ...]:
    by_time: dict[datetime, Instant] = {}
    for text in schedule.times:
        due_at = read_moment(text, zone)
        by_time.setdefault(due_at, Instant(text, due_at))
    return tuple(by_time[due_at] for due_at in sorted(by_time))


def forget() -> None:
    """Derive the instants of written times anew."""
    _moments.cache_clear()


def _index(schedule: At, zone: str, moment: datetime) -> int:
    """How many of the times are not after `moment`."""
    return bisect_right(_moments(schedule, zone), moment, key=_due_at)


def _utc(due_at: datetime) -> Instant:
    return Instant(f"{due_at.replace(tzinfo=None).isoformat()}Z", due_at)


def _local(due_at: datetime, zone: str) -> Instant:
    local = due_at.astimezone(get_zone(zone))
    return Instant(f"{local.replace(tzinfo=None).isoformat()}{' fold=1' if local.fold else ''}", due_at)
