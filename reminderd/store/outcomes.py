"""The table of outcomes: where a delivery goes when its attempt ends. Pure."""

import json
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never

from reminderd.clock import from_text, to_text
from reminderd.model import Accepted, InDoubt, NotBegun, NotSent, Outcome, Refused, State
from reminderd.plan import LEAST_VALIDITY, OPTED_OUT
from reminderd.store.connection import Row


class Next(NamedTuple):
    """The next state, why, and the columns of the delivery that change with it."""

    state: State
    reason: str
    changes: dict[str, object]


def next_state(outcome: Outcome, row: Row, now: datetime, jitter: float, first_look: timedelta) -> Next:
    """row: the delivery's `retry_delays, retries_used, valid_until, withdrawn, opted_out, quiet_from`."""
    match outcome:
        case Accepted():
            return Next(State.ACCEPTED, "accepted by Plivo", {"message_uuid": outcome.message_uuid})
        case Refused():
            return Next(State.FAILED, f"refused: {outcome.evidence}", {})
        case InDoubt():
            look = {"reconcile_step": 0, "reconcile_at": to_text(now + first_look)}
            return Next(State.IN_DOUBT, f"in doubt: {outcome.evidence}", look)
        case NotBegun():
            return again(row, now, f"not begun: {outcome.evidence}", {})
        case NotSent(suspend=True):
            return again(row, now, f"not sent: {outcome.evidence}", {})
        case NotSent():
            return _retry(outcome, row, now, jitter)
        case _:
            assert_never(outcome)


def _retry(outcome: NotSent, row: Row, now: datetime, jitter: float) -> Next:
    delays, used = json.loads(row["retry_delays"]), row["retries_used"]
    reason = f"not sent: {outcome.evidence}"
    if used >= len(delays):
        if unwanted := _unwanted(row):
            return Next(State.CANCELLED, f"{unwanted} ({reason})", {})
        return Next(State.FAILED, f"{reason}; retries used up", {})
    not_before = now + timedelta(seconds=delays[used] * (1 + jitter))
    return again(row, not_before, reason, {"retries_used": used + 1})


def again(row: Row, not_before: datetime, reason: str, changes: dict[str, object]) -> Next:
    """Pending again at `not_before`, unless it is withdrawn, its recipient has opted out, or it is no longer valid then.

    row: the delivery's `withdrawn, opted_out, valid_until, quiet_from`.
    """
    if unwanted := _unwanted(row):
        return Next(State.CANCELLED, f"{unwanted} ({reason})", {})
    quiet = from_text(row["quiet_from"]) if row["quiet_from"] else None
    # Once quiet hours have begun, its validity counts from their end.
    wakes_valid = quiet is not None and quiet <= not_before + LEAST_VALIDITY and quiet <= from_text(row["valid_until"])
    if from_text(row["valid_until"]) <= not_before + LEAST_VALIDITY and not wakes_valid:
        return Next(State.MISSED, f"{reason}; its validity is over before the next try", {})
    return Next(State.PENDING, reason, {"not_before": to_text(not_before), **changes})


def _unwanted(row: Row) -> str | None:
    """Why nobody wants it sent any more."""
    withdrawn: str | None = row["withdrawn"]
    return OPTED_OUT if row["opted_out"] else withdrawn
