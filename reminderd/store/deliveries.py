"""Deliveries from birth to the answer of their attempt. Each public method is one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from reminderd.clock import earliest, from_text, to_text
from reminderd.model import Accepted, InDoubt, NotBegun, NotSent, Outcome, Refused, State
from reminderd.plan import LEAST_VALIDITY, Plan
from reminderd.store.births import add_plan
from reminderd.store.connection import Connection, Row, listed, listed_rows
from reminderd.store.moves import Why, move
from reminderd.store.names import take_back
from reminderd.store.optouts import HAS_OPTED_OUT, IS_OPTED_OUT
from reminderd.store.outcomes import next_state
from reminderd.store.proof import CALLBACK_PROVES, receipt_of

# What has to hold of a delivery `d` of job `j` whenever its request may go out. A drill is sent for its own sake: neither
# a pause nor a disabled job keeps it.
_MAY_GO_OUT = f"""d.withdrawn is null and d.proven_by is null and d.valid_until > :soon and d.hold_id is null
  and (d.quiet_from is null or d.quiet_from > :soon)
  and not {HAS_OPTED_OUT}
  and j.present = 1 and (d.drill = 1 or j.enabled = 1 and not exists (
    select 1 from overrides p where p.kind = 'pause' and p.ended_at is null and (p.until is null or p.until > :now)
      and (p.job is null or p.job = d.job)))"""

# Each question about what is pending names its index: by its own choice SQLite reads, and sorts, all that is pending.
_CLAIMABLE = f"""
select d.id, d.job, d.phone, d.sender, d.text, d.attempts, d.not_before, min(d.valid_until, coalesce(d.quiet_from, d.valid_until)) as valid_until
from deliveries d indexed by deliveries_pending join jobs j on j.name = d.job
where d.state = 'pending' and d.not_before <= :now and {_MAY_GO_OUT}
  and not exists (select 1 from deliveries s indexed by deliveries_sending where s.phone = d.phone and s.state = 'sending')
order by d.valid_until, d.id limit :most
"""

# As `moves.move()` does it, for several at once.
_CLAIM = """
update deliveries set state = 'sending', reason = 'claimed', who = 'daemon', evidence = null, updated_at = :at,
    attempts = attempts + 1,
    attempt_id = (select a.id from attempts a where a.delivery_id = deliveries.id and a.number = deliveries.attempts + 1)
where id in ({ids}) and state = 'pending'
"""

_BEGIN = f"""
update attempts set begun_at = :now where id in ({{ids}}) and begun_at is null and finished_at is null
  and exists (select 1 from deliveries d join jobs j on j.name = d.job where d.id = attempts.delivery_id
    and d.state = 'sending' and d.attempts = attempts.number and {_MAY_GO_OUT})
returning id
"""

_END = """
with ends(id, outcome, status, evidence, message_uuid, uuid_from) as (values {rows})
update attempts set finished_at = :now, outcome = ends.outcome, status = ends.status, evidence = ends.evidence,
    message_uuid = coalesce(attempts.message_uuid, ends.message_uuid),
    uuid_from = iif(attempts.message_uuid is null, ends.uuid_from, attempts.uuid_from)
from ends where attempts.id = ends.id
"""

ACCEPTED = "accepted by Plivo"

# As `moves.move()` does it, for several at once; their attempts have the names already, and what callbacks said before.
_ACCEPT = f"""
update deliveries set state = 'accepted', reason = '{ACCEPTED}', who = 'daemon', evidence = 'answer', updated_at = :at,
    message_uuid = a.message_uuid, receipt = a.receipt, receipt_code = a.receipt_code, receipt_at = a.receipt_at,
    receipt_due_at = iif(a.message_uuid is null or a.receipt_stage is not null, null, :ask), proven_by = null
from attempts a where a.id = deliveries.attempt_id and deliveries.id in ({{ids}}) and deliveries.state = 'sending'
"""

# How an attempt ended, in one word.
OUTCOMES: Mapping[type[Outcome], str] = {
    Accepted: "accepted",
    Refused: "refused",
    NotSent: "not_sent",
    NotBegun: "not_begun",
    InDoubt: "in_doubt",
}


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
    begun: bool = False  # its beginning is committed already
    not_before: datetime | None = None  # from when on it might go out; None where nobody asks


class Finished(NamedTuple):
    """How an attempt ended."""

    claim: Claim
    outcome: Outcome


class Owed(NamedTuple):
    """A pending delivery, as far as Plivo's log could show it."""

    id: int
    phone: str
    sender: str
    due_at: datetime


