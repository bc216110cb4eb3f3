"""What the planner hands to the store: occurrences owed, their deliveries, and how far each cursor went."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from reminderd.model import Instant, Limits, OnDoubt, OnQuiet, OnUndelivered, QuietHours, Source, State, Text, bare

# Plivo drops what it cannot hand on within `message_expiry`, and takes no less than this.
LEAST_VALIDITY = timedelta(seconds=5)

_SUMMARY = "*"

OPTED_OUT = "opted out"

_NO_LIMITS = Limits()


def summary(zone: str | None = None) -> str:
    """The recipient of the one row that stands for skipped occurrences; zone: where there is one for each zone."""
    return _SUMMARY if zone is None else f"{_SUMMARY} {zone}"


def is_summary(recipient: str) -> bool:
    """Whether a row of this recipient stands for skipped occurrences."""
    return recipient.startswith(_SUMMARY)  # no phone does


def has_opted_out(phone: str, sender: str | None, opted_out: Collection[tuple[str, str]]) -> bool:
    """opted_out: who wants nothing, as (phone, bare sender), the sender empty for any."""
    return (phone, "") in opted_out or (phone, bare(sender or "")) in opted_out


class Quiet(NamedTuple):
    """The quiet hours of a delivery's recipient. since, until: of the period that comes next, or goes on."""

    hours: QuietHours
    zone: str
    on_quiet: OnQuiet
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery at its birth. `recipient` is the identity that makes it unique within its occurrence.

    unless_equal: born missed when an equal (phone, due_at, text) went out, or will, under any name.
    not_before: when it may go out; None where that is its time due.
    """

    recipient: str
    state: State
    reason: str
    valid_until: datetime
    phone: str | None = None
    name: str | None = None
    sender: str | None = None
    message: Text | None = None
    unless_equal: bool = False
    not_before: datetime | None = None
    quiet: Quiet | None = None

    @property
    def key(self) -> str | None:
        """What sets its recipient apart from others of the same phone."""
        return self.recipient.partition("#")[2] or None


@dataclass(frozen=True, slots=True)
class NewOccurrence:
    """One occurrence of a job with what it owes, or a part of that.

    skipped: > 0 marks the one row for occurrences that are not sent, the last of which is at `instant`.
    size: how many deliveries the occurrence has in all; in_zone: in this zone. offset: how many of them were planned before this part.
    unfinished: further parts follow. limits: what is on hold where it exceeds them. key: of its cursor. each_zone: it is owed in
    the zone of each of its people by itself, at several instants.
    """

    job: str
    source: Source
    zone: str
    instant: Instant
    valid_for: timedelta
    retry: tuple[timedelta, ...]
    on_doubt: OnDoubt
    deliveries: tuple[NewDelivery, ...]
    skipped: int = 0
    on_undelivered: OnUndelivered = OnUndelivered.FAIL
    limits: Limits = _NO_LIMITS
    size: int = 0
    in_zone: int = 0
    offset: int = 0
    unfinished: bool = False
    key: str = ""
    each_zone: bool = False


def appointments_key(zone: str) -> str:
    """The key of the cursor of a job's single times in `zone`, where the job has rules too; theirs is the zone itself."""
    return f"{zone} at"


@dataclass(frozen=True, slots=True)
class Plan:
    """One chunk of planning. cursors: (job, key) to the instant up to which everything is planned now.

    price: of one segment, where spending is limited.
    """

    occurrences: tuple[NewOccurrence, ...]
    cursors: Mapping[tuple[str, str], datetime]
    price: float | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """An operator's word on what is planned: a pause of a job (None: of all jobs), or one occurrence that is skipped.

    until: when it ends by itself. ended_at: when it was ended; what was due before stays overridden.
    """

    kind: Literal["pause", "skip"]
    job: str | None
    nominal: str | None
    who: str
    why: str
    since: datetime
    until: datetime | None = None
    ended_at: datetime | None = None

    def covers(self, job: str, instant: Instant) -> bool:
        """Whether it keeps this occurrence from being sent."""
        if self.job not in (None, job):
            return False
        if self.kind == "skip":
            return self.nominal == instant.nominal and self.ended_at is None
        ends = [end for end in (self.until, self.ended_at) if end is not None]
        return self.since <= instant.due_at and all(instant.due_at < end for end in ends)

    @property
    def reason(self) -> str:
        word = "paused" if self.kind == "pause" else "skipped"
        return f"{word} by {self.who}: {self.why}"
