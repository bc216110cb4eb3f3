"""Which wall times of a schedule a change of clocks skips or repeats, and what comes of them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import NamedTuple, assert_never
from zoneinfo import ZoneInfo

from reminderd.model import At, Cron, DstFold, DstGap, Every, Limited, Rrule, Rule, Schedule, Several
from reminderd.recurrence import cron, limited, rrule
from reminderd.recurrence.rruletext import parts_of
from reminderd.recurrence.zones import changes, get_zone, offset_of, resolve, wall_of

MOST_OF_A_CHANGE = 4  # wall times of one rule that are told of one change

_SECOND = timedelta(seconds=1)


class ClockNote(NamedTuple):
    """A wall time of a schedule (naive) that does not exist, or comes twice, on its date in `zone`."""

    wall: datetime
    zone: str
    twice: bool
    outcome: str  # "sends at 03:00", "sends at the first", "sends nothing"

    @property
    def key(self) -> str:
        """The key of a rule that says what is meant by such a time."""
        return "dst_fold" if self.twice else "dst_gap"

    @property
    def clock(self) -> str:
        """The time of day alone."""
        return _clock(self.wall)

    def __str__(self) -> str:
        when = self.clock
        if self.twice:
            return f"{when} {self.zone} comes twice on {self.wall:%Y-%m-%d}: {self.outcome}"
        return f"{when} {self.zone} does not exist on {self.wall:%Y-%m-%d}: {self.outcome}"


class _Change(NamedTuple):
    """The stretch of wall time, [begin, end), that a change of clocks skips, or repeats when `twice`."""

    begin: datetime
    end: datetime
    twice: bool


def clock_notes(schedule: Schedule, zone: str, after: datetime, until: datetime) -> tuple[ClockNote, ...]:
    """What the changes of clocks in (after, until] do to a schedule in `zone`, in order, each wall time once.

    A rule that follows the clock, such as */15 * * * *, has nothing to tell; of one with many times in a change only
    the first few are told.
    """
    info = get_zone(zone)
    start, end = (moment.astimezone(UTC).replace(microsecond=0) for moment in (after, until))
    rules = schedule.rules if isinstance(schedule, Several) else (schedule,)
    found = [
        note
        for change in (_change(info, at) for at in changes(info, start, end))
        for rule in rules
        for note in islice(_notes(rule, zone, info, change), MOST_OF_A_CHANGE)
    ]
    return tuple(sorted(set(found)))


def _change(info: ZoneInfo, at: datetime) -> _Change:
    before, after = (at.replace(tzinfo=None) + offset_of(moment, info) for moment in (at - _SECOND, at))
    return _Change(min(before, after), max(before, after), twice=after < before)


def _notes(schedule: Rule | Limited, zone: str, info: ZoneInfo, change: _Change) -> Iterator[ClockNote]:
    rule = schedule.rule if isinstance(schedule, Limited) else schedule
    told = _outcome_of(rule, info, change)
    if told is None:
        return
    for wall in _walls(rule, change):
        if not isinstance(schedule, Limited) or limited.takes(schedule, zone, wall):
            yield ClockNote(wall, zone, change.twice, told(wall))


def _walls(rule: Rule, change: _Change) -> Iterator[datetime]:
    """The wall times of the rule within the change."""
    before = change.begin - _SECOND
    match rule:
        case At():
            walls = iter(sorted(datetime.fromisoformat(text) for text in rule.times if not text.endswith("Z")))
            walls = filter(lambda wall: wall > before, walls)
        case Cron():
            walls = cron.walls(rule.expression, before)
        case Rrule():
            walls = rrule.walls(rule, before)
        case Every():
            walls = iter(())
        case _:
            assert_never(rule)
    return takewhile(lambda wall: wall < change.end, walls)


def _outcome_of(rule: Rule, info: ZoneInfo, change: _Change) -> Callable[[datetime], str] | None:
    """In words what comes of a wall time within the change; None where that surprises nobody."""
    if isinstance(rule, Every):
        return None
    if isinstance(rule, Cron) and cron.follows_the_clock(rule.expression):
        if rule.expression.split()[1].startswith("*"):
            return None
        return lambda _: "sends both times" if change.twice else "sends nothing"
    gap, fold = (DstGap.END, DstFold.FIRST) if isinstance(rule, Cron) else (rule.gap, rule.fold)
    if change.twice:
        if isinstance(rule, Rrule) and fold is DstFold.BOTH and _is_dense(rule):
            return None
        return lambda _: "sends both times" if fold is DstFold.BOTH else f"sends at the {fold or DstFold.FIRST}"
    if isinstance(rule, Rrule) and gap is not DstGap.LATER and _is_dense(rule):
        return None
    return lambda wall: _skipped(wall, info, gap or DstGap.END)


def _is_dense(rule: Rrule) -> bool:
    """Whether it comes all day long, by the hour or the minute."""
    parts = parts_of(rule.rule)
    return parts.freq in ("HOURLY", "MINUTELY") and "BYHOUR" not in parts.numbers


def _skipped(wall: datetime, info: ZoneInfo, gap: DstGap) -> str:
    instants = resolve(wall, info, gap, DstFold.FIRST)
    if not instants:
        return "sends nothing"
    shown = wall_of(instants[0], info)
    return f"sends at {_clock(shown)}" if shown.date() == wall.date() else f"sends at {shown:%Y-%m-%d} {_clock(shown)}"


def _clock(wall: datetime) -> str:
    return wall.strftime("%H:%M:%S" if wall.second else "%H:%M")
