"""How far each job is planned, when it is due next, and the next chunk of what is owed."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reminderd import recurrence
from reminderd.model import Limits
from reminderd.plan import NewOccurrence, Override, Plan
from reminderd.planner.births import part_of
from reminderd.planner.owed import BEGINNING, Entry, Owed, Progress, owing

_JUST_BEFORE = timedelta(milliseconds=1)  # the least that the state can tell apart

Key = tuple[str, str]  # job, and the key of one of its entries


@dataclass(frozen=True, slots=True)
class Terms:
    """What the settings say of planning. limits: of jobs that have none of their own; price: of one segment."""

    limits: Limits = Limits()  # noqa: RUF009 (a tuple)
    price: float | None = None


@dataclass(slots=True)
class _Chunk:
    """A plan in the making."""

    most: int
    occurrences: list[NewOccurrence]
    cursors: dict[Key, datetime]
    progress: dict[Key, Progress]
    size: int = 0

    @property
    def full(self) -> bool:
        return self.size >= self.most


class Planner:
    """Knows for each part of a job how far it is planned and when it is due next."""

    def __init__(self, terms: Terms | None = None) -> None:
        self.terms = terms or Terms()
        self.overrides: tuple[Override, ...] = ()
        self._entries: dict[str, dict[str, Entry]] = {}  # by job, by key
        self._next: dict[Key, datetime] = {}
        self._heap: list[tuple[datetime, bool, Key]] = []
        self._progress: tuple[Plan, dict[Key, Progress]] | None = None

    def replace(self, entries: Iterable[Entry], removed: Iterable[str] = ()) -> None:
        """Take new versions of some jobs, each with all its zones, and forget others."""
        fresh: dict[str, dict[str, Entry]] = {}
        for entry in entries:
            fresh.setdefault(entry.job.name, {})[entry.key] = entry
        for name in (*removed, *fresh):
            for key in self._entries.pop(name, {}):
                self._next.pop((name, key), None)
        self._entries |= fresh
        for parts in fresh.values():
            for entry in parts.values():
                self._schedule(entry)

    def _schedule(self, entry: Entry) -> None:
        following = recurrence.next_after(entry.schedule, entry.zone, entry.planned_until)
        if following is None:
            self._next.pop(entry.id, None)
        else:
            self._next[entry.id] = following.due_at
            heapq.heappush(self._heap, (following.due_at, entry.held, entry.id))

    def next_due(self) -> datetime | None:
        """When the next occurrence of any job is due."""
        while self._heap and self._next.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # replaced since
        return self._heap[0][0] if self._heap else None

    def due_by_job(self) -> dict[str, datetime]:
        """When each job is due next; those that never are again are left out. Safe to call from any thread."""
        found: dict[str, datetime] = {}
        for (name, _), moment in self._next.copy().items():
            found[name] = min(moment, found.get(name, moment))
        return found

    def entries(self) -> list[Entry]:
        return [entry for parts in self._entries.values() for entry in parts.values()]

    def plan(self, now: datetime, awake_since: datetime, most: int) -> Plan:
        """What is owed up to `now`, in chunks of about `most` rows; a long occurrence is planned in parts.

        awake_since: what fell at or after it fell while the daemon was running. Nothing changes here until
        `committed(plan)`; while `next_due()` is not after `now`, there is more to plan.
        """
        chunk = _Chunk(most, [], {}, {})
        for entry in self._due(now, most):
            self._plan_entry(chunk, entry, now, awake_since)
            if chunk.full:
                break
        plan = Plan(tuple(chunk.occurrences), chunk.cursors, self.terms.price)
        self._progress = plan, chunk.progress
        return plan

    def _plan_entry(self, chunk: _Chunk, entry: Entry, now: datetime, awake_since: datetime) -> None:
        until = now
        for owed in owing(entry, now, awake_since, self.overrides):
            part = self._part(chunk, entry, owed, now)
            chunk.occurrences.append(part)
            chunk.size += 1 + len(part.deliveries)
            if part.unfinished:
                chunk.progress[entry.id] = Progress(owed.instant.nominal, part.offset + len(part.deliveries))
                until = owed.instant.due_at - _JUST_BEFORE
                break
            if chunk.full:
                until = owed.instant.due_at
                break
        chunk.cursors[entry.id] = until

    def _part(self, chunk: _Chunk, entry: Entry, owed: Owed, now: datetime) -> NewOccurrence:
        done = entry.begun.rows if entry.begun and entry.begun.nominal == owed.instant.nominal else 0
        room = max(chunk.most - chunk.size - 1, 1)
        return part_of(entry, owed, now, done, done + room, self.terms.limits)

    def _due(self, now: datetime, most: int) -> list[Entry]:
        """Up to `most` jobs with something due, in an order that also chunks keep: first what need not be compared, the
        earliest first, and long lists after short ones; then what must not repeat it, by the age of its version; held
        jobs last."""
        if (first := self.next_due()) is None or first > now:
            return []
        due = [self._entries[name][key] for (name, key), moment in self._next.items() if moment <= now]
        return heapq.nsmallest(most, due, key=lambda entry: self._order(entry, most))

    def _order(self, entry: Entry, most: int) -> tuple[bool, datetime, bool, datetime, Key]:
        following = self._next[entry.id]
        if entry.held or following <= entry.loaded_at:
            return entry.held, entry.loaded_at, False, BEGINNING, entry.id
        return False, BEGINNING, len(entry.recipients) > most, following, entry.id

    def committed(self, plan: Plan) -> None:
        """The plan is in the state: go on from there."""
        known, progress = self._progress or (None, {})
        assert known is plan, "plans are committed one by one"
        for (name, key), until in plan.cursors.items():
            entry = self._entries[name][key]
            moved = replace(entry, planned_until=until, begun=progress.get((name, key)))
            self._entries[name][key] = moved
            self._schedule(moved)
