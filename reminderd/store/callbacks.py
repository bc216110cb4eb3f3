"""What Plivo says by itself of one message, as the state takes it. Each public method is one transaction.

A report is a fact of the attempt whose token it came with. What it proves moves the delivery where it may; where it may not,
`proven_by` keeps anything else from being sent.
"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from reminderd.clock import from_text
from reminderd.model import State
from reminderd.store.connection import Connection, Row
from reminderd.store.moves import Why
from reminderd.store.names import OWN, is_free
from reminderd.store.proof import CALLBACK_PROVES, carry, contradict, settle
from reminderd.store.receipts import Report, keep, rank


class Callback(NamedTuple):
    """sequence: the order of Plivo's reports of one message. proven: Plivo signed it; else it is worth what its log is."""

    message_uuid: str
    report: Report
    sequence: int | None
    proven: bool


class Addressed(NamedTuple):
    """The attempt that has a token, with its delivery. phone: None where its recipient was forgotten. ended_by: when its request
    was over at the latest."""

    attempt_id: int
    delivery_id: int
    job: str
    phone: str | None
    sender: str
    state: State
    begun_at: datetime
    ended_by: datetime


class Effect(StrEnum):
    """strange: not this attempt's message. repeated: nothing new. noted: a fact more. proved: it was taken, which nobody knew."""

    STRANGE = "strange"
    REPEATED = "repeated"
    NOTED = "noted"
    PROVED = "proved"


class Callbacks:
    """The reports that come by themselves."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def addressed(self, token: str) -> Addressed | None:
        row = self._db.row(
            "select a.id, a.delivery_id, d.job, d.phone, d.sender, d.state, coalesce(a.begun_at, a.claimed_at) as begun_at, "
            "a.lease_until from attempts a join deliveries d on d.id = a.delivery_id where a.token = :token",
            {"token": token},
        )
        if row is None:
            return None
        begun, lease = from_text(row["begun_at"]), from_text(row["lease_until"])
        return Addressed(
            row["id"],
            row["delivery_id"],
            row["job"],
            row["phone"],
            row["sender"] or "",
            State(row["state"]),
            begun,
            max(begun, lease),
        )

    def take(self, attempt_id: int, callback: Callback, ask: datetime | None, now: datetime) -> Effect:
        """Keep what it says, and settle what it proves. ask: when Plivo is asked for what is accepted by it; None: never."""
        with self._db.write():
            row = self._row(attempt_id)
            uuid = callback.message_uuid
            known = row["message_uuid"] is not None and (row["uuid_from"] in OWN or not callback.proven)
            if row["phone"] is None or (known and row["message_uuid"] != uuid):
                return Effect.STRANGE
            if not known and not is_free(self._db, uuid, attempt_id, now, proven=callback.proven):
                return Effect.STRANGE
            if not known:
                self._name(row, callback)
            news = _is_news(row, callback)
            self._count(row, callback, news)
            if news:
                keep(self._db, "attempts", attempt_id, callback.report, now)
            # What no carrier had may be sent again. That a carrier had it, as Plivo says too, ends that, in whatever order.
            carried = carry(self._db, attempt_id, uuid, callback.report.carried)
            news_of_it = not known or (carried and row["proven_by"] is None)
            proved = news_of_it and self._settle(row, ask, now)
            if row["state"] == State.ACCEPTED:
                self._beside(attempt_id, uuid)
        if proved:
            return Effect.PROVED
        return Effect.NOTED if news else Effect.REPEATED

    def _row(self, attempt_id: int) -> Row:
        row = self._db.row(
            "select a.id, a.delivery_id, a.message_uuid, a.uuid_from, a.receipt, a.receipt_stage, a.callback_sequence, "
            "d.state, d.phone, d.attempt_id, d.proven_by, d.message_uuid as delivery_uuid from attempts a "
            "join deliveries d on d.id = a.delivery_id where a.id = :id",
            {"id": attempt_id},
        )
        assert row is not None
        return row

    def _name(self, row: Row, callback: Callback) -> None:
        """The message is this attempt's; also where the log, or an operator, had given it another one."""
        source = "callback" if callback.proven else "log"
        self._db.execute(
            "update attempts set message_uuid = :uuid, uuid_from = :source where id = :id",
            {"uuid": callback.message_uuid, "source": source, "id": row["id"]},
        )
        if row["state"] == State.ACCEPTED and row["delivery_uuid"] == row["message_uuid"]:
            # Of two attempts that were both taken it is the one that the delivery was accepted with.
            self._db.execute(
                "update deliveries set message_uuid = :uuid where id = :id and (message_uuid is not null or attempt_id = :attempt)",
                {"uuid": callback.message_uuid, "id": row["delivery_id"], "attempt": row["id"]},
            )

    def _count(self, row: Row, callback: Callback, news: bool) -> None:
        sequence = callback.sequence if news else None
        self._db.execute(
            "update attempts set callbacks = callbacks + 1, callback_sequence = coalesce(:sequence, callback_sequence) "
            "where id = :id",
            {"sequence": sequence, "id": row["id"]},
        )

    def _settle(self, row: Row, ask: datetime | None, now: datetime) -> bool:
        """That this attempt was accepted is new: True where it was not known of its delivery either."""
        attempt = row["id"]
        contradict(self._db, attempt)
        why = Why(CALLBACK_PROVES, evidence="callback", attempt_id=attempt)
        return settle(self._db, row["delivery_id"], attempt, ask, now, why)

    def _beside(self, attempt_id: int, uuid: str) -> None:
        """What was accepted with this message has its report; Plivo is not asked for one that is for good."""
        self._db.execute(
            "update deliveries set receipt = a.receipt, receipt_code = a.receipt_code, receipt_at = a.receipt_at, "
            "receipt_due_at = case when a.receipt_stage is null then deliveries.receipt_due_at end "
            "from attempts a where a.id = :attempt and deliveries.id = a.delivery_id and deliveries.state = 'accepted' "
            "and deliveries.message_uuid = :uuid",
            {"attempt": attempt_id, "uuid": uuid},
        )


def _is_news(row: Row, callback: Callback) -> bool:
    """Whether it is later than what is known. Nothing that is for good gives way to what is not."""
    known, new = row["callback_sequence"], callback.sequence
    in_order = known is not None and new is not None
    if row["receipt_stage"] is not None:
        return callback.report.final and in_order and new > known
    if callback.report.final:
        return True
    return bool(new > known) if in_order else rank(callback.report.words) > rank(row["receipt"])
