"""From an occurrence that is owed to its deliveries: the text, when it may go out, and how long it is valid."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from reminderd.duration import format_duration
from reminderd.message import Renderer, RenderError
from reminderd.model import Job, Limits, OnQuiet, Recipient, State, Text
from reminderd.plan import LEAST_VALIDITY, NewDelivery, NewOccurrence, Override, Quiet, summary
from reminderd.planner.owed import Entry, Owed, moved_behind, owing
from reminderd.recurrence import quiet_period

_NO_LIMITS = Limits()
_NO_SENDER = "there is no sender: give `plivo.sender` in the settings, or `sender` in the job"


def owed_by(
    entry: Entry, now: datetime, awake_since: datetime, overrides: Sequence[Override] = ()
) -> Iterator[NewOccurrence]:
    """What one job owes in (its cursor, now], each occurrence as a whole."""
    return (part_of(entry, owed, now) for owed in owing(entry, now, awake_since, overrides))


def fallen_behind(entry: Entry, after: datetime, now: datetime, common: Limits) -> Iterator[NewOccurrence]:
    """What new zone rules have put into (after, the job's cursor], each occurrence as a whole."""
    return (part_of(entry, owed, now, common=common) for owed in moved_behind(entry, after))


def part_of(
    entry: Entry, owed: Owed, now: datetime, start: int = 0, stop: int | None = None, common: Limits = _NO_LIMITS
) -> NewOccurrence:
    """The occurrence with the deliveries to its recipients from `start` up to `stop`. common: the limits of the settings."""
    if owed.skipped:
        whom = summary(entry.zone if entry.job.recipient_zones else None)
        row = NewDelivery(whom, State.MISSED, owed.missed or "", owed.instant.due_at + entry.job.valid_for)
        return _new(entry, owed, (row,), 0, common, unfinished=False)
    people = entry.recipients[start:stop]
    guarded = entry.held or owed.instant.due_at <= entry.loaded_at
    renderer = Renderer(entry.job)
    rows = [_delivery(entry, recipient, owed, renderer, now, guarded) for recipient in people]
    unfinished = stop is not None and stop < len(entry.recipients)
    return _new(entry, owed, _unique(rows), start, common, unfinished=unfinished)


def not_before(job: Job, recipient: Recipient, due_at: datetime) -> datetime:
    """When the job's `splay` lets this recipient's message go out: at the same distance from each time due."""
    width = int(job.splay.total_seconds())
    if not width:
        return due_at
    drawn = int.from_bytes(sha256(f"{job.name}\n{recipient.identity}".encode()).digest()[:8])
    return due_at + timedelta(seconds=drawn % width)


def _delivery(
    entry: Entry, recipient: Recipient, owed: Owed, renderer: Renderer, now: datetime, guarded: bool
) -> NewDelivery:
    job, due_at = entry.job, owed.instant.due_at
    begins = not_before(job, recipient, due_at)
    quiet = _quiet(job, recipient, begins)
    dropped = quiet is not None and quiet.since <= begins and quiet.on_quiet is OnQuiet.DROP
    if quiet is not None and quiet.since <= begins and not dropped:
        begins = quiet.until
        quiet = _quiet(job, recipient, begins)
    until = begins + job.valid_for
    state, reason, message = _content(renderer, job, recipient, due_at)
    if owed.missed is not None:
        state, reason, message = State.MISSED, owed.missed, None
    elif state is State.PENDING and dropped:
        state, reason = State.MISSED, f"it fell into the recipient's quiet hours, {job.quiet_hours} (on_quiet: drop)"
    elif state is State.PENDING and until <= now + LEAST_VALIDITY:
        late, valid = format_duration(now - begins), format_duration(job.valid_for)
        state, reason = State.MISSED, f"{late} late when it was planned, and valid for {valid}"
    return NewDelivery(
        recipient.identity,
        state,
        reason,
        until,
        recipient.phone,
        recipient.name,
        job.sender,
        message,
        guarded and owed.missed is None,
        begins,
        quiet,
    )


def _content(renderer: Renderer, job: Job, recipient: Recipient, due_at: datetime) -> tuple[State, str, Text | None]:
    try:
        message = renderer.render(recipient, due_at)
    except RenderError as error:
        return State.FAILED, f"the text cannot be rendered: {error}", None
    if job.sender is None:
        return State.FAILED, _NO_SENDER, message
    return State.PENDING, "due", message


def _quiet(job: Job, recipient: Recipient, moment: datetime) -> Quiet | None:
    if job.quiet_hours is None:
        return None
    zone = job.zone_of(recipient)
    return Quiet(job.quiet_hours, zone, job.on_quiet, *quiet_period(job.quiet_hours, zone, moment))


def _unique(rows: Sequence[NewDelivery]) -> tuple[NewDelivery, ...]:
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


def _new(
    entry: Entry, owed: Owed, rows: tuple[NewDelivery, ...], offset: int, common: Limits, *, unfinished: bool
) -> NewOccurrence:
    job = entry.job
    return NewOccurrence(
        job.name,
        job.source,
        entry.zone,
        owed.instant,
        job.valid_for,
        job.retry,
        job.on_doubt,
        rows,
        owed.skipped,
        job.on_undelivered,
        _limits(job.limits, common),
        size=0 if owed.skipped else len(job.recipients),
        in_zone=0 if owed.skipped else len(entry.recipients),
        offset=offset,
        unfinished=unfinished,
        key=entry.key,
        each_zone=job.recipient_zones,
    )


def _limits(own: Limits, common: Limits) -> Limits:
    """The job's own limits where it has some, else the settings'."""
    return common._replace(**{name: value for name, value in own._asdict().items() if value is not None})
