"""What Plivo reports of messages that it accepted: facts beside the state. Each public method is one transaction."""

import json
from datetime import datetime, timedelta
from typing import NamedTuple

from reminderd.clock import from_text, to_text
from reminderd.model import OnUndelivered, State
from reminderd.plan import LEAST_VALIDITY, OPTED_OUT
from reminderd.store.connection import Connection, Row
from reminderd.store.jobs import NOT_RECIPIENT
from reminderd.store.moves import NO_RECEIPT, Why, move
from reminderd.store.names import OWN
from reminderd.store.operations import Belongs, is_written_in, no_longer_wanted
from reminderd.store.optouts import IS_OPTED_OUT
from reminderd.store.outcomes import again
from reminderd.store.proof import carried_before, carry, contradict, settle

ANSWER_PROVES = "Plivo's own report proves it"


class Question(NamedTuple):
    """An accepted message that Plivo is to be asked about. receipt: what is known of it already."""

    delivery_id: int
    attempt_id: int
    job: str
    phone: str
    sender: str
    message_uuid: str
    sent_at: datetime
    receipt: str | None


class Facts(NamedTuple):
    """What Plivo says besides; None for what it does not. parts: segments. charged: millionths of a US dollar, for all of them.
    mcc, mnc: the country and the network. queued_at, sent_at: its times."""

    parts: int | None = None
    charged: int | None = None
    mcc: str | None = None
    mnc: str | None = None
    queued_at: datetime | None = None
    sent_at: datetime | None = None


class Report(NamedTuple):
    """What Plivo says, in words that begin with the message's state. code: Plivo's error code. final: for good. well: it arrived."""

    words: str
    code: int | None = None
    final: bool = False
    well: bool = False
    facts: Facts = Facts()

    @property
    def carried(self) -> str | None:
        """What of it says that a carrier has had the message, in words; None where nothing does. What is only queued may have a
        price already."""
        state = state_in(self.words)
        if state in ("sent", "delivered", "undelivered", "read"):
            return f"Plivo also reported it {state}"
        if self.facts.sent_at is not None:
            return "Plivo also says when it was sent"
        charged = self.facts.charged is not None and self.facts.charged > 0
        return "Plivo also charged for it" if charged and state != "queued" else None


class HeardBefore(NamedTuple):
    """What a callback said for good of a message that did not arrive, and what follows from it is still to be done."""

    question: Question
    code: int | None


class Noted(NamedTuple):
    """state: the delivery's, PENDING where it is sent again. words: the report as it was kept."""

    state: State
    words: str


