"""The states of a delivery, and the legal moves between them."""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a delivery stands. docs/states.md has the picture."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    MISSED = "missed"
    CANCELLED = "cancelled"


BIRTHS = frozenset({State.PENDING, State.MISSED, State.CANCELLED, State.FAILED})


MOVES: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.SENDING, State.MISSED, State.CANCELLED, State.ACCEPTED}),
    State.SENDING: frozenset(
        {State.ACCEPTED, State.FAILED, State.IN_DOUBT, State.PENDING, State.MISSED, State.CANCELLED}
    ),
    State.IN_DOUBT: frozenset({State.ACCEPTED, State.PENDING, State.MISSED, State.CANCELLED}),
    State.FAILED: frozenset({State.PENDING}),
    State.MISSED: frozenset({State.PENDING}),
    State.CANCELLED: frozenset({State.PENDING}),
    # A uuid that the log gave to this delivery turned out to be another's: we do not know again. Or Plivo could not hand
    # it to any carrier, and its job says `on_undelivered: retry`.
    State.ACCEPTED: frozenset({State.IN_DOUBT, State.PENDING}),
}
