"""The instants of a schedule, in a range or after a moment.

Ranges are (after, until]: neighbouring ranges join without loss or repetition, wherever they meet. All moments are
aware; what returns is UTC. Schedules live between 1970 and 9900; outside they have no instants.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from heapq import merge
from itertools import islice, takewhile

from reminderd.model import At, Instant, Limited, Rule, Schedule, Several
from reminderd.recurrence import limited, single

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9900, 1, 1, tzinfo=UTC)


def between(
    schedule: Schedule, zone: str, after: datetime, until: datetime, *, limit: int | None = None
) -> Iterator[Instant]:
    """The instants in (after, until], strictly increasing, at most `limit` of them."""
    after, until = _within(after), _within(until)
    if until <= after:
        return iter(())
    return islice(takewhile(lambda instant: instant.due_at <= until, _upward(schedule, zone, after)), limit)


def next_after(schedule: Schedule, zone: str, after: datetime) -> Instant | None:
    """The first instant after `after`."""
    return next(between(schedule, zone, after, _END), None)


def latest(schedule: Schedule, zone: str, after: datetime, until: datetime) -> Instant | None:
    """The last instant in (after, until], without walking through the others."""
    after, until = _within(after), _within(until)
    if until <= after:
        return None
    if isinstance(schedule, Several):
        ends = [end for rule in schedule.rules if (end := latest(rule, zone, after, until)) is not None]
        return max(ends, key=single.due_at, default=None)
    if isinstance(schedule, Limited):
        return limited.latest(schedule, zone, after, until)
    return single.latest(schedule, zone, after, until)


def count(schedule: Schedule, zone: str, after: datetime, until: datetime, cap: int) -> int:
    """How many instants lie in (after, until]; counts no further than `cap`."""
    after, until = _within(after), _within(until)
    if until <= after:
        return 0
    if isinstance(schedule, Limited | Several):
        return single.count_by_walking(_upward(schedule, zone, after), until, cap)
    return single.count(schedule, zone, after, until, cap)


def is_appointments(schedule: Schedule) -> bool:
    """Whether each of its times was written singly (`at`), so that it is an appointment of its own, and no rule."""
    return all(isinstance(rule, At) for rule in rules_in(schedule))


def parted(schedule: Schedule) -> tuple[Schedule | None, Schedule | None]:
    """The appointments in a schedule, and its rules; None where there are none."""
    rules = schedule.rules if isinstance(schedule, Several) else (schedule,)
    appointments = [rule for rule in rules if is_appointments(rule)]
    others = [rule for rule in rules if not is_appointments(rule)]
    return several(appointments) if appointments else None, several(others) if others else None


def rules_in(schedule: Schedule) -> tuple[Rule, ...]:
    """Each rule of a schedule, without its bounds and exceptions."""
    rules = schedule.rules if isinstance(schedule, Several) else (schedule,)
    return tuple(rule.rule if isinstance(rule, Limited) else rule for rule in rules)


def several(rules: Sequence[Rule | Limited]) -> Schedule:
    """The schedule of all these rules; one alone stays itself."""
    return rules[0] if len(rules) == 1 else Several(tuple(rules))


def _upward(schedule: Schedule, zone: str, after: datetime) -> Iterator[Instant]:
    if isinstance(schedule, Several):
        return _merged([_upward(rule, zone, after) for rule in schedule.rules])
    if isinstance(schedule, Limited):
        return limited.upward(schedule, zone, after)
    return single.upward(schedule, zone, after)


def _merged(series: Sequence[Iterator[Instant]]) -> Iterator[Instant]:
    """All of several series in order. Of what is due at one instant, the first series has its say, as in `latest`."""
    last = None
    for instant in merge(*series, key=single.due_at):
        if instant.due_at != last:
            yield instant
            last = instant.due_at


def _within(moment: datetime) -> datetime:
    return min(max(moment, _BEGIN), _END).astimezone(UTC)


def forget() -> None:
    """Derive anew what follows from the rules of zones."""
    single.forget()
    limited.forget()
