"""What the planner hands to the store: occurrences owed, their deliveries, and how far each cursor went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminderd.model import Instant, OnDoubt, Source, State, Text

# Plivo drops what it cannot hand on within `message_expiry`, and takes no less than this.
LEAST_VALIDITY = timedelta(seconds=5)

SUMMARY = "*"  # the recipient of the one row that stands for skipped occurrences


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
