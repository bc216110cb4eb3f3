"""Which occurrences a job owes. The rules, in short (docs/what-is-owed.md has them in full):

- A rule (cron, every) owes what falls after its cursor. What fell while the daemon was awake is planned one by one; of
  what fell while it was down, `catch_up` chooses what is still sent, and the rest becomes one summary row.
- Each time of `at` is an appointment of its own: it gets a row whenever it is first seen due, late or not.
- What falls into a pause, or is skipped, becomes one row that says so.
- An occurrence whose planning has begun is planned to its end, whatever came between.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from reminderd import recurrence
from reminderd.clock import to_text
from reminderd.duration import format_duration
from reminderd.model import CatchUp, Instant, Job, OnQuiet, Recipient, Schedule
from reminderd.plan import LEAST_VALIDITY, Override, appointments_key

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_COUNT_CAP = 10_000  # a rule by the minute after a long outage must not keep the others waiting
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


class Progress(NamedTuple):
    """An occurrence that is planned in part, and for how many of its recipients."""

    nominal: str
    rows: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A job as the planner keeps it, once for each zone in which its schedule is meant; of a schedule that has both, its
    single times and its rules apart, since each is owed in its own way.

    schedule: the part of the job's that is meant. rules: for single times, what the rules beside them say. key: names its
    cursor among those of the job. planned_until: its cursor. loaded_at: since when this version of the job is known. held: it runs on only because its
    removal waits for approval, so it must not repeat what goes out under another name. begun: what is planned in part.
    """

    job: Job
    planned_until: datetime
    loaded_at: datetime
    held: bool
    zone: str
    recipients: tuple[Recipient, ...]
    schedule: Schedule
    key: str
    begun: Progress | None = None
    rules: Schedule | None = None

    @property
    def id(self) -> tuple[str, str]:
        return self.job.name, self.key


class Owed(NamedTuple):
    """One occurrence. missed: why it is not sent; to each recipient, or with skipped > 0 in one row for so many."""

    instant: Instant
    missed: str | None = None
    skipped: int = 0


def entries_of(
    job: Job,
    cursors: Mapping[tuple[str, str], datetime],
    loaded_at: datetime,
    held: bool = False,
    unfinished: Mapping[tuple[str, str], str] | None = None,
) -> list[Entry]:
    """The job's entries. cursors, unfinished (the nominal time that is planned in part): by job and key."""
    found = []
    appointments, rules = recurrence.parted(job.schedule)
    for zone, people in job.by_zone().items():
        for schedule, key in ((rules, zone), (appointments, appointments_key(zone) if rules else zone)):
            if schedule is not None:
                cursor = cursors.get((job.name, key), BEGINNING)
                nominal = (unfinished or {}).get((job.name, key))
                begun = None if nominal is None else Progress(nominal, 0)
                beside = rules if schedule is appointments else None
                found.append(Entry(job, cursor, loaded_at, held, zone, people, schedule, key, begun, beside))
    return found


def owing(entry: Entry, now: datetime, awake_since: datetime, overrides: Sequence[Override]) -> Iterator[Owed]:
    """The occurrences that one job owes in (its cursor, now], in order."""
    mine = [override for override in overrides if override.job in (None, entry.job.name)]
    for owed in _begun_first(entry, now, awake_since):
        override = next((each for each in mine if each.covers(entry.job.name, owed.instant)), None)
        begun = entry.begun is not None and entry.begun.nominal == owed.instant.nominal
        if override is None or owed.skipped or begun:
            yield owed
        else:
            yield Owed(owed.instant, override.reason, skipped=1)


def _begun_first(entry: Entry, now: datetime, awake_since: datetime) -> Iterator[Owed]:
    if entry.begun is None or not entry.job.enabled:
        return _owing(entry, now, awake_since)
    return _finish_begun(entry, entry.begun, now, awake_since)


def _finish_begun(entry: Entry, begun: Progress, now: datetime, awake_since: datetime) -> Iterator[Owed]:
    """The occurrence in the making, then the rest; the cursor stands right before it."""
    first = recurrence.next_after(entry.schedule, entry.zone, entry.planned_until)
    if first is None or first.nominal != begun.nominal:
        yield from _owing(entry, now, awake_since)  # zone rules moved it
        return
    yield Owed(first)
    yield from _owing(_past(entry, first.due_at), now, awake_since)


