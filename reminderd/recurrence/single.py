"""The instants of one rule: at, cron, every or rrule, without bounds and exceptions. Moments are aware UTC."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import assert_never

from reminderd.model import At, Cron, DstFold, DstGap, Every, Instant, Rrule, Rule
from reminderd.recurrence import cron, rrule
from reminderd.recurrence.notation import read_times
from reminderd.recurrence.zones import get_zone

_FEW = 64
_FIRST_LOOK, _GROWTH = timedelta(hours=1), 6


def upward(rule: Rule, zone: str, after: datetime) -> Iterator[Instant]:
    """The instants after `after`, strictly increasing."""
    match rule:
        case At():
            moments = _moments(rule, zone)
            return islice(moments, _index(rule, zone, after), None)
        case Every():
            return _beats(rule, after)
        case Cron():
            return (local(due_at, zone) for due_at in cron.upward(rule, zone, after))
        case Rrule():
            return (local(due_at, zone) for due_at in rrule.upward(rule, zone, after))
        case _:
            assert_never(rule)


def latest(rule: Rule, zone: str, after: datetime, until: datetime) -> Instant | None:
    """The last instant in (after, until], without walking through the others."""
    match rule:
        case At():
            earlier = _moments(rule, zone)[: _index(rule, zone, until)]
            return earlier[-1] if earlier and earlier[-1].due_at > after else None
        case Every():
            due_at = rule.start + _steps(rule, until) * rule.interval
            return utc(due_at) if due_at > after and due_at >= rule.start else None
        case Cron():
            found = cron.downward(rule, zone, until, after)
            return None if found is None else local(found, zone)
        case Rrule():
            return search_latest(lambda moment: upward(rule, zone, moment), after, until)
        case _:
            assert_never(rule)


def count(rule: Rule, zone: str, after: datetime, until: datetime, cap: int) -> int:
    """How many instants lie in (after, until]; counts no further than `cap`."""
    match rule:
        case At():
            number = _index(rule, zone, until) - _index(rule, zone, after)
        case Every():
            number = _steps(rule, until) - max(_steps(rule, after), -1)
        case Cron() | Rrule():
            number = count_by_walking(upward(rule, zone, after), until, cap)
        case _:
            assert_never(rule)
    return max(0, min(number, cap))


def count_by_walking(series: Iterator[Instant], until: datetime, cap: int) -> int:
    """How many of these lie before or at `until`; counts no further than `cap`."""
    return sum(1 for instant in _up_to(islice(series, cap), until) if instant)


def search_latest(series: Callable[[datetime], Iterator[Instant]], after: datetime, until: datetime) -> Instant | None:
    """The last in (after, until] of a series that can only be walked upward, by looking into ever smaller parts."""
    length, low = _FIRST_LOOK, until
    while not _any(series, low, until):
        if low <= after:
            return None
        low = until - length if until - after > length else after
        length *= _GROWTH
    while True:
        found = list(_up_to(islice(series(low), _FEW), until))
        if len(found) < _FEW:
            return found[-1]
        middle = max(found[-1].due_at, low + (until - low) / 2)
        if _any(series, middle, until):
            low = middle
        elif middle == found[-1].due_at:
            return found[-1]
        else:
            until = middle


def _any(series: Callable[[datetime], Iterator[Instant]], after: datetime, until: datetime) -> bool:
    return after < until and next(_up_to(series(after), until), None) is not None


def _up_to(series: Iterator[Instant], until: datetime) -> Iterator[Instant]:
    for instant in series:
        if instant.due_at > until:
            return
        yield instant


def _beats(rule: Every, after: datetime) -> Iterator[Instant]:
    step = max(_steps(rule, after) + 1, 0)
    while True:
        yield utc(rule.start + step * rule.interval)
        step += 1


def _steps(rule: Every, moment: datetime) -> int:
    """How many whole intervals lie between the start and `moment`; negative before it."""
    return (moment - rule.start) // rule.interval


# An `at` list may hold thousands of times, and each of the functions above is called for every job again and again.
@lru_cache(maxsize=16_384)
def _moments(rule: At, zone: str) -> tuple[Instant, ...]:
    by_time: dict[datetime, Instant] = {}
    for text in rule.times:
        for instant in read_times(text, zone, rule.gap or DstGap.END, rule.fold or DstFold.FIRST):
            by_time.setdefault(instant.due_at, instant)
    return tuple(by_time[due_at] for due_at in sorted(by_time))


def forget() -> None:
    """Derive the instants of written times anew."""
    _moments.cache_clear()


def _index(rule: At, zone: str, moment: datetime) -> int:
    """How many of the times are not after `moment`."""
    return bisect_right(_moments(rule, zone), moment, key=due_at)


def due_at(instant: Instant) -> datetime:
    return instant.due_at


def utc(due_at: datetime) -> Instant:
    """The instant, nominal in UTC."""
    return Instant(f"{due_at.replace(tzinfo=None).isoformat()}Z", due_at)


def local(due_at: datetime, zone: str) -> Instant:
    """The instant, nominal in local time."""
    local = due_at.astimezone(get_zone(zone))
    return Instant(f"{local.replace(tzinfo=None).isoformat()}{' fold=1' if local.fold else ''}", due_at)