class Receipts:
    """The reports on a state's accepted messages."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def due(self, now: datetime, most: int) -> list[Question]:
        """The messages to be asked about now, at most so many, those that have waited longest first."""
        query = (
            "select d.id, a.id as attempt, d.job, d.phone, d.sender, d.message_uuid, a.begun_at, d.receipt "
            "from deliveries d indexed by deliveries_receipts join attempts a on a.message_uuid = d.message_uuid "
            "where d.receipt_due_at <= :now order by d.receipt_due_at, d.id limit :most"
        )
        return [_question(row) for row in self._db.rows(query, {"now": to_text(now), "most": most})]

    def next_due(self) -> datetime | None:
        found = self._db.value(
            "select min(receipt_due_at) from deliveries indexed by deliveries_receipts where receipt_due_at is not null"
        )
        return from_text(found) if found else None

    def note(
        self,
        question: Question,
        report: Report,
        again_at: datetime | None,
        now: datetime,
        *,
        try_again: bool = False,
        belongs: Belongs | None = None,
    ) -> Noted | None:
        """Keep a report, and ask again at `again_at`, or never. None when the message is no longer this delivery's, or a
        callback has said more meanwhile; that a carrier had it counts then too.

        try_again: Plivo says for good that no carrier had it, for a reason that passes. Where its job says
        `on_undelivered: retry`, and nothing speaks against it, that spends one retry; else the report says why not.
        belongs: as in `Operations.retry`.
        """
        with self._db.write():
            carried = carry(self._db, question.attempt_id, question.message_uuid, report.carried)
            row = self._row(question)
            if row is None and carried:
                self._take_back(question, again_at, now)
            if row is None or (
                row["receipt_stage"] is not None and not (row["receipt_stage"] == "heard" and report.final)
            ):
                return None  # another message's, or answered meanwhile by a callback
            if not report.final and rank(row["receipt"]) > rank(report.words):
                report = report._replace(words=row["receipt"])
            if try_again and row["on_undelivered"] == OnUndelivered.RETRY:
                against = self._send_again(row, question, report, now, belongs)
                if against is None:
                    return Noted(State.PENDING, report.words)
                report = report._replace(words=f"{report.words}; not sent again: {against}")
            self._keep_final(question, report, now)
            keep(self._db, "deliveries", question.delivery_id, report, now)
            self._db.execute(
                "update deliveries set receipt_step = receipt_step + 1, receipt_due_at = :again where id = :id",
                {"again": to_text(again_at) if again_at else None, "id": question.delivery_id},
            )
        return Noted(State.ACCEPTED, report.words)

    def _take_back(self, question: Question, ask: datetime | None, now: datetime) -> None:
        """What was asked about is not, or no longer, accepted by this message, and a carrier had it."""
        contradict(self._db, question.attempt_id)
        why = Why(ANSWER_PROVES, evidence=f"receipt: {question.message_uuid}", attempt_id=question.attempt_id)
        settle(self._db, question.delivery_id, question.attempt_id, ask, now, why)

    def ask_no_more(self) -> None:
        """Nobody asks for reports any more; what is known stays."""
        with self._db.write():
            self._db.execute("update deliveries set receipt_due_at = null where receipt_due_at is not null")

    def forgo_retries(self) -> None:
        """What is accepted now, or may turn out to be, is not sent again, whatever is reported: the state may not know what was sent since."""
        with self._db.write():
            self._db.execute(
                "update deliveries set on_undelivered = 'fail' where on_undelivered = 'retry' "
                "and state in ('sending', 'accepted', 'in_doubt')"
            )

    def _row(self, question: Question) -> Row | None:
        """The delivery, as long as the message in question is the one that it was accepted with."""
        return self._db.row(
            f"select d.*, a.uuid_from, a.receipt_stage, j.present, j.enabled, j.definition, {IS_OPTED_OUT} from deliveries d "
            "join attempts a on a.message_uuid = d.message_uuid join jobs j on j.name = d.job "
            "where d.id = :id and d.state = 'accepted' and d.message_uuid = :uuid",
            {"id": question.delivery_id, "uuid": question.message_uuid},
        )

    def _keep_final(self, question: Question, report: Report, now: datetime) -> None:
        keep(self._db, "attempts", question.attempt_id, report, now)
        self.judged(question)

    def heard(self, most: int) -> list[HeardBefore]:
        """What callbacks said for good of messages that did not arrive, and what follows from it is still to be done.

        Not while the delivery is being sent: first its attempt ends.
        """
        query = (
            "select d.id, a.id as attempt, d.job, d.phone, d.sender, a.message_uuid, coalesce(a.begun_at, a.claimed_at) as begun_at, "
            "a.receipt, a.receipt_code from attempts a indexed by attempts_heard join deliveries d on d.id = a.delivery_id "
            "where a.receipt_stage = 'heard' and d.state <> 'sending' order by a.id limit :most"
        )
        return [HeardBefore(_question(row), row["receipt_code"]) for row in self._db.rows(query, {"most": most})]

    def judged(self, question: Question) -> None:
        """All that follows from what a callback said is done."""
        with self._db.write():
            self._db.execute(
                "update attempts set receipt_stage = 'final' where id = :id and receipt_stage = 'heard'",
                {"id": question.attempt_id},
            )

    def _send_again(
        self, row: Row, question: Question, report: Report, now: datetime, belongs: Belongs | None
    ) -> str | None:
        """Pending again; or why not."""
        delays, used = json.loads(row["retry_delays"]), row["retries_used"]
        if row["uuid_from"] not in OWN:
            return "its message_uuid does not come from Plivo's own answer"
        if carried := carried_before(self._db, question.delivery_id):
            return carried
        if row["opted_out"]:
            return OPTED_OUT
        if unwanted := no_longer_wanted(row):
            return unwanted
        if not (belongs or is_written_in(row["definition"]))(row["job"], row["recipient"]):
            return NOT_RECIPIENT
        if used >= len(delays):
            return "retries used up"
        reason = f"Plivo's report: {report.words}"
        not_before = now + timedelta(seconds=delays[used])
        state, _, changes = again(row, not_before, reason, {**NO_RECEIPT, "retries_used": used + 1})
        # Quiet hours lengthen the validity of what waits for their end, and of nothing that was over before.
        if state is not State.PENDING or from_text(row["valid_until"]) <= now + LEAST_VALIDITY:
            return "its validity is over before the next try"
        self._keep_final(question, report, now)
        why = Why(reason, evidence=f"receipt: {question.message_uuid}", attempt_id=question.attempt_id)
        moved = move(self._db, question.delivery_id, State.ACCEPTED, State.PENDING, now, why, **changes)
        assert moved
        return None


def keep(db: Connection, table: str, number: int, report: Report, now: datetime) -> None:
    """Write a report into its attempt, or beside the state of its delivery; inside an open transaction."""
    values = {"words": report.words, "code": report.code, "now": to_text(now), "id": number}
    if table == "deliveries":
        db.execute(
            "update deliveries set receipt = :words, receipt_code = :code, receipt_at = :now where id = :id", values
        )
        return
    facts = {
        name: to_text(value) if isinstance(value, datetime) else value for name, value in report.facts._asdict().items()
    }
    stage = None if not report.final else "final" if report.well else "heard"
    known = "".join(f", {name} = coalesce(:{name}, {name})" for name in facts)
    db.execute(
        "update attempts set receipt = :words, receipt_code = :code, receipt_at = :now, "
        f"receipt_stage = :stage{known} where id = :id",
        {**values, **facts, "stage": stage},
    )


_RANKS = {"queued": 0, "sent": 1}


def rank(words: str | None) -> int:
    """How far a message has come by its report: nowhere where there is none."""
    state = state_in(words or "none")
    return -1 if state == "none" else _RANKS.get(state, 2)


def state_in(words: str) -> str:
    """The message's state, with which a report begins."""
    return words.partition(";")[0].partition(" ")[0]


def _question(row: Row) -> Question:
    return Question(
        row["id"],
        row["attempt"],
        row["job"],
        row["phone"],
        row["sender"],
        row["message_uuid"],
        from_text(row["begun_at"]),
        row["receipt"],
    )
