"""What is owed: catalog, cursors and the time now go in; occurrences, deliveries and moved cursors come out.

Pure: no I/O and no clock. The rules, in short (docs/what-is-owed.md has them in full):

- A rule (cron, every) owes what falls after its cursor. What fell while the daemon was awake is planned one by one; of
  what fell while it was down, `catch_up` chooses what is still sent, and the rest becomes one summary row.
- Each time of `at` is an appointment of its own: it gets a row whenever it is first seen due, late or not.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reminderd import recurrence
from reminderd.clock import to_text
from reminderd.duration import format_duration
from reminderd.message import RenderError, render
from reminderd.model import CatchUp, Instant, Job, Recipient, State, Text
from reminderd.plan import LEAST_VALIDITY, SUMMARY, NewDelivery, NewOccurrence, Plan

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_COUNT_CAP = 10_000  # a rule by the minute after a long outage must not keep the others waiting
_NO_SENDER = "there is no sender: give `plivo.sender` in the settings, or `sender` in the job"


@dataclass(frozen=True, slots=True)
class Entry:
    """A job as the planner keeps it.

    planned_until: its cursor. loaded_at: since when this version of the job is known. held: it runs on only because its
    removal waits for approval, so it must not repeat what goes out under another name.
    """

    job: Job
    planned_until: datetime
    loaded_at: datetime
    held: bool = False


class Planner:
    """Knows for each job how far it is planned and when it is due next."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._next: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, bool, str]] = []

    def replace(self, entries: Iterable[Entry], removed: Iterable[str] = ()) -> None:
        """Take new versions of some jobs, and forget others."""
        for name in removed:
            self._entries.pop(name, None)
            self._next.pop(name, None)
        for entry in entries:
            self._entries[entry.job.name] = entry
            self._schedule(entry)

    def _schedule(self, entry: Entry) -> None:
        name = entry.job.name
        following = recurrence.next_after(entry.job.schedule, entry.job.timezone, entry.planned_until)
        if following is None:
            self._next.pop(name, None)
        else:
            self._next[name] = following.due_at
            heapq.heappush(self._heap, (following.due_at, entry.held, name))

    def next_due(self) -> datetime | None:
        """When the next occurrence of any job is due."""
        while self._heap and self._next.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # replaced since
        return self._heap[0][0] if self._heap else None

    def entries(self) -> Mapping[str, Entry]:
        return self._entries

    def plan(self, now: datetime, awake_since: datetime, most: int) -> Plan:
        """What is owed up to `now`, in chunks: it ends with the occurrence that reaches `most` rows.

        awake_since: what fell at or after it fell while the daemon was running. Nothing changes here until
        `committed(plan)`; while `next_due()` is not after `now`, there is more to plan.
        """
        occurrences: list[NewOccurrence] = []
        cursors: dict[tuple[str, str], datetime] = {}
        size = 0
        for entry in self._due(now, most):
            until = now
            for occurrence in owed_by(entry, now, awake_since):
                occurrences.append(occurrence)
                size += 1 + len(occurrence.deliveries)
                if size >= most:
                    until = occurrence.instant.due_at
                    break
            cursors[entry.job.name, entry.job.timezone] = until
            if size >= most:
                break
        return Plan(tuple(occurrences), cursors)

    def _due(self, now: datetime, most: int) -> list[Entry]:
        """Up to `most` jobs with something due, in an order that also chunks keep: first what need not be compared, the
        earliest first; then what must not repeat it, by the age of its version; held jobs last."""
        if (first := self.next_due()) is None or first > now:
            return []
        due = [self._entries[name] for name, moment in self._next.items() if moment <= now]
        return heapq.nsmallest(most, due, key=self._order)

    def _order(self, entry: Entry) -> tuple[bool, datetime, datetime, str]:
        following, name = self._next[entry.job.name], entry.job.name
        if entry.held or following <= entry.loaded_at:
            return entry.held, entry.loaded_at, BEGINNING, name
        return False, BEGINNING, following, name

    def committed(self, plan: Plan) -> None:
        """The plan is in the state: go on from there."""
        for (name, _), until in plan.cursors.items():
            entry = self._entries[name]
            moved = Entry(entry.job, until, entry.loaded_at, entry.held)
            self._entries[name] = moved
            self._schedule(moved)


def owed_by(entry: Entry, now: datetime, awake_since: datetime) -> Iterator[NewOccurrence]:
    """What one job owes in (its cursor, now]."""
    job = entry.job
    if recurrence.is_appointments(job.schedule):
        for instant in recurrence.between(job.schedule, job.timezone, entry.planned_until, now):
            yield _appointment(entry, instant, now, awake_since)
    elif job.enabled:
        # What falls exactly when the daemon wakes up is on time.
        asleep_until = min(now, awake_since - timedelta(microseconds=1))
        if asleep_until > entry.planned_until:
            yield from _caught_up(entry, asleep_until, now)
        live_from = max(entry.planned_until, asleep_until)
        for instant in recurrence.between(job.schedule, job.timezone, live_from, now):
            yield _occurrence(entry, instant, now)


