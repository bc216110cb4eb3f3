"""What ends by itself: pauses, and holds with an end or without anything left to hold."""

from datetime import datetime

from reminderd.clock import earliest
from reminderd.store import Store
from reminderd.telemetry import Event, emit


def end_what_is_over(store: Store, now: datetime) -> None:
    """Record the ends that have come. Claims do not depend on it: a pause is over at its time."""
    for override in store.overrides.expire(now):
        emit(Event.OVERRIDE_ENDED, kind=override.kind, job=override.job or "*", by="its time")
    for hold in store.holds.end_due(now):
        emit(
            Event.HOLD_CLOSED, hold=hold.id, kind=hold.kind, by="its time" if hold.until else "nothing is left to hold"
        )


def next_end(store: Store) -> datetime | None:
    """When the next of them ends; messages may wait for that."""
    return earliest(store.overrides.next_end(), store.holds.next_end())