class Settled(NamedTuple):
    """Where a finished delivery went, for the log."""

    claim: Claim
    state: State
    reason: str


class Deliveries:
    """The deliveries of a state, seen by the planner and the dispatcher."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, plan: Plan, now: datetime) -> list[Row]:
        """Record what a plan owes and move its cursors; what is already there stays as it is.

        Returns `id, job, recipient, state, reason` of each delivery that was born.
        """
        with self._db.write():
            return add_plan(self._db, plan, now)

    # -- the way of an attempt --------------------------------------------------------------------------

    def claim(self, most: int, now: datetime, lease: timedelta, tokens: Sequence[str], begun: int = 0) -> list[Claim]:
        """Take up to `most` pending deliveries, earliest deadline first, at most one a phone.

        Every condition is checked here: job declared and enabled, recipient still in it, not before its time, validity
        left. `tokens` are `most` fresh random tokens. The first `begun` of them begin with their claim: their requests
        start right after this commit.
        """
        values = {"now": to_text(now), "soon": to_text(now + LEAST_VALIDITY), "most": most * 4}
        with self._db.write():
            one_a_phone: dict[str, Row] = {}
            for row in self._db.rows(_CLAIMABLE, values):
                one_a_phone.setdefault(row["phone"], row)
            chosen = dict(zip(tokens, list(one_a_phone.values())[:most], strict=False))
            return self._claim(chosen, now, lease, begun) if chosen else []

    def _claim(self, chosen: Mapping[str, Row], now: datetime, lease: timedelta, begun: int) -> list[Claim]:
        """Open an attempt for each of these deliveries, by its token, and move them all to sending."""
        at, until = to_text(now), to_text(now + lease)
        opened = [
            (row["id"], row["attempts"] + 1, token, at, until, at if position < begun else None)
            for position, (token, row) in enumerate(chosen.items())
        ]
        places, values = listed_rows(opened)
        attempts = self._db.rows(
            f"insert into attempts (delivery_id, number, token, claimed_at, lease_until, begun_at) values {places} "
            "returning id, token, number, begun_at",
            values,
        )
        ids, values = listed([row["id"] for row in chosen.values()])
        moved = self._db.execute(_CLAIM.format(ids=ids), {**values, "at": at})
        assert moved == len(chosen)
        return [_claimed(chosen[attempt["token"]], attempt) for attempt in attempts]

    def begin(self, claims: Iterable[Claim], now: datetime) -> set[int]:
        """Commit that the requests of these claims start now; returns the attempt ids that may go on.

        What was withdrawn since its claim, or runs out of validity, may not.
        """
        ids, values = listed([claim.attempt_id for claim in claims])
        values |= {"now": to_text(now), "soon": to_text(now + LEAST_VALIDITY)}
        with self._db.write():
            return {row["id"] for row in self._db.rows(_BEGIN.format(ids=ids), values)}

    def finish(
        self,
        finished: Iterable[Finished],
        now: datetime,
        *,
        jitter: float,
        first_look: timedelta,
        first_receipt: timedelta | None = None,
    ) -> list[Settled]:
        """Record outcomes; guarded by (state, attempt), so what was settled meanwhile stays settled.

        jitter: the share by which a retry's delay is lengthened, 0.0 to 1.0. first_look: after how long what is in doubt
        is looked up in Plivo's log. first_receipt: after how long Plivo is asked what became of what it accepted; None: never.
        """
        ask = None if first_receipt is None else now + first_receipt
        batch = list(finished)
        ids, values = listed([claim.delivery_id for claim, _ in batch])
        query = (
            "select d.id, d.state, d.attempts, d.retries_used, d.retry_delays, d.valid_until, d.withdrawn, d.quiet_from, d.proven_by, "
            f"{IS_OPTED_OUT} from deliveries d where d.id in ({ids})"
        )
        with self._db.write():
            rows = {row["id"]: row for row in self._db.rows(query, values)}
            self._close(batch, now)
            current = [one for one in batch if _is_current(one.claim, rows[one.claim.delivery_id])]
            settled = self._accept([one.claim for one in current if isinstance(one.outcome, Accepted)], now, ask)
            for one in batch:
                if one.claim.attempt_id not in settled:
                    row = rows[one.claim.delivery_id]
                    settled[one.claim.attempt_id] = self._finish(one, row, now, jitter, first_look, ask)
        return [settled[one.claim.attempt_id] for one in batch]

    def _accept(self, claims: Sequence[Claim], now: datetime, ask: datetime | None) -> dict[int, Settled]:
        """What most answers say, for several at once; by attempt."""
        ids, values = listed([claim.delivery_id for claim in claims])
        if claims:
            moved = self._db.execute(
                _ACCEPT.format(ids=ids), {**values, "at": to_text(now), "ask": to_text(ask) if ask else None}
            )
            assert moved == len(claims)
        return {claim.attempt_id: Settled(claim, State.ACCEPTED, ACCEPTED) for claim in claims}

    def _finish(
        self, one: Finished, row: Row, now: datetime, jitter: float, first_look: timedelta, ask: datetime | None
    ) -> Settled:
        claim, outcome = one
        if not _is_current(claim, row):
            return self._late(claim, outcome, State(row["state"]), now, ask)
        if row["proven_by"] is not None:
            return self._proven(claim, row["proven_by"], now, ask)
        state, reason, changes = next_state(outcome, row, now, jitter, first_look)
        why = Why(reason, evidence=outcome.evidence, attempt_id=claim.attempt_id)
        moved = move(self._db, claim.delivery_id, State.SENDING, state, now, why, **changes)
        assert moved
        return Settled(claim, state, reason)

    def _proven(self, claim: Claim, attempt_id: int, now: datetime, ask: datetime | None) -> Settled:
        """Whatever came of this attempt: Plivo took it, or an earlier one, as it said by itself before."""
        why = Why(CALLBACK_PROVES, evidence="callback", attempt_id=attempt_id)
        changes = receipt_of(self._db, attempt_id, ask)
        moved = move(self._db, claim.delivery_id, State.SENDING, State.ACCEPTED, now, why, **changes)
        assert moved
        return Settled(claim, State.ACCEPTED, why.reason)

    def _late(self, claim: Claim, outcome: Outcome, state: State, now: datetime, ask: datetime | None) -> Settled:
        """An answer for an attempt that is no longer the one in flight: only a proof of acceptance still counts."""
        if isinstance(outcome, Accepted) and state in (State.PENDING, State.IN_DOUBT):
            why = Why("a late answer proves it", evidence="answer", attempt_id=claim.attempt_id)
            changes = receipt_of(self._db, claim.attempt_id, ask)
            move(self._db, claim.delivery_id, state, State.ACCEPTED, now, why, **changes)
            return Settled(claim, State.ACCEPTED, why.reason)
        return Settled(claim, state, "settled before its answer came")

    # -- the end of an attempt --------------------------------------------------------------------------

    def _owners(self, uuids: Collection[str]) -> dict[str, int]:
        """The attempts that have one of these names already; hardly ever any."""
        if not uuids:
            return {}
        places, values = listed(list(uuids))
        rows = self._db.rows(f"select id, message_uuid from attempts where message_uuid in ({places})", values)
        return {row["message_uuid"]: row["id"] for row in rows}

    def _close(self, batch: Sequence[Finished], now: datetime) -> None:
        """Write the ends of these attempts, and whose message_uuid is whose."""
        owners = self._owners([outcome.message_uuid for _, outcome in batch if isinstance(outcome, Accepted)])
        ends, given = [], set[str]()
        for claim, outcome in batch:
            uuid = outcome.message_uuid if isinstance(outcome, Accepted) else None
            if uuid is not None:
                # Its own, where a commit that seemed to fail was done in truth.
                owned = owners.get(uuid, claim.attempt_id) != claim.attempt_id
                taken = uuid in given or (owned and not take_back(self._db, uuid, "answer", now))
                given.add(uuid)
                uuid = None if taken else uuid
            status, source = getattr(outcome, "status", None), "answer" if uuid else None
            ends.append((claim.attempt_id, OUTCOMES[type(outcome)], status, outcome.evidence, uuid, source))
        if ends:
            places, values = listed_rows(ends)
            self._db.execute(_END.format(rows=places), {**values, "now": to_text(now)})

    # -- the passing of time ----------------------------------------------------------------------------

    def expire(self, now: datetime) -> list[tuple[int, str]]:
        """Pending deliveries whose validity is over become missed; returns their (id, job)."""
        # What quiet hours have come over is moved first (`hush`): its validity counts from their end.
        query = (
            "select d.id, d.job, h.kind as hold from deliveries d indexed by deliveries_pending "
            "left join holds h on h.id = d.hold_id "
            "where d.state = 'pending' and d.valid_until <= :soon and (d.quiet_from is null or d.quiet_from > :soon) "
            "limit 1000"
        )
        rows = self._db.rows(query, {"soon": to_text(now + LEAST_VALIDITY)})
        if rows:
            with self._db.write():
                for row in rows:
                    held = f"; it was on hold ({row['hold']})" if row["hold"] else ""
                    why = Why(f"its validity was over before it could be sent{held}")
                    move(self._db, row["id"], State.PENDING, State.MISSED, now, why)
        return [(row["id"], row["job"]) for row in rows]

    def recover(self, now: datetime, first_look: timedelta, first_receipt: timedelta | None = None) -> tuple[int, int]:
        """Settle the claims of a process that died: (back to pending, in doubt). The caller holds the lock.

        first_look, first_receipt: as `finish` has them.
        """
        unsent = NotBegun("the daemon stopped before the request began")
        cut = InDoubt("the daemon stopped while the request was under way")
        finished = [Finished(claim, cut if claim.begun else unsent) for claim in self._sending(now)]
        settled = self.finish(finished, now, jitter=0, first_look=first_look, first_receipt=first_receipt)
        states = [one.state for one in settled]
        doubt, proven = states.count(State.IN_DOUBT), states.count(State.ACCEPTED)
        return len(states) - doubt - proven, doubt

    def let_go(self, held: Collection[int], now: datetime, first_receipt: timedelta | None = None) -> None:
        """Back to pending with what is being sent by none of these attempts: its claim was given to nobody."""
        unsent = NotBegun("the commit of its claim seemed to fail")
        finished = [Finished(claim, unsent) for claim in self._sending(now) if claim.attempt_id not in held]
        self.finish(finished, now, jitter=0, first_look=timedelta(0), first_receipt=first_receipt)

    def _sending(self, now: datetime) -> list[Claim]:
        """The claims of all that is being sent, without their texts."""
        query = (
            "select d.id, d.job, a.id as attempt, a.number, a.token, a.begun_at from deliveries d "
            "join attempts a on a.delivery_id = d.id and a.number = d.attempts where d.state = 'sending'"
        )
        return [
            Claim(
                row["id"],
                row["attempt"],
                row["number"],
                row["token"],
                row["job"],
                "",
                "",
                "",
                now,
                bool(row["begun_at"]),
            )
            for row in self._db.rows(query)
        ]

    def owed_before(self, moment: datetime) -> list[Owed]:
        """What is pending and was due before that moment, the most urgent first; at most a thousand."""
        query = (
            "select id, phone, sender, due_at from deliveries indexed by deliveries_pending "
            "where state = 'pending' and withdrawn is null and due_at < :moment order by valid_until, id limit 1000"
        )
        rows = self._db.rows(query, {"moment": to_text(moment)})
        return [Owed(row["id"], row["phone"], row["sender"], from_text(row["due_at"])) for row in rows]

    def claimable(self, now: datetime) -> bool:
        """Whether anything could be claimed now."""
        values = {"now": to_text(now), "soon": to_text(now + LEAST_VALIDITY), "most": 1}
        return bool(self._db.rows(_CLAIMABLE, values))

    def unsettled(self) -> bool:
        """Whether anything is on its way, or may still go out."""
        return self._db.value("select 1 from deliveries where state in ('pending', 'sending') limit 1") is not None

    def next_pending(self, now: datetime) -> datetime | None:
        """When the next pending delivery may be claimed, expires, or comes into quiet hours, or a pause ends by itself."""
        waiting = self._db.value(
            "select min(not_before) from deliveries indexed by deliveries_waiting "
            "where state = 'pending' and not_before > :now",
            {"now": to_text(now)},
        )
        valid_until = self._db.value(
            "select min(valid_until) from deliveries indexed by deliveries_pending where state = 'pending'"
        )
        quiet = self._db.value(
            "select min(quiet_from) from deliveries indexed by deliveries_quiet "
            "where state = 'pending' and quiet_from is not null"
        )
        resumed = self._db.value(
            "select min(until) from overrides where ended_at is null and until > :now", {"now": to_text(now)}
        )
        ends = [from_text(each) - LEAST_VALIDITY for each in (valid_until, quiet) if each]
        return earliest(*ends, *(from_text(each) for each in (waiting, resumed) if each))


def _is_current(claim: Claim, row: Row) -> bool:
    """Whether the claim is the one that its delivery is being sent by."""
    return bool(row["state"] == State.SENDING and row["attempts"] == claim.number)


def _claimed(row: Row, attempt: Row) -> Claim:
    return Claim(
        row["id"],
        attempt["id"],
        attempt["number"],
        attempt["token"],
        row["job"],
        row["phone"],
        row["sender"],
        row["text"],
        from_text(row["valid_until"]),
        attempt["begun_at"] is not None,
        from_text(row["not_before"]),
    )