def fallen_behind(entry: Entry, after: datetime, now: datetime) -> Iterator[NewOccurrence]:
    """What new zone rules have put into (after, the job's cursor], where planning never looks again.

    Each time of `at` is an appointment of its own; of a rule's, `catch_up` chooses as after downtime.
    """
    job, until = entry.job, entry.planned_until
    moved = list(recurrence.between(job.schedule, job.timezone, after, until, limit=_COUNT_CAP))
    if not moved or not job.enabled:
        return
    if recurrence.is_appointments(job.schedule) or job.catch_up is CatchUp.ALL:
        kept = moved
    else:
        kept = moved[-1:] if job.catch_up is CatchUp.LATEST else []
    for instant in moved:
        if instant in kept:
            yield _occurrence(entry, instant, now)
        else:
            yield _missed(job, instant, "new time zone rules put it before what was planned already")


def _caught_up(entry: Entry, until: datetime, now: datetime) -> Iterator[NewOccurrence]:
    """Of what a rule owed while the daemon was down: what `catch_up` still sends, and one summary of the rest."""
    job = entry.job
    schedule, zone, since = job.schedule, job.timezone, entry.planned_until
    valid_from = max(since, now - job.valid_for + LEAST_VALIDITY)
    last = recurrence.latest(schedule, zone, since, until)
    kept: Iterable[Instant] = ()
    skipped_until = until
    match job.catch_up:
        case CatchUp.LATEST if last is not None and last.due_at > valid_from:
            kept, skipped_until = (last,), last.due_at - timedelta(microseconds=1)
        case CatchUp.ALL if valid_from < until:
            kept, skipped_until = recurrence.between(schedule, zone, valid_from, until), valid_from
        case _:
            pass
    final = recurrence.latest(schedule, zone, since, skipped_until) if skipped_until > since else None
    if final is not None:
        yield _summary(entry, since, final)
    for instant in kept:
        yield _occurrence(entry, instant, now)


def _summary(entry: Entry, since: datetime, final: Instant) -> NewOccurrence:
    job = entry.job
    number = recurrence.count(job.schedule, job.timezone, since, final.due_at, _COUNT_CAP)
    many = "1 occurrence" if number == 1 else f"{number}{' or more' if number == _COUNT_CAP else ''} occurrences"
    reason = (
        f"{many} up to {final.nominal} ({job.timezone}) passed while the daemon was not running, since "
        f"{to_text(since)}, and are not sent (catch_up: {job.catch_up}, valid_for: {format_duration(job.valid_for)})"
    )
    row = NewDelivery(SUMMARY, State.MISSED, reason, final.due_at + job.valid_for)
    return _new(job, final, (row,), skipped=number)


def _appointment(entry: Entry, instant: Instant, now: datetime, awake_since: datetime) -> NewOccurrence:
    job = entry.job
    if not job.enabled:
        return _missed(job, instant, "its job was disabled at its time")
    asleep = instant.due_at < awake_since and entry.loaded_at < awake_since
    if job.catch_up is CatchUp.NONE and asleep:
        return _missed(job, instant, "it fell while the daemon was not running (catch_up: none)")
    return _occurrence(entry, instant, now)


def _missed(job: Job, instant: Instant, reason: str) -> NewOccurrence:
    until = instant.due_at + job.valid_for
    rows = [
        NewDelivery(recipient.identity, State.MISSED, reason, until, recipient.phone, recipient.name, job.sender)
        for recipient in job.recipients
    ]
    return _new(job, instant, _unique(rows))


def _occurrence(entry: Entry, instant: Instant, now: datetime) -> NewOccurrence:
    """An occurrence that is sent if it is still valid. What is new or held must not repeat what went out already."""
    job = entry.job
    guarded = entry.held or instant.due_at <= entry.loaded_at
    rows = [_delivery(job, recipient, instant, now, guarded) for recipient in job.recipients]
    return _new(job, instant, _unique(rows))


def _delivery(job: Job, recipient: Recipient, instant: Instant, now: datetime, guarded: bool) -> NewDelivery:
    until = instant.due_at + job.valid_for
    message: Text | None = None
    try:
        message = render(job, recipient, instant.due_at)
        state, reason = State.PENDING, "due"
    except RenderError as error:
        state, reason = State.FAILED, f"the text cannot be rendered: {error}"
    if job.sender is None and state is State.PENDING:
        state, reason = State.FAILED, _NO_SENDER
    elif state is State.PENDING and until <= now + LEAST_VALIDITY:
        late = format_duration(now - instant.due_at)
        state, reason = State.MISSED, f"{late} late when it was planned, and valid for {format_duration(job.valid_for)}"
    return NewDelivery(
        recipient.identity, state, reason, until, recipient.phone, recipient.name, job.sender, message, guarded
    )


def _unique(rows: list[NewDelivery]) -> tuple[NewDelivery, ...]:
    """One delivery a recipient. Two texts for one phone without a key are a problem when a job is loaded; where they
    only come apart at send time, the first is sent and the others fail visibly."""
    found: dict[str, NewDelivery] = {}
    for row in rows:
        first = found.setdefault(row.recipient, row)
        if first is not row and first.message != row.message:
            other = f"{row.recipient}#{len(found)}"
            reason = f"another text goes to {row.recipient} for the same time; give each recipient a `key`"
            found[other] = NewDelivery(
                other, State.FAILED, reason, row.valid_until, row.phone, row.name, row.sender, row.message
            )
    return tuple(found.values())


def _new(job: Job, instant: Instant, rows: tuple[NewDelivery, ...], skipped: int = 0) -> NewOccurrence:
    return NewOccurrence(
        job.name, job.source, job.timezone, instant, job.valid_for, job.retry, job.on_doubt, rows, skipped
    )
