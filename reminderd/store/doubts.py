"""Deliveries in doubt: whom to ask about, and how they are settled. Each public method is one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminderd.clock import from_text, to_text
from reminderd.model import OnDoubt, State
from reminderd.store.connection import Connection, Row
from reminderd.store.memory import Memory
from reminderd.store.moves import Why, move
from reminderd.store.optouts import IS_OPTED_OUT
from reminderd.store.outcomes import again

_COLUMNS = """
select d.id, d.job, d.phone, d.sender, d.segments, d.state, d.on_doubt, d.reconcile_step, a.id as attempt, a.begun_at,
       a.lease_until, a.finished_at
"""

_DOUBTS = (
    _COLUMNS
    + """
from deliveries d join attempts a on a.id = (
  select max(b.id) from attempts b where b.delivery_id = d.id and b.outcome = 'in_doubt')
where d.state = 'in_doubt'
"""
)

_UNPROVEN = (
    _COLUMNS
    + """
from attempts a indexed by attempts_in_doubt join deliveries d on d.id = a.delivery_id
where a.outcome = 'in_doubt' and a.message_uuid is null and d.phone is not null
order by a.begun_at, a.id
"""
)

_IN_FLIGHT = (
    _COLUMNS
    + """
from deliveries d indexed by deliveries_sending join attempts a on a.delivery_id = d.id and a.number = d.attempts
where d.state = 'sending' and a.begun_at is not null
"""
)

# What an operator named may be misnamed: unless its name is in the log, its row goes by another one.
_NAMED_BY_OPERATORS = (
    _COLUMNS
    + """, a.message_uuid
