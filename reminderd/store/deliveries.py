"""Deliveries from birth to the answer of their attempt. Each public method is one transaction."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never

from reminderd.clock import from_text, to_text
from reminderd.model import Accepted, InDoubt, NotBegun, NotSent, Outcome, Refused, State
from reminderd.plan import NewDelivery, NewOccurrence, Plan
from reminderd.store.connection import Connection, Row
from reminderd.store.moves import Why, move, record_move

# Plivo drops what it cannot hand on within `message_expiry`, and takes no less than this.
LEAST_VALIDITY = timedelta(seconds=5)

# Each question about what is pending names its index: by its own choice SQLite reads, and sorts, all that is pending.
_CLAIMABLE = """
select d.id, d.job, d.phone, d.sender, d.text, d.attempts, d.valid_until
from deliveries d indexed by deliveries_pending join jobs j on j.name = d.job
where d.state = 'pending' and d.not_before <= :now and d.valid_until > :soon and d.withdrawn is null
  and j.present = 1 and j.enabled = 1
  and not exists (select 1 from deliveries s indexed by deliveries_sending where s.phone = d.phone and s.state = 'sending')
order by d.valid_until, d.id limit :most
"""

# What was withdrawn counts when it may have gone out all the same.
_EQUAL = """
select d.id, d.job, d.state from deliveries d
where d.phone = :phone and d.due_at = :due_at and d.text = :text and d.occurrence_id <> :occurrence
  and (d.state in ('accepted', 'in_doubt') or d.state in ('pending', 'sending') and d.withdrawn is null
    or d.state = 'sending' and exists (
      select 1 from attempts a where a.delivery_id = d.id and a.number = d.attempts and a.begun_at is not null))
