"""Recurrence rules by brute force, from the words of RFC 5545: each day is asked whether the rule has it, and each minute
of UTC what clocks show.

Nothing here knows of `reminderd.recurrence` or of dateutil.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import product
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class Rule:
    """A rule from its start on. days: (weekday, nth of the month or year or 0). Times are lists of what is written."""

    freq: str
    start: datetime
    interval: int = 1
    wkst: int = 0
    months: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    yeardays: tuple[int, ...] = ()
    monthdays: tuple[int, ...] = ()
    days: tuple[tuple[int, int], ...] = ()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    places: tuple[int, ...] = ()
    text: str = field(default="", compare=False)

    def written(self) -> str:
        """The rule as people write it."""
        lists = {
            "BYMONTH": self.months,
            "BYWEEKNO": self.weeks,
            "BYYEARDAY": self.yeardays,
            "BYMONTHDAY": self.monthdays,
            "BYDAY": [f"{nth or ''}{NAMES[day]}" for day, nth in self.days],
            "BYHOUR": self.hours,
            "BYMINUTE": self.minutes,
            "BYSETPOS": self.places,
        }
        parts = [f"FREQ={self.freq}", f"INTERVAL={self.interval}", f"WKST={NAMES[self.wkst]}"]
        return ";".join(parts + [f"{name}={','.join(map(str, values))}" for name, values in lists.items() if values])

    def walls(self, first: date, last: date) -> list[datetime]:
        """The wall times on the days from `first` to `last`, in order."""
        found = self._steps(first, last) if self.freq in ("HOURLY", "MINUTELY") else self._by_days(first, last)
        return [wall for wall in found if wall >= self.start and first <= wall.date() <= last]

    def _steps(self, first: date, last: date) -> Iterator[datetime]:
        length = timedelta(hours=self.interval) if self.freq == "HOURLY" else timedelta(minutes=self.interval)
        period = self.start.replace(minute=0) if self.freq == "HOURLY" else self.start
        while period.date() <= last:
            if first <= period.date() and self._allows(period.date()) and (not self.hours or period.hour in self.hours):
                if self.freq == "HOURLY":
                    yield from (period.replace(minute=each) for each in sorted(self.minutes or (self.start.minute,)))
                elif not self.minutes or period.minute in self.minutes:
                    yield period
            period += length

    def _by_days(self, first: date, last: date) -> Iterator[datetime]:
        times = [
            time(hour, minute)
            for hour, minute in product(
                sorted(self.hours or (self.start.hour,)), sorted(self.minutes or (self.start.minute,))
            )
        ]
        day = first
        seen = None
        while day <= last:
            period = self._period(day)
            if period != seen and period is not None:
                seen = period
                days = [each for each in span(*period) if self._allows(each)]
                walls = [datetime.combine(each, at) for each in days for at in times]
                if self.places:
                    chosen = {
                        walls[place - (place > 0)]
                        for place in self.places
                        if -len(walls) <= place - (place > 0) < len(walls)
                    }
                    walls = sorted(chosen)
                yield from walls
            day += DAY

    def _period(self, day: date) -> tuple[date, date] | None:
        """The first and last day of the interval around a day, where the rule has that interval."""
        start = self.start.date()
        match self.freq:
            case "YEARLY":
                number, ends = day.year - start.year, (date(day.year, 1, 1), date(day.year, 12, 31))
            case "MONTHLY":
                number = (day.year - start.year) * 12 + day.month - start.month
                ends = day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
            case "WEEKLY":
                begin = week_begin(day, self.wkst)
                number, ends = (begin - week_begin(start, self.wkst)).days // 7, (begin, begin + 6 * DAY)
            case _:
                number, ends = (day - start).days, (day, day)
        return ends if number % self.interval == 0 and number >= 0 else None

    def _allows(self, day: date) -> bool:
        last = monthrange(day.year, day.month)[1]
        year = 366 if monthrange(day.year, 2)[1] == 29 else 365
        of_year = day.timetuple().tm_yday
        checks = [
            not self.months or day.month in self.months,
            not self.weeks or in_weeks(day, self.weeks, self.wkst),
            not self.yeardays or {of_year, of_year - year - 1} & set(self.yeardays),
            not self.monthdays or {day.day, day.day - last - 1} & set(self.monthdays),
            not self.days or any(self._is(day, *each) for each in self.days),
        ]
        if not (self.weeks or self.yeardays or self.monthdays or self.days):
            start = self.start
            if self.freq in ("YEARLY", "MONTHLY"):
                checks.append(day.day == start.day)
            if self.freq == "YEARLY" and not self.months:
                checks.append(day.month == start.month)
            if self.freq == "WEEKLY":
                checks.append(day.weekday() == start.weekday())
        return all(checks)

    def _is(self, day: date, weekday: int, nth: int) -> bool:
        if day.weekday() != weekday:
            return False
        whole_year = self.freq == "YEARLY" and not self.months
        begin, end = (
            (date(day.year, 1, 1), date(day.year, 12, 31))
            if whole_year
            else (
                day.replace(day=1),
                day.replace(day=monthrange(day.year, day.month)[1]),
            )
        )
        alike = [each for each in span(begin, end) if each.weekday() == weekday]
        return nth == 0 or (abs(nth) <= len(alike) and alike[nth - (nth > 0)] == day)


def span(first: date, last: date) -> list[date]:
    return [first + number * DAY for number in range((last - first).days + 1)]


def week_begin(day: date, wkst: int) -> date:
    return day - (day.weekday() - wkst) % 7 * DAY


def in_weeks(day: date, weeks: Iterable[int], wkst: int) -> bool:
    """Whether a day is in one of these weeks of a year, where week 1 is the first with four days in that year.

    RFC 5545 leaves open whether the days of week 1 that are in December belong to a yearly rule's year; here, as in
    the rule's own year they stand in, they do.
    """
    begin = week_begin(day, wkst)
    year = (begin + 3 * DAY).year
    first = week_begin(date(year, 1, 4), wkst)
    following = week_begin(date(year + 1, 1, 4), wkst)
    number, total = (begin - first).days // 7 + 1, (following - first).days // 7
    return bool({number, number - total - 1} & set(weeks))


class Sight(NamedTuple):
    instant: datetime
    wall: datetime
    before: datetime  # what clocks would have gone on to show


@cache
def sights(zone: str, after: datetime, until: datetime) -> tuple[Sight, ...]:
    """Each minute of [after, until], with what clocks show in it, and what they would show but for a change."""
    info, instant, found = ZoneInfo(zone), after, []
    last = (after - MINUTE).astimezone(info).replace(tzinfo=None, fold=0)
    while instant <= until:
        wall = instant.astimezone(info).replace(tzinfo=None, fold=0)
        found.append(Sight(instant, wall, last + MINUTE))
        instant, last = instant + MINUTE, wall
    return tuple(found)


def meant(wall: datetime, table: Iterable[Sight], gap: str, fold: str) -> list[datetime]:
    """The instants that a wall time comes to, found by looking at each minute."""
    table = list(table)
    shown = [sight.instant for sight in table if sight.wall == wall]
    if shown:
        return {"first": shown[:1], "second": shown[-1:], "both": shown}[fold]
    jumps = [sight for sight in table if sight.before <= wall < sight.wall]
    if not jumps or gap == "skip":
        return []
    (jump,) = jumps
    return [jump.instant + (wall - jump.before if gap == "later" else timedelta(0))]
