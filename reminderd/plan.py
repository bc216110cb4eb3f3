"""What the planner hands to the store: occurrences owed, their deliveries, and how far each cursor went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from reminderd.model import Instant, OnDoubt, Source, State, Text

# Plivo drops what it cannot hand on within `message_expiry`, and takes no less than this.
LEAST_VALIDITY = timedelta(seconds=5)

SUMMARY = "*"  # the recipient of the one row that stands for skipped occurrences

OPTED_OUT = "opted out"


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery at its birth. `recipient` is the identity that makes it unique within its occurrence.

    unless_equal: born missed when an equal (phone, due_at, text) went out, or will, under any name.
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


@dataclass(frozen=True, slots=True)
class NewOccurrence:
    """One occurrence of a job with what it owes. `skipped` > 0 marks the summary of a gap that ends at `instant`."""

    job: str
    source: Source
    zone: str
    instant: Instant
    valid_for: timedelta
    retry: tuple[timedelta, ...]
    on_doubt: OnDoubt
    deliveries: tuple[NewDelivery, ...]
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """One chunk of planning. cursors: (job, zone) to the instant up to which everything is planned now."""

    occurrences: tuple[NewOccurrence, ...]
    cursors: Mapping[tuple[str, str], datetime]


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