order by d.id limit 1
"""


class Claim(NamedTuple):
    """A delivery taken for sending, with the attempt that was opened for it."""

    delivery_id: int
    attempt_id: int
    number: int
    token: str
    job: str
    phone: str
    sender: str
    text: str
    valid_until: datetime


class Finished(NamedTuple):
    """How an attempt ended."""

    claim: Claim
    outcome: Outcome


class Settled(NamedTuple):
    """Where a finished delivery went, for the log."""

    claim: Claim
    state: State
    reason: str


class Deliveries:
    """The deliveries of a state, seen by the planner and the dispatcher."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    # -- birth ------------------------------------------------------------------------------------------

    def add(self, plan: Plan, now: datetime) -> int:
        """Record what a plan owes and move its cursors; what is already there stays as it is.

        Returns how many deliveries were born.
        """
        with self._db.write():
            born = sum(self._add_occurrence(occurrence, now) for occurrence in plan.occurrences)
            for (job, zone), until in plan.cursors.items():
                self._db.execute(
                    "insert into cursors (job, zone, planned_until) values (:job, :zone, :until) "
                    "on conflict (job, zone) do update set planned_until = :until",
                    {"job": job, "zone": zone, "until": to_text(until)},
                )
        return born

    def _add_occurrence(self, new: NewOccurrence, now: datetime) -> int:
        self._db.execute(
            "insert into occurrences (job, nominal, zone, due_at, planned, skipped, created_at) "
            "values (:job, :nominal, :zone, :due_at, 0, 0, :now) on conflict (job, nominal) do nothing",
            {
                "job": new.job,
                "nominal": new.instant.nominal,
                "zone": new.zone,
                "due_at": to_text(new.instant.due_at),
                "now": to_text(now),
            },
        )
        row = self._db.row(
            "select id, planned, due_at from occurrences where job = :job and nominal = :nominal",
            {"job": new.job, "nominal": new.instant.nominal},
        )
        assert row is not None
        if new.skipped and row["planned"]:
            return 0  # something was planned for this instant after all; it speaks for itself
        born = sum(self._add_delivery(row, new, delivery, now) for delivery in new.deliveries)
        self._db.execute(
            "update occurrences set planned = planned + :born, skipped = :skipped where id = :id",
            {"born": born, "skipped": new.skipped, "id": row["id"]},
        )
        return born

    def _add_delivery(self, occurrence: Row, new: NewOccurrence, delivery: NewDelivery, now: datetime) -> int:
        state, reason = self._state_at_birth(occurrence, delivery)
        message = delivery.message
        at = to_text(now)
        changed = self._db.raw.execute(
            """
            insert into deliveries (occurrence_id, job, job_file, job_line, due_at, recipient, phone, name, sender, text,
                encoding, segments, state, reason, retry_delays, on_doubt, valid_for, not_before, valid_until,
                created_at, updated_at)
            values (:occurrence, :job, :file, :line, :due_at, :recipient, :phone, :name, :sender, :text,
                :encoding, :segments, :state, :reason, :retry, :on_doubt, :valid_for, :due_at, :valid_until, :at, :at)
            on conflict (occurrence_id, recipient) do nothing
            """,
            {
                "occurrence": occurrence["id"],
                "job": new.job,
                "file": new.source.file,
                "line": new.source.line,
                "due_at": occurrence["due_at"],
                "recipient": delivery.recipient,
                "phone": delivery.phone,
                "name": delivery.name,
                "sender": delivery.sender,
                "text": message.text if message else None,
                "encoding": message.encoding if message else None,
                "segments": message.segments if message else None,
                "state": state,
                "reason": reason,
                "retry": json.dumps([int(delay.total_seconds()) for delay in new.retry]),
                "on_doubt": new.on_doubt,
                "valid_for": int(new.valid_for.total_seconds()),
                "valid_until": to_text(delivery.valid_until),
                "at": at,
            },
        )
        if changed.rowcount != 1:
            return 0
        assert changed.lastrowid is not None
        record_move(self._db, changed.lastrowid, None, state, at, Why(reason))
        return 1

    def _state_at_birth(self, occurrence: Row, delivery: NewDelivery) -> tuple[State, str]:
        if delivery.state is State.PENDING and delivery.unless_equal and delivery.message is not None:
            equal = self._db.row(
                _EQUAL,
                {
                    "phone": delivery.phone,
                    "due_at": occurrence["due_at"],
                    "text": delivery.message.text,
                    "occurrence": occurrence["id"],
                },
            )
            if equal:
                return State.MISSED, (
                    f"the same text to the same phone for the same time is {equal['state']} "
                    f"as delivery {equal['id']} of job {equal['job']}"
                )
        return delivery.state, delivery.reason

    # -- the way of an attempt --------------------------------------------------------------------------

    def claim(self, most: int, now: datetime, lease: timedelta, tokens: Sequence[str]) -> list[Claim]:
        """Take up to `most` pending deliveries, earliest deadline first, at most one a phone.

        Every condition is checked here: job declared and enabled, recipient still in it, not before its time, validity
        left. `tokens` are `most` fresh random tokens.
        """
        values = {"now": to_text(now), "soon": to_text(now + LEAST_VALIDITY), "most": most * 4}
        claims: dict[str, Claim] = {}
        with self._db.write():
            for row in self._db.rows(_CLAIMABLE, values):
                if len(claims) == most:
                    break
                if row["phone"] not in claims:
                    claims[row["phone"]] = self._claim(row, now, lease, tokens[len(claims)])
        return list(claims.values())

    def _claim(self, row: Row, now: datetime, lease: timedelta, token: str) -> Claim:
        number = row["attempts"] + 1
        attempt_id = self._db.insert(
            "insert into attempts (delivery_id, number, token, claimed_at, lease_until) "
            "values (:delivery, :number, :token, :now, :lease)",
            {
                "delivery": row["id"],
                "number": number,
                "token": token,
                "now": to_text(now),
                "lease": to_text(now + lease),
            },
        )
        why = Why("claimed", attempt_id=attempt_id)
        moved = move(self._db, row["id"], State.PENDING, State.SENDING, now, why, ", attempts = :number", number=number)
        assert moved
        return Claim(
            row["id"],
            attempt_id,
            number,
            token,
            row["job"],
            row["phone"],
            row["sender"],
            row["text"],
            from_text(row["valid_until"]),
        )

    def begin(self, claims: Iterable[Claim], now: datetime) -> set[int]:
        """Commit that the requests of these claims start now; returns the attempt ids that may go on.

        What was withdrawn since its claim, or runs out of validity, may not.
        """
        with self._db.write():
            return {claim.attempt_id for claim in claims if self._begin(claim, now)}

    def _begin(self, claim: Claim, now: datetime) -> bool:
        return 1 == self._db.execute(
            """
            update attempts set begun_at = :now where id = :attempt and begun_at is null and finished_at is null
              and exists (select 1 from deliveries d join jobs j on j.name = d.job where d.id = :delivery
                and d.state = 'sending' and d.attempts = :number and d.withdrawn is null and d.valid_until > :soon
                and j.present = 1 and j.enabled = 1)
            """,
            {
                "now": to_text(now),
                "soon": to_text(now + LEAST_VALIDITY),
                "attempt": claim.attempt_id,
                "delivery": claim.delivery_id,
                "number": claim.number,
            },
        )

    def finish(
        self, finished: Iterable[Finished], now: datetime, *, jitter: float, first_look: timedelta
    ) -> list[Settled]:
        """Record outcomes; guarded by (state, attempt), so what was settled meanwhile stays settled.

        jitter: the share by which a retry's delay is lengthened, 0.0 to 1.0. first_look: after how long what is in doubt
        is looked up in Plivo's log.
        """
        with self._db.write():
            return [self._finish(claim, outcome, now, jitter, first_look) for claim, outcome in finished]

    def _finish(self, claim: Claim, outcome: Outcome, now: datetime, jitter: float, first_look: timedelta) -> Settled:
        row = self._db.row(
            "select state, attempts, retries_used, retry_delays, valid_until, withdrawn, occurrence_id "
            "from deliveries where id = :id",
            {"id": claim.delivery_id},
        )
        assert row is not None
        close_attempt(self._db, claim.attempt_id, outcome, now)
        if isinstance(outcome, Accepted):
            take_uuid(self._db, claim.attempt_id, outcome.message_uuid, "answer", now)
        if row["state"] != State.SENDING or row["attempts"] != claim.number:
            return self._late(claim, outcome, row, now)
        state, reason, changes = next_state(outcome, row, now, jitter, first_look)
        why = Why(reason, evidence=_evidence(outcome), attempt_id=claim.attempt_id)
        moved = move(self._db, claim.delivery_id, State.SENDING, state, now, why, _assignments(changes), **changes)
        assert moved
        if state is State.ACCEPTED:
            count_accepted(self._db, row["occurrence_id"], now)
        return Settled(claim, state, reason)

    def _late(self, claim: Claim, outcome: Outcome, row: Row, now: datetime) -> Settled:
        """An answer for an attempt that is no longer the one in flight: only a proof of acceptance still counts."""
        state = State(row["state"])
        if isinstance(outcome, Accepted) and state in (State.PENDING, State.IN_DOUBT):
            why = Why("a late answer proves it", evidence="answer", attempt_id=claim.attempt_id)
            uuid = outcome.message_uuid
            move(self._db, claim.delivery_id, state, State.ACCEPTED, now, why, ", message_uuid = :uuid", uuid=uuid)
            count_accepted(self._db, row["occurrence_id"], now)
            return Settled(claim, State.ACCEPTED, why.reason)
        return Settled(claim, state, "settled before its answer came")

    # -- the passing of time ----------------------------------------------------------------------------

    def expire(self, now: datetime) -> list[tuple[int, str]]:
        """Pending deliveries whose validity is over become missed; returns their (id, job)."""
        soon = to_text(now + LEAST_VALIDITY)
        query = (
            "select id, job from deliveries indexed by deliveries_pending "
            "where state = 'pending' and valid_until <= :soon limit 1000"
        )
        rows = self._db.rows(query, {"soon": soon})
        if rows:
            with self._db.write():
                for row in rows:
                    why = Why("its validity was over before it could be sent")
                    move(self._db, row["id"], State.PENDING, State.MISSED, now, why)
        return [(row["id"], row["job"]) for row in rows]

    def recover(self, now: datetime, first_look: timedelta) -> tuple[int, int]:
        """Settle the claims of a process that died: (back to pending, in doubt). The caller holds the lock."""
        query = (
            "select d.id, d.job, a.id as attempt, a.number, a.token, a.begun_at from deliveries d "
            "join attempts a on a.delivery_id = d.id and a.number = d.attempts where d.state = 'sending'"
        )
        back = doubt = 0
        with self._db.write():
            for row in self._db.rows(query):
                claim = Claim(row["id"], row["attempt"], row["number"], row["token"], row["job"], "", "", "", now)
                if row["begun_at"] is None:
                    self._finish(claim, NotBegun("the daemon stopped before the request began"), now, 0, first_look)
                    back += 1
                else:
                    self._finish(
                        claim, InDoubt("the daemon stopped while the request was under way"), now, 0, first_look
                    )
                    doubt += 1
        return back, doubt

    def claimable(self, now: datetime) -> bool:
        """Whether anything could be claimed now."""
        values = {"now": to_text(now), "soon": to_text(now + LEAST_VALIDITY), "most": 1}
        return bool(self._db.rows(_CLAIMABLE, values))

    def next_pending(self, now: datetime) -> datetime | None:
        """When the next pending delivery may be claimed or expires, if that is after `now`."""
        values = {"now": to_text(now)}
        moments = [
            self._db.value(
                "select min(not_before) from deliveries indexed by deliveries_waiting "
                "where state = 'pending' and not_before > :now",
                values,
            ),
            self._db.value(
                "select min(valid_until) from deliveries indexed by deliveries_pending where state = 'pending'"
            ),
        ]
        waiting, valid_until = (from_text(moment) if moment else None for moment in moments)
        expiry = valid_until - LEAST_VALIDITY if valid_until else None
        return min((moment for moment in (waiting, expiry) if moment), default=None)