from actions x join deliveries d on d.id = cast(x.target as integer) join attempts a on a.delivery_id = d.id
where x.action = 'resolve --sent' and a.uuid_from = 'operator'
"""
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """An attempt that nobody knows the end of, with its delivery.

    state: the delivery's; no longer in doubt where somebody's word has settled it without proof.
    """

    delivery_id: int
    attempt_id: int
    state: State
    job: str
    phone: str
    sender: str
    segments: int
    on_doubt: OnDoubt
    step: int
    begun_at: datetime
    ended_by: datetime  # when the request was over at the latest


class Doubts:
    """The reconciler's and the operator's view of what is in doubt."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self._memory = Memory(connection)

    def due(self, now: datetime) -> list[Doubt]:
        """Deliveries in doubt whose next look into the log is due, oldest first."""
        query = _DOUBTS + " and d.reconcile_at <= :now order by d.reconcile_at, d.id limit 500"
        return [_doubt(row) for row in self._db.rows(query, {"now": to_text(now)})]

    def get(self, delivery_id: int) -> Doubt | None:
        row = self._db.row(_DOUBTS + " and d.id = :id", {"id": delivery_id})
        return _doubt(row) if row else None

    def next_due(self) -> datetime | None:
        found = self._db.value("select min(reconcile_at) from deliveries where state = 'in_doubt'")
        return from_text(found) if found else None

    def unproven(self, phones: Sequence[str]) -> list[Doubt]:
        """Every attempt to one of these phones that may own a row of the log, whatever became of its delivery."""
        wanted = set(phones)
        return [_doubt(row) for row in self._db.rows(_UNPROVEN) if row["phone"] in wanted]

    def owners(self, seen: Collection[str]) -> list[Doubt]:
        """Every attempt that may own a row of the log that nobody is known to own, whatever became of its delivery.

        seen: the message_uuids that the log has.
        """
        named = [row for row in self._db.rows(_NAMED_BY_OPERATORS) if row["message_uuid"] not in seen]
        return [_doubt(row) for row in (*self._db.rows(_UNPROVEN), *self._db.rows(_IN_FLIGHT), *named)]

    def sending_to(self, phone: str) -> bool:
        query = (
            "select 1 from deliveries indexed by deliveries_sending where state = 'sending' and phone = :phone limit 1"
        )
        return self._db.value(query, {"phone": phone}) is not None

    def known_uuids(self, uuids: Sequence[str]) -> set[str]:
        """Those of `uuids` that belong to some attempt, also to one that is no longer kept."""
        query = "select 1 from attempts where message_uuid = :uuid"
        found = {uuid for uuid in uuids if self._db.value(query, {"uuid": uuid})}
        digests = {self._memory.uuid(uuid): uuid for uuid in uuids if uuid not in found}
        return found | {digests[each] for each in self._memory.known(digests)}

    # -- settling ---------------------------------------------------------------------------------------

    def accept(self, doubt: Doubt, uuid: str | None, source: str, why: Why, now: datetime) -> bool:
        """Proof: the attempt was accepted, which settles its delivery when that is in doubt or pending.

        False when the uuid has another owner or the delivery was settled meanwhile.
        """
        with self._db.write():
            if uuid is not None and self.known_uuids([uuid]):
                return False
            self._db.execute(
                "update attempts set message_uuid = :uuid, uuid_from = :source where id = :id",
                {"uuid": uuid, "source": source, "id": doubt.attempt_id},
            )
            row = self._row(doubt.delivery_id)
            state = State(row["state"])
            if state not in (State.IN_DOUBT, State.PENDING):
                return False
            # Its request is a while ago: what became of it can be asked at once.
            ask = None if uuid is None else to_text(now)
            changes = {"message_uuid": uuid, "reconcile_at": None, "receipt_due_at": ask}
            moved = move(self._db, doubt.delivery_id, state, State.ACCEPTED, now, why, **changes)
            assert moved
        return True

    def looked(self, doubt: Doubt, again_at: datetime | None, finding: str, now: datetime) -> None:
        """Nothing found, which proves nothing: the next look is at `again_at`, or never."""
        with self._db.write():
            self._note(doubt, finding, now)
            self._db.execute(
                "update deliveries set reconcile_step = reconcile_step + 1, reconcile_at = :again, reason = :finding, "
                "updated_at = :now where id = :id and state = 'in_doubt'",
                {
                    "again": to_text(again_at) if again_at else None,
                    "finding": finding,
                    "now": to_text(now),
                    "id": doubt.delivery_id,
                },
            )

    def postpone(
        self, doubts: Sequence[Doubt], until: datetime, finding: str | None = None, now: datetime | None = None
    ) -> None:
        """The same look again at `until`. finding: why the log could not be read; in a row, the same is noted once."""
        with self._db.write():
            for doubt in doubts:
                if finding is not None and now is not None and finding != self._last_finding(doubt):
                    self._note(doubt, finding, now)
                self._db.execute(
                    "update deliveries set reconcile_at = :until where id = :id and state = 'in_doubt'",
                    {"until": to_text(until), "id": doubt.delivery_id},
                )

    def _note(self, doubt: Doubt, finding: str, now: datetime) -> None:
        """Keep what a look into the log said, for those who ask later."""
        self._db.execute(
            "insert into lookups (delivery_id, attempt_id, at, finding) values (:delivery, :attempt, :at, :finding)",
            {"delivery": doubt.delivery_id, "attempt": doubt.attempt_id, "at": to_text(now), "finding": finding},
        )

    def _last_finding(self, doubt: Doubt) -> str | None:
        query = "select finding from lookups where delivery_id = :id order by id desc limit 1"
        found: str | None = self._db.value(query, {"id": doubt.delivery_id})
        return found

    def resend(self, doubt: Doubt, now: datetime) -> State:
        """The job's own word, `on_doubt: resend`: spend one retry, if one is left. Returns its state now."""
        with self._db.write():
            row = self._row(doubt.delivery_id)
            delays = row["retries"]
            if row["retries_used"] >= delays:
                return State.IN_DOUBT
            changes: dict[str, object] = {"retries_used": row["retries_used"] + 1}
            return self._again(row, now, Why("on_doubt: resend, after the log showed nothing"), changes)

    def not_sent(self, delivery_id: int, why: Why, now: datetime) -> State | None:
        """The operator's word that it was not sent; returns where it went, None when it was not in doubt."""
        with self._db.write():
            row = self._row(delivery_id)
            if row["state"] != State.IN_DOUBT:
                return None
            return self._again(row, now, why, {})

    def _again(self, row: Row, now: datetime, why: Why, changes: dict[str, object]) -> State:
        state, reason, columns = again(row, now, why.reason, {**changes, "reconcile_at": None})
        why = Why(reason, why.who, why.evidence, why.attempt_id)
        moved = move(self._db, row["id"], State.IN_DOUBT, state, now, why, **columns)
        assert moved
        return state

    def _row(self, delivery_id: int) -> Row:
        row = self._db.row(
            "select d.id, d.state, d.valid_until, d.withdrawn, d.quiet_from, d.retries_used, "
            f"json_array_length(d.retry_delays) as retries, {IS_OPTED_OUT} from deliveries d where d.id = :id",
            {"id": delivery_id},
        )
        assert row is not None
        return row


def _doubt(row: Row) -> Doubt:
    ended = row["finished_at"]
    begun = from_text(row["begun_at"])
    lease = from_text(row["lease_until"])
    # A claim that died says nothing about when its request ended; an answer that never came ended by then.
    ended_by = max(lease, begun) if ended is None else max(begun, min(from_text(ended), lease + timedelta(minutes=5)))
    return Doubt(
        row["id"],
        row["attempt"],
        State(row["state"]),
        row["job"],
        row["phone"],
        row["sender"],
        row["segments"] or 1,
        OnDoubt(row["on_doubt"]),
        row["reconcile_step"],
        begun,
        ended_by,
    )
