"""What Plivo's own word of a message proves: that it took it, and that a carrier had it. In an open transaction."""

from datetime import datetime

from reminderd.clock import to_text
from reminderd.model import State
from reminderd.store.connection import Connection
from reminderd.store.moves import Why, move

CALLBACK_PROVES = "a callback of Plivo's proves it"


def settle(db: Connection, delivery_id: int, attempt_id: int, ask: datetime | None, now: datetime, why: Why) -> bool:
    """Plivo took this attempt: the delivery is accepted where it may be, else it is proven. False where that was known.

    ask: when Plivo is asked about it; None: never.
    """
    row = db.row("select state, proven_by from deliveries where id = :id", {"id": delivery_id})
    assert row is not None
    state = State(row["state"])
    if state is State.ACCEPTED or row["proven_by"] == attempt_id:
        return False
    if state in (State.PENDING, State.IN_DOUBT):
        changes = {"reconcile_at": None, **receipt_of(db, attempt_id, ask)}
        moved = move(db, delivery_id, state, State.ACCEPTED, now, why, **changes)
        assert moved
        return True
    db.execute("update deliveries set proven_by = :attempt where id = :id", {"attempt": attempt_id, "id": delivery_id})
    return True


def receipt_of(db: Connection, attempt_id: int, ask: datetime | None) -> dict[str, object]:
    """The columns of a delivery that is accepted now by what is known of this attempt. ask: when Plivo is asked, unless what it
    said by itself is for good; None: never."""
    row = db.row(
        "select message_uuid, receipt, receipt_code, receipt_at, receipt_stage from attempts where id = :id",
        {"id": attempt_id},
    )
    assert row is not None
    final = row.pop("receipt_stage") is not None
    due = None if ask is None or final or row["message_uuid"] is None else to_text(ask)
    return {**row, "receipt_step": 0, "receipt_due_at": due, "proven_by": None}


def carry(db: Connection, attempt_id: int, message_uuid: str, carried: str | None) -> bool:
    """Remember that a carrier had this message, for good, whatever Plivo says of it before or after. False where this does not
    say so, or the message is not the attempt's."""
    if carried is None:
        return False
    return 0 < db.execute(
        "update attempts set carried = coalesce(carried, :carried) where id = :id and message_uuid = :uuid",
        {"carried": carried, "id": attempt_id, "uuid": message_uuid},
    )


def carried_before(db: Connection, delivery_id: int) -> str | None:
    """What says that a carrier had one of this delivery's messages; None where nothing does."""
    query = "select carried from attempts where delivery_id = :id and carried is not null order by id limit 1"
    found: str | None = db.value(query, {"id": delivery_id})
    return found


def contradict(db: Connection, attempt_id: int) -> None:
    """A report that it failed, on which something followed, says from now on that Plivo has said something else as well."""
    db.execute(
        "update attempts set receipt = receipt || '; ' || carried where id = :id and receipt like 'failed%' "
        "and carried is not null and instr(receipt, carried) = 0",
        {"id": attempt_id},
    )
