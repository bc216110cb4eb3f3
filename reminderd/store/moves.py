"""The one way in which a delivery changes its state: a compare-and-set with a record of who, why and on what evidence."""

from dataclasses import dataclass
from datetime import datetime

from reminderd.clock import to_text
from reminderd.model import MOVES, State
from reminderd.store.connection import Connection

DAEMON = "daemon"


@dataclass(frozen=True, slots=True)
class Why:
    """What a move records beside its states. reason: for people; evidence: answer, callback, log or operator."""

    reason: str
    who: str = DAEMON
    evidence: str | None = None
    attempt_id: int | None = None


def move(
    connection: Connection,
    delivery_id: int,
    before: State,
    after: State,
    now: datetime,
    why: Why,
    also: str = "",
    **values: object,
) -> bool:
    """Move a delivery inside an open transaction; False when it was no longer in `before`.

    also: further assignments of the UPDATE, ", column = :name", with their values by name.
    """
    assert after in MOVES[before], f"{before} -> {after} is not a legal move"
    at = to_text(now)
    changed = connection.execute(
        f"update deliveries set state = :after, reason = :reason, updated_at = :at {also} "
        "where id = :id and state = :before",
        {"id": delivery_id, "before": before, "after": after, "reason": why.reason, "at": at, **values},
    )
    if changed:
        record_move(connection, delivery_id, before, after, at, why)
    return changed == 1


def record_move(
    connection: Connection, delivery_id: int, before: State | None, after: State, at: str, why: Why
) -> None:
    connection.execute(
        "insert into moves (delivery_id, attempt_id, at, from_state, to_state, reason, who, evidence) "
        "values (:delivery, :attempt, :at, :before, :after, :reason, :who, :evidence)",
        {
            "delivery": delivery_id,
            "attempt": why.attempt_id,
            "at": at,
            "before": before or "",
            "after": after,
            "reason": why.reason,
            "who": why.who,
            "evidence": why.evidence,
        },
    )
