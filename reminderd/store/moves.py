"""The one way in which a delivery changes its state: a compare-and-set that says who, why and on what evidence.

The database itself writes the row of `moves` and refuses what is not a legal move (see the triggers in schema.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reminderd.clock import to_text
from reminderd.model import MOVES, State
from reminderd.store.connection import Connection

DAEMON = "daemon"

# Whatever leaves `accepted` takes no report with it: the attempt keeps its own.
NO_RECEIPT: Mapping[str, object] = {
    "message_uuid": None,
    "receipt": None,
    "receipt_code": None,
    "receipt_at": None,
    "receipt_step": 0,
    "receipt_due_at": None,
}


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
    **changes: object,
) -> bool:
    """Move a delivery inside an open transaction; False when it was no longer in `before`.

    changes: further columns of the delivery with their new values.
    """
    assert after in MOVES[before], f"{before} -> {after} is not a legal move"
    also = "".join(f", {column} = :{column}" for column in changes)
    changed = connection.execute(
        "update deliveries set state = :after, reason = :reason, who = :who, evidence = :evidence, "
        f"attempt_id = :attempt, updated_at = :at{also} where id = :id and state = :before",
        {
            "id": delivery_id,
            "before": before,
            "after": after,
            "reason": why.reason,
            "who": why.who,
            "evidence": why.evidence,
            "attempt": why.attempt_id,
            "at": to_text(now),
            **changes,
        },
    )
    return changed == 1
