"""What of a job is to come: its next occurrences, and the texts of the next one. Pure.

Texts are made as they are when they fall due (`reminderd next` shows the same); people of private lists are counted, and not
shown.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from typing import NamedTuple

from reminderd import recurrence
from reminderd.jobs import people_shown
from reminderd.jobs.shown import ListShown
from reminderd.model import Instant, Job, State, bare
from reminderd.plan import OPTED_OUT, NewDelivery, Override
from reminderd.planner import BEGINNING, Entry, Owed, entries_of, part_of

_FAR = datetime(9990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One that comes. override: what keeps it from being sent. people: how many it is for, in its zone."""

    instant: Instant
    zone: str
    people: int
    override: Override | None


class Sample(NamedTuple):
    """What one of its recipients would get. problem: why it would not go out; text: None where it cannot be rendered."""

    name: str | None
    phone: str | None
    key: str | None
    at: datetime
    text: str | None
    encoding: str
    segments: int
    problem: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """occurrences: the next ones. samples: texts of the first of them, to its first people. lists: from where its people
    come that are not in its file."""

    occurrences: tuple[Occurrence, ...]
    samples: tuple[Sample, ...]
    lists: tuple[ListShown, ...]

    @property
    def next_sent(self) -> Occurrence | None:
        return next((each for each in self.occurrences if each.override is None), None)


def ahead_of(
    job: Job,
    now: datetime,
    overrides: Sequence[Override],
    opted_out: Collection[tuple[str, str]],
    occurrences: int = 10,
    people: int = 3,
) -> Ahead:
    """overrides: those in force. opted_out: as (phone, bare sender), the sender empty for any."""
    shown = people_shown(job)
    entries = [replace(entry, loaded_at=BEGINNING) for entry in entries_of(job, {}, BEGINNING)]
    coming = list(islice(merge(*(_of(each, now) for each in entries), key=lambda pair: pair[1].due_at), occurrences))
    found = tuple(
        Occurrence(instant, entry.zone, len(entry.recipients), _covering(job, instant, overrides))
        for entry, instant in coming
    )
    samples = tuple(_samples(*coming[0], opted_out, people)) if coming else ()
    return Ahead(found, samples, shown.lists)


def _of(entry: Entry, now: datetime) -> Iterator[tuple[Entry, Instant]]:
    return ((entry, instant) for instant in recurrence.between(entry.schedule, entry.zone, now, _FAR))


def _covering(job: Job, instant: Instant, overrides: Sequence[Override]) -> Override | None:
    return next((each for each in overrides if each.covers(job.name, instant)), None)


def _samples(entry: Entry, instant: Instant, opted_out: Collection[tuple[str, str]], most: int) -> Iterator[Sample]:
    named = tuple(islice((each for each in entry.recipients if not each.private), most))
    part = part_of(replace(entry, recipients=named), Owed(instant), instant.due_at)
    return (_sample(each, instant, opted_out) for each in part.deliveries)


def _sample(delivery: NewDelivery, instant: Instant, opted_out: Collection[tuple[str, str]]) -> Sample:
    _, _, key = delivery.recipient.partition("#")
    message, problem = delivery.message, "" if delivery.state is State.PENDING else delivery.reason
    if not {(delivery.phone, ""), (delivery.phone, bare(delivery.sender or ""))}.isdisjoint(opted_out):
        problem = OPTED_OUT
    return Sample(
        delivery.name,
        delivery.phone,
        key or None,
        delivery.not_before or instant.due_at,
        message.text if message else None,
        message.encoding if message else "",
        message.segments if message else 0,
        problem,
    )