def next_state(
    outcome: Outcome, row: Row, now: datetime, jitter: float, first_look: timedelta
) -> tuple[State, str, dict[str, object]]:
    """The table of outcomes: where a sending delivery goes, why, and which columns change with it."""
    match outcome:
        case Accepted():
            return State.ACCEPTED, "accepted by Plivo", {"message_uuid": outcome.message_uuid}
        case Refused():
            return State.FAILED, f"refused: {outcome.evidence}", {}
        case InDoubt():
            return (
                State.IN_DOUBT,
                f"in doubt: {outcome.evidence}",
                {
                    "reconcile_step": 0,
                    "reconcile_at": to_text(now + first_look),
                },
            )
        case NotBegun():
            return again(row, now, f"not begun: {outcome.evidence}", {})
        case NotSent(suspend=True):
            return again(row, now, f"not sent: {outcome.evidence}", {})
        case NotSent():
            return _retry(outcome, row, now, jitter)
        case _:
            assert_never(outcome)


def _retry(outcome: NotSent, row: Row, now: datetime, jitter: float) -> tuple[State, str, dict[str, object]]:
    delays, used = json.loads(row["retry_delays"]), row["retries_used"]
    reason = f"not sent: {outcome.evidence}"
    if used >= len(delays):
        if row["withdrawn"]:
            return State.CANCELLED, f"{row['withdrawn']} ({reason})", {}
        return State.FAILED, f"{reason}; retries used up", {}
    not_before = now + timedelta(seconds=delays[used] * (1 + jitter))
    return again(row, not_before, reason, {"retries_used": used + 1})