def _past(entry: Entry, moment: datetime) -> Entry:
    return replace(entry, planned_until=moment, begun=None)


def _owing(entry: Entry, now: datetime, awake_since: datetime) -> Iterator[Owed]:
    job = entry.job
    if recurrence.is_appointments(entry.schedule):
        for instant in recurrence.between(entry.schedule, entry.zone, entry.planned_until, now):
            if not _is_a_rules(entry, instant):
                yield _appointment(entry, instant, awake_since)
    elif job.enabled:
        # What falls exactly when the daemon wakes up is on time.
        asleep_until = min(now, awake_since - _INSTANT)
        if asleep_until > entry.planned_until:
            yield from _caught_up(entry, asleep_until, now)
        live_from = max(entry.planned_until, asleep_until)
        for instant in recurrence.between(entry.schedule, entry.zone, live_from, now):
            yield Owed(instant)


def _is_a_rules(entry: Entry, instant: Instant) -> bool:
    """Whether a rule of the same job is due at the same instant, and owes it. What was due before the job was loaded, no
    rule owes."""
    if entry.rules is None or instant.due_at <= entry.loaded_at:
        return False
    return recurrence.count(entry.rules, entry.zone, instant.due_at - _INSTANT, instant.due_at, 1) == 1


def moved_behind(entry: Entry, after: datetime) -> Iterator[Owed]:
    """What new zone rules have put into (after, the job's cursor], where planning never looks again.

    Each time of `at` is an appointment of its own; of a rule's, `catch_up` chooses as after downtime.
    """
    job, until = entry.job, entry.planned_until
    moved = list(recurrence.between(entry.schedule, entry.zone, after, until, limit=_COUNT_CAP))
    if not moved or not job.enabled:
        return
    if recurrence.is_appointments(entry.schedule) or job.catch_up is CatchUp.ALL:
        kept = moved
    else:
        kept = moved[-1:] if job.catch_up is CatchUp.LATEST else []
    for instant in moved:
        yield Owed(instant, None if instant in kept else "new time zone rules put it before what was planned already")


def _caught_up(entry: Entry, until: datetime, now: datetime) -> Iterator[Owed]:
    """Of what a rule owed while the daemon was down: what `catch_up` still sends, and one summary of the rest."""
    job = entry.job
    schedule, zone, since = entry.schedule, entry.zone, entry.planned_until
    valid_from = max(since, now - job.valid_for - _longest_wait(job) + LEAST_VALIDITY)
    last = recurrence.latest(schedule, zone, since, until)
    kept: Iterable[Instant] = ()
    skipped_until = until
    match job.catch_up:
        case CatchUp.LATEST if last is not None and last.due_at > valid_from:
            kept, skipped_until = (last,), last.due_at - _INSTANT
        case CatchUp.ALL if valid_from < until:
            kept, skipped_until = recurrence.between(schedule, zone, valid_from, until), valid_from
        case _:
            pass
    final = recurrence.latest(schedule, zone, since, skipped_until) if skipped_until > since else None
    if final is not None:
        yield _summary(entry, since, final)
    for instant in kept:
        yield Owed(instant)


def _longest_wait(job: Job) -> timedelta:
    """How long after its time a message of this job may begin to be valid: splay, and then quiet hours."""
    return job.splay + (_DAY if job.quiet_hours is not None and job.on_quiet is OnQuiet.WAIT else timedelta(0))


def _summary(entry: Entry, since: datetime, final: Instant) -> Owed:
    job = entry.job
    number = recurrence.count(entry.schedule, entry.zone, since, final.due_at, _COUNT_CAP)
    many = "1 occurrence" if number == 1 else f"{number}{' or more' if number == _COUNT_CAP else ''} occurrences"
    reason = (
        f"{many} up to {final.nominal} ({entry.zone}) passed while the daemon was not running, since "
        f"{to_text(since)}, and are not sent (catch_up: {job.catch_up}, valid_for: {format_duration(job.valid_for)})"
    )
    return Owed(final, reason, skipped=number)


def _appointment(entry: Entry, instant: Instant, awake_since: datetime) -> Owed:
    job = entry.job
    if not job.enabled:
        return Owed(instant, "its job was disabled at its time")
    asleep = instant.due_at < awake_since and entry.loaded_at < awake_since
    if job.catch_up is CatchUp.NONE and asleep:
        return Owed(instant, "it fell while the daemon was not running (catch_up: none)")
    return Owed(instant)
