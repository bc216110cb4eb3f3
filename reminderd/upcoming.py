"""What of a job is to come: its next occurrences, and what its people would get then. Pure.

Texts are made as they are when they fall due; people of private lists are counted, and not shown.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from heapq import merge
from typing import NamedTuple

from reminderd import recurrence
from reminderd.model import Instant, Job, Recipient, State
from reminderd.plan import OPTED_OUT, NewDelivery, has_opted_out
from reminderd.planner import BEGINNING, Entry, Owed, entries_of, part_of

_FAR = datetime(9990, 1, 1, tzinfo=UTC)


class Upcoming(NamedTuple):
    """One occurrence, for those in whose zone it falls on this instant. people: those who may be named."""

    entry: Entry
    instant: Instant
    people: tuple[Recipient, ...]

    @property
    def job(self) -> Job:
        return self.entry.job

    @property
    def zone(self) -> str:
        return self.entry.zone

    @property
    def place(self) -> tuple[datetime, str, str]:
        """Where it stands in a list: the earliest first."""
        return self.instant.due_at, self.job.name, self.zone

    def deliveries(self, opted_out: Collection[tuple[str, str]], most: int | None = None) -> tuple[NewDelivery, ...]:
        """What would be born at the time due, to the first `most` who may be named. opted_out: as `has_opted_out` has it."""
        entry = replace(self.entry, recipients=self.people[:most])
        born = part_of(entry, Owed(self.instant), self.instant.due_at).deliveries
        return tuple(
            replace(each, state=State.CANCELLED, reason=OPTED_OUT)
            if has_opted_out(each.phone or "", each.sender, opted_out)
            else each
            for each in born
        )


def upcoming(job: Job, now: datetime) -> Iterator[Upcoming]:
    """All that come after `now` in all zones of the job, the earliest first."""
    before: Upcoming | None = None
    for each in merge(*(_of(entry, now) for entry in entries_of(job, {}, BEGINNING)), key=lambda each: each.place):
        # A single time at which its rule has one too is one occurrence.
        if before is None or (each.zone, each.instant) != (before.zone, before.instant):
            yield each
        before = each


def _of(entry: Entry, now: datetime) -> Iterator[Upcoming]:
    people = tuple(each for each in entry.recipients if not each.private)
    for instant in recurrence.between(entry.schedule, entry.zone, now, _FAR):
        yield Upcoming(entry, instant, people)
