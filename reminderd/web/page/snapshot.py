"""What the first page shows, read at one moment: the daemon's standing, what needs someone, the day behind and the day ahead."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from reminderd.model import Job
from reminderd.plan import Override
from reminderd.store.attention import Worst
from reminderd.store.view import View
from reminderd.telemetry import LONGEST_PASS, Figures
from reminderd.web.page.coming import Coming, coming
from reminderd.web.page.hours import Hours, hours, stretch
from reminderd.web.page.needs import MOST, MOST_ROWS, Found, Group, Item, kept_back, needs
from reminderd.web.sources import Sources

_DAY = timedelta(days=1)
# What takes longer the more the state holds takes at most one part in so many of the time, as in `Readings`.
_REST, _LEAST_REST, _LONGEST_REST = 30.0, 2.0, 300.0
_SAID_FROM = 10.0  # seconds: what may be older than that says how old it is


@dataclass(frozen=True, slots=True)
class Standing:
    """The daemon's own. trouble: what is wrong with its passes. next_due: of any job. waiting: how many deliveries are pending."""

    host: str
    version: str
    started_at: datetime
    last_pass_at: datetime | None
    next_due: datetime | None
    jobs: int
    enabled: int
    waiting: int
    next_waiting: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """at: when, to the minute. counted_at: when the day behind was counted, where that is not done each time. undelivered:
    how many of it Plivo took and could not deliver."""

    at: datetime
    standing: Standing
    needs: tuple[Group, ...]
    kept: tuple[Item, ...]
    coming: Coming
    hours: Hours
    counted_at: datetime | None
    undelivered: int

    @property
    def number(self) -> int:
        """How many things need someone."""
        return sum(group.number for group in self.needs)

    @property
    def stopped(self) -> bool:
        """Whether nothing is sent at all."""
        return any(group.stops for group in self.needs)


class _Counted(NamedTuple):
    """at: when it was counted. good_until: by the monotonic clock. seldom: it is so much work that it is not done each time."""

    hours: Hours
    failed: Worst
    undelivered: Worst
    missed: Worst
    at: datetime
    good_until: float
    seldom: bool


class _Ahead(NamedTuple):
    minute: datetime
    running: Mapping[str, Job]
    overrides: Sequence[Override]
    coming: Coming


class Snapshots:
    """Takes them; belongs to the reader's thread."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._counted: _Counted | None = None
        self._ahead: _Ahead | None = None

    def take(self, view: View) -> Snapshot:
        now = self._sources.now()
        minute = now.replace(second=0, microsecond=0)
        counted = self._count(view, now)
        found = self._found(view, now, counted)
        return Snapshot(
            minute,
            self._standing(view, now),
            needs(found),
            kept_back(found),
            self._look_ahead(view, now, minute),
            counted.hours,
            counted.at.replace(second=0, microsecond=0) if counted.seldom else None,
            counted.undelivered.number,
        )

    def _found(self, view: View, now: datetime, counted: _Counted) -> Found:
        attention = view.attention
        return Found(
            attention.in_doubt(MOST),
            counted.failed,
            counted.undelivered,
            counted.missed,
            attention.problems(MOST),
            view.reports.holds(),
            view.conditions.overdue(now, self._sources.overdue_after()),
            view.reports.overrides(now),
            view.reports.gateway(),
            trouble(self._sources.figures),
            self._sources.figures.alerts,
        )

    def _standing(self, view: View, now: datetime) -> Standing:
        figures, daemon, jobs = self._sources.figures, view.measures.daemon(), view.measures.jobs()
        last = figures.last_pass_at
        return Standing(
            daemon["host"] or "",
            daemon["version"] or "",
            figures.started_at,
            last.replace(second=0, microsecond=0) if last else None,
            min(self._sources.due().values(), default=None),
            jobs["declared"],
            jobs["enabled"],
            view.conditions.waiting(),
            view.attention.next_waiting(now),
        )

    def _count(self, view: View, now: datetime) -> _Counted:
        since, until = stretch(now)
        kept = self._counted
        if kept is None or time.monotonic() > kept.good_until or kept.hours.hours[0].start != since:
            began = time.monotonic()
            counted = hours(view.attention.by_hour(since, until), now)
            failed, missed = (view.attention.ended(state, now - _DAY, MOST_ROWS) for state in ("failed", "missed"))
            undelivered = view.attention.undelivered(now - _DAY, MOST_ROWS)
            ended = time.monotonic()
            rest = min(_LONGEST_REST, max(_LEAST_REST, _REST * (ended - began)))
            kept = self._counted = _Counted(counted, failed, undelivered, missed, now, ended + rest, rest > _SAID_FROM)
        return kept

    def _look_ahead(self, view: View, now: datetime, minute: datetime) -> Coming:
        """Anew once a minute, and when jobs or overrides are others."""
        running, overrides = self._sources.running(), view.overrides.open_ones(now)
        kept = self._ahead
        if kept is None or kept.minute != minute or kept.running is not running or kept.overrides != overrides:
            found = coming(running, self._sources.due(), overrides, now)
            kept = self._ahead = _Ahead(minute, running, overrides, found)
        return kept.coming


def trouble(figures: Figures) -> str | None:
    """What is wrong with the daemon's passes."""
    if figures.trouble is not None:
        return figures.trouble
    age = figures.since_pass()
    return (
        f"it has made no pass since {figures.last_pass_at:%H:%M} UTC"
        if age > LONGEST_PASS and figures.last_pass_at
        else None
    )
