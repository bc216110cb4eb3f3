"""Schedules by brute force: each minute of a stretch of UTC is looked at, and zoneinfo says what clocks show.

Nothing here knows of `reminderd.recurrence`. Offsets and changes are taken as whole minutes, which they are from 1972 on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import NamedTuple
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
# Longer than any repeated stretch of wall time, so that what a stretch begins with is known to be a first pass.
_LEAD = timedelta(hours=3)
_STRIDE = timedelta(hours=6)


def show(wall: datetime, repeated: bool = False) -> str:
    """A nominal time as the state keeps it."""
    return wall.isoformat() + (" fold=1" if repeated else "")


class Change(NamedTuple):
    """From `instant` on the clocks of a zone show `after` more than UTC, where they showed `before` more."""

    instant: datetime
    before: timedelta
    after: timedelta

    @property
    def odd(self) -> tuple[datetime, datetime]:
        """The stretch of wall time, [start, end), that is skipped or repeated."""
        wall = self.instant.replace(tzinfo=None)
        return wall + min(self.before, self.after), wall + max(self.before, self.after)


def offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    found = instant.astimezone(zone).utcoffset()
    assert found is not None
    assert not found % MINUTE
    return found


def changes(name: str, start: datetime, end: datetime) -> Iterator[Change]:
    """The changes of a zone's offset, from looking every six hours and then at every minute between."""
    zone, here = ZoneInfo(name), start
    known = offset(zone, here)
    while here < end:
        here += _STRIDE
        if offset(zone, here) != known:
            instant = here - _STRIDE
            while offset(zone, instant) == known:
                instant += MINUTE
            yield Change(instant, known, offset(zone, instant))
            known = offset(zone, instant)
            assert known == offset(zone, here)


class Sight(NamedTuple):
    """At `instant` clocks show `wall`; `repeated` when they have shown it before."""

    instant: datetime
    wall: datetime
    repeated: bool


@dataclass(frozen=True)
class Rule:
    """Five fields of cron with their meaning, by the documentation: `starred` when minute or hour starts with a star."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    on: Callable[[datetime], bool]
    starred: bool


class Stretch:
    """The minutes of (after, until] in a zone, by the minute of the day that clocks show in them, or pass."""

    def __init__(self, name: str, after: datetime, until: datetime) -> None:
        self.after, self.until = after, until
        self.seen: list[list[Sight]] = [[] for _ in range(24 * 60)]
        self._passed: list[list[tuple[datetime, Sight]]] = [[] for _ in range(24 * 60)]
        self._walk(ZoneInfo(name))

    def _walk(self, zone: ZoneInfo) -> None:
        instant, after, until = self.after - _LEAD, self.after, self.until
        highest = instant.astimezone(zone).replace(tzinfo=None) - MINUTE
        seen, passed = self.seen, self._passed
        while instant <= until:
            wall = instant.astimezone(zone).replace(tzinfo=None, fold=0)
            sight = Sight(instant, wall, wall <= highest)
            if instant > after:
                seen[wall.hour * 60 + wall.minute].append(sight)
            while highest < wall:
                highest += MINUTE
                if instant > after:
                    passed[highest.hour * 60 + highest.minute].append((highest, sight))
            instant += MINUTE

    def fires(self, rule: Rule) -> list[tuple[str, datetime]]:
        """(nominal, UTC instant) of a cron rule. Starred: whenever clocks show a match. Otherwise: when they first
        reach it or jump over it."""
        found: set[Sight] = set()
        for hour, minute in product(rule.hours, rule.minutes):
            key = hour * 60 + minute
            if rule.starred:
                found.update(sight for sight in self.seen[key] if rule.on(sight.wall))
            else:
                found.update(sight for wall, sight in self._passed[key] if rule.on(wall))
        return [(show(wall, repeated), instant) for instant, wall, repeated in sorted(found)]

    def beats(self, start: datetime, interval: timedelta) -> list[tuple[str, datetime]]:
        """(nominal, UTC instant) of an interval."""
        # Each minute of the stretch, as a number from the start on.
        first, last = (self.after - start) // MINUTE + 1, (self.until - start) // MINUTE
        length = interval // MINUTE
        instants = [start + minute * MINUTE for minute in range(first, last + 1) if minute >= 0 and not minute % length]
        return [(show(instant.replace(tzinfo=None)) + "Z", instant) for instant in instants]

    def showing(self, wall: datetime) -> list[datetime]:
        """The instants at which clocks show this wall time: none in a gap, two in a repeated stretch."""
        return [sight.instant for sight in self.seen[wall.hour * 60 + wall.minute] if sight.wall == wall]

    def settled(self, wall: datetime) -> datetime:
        """When clocks first reach this wall time or jump over it."""
        ((_, sight),) = [each for each in self._passed[wall.hour * 60 + wall.minute] if each[0] == wall]
        return sight.instant


def utc(year: int, month: int = 1, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)
