"""What a job's page shows of what is to come: its next occurrences, and the texts of the next one. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from reminderd.jobs import people_shown
from reminderd.jobs.shown import ListShown
from reminderd.model import Instant, Job
from reminderd.plan import NewDelivery, Override
from reminderd.upcoming import upcoming


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One that comes. override: what keeps it from being sent."""

    instant: Instant
    zone: str
    override: Override | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """occurrences: the next ones. samples: what the first people of the first of them would get. lists: from where its
    people come that are not in its file."""

    occurrences: tuple[Occurrence, ...]
    samples: tuple[NewDelivery, ...]
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
    coming = list(islice(upcoming(job, now), occurrences))
    found = tuple(Occurrence(each.instant, each.zone, _covering(job, each.instant, overrides)) for each in coming)
    samples = coming[0].deliveries(opted_out, people) if coming else ()
    return Ahead(found, samples, people_shown(job).lists)


def _covering(job: Job, instant: Instant, overrides: Sequence[Override]) -> Override | None:
    return next((each for each in overrides if each.covers(job.name, instant)), None)
