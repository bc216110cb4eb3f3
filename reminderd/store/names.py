"""Whose a message_uuid is. What Plivo itself gave to an attempt counts for more than what was found in its log. In an open
transaction."""

from datetime import datetime

from reminderd.clock import to_text
from reminderd.model import State
from reminderd.store.connection import Connection
from reminderd.store.memory import Memory
from reminderd.store.moves import NO_RECEIPT, Why, move

# Plivo itself gave these names to the request. One from the log, or from an operator, may be another message's.
OWN = ("answer", "callback")


def take_back(db: Connection, uuid: str, source: str, now: datetime) -> bool:
    """Free a message_uuid for its proven owner: whoever had it from the log is in doubt again.

    source: the proof, `answer` or `callback`. False when Plivo itself named two messages alike: both are accepted, and the first
    keeps the name. So it does where its text is no longer kept, which could not be sent again.
    """
    other = db.row(
        "select a.id, a.delivery_id, a.uuid_from, d.text from attempts a join deliveries d on d.id = a.delivery_id "
        "where a.message_uuid = :uuid",
        {"uuid": uuid},
    )
    assert other is not None
    if other["uuid_from"] in OWN or other["text"] is None:
        return False
    db.execute(
        "update attempts set message_uuid = null, uuid_from = null, receipt = null, receipt_code = null, "
        "receipt_at = null, receipt_stage = null, carried = null where id = :id",
        {"id": other["id"]},
    )
    db.execute("update deliveries set proven_by = null where proven_by = :id", {"id": other["id"]})
    reason = f"Plivo's {source} gave its message_uuid to another delivery"
    why = Why(reason, evidence=source, attempt_id=other["id"])
    changes = {**NO_RECEIPT, "reconcile_step": 0, "reconcile_at": to_text(now)}
    move(db, other["delivery_id"], State.ACCEPTED, State.IN_DOUBT, now, why, **changes)
    return True


def is_free(db: Connection, uuid: str, attempt_id: int, now: datetime, *, proven: bool) -> bool:
    """Whether the attempt may have this name, which may be taken back from another one for it.

    proven: Plivo itself says that it is this attempt's.
    """
    owner = db.value("select id from attempts where message_uuid = :uuid", {"uuid": uuid})
    if owner is None:
        memory = Memory(db)
        return not memory.known([memory.uuid(uuid)])
    return owner == attempt_id or (proven and take_back(db, uuid, "callback", now))