def again(
    row: Row, not_before: datetime, reason: str, changes: dict[str, object]
) -> tuple[State, str, dict[str, object]]:
    """Pending again at `not_before`, unless it is withdrawn or no longer valid then."""
    if row["withdrawn"]:
        return State.CANCELLED, f"{row['withdrawn']} ({reason})", {}
    if from_text(row["valid_until"]) <= not_before + LEAST_VALIDITY:
        return State.MISSED, f"{reason}; its validity is over before the next try", {}
    return State.PENDING, reason, {"not_before": to_text(not_before), **changes}


def _assignments(changes: dict[str, object]) -> str:
    return "".join(f", {column} = :{column}" for column in changes)


def _evidence(outcome: Outcome) -> str | None:
    return "answer" if isinstance(outcome, Accepted) else outcome.evidence


def close_attempt(db: Connection, attempt_id: int, outcome: Outcome, now: datetime) -> None:
    names = {
        Accepted: "accepted",
        Refused: "refused",
        NotSent: "not_sent",
        NotBegun: "not_begun",
        InDoubt: "in_doubt",
    }
    db.execute(
        "update attempts set finished_at = :now, outcome = :outcome, status = :status, evidence = :evidence where id = :id",
        {
            "id": attempt_id,
            "now": to_text(now),
            "outcome": names[type(outcome)],
            "status": getattr(outcome, "status", None),
            "evidence": outcome.evidence,
        },
    )


def take_uuid(db: Connection, attempt_id: int, uuid: str, source: str, now: datetime) -> None:
    """Give a message_uuid to its proven owner; whoever had it from the log is in doubt again."""
    other = db.row(
        "select a.id, a.delivery_id, a.uuid_from, d.occurrence_id from attempts a join deliveries d on d.id = a.delivery_id "
        "where a.message_uuid = :uuid and a.id <> :attempt",
        {"uuid": uuid, "attempt": attempt_id},
    )
    if other and other["uuid_from"] == "answer":
        return  # Plivo itself named two messages alike: both are accepted, the first keeps the name
    if other:
        db.execute("update attempts set message_uuid = null, uuid_from = null where id = :id", {"id": other["id"]})
        why = Why("Plivo's answer gave its message_uuid to another delivery", evidence="answer", attempt_id=other["id"])
        changes = ", message_uuid = null, reconcile_step = 0, reconcile_at = :again"
        if move(db, other["delivery_id"], State.ACCEPTED, State.IN_DOUBT, now, why, changes, again=to_text(now)):
            uncount_accepted(db, other["occurrence_id"])
    db.execute(
        "update attempts set message_uuid = :uuid, uuid_from = :source where id = :id",
        {"uuid": uuid, "source": source, "id": attempt_id},
    )


def count_accepted(db: Connection, occurrence_id: int, now: datetime) -> None:
    db.execute(
        "update occurrences set accepted = accepted + 1, first_accepted_at = coalesce(first_accepted_at, :now), "
        "last_accepted_at = :now where id = :id",
        {"now": to_text(now), "id": occurrence_id},
    )


def uncount_accepted(db: Connection, occurrence_id: int) -> None:
    db.execute("update occurrences set accepted = accepted - 1 where id = :id", {"id": occurrence_id})
