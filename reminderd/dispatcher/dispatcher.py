"""Claim, send, record: from rows that are pending to rows that are settled or in doubt.

Works from rows, never from files. All methods belong to the loop's thread; senders reach it through `post`.
"""

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminderd.clock import Clock, earliest
from reminderd.dispatcher.measures import Measures
from reminderd.dispatcher.pace import Pace
from reminderd.dispatcher.senders import Beginning, BuildSenders, Senders, Task, last_start, lease
from reminderd.dispatcher.suspension import after_outcome, after_probe, careful
from reminderd.gateway.port import Gateway, Probe
from reminderd.model import NotBegun, State, mask
from reminderd.store import ACCEPTED, Claim, Finished, Settled, Store, Suspension
from reminderd.telemetry import Event, Figures, emit, in_one_write

_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """rate: messages a second, 0 for no pacing. deadline: of one request. first_look, first_receipt: see the reconciler."""

    rate: float
    threads: int
    deadline: timedelta
    first_look: timedelta
    first_receipt: timedelta | None = None


class Dispatcher:
    """post(call): have the loop's thread make the call soon. probe(): ask the gateway whether it is usable again.

    began(id, token): called between the commit of an attempt's beginning and its request, once for those of one commit.
    build_senders: makes the pool that sends; chance: draws the jitter of retries. Only a simulation gives its own.
    """

    def __init__(
        self,
        store: Store,
        gateway: Gateway,
        clock: Clock,
        limits: Limits,
        post: Callable[[Callable[[], None]], None],
        probe: Callable[[], None],
        began: Callable[[int, str], None] = lambda _id, _token: None,
        build_senders: BuildSenders = Senders,
        chance: random.Random | None = None,
        figures: Figures | None = None,
    ) -> None:
        self._store = store
        self._chance = chance or random.Random()
        self._began = began
        self._clock = clock
        self._measures = Measures(clock, figures)
        self._post = post
        self._probe = probe
        self._claiming = True
        self._in_flight: dict[int, Claim] = {}
        self._beginnings: list[Beginning] = []
        self._finished: list[Finished] = []
        self._unsure = False  # whether a commit seemed to fail; a disk can do it all the same
        self._suspension = store.health.suspension()
        self._probing = False
        self._senders = build_senders(limits.threads, clock, self._on_beginning, self._on_finished)
        self.configure(gateway, limits)

    def configure(self, gateway: Gateway, limits: Limits) -> None:
        """Use these from the next claim on."""
        self._gateway = gateway
        self._limits = limits
        self._pace = Pace(limits.rate, self._clock.boottime())
        self._senders.resize(limits.threads)

    # -- from the senders' threads ----------------------------------------------------------------------

    def _on_beginning(self, beginning: Beginning) -> None:
        self._post(lambda: self._beginnings.append(beginning))

    def _on_finished(self, finished: Finished) -> None:
        self._measures.ended(finished)
        self._post(lambda: self._finished.append(finished))

    # -- one pass ---------------------------------------------------------------------------------------

    def advance(self, now: datetime) -> int:
        """Record what ended, commit what begins, claim what may go out; returns how many were claimed.

        One transaction. When it fails, outcomes are kept for the next pass and nobody begins.
        """
        beginnings, self._beginnings = self._beginnings, []
        granted: set[int] = set()
        suspension = self._suspension
        # Before the claims' commit: what it and the hand-over take is off the lease.
        claimed_at = self._clock.boottime()
        try:
            with self._store.together():
                if self._unsure:
                    self._store.deliveries.let_go(self._in_flight, now, self._limits.first_receipt)
                settled = self._record(now)
                if beginnings and self._open:
                    granted = self._store.deliveries.begin([b.claim for b in beginnings], now)
                claims = self._claim(now)
            self._note_begun(granted, beginnings, claims, now)
        except BaseException:
            granted, self._suspension, self._unsure = set(), suspension, True
            raise
        finally:
            for beginning in beginnings:
                beginning.answer(beginning.claim.attempt_id in granted)
        self._unsure = False
        self._measures.recorded(self._finished)
        for finished in self._finished:
            del self._in_flight[finished.claim.attempt_id]
        self._finished.clear()
        with in_one_write():
            for one in settled:
                _tell(one)
            self._tell_change(suspension)
        self._hand_out(claims, claimed_at, now)
        return len(claims)

    def _note_begun(self, granted: set[int], beginnings: list[Beginning], claims: list[Claim], now: datetime) -> None:
        asked = [one.claim for one in beginnings if one.claim.attempt_id in granted]
        begun = asked + [claim for claim in claims if claim.begun]
        if begun:
            last = max(begun, key=lambda claim: claim.attempt_id)
            self._began(last.attempt_id, last.token)
        self._measures.begun(begun, now)

    def _record(self, now: datetime) -> list[Settled]:
        if not self._finished:
            return []
        jitter = self._chance.uniform(0, _JITTER)
        limits = self._limits
        settled = self._store.deliveries.finish(
            self._finished, now, jitter=jitter, first_look=limits.first_look, first_receipt=limits.first_receipt
        )
        known = self._suspension
        for claim, outcome in self._finished:
            known = after_outcome(known, outcome, claim.phone, now)
        self._note(known)
        return settled

    def _claim(self, now: datetime) -> list[Claim]:
        free = self._free()
        if free <= 0:
            return []
        tokens = [secrets.token_hex(16) for _ in range(free)]
        # Where a connection stands, the request starts as soon as its claim is committed, and so it begins with it.
        # Who still has to connect asks when the connection stands: what dies before that was never begun.
        return self._store.deliveries.claim(free, now, lease(self._limits.deadline), tokens, self._gateway.ready())

    def _free(self) -> int:
        """How many may be claimed now: senders that are free, within the pace, and only while the gateway is usable."""
        if not self._open:
            return 0
        busy = len(self._in_flight) - len(self._finished)
        free = (1 if careful(self._suspension) else self._senders.size) - busy
        return self._pace.available(self._clock.boottime(), free) if free > 0 else 0

    @property
    def _open(self) -> bool:
        return self._claiming and self._suspension.reason is None

    def _hand_out(self, claims: list[Claim], claimed_at: float, now: datetime) -> None:
        self._pace.spend(len(claims))
        failure: RuntimeError | None = None
        for claim in claims:
            emit(Event.DELIVERY_CLAIMED, job=claim.job, delivery=claim.delivery_id, attempt=claim.number)
            busy = len(self._in_flight)
            self._in_flight[claim.attempt_id] = claim
            try:
                start_by = last_start(claimed_at, self._limits.deadline, claim.valid_until - now)
                self._senders.submit(Task(claim, self._gateway, start_by), busy)
            except RuntimeError as error:
                self._finished.append(Finished(claim, NotBegun(f"no thread to send it: {error}")))
                failure = error
        if failure is not None:
            raise failure  # the loop says so, and lets time pass before the next try

    # -- the gateway as a whole -------------------------------------------------------------------------

    def _note(self, known: Suspension) -> None:
        if known != self._suspension:
            self._store.health.suspend(known)
            self._suspension = known

    def _tell_change(self, before: Suspension) -> None:
        """What is committed differs from that."""
        known = self._suspension
        if known.reason and not before.reason:
            emit(Event.GATEWAY_SUSPENDED, reason=known.reason, until=known.until)
        elif before.reason and not known.reason:
            emit(Event.GATEWAY_RESUMED)

    def reread(self) -> None:
        """Take what the state says of the gateway."""
        self._suspension = self._store.health.suspension()

    def probe_if_due(self, now: datetime) -> None:
        """Ask a suspended gateway for its account when its time has come."""
        until = self._suspension.until
        if self._suspension.reason and until and until <= now and not self._probing:
            self._probing = True
            try:
                self._probe()
            except BaseException:
                self._probing = False
                raise

    def probed(self, answer: Probe, now: datetime) -> None:
        self._probing = False
        before = self._suspension
        self._note(after_probe(self._suspension, answer.ok, answer.evidence, now, answer.retry_after))
        self._tell_change(before)

    # -- what the loop asks -----------------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        return len(self._in_flight)

    @property
    def suspended(self) -> bool:
        return self._suspension.reason is not None

    @property
    def why_suspended(self) -> str | None:
        """Why the gateway is not used; None while it is."""
        return self._suspension.reason

    def pause(self, paused: bool) -> None:
        """While paused nothing is claimed and nothing begins; what has begun goes on."""
        self._claiming = not paused

    def next_wake(self, now: datetime) -> datetime | None:
        """When there is something to do that no event announces; None while only an event can change anything."""
        if self._suspension.reason is not None:
            return None if self._probing else self._suspension.until
        if not self._claiming:
            return None
        return earliest(self._next_pending(now), self._next_token(now))

    def _next_pending(self, now: datetime) -> datetime | None:
        return self._store.deliveries.next_pending(now)

    def _next_token(self, now: datetime) -> datetime | None:
        """A token is worth waking up for only when the last pass ran out of them."""
        wait = self._pace.wait()
        return now + timedelta(seconds=wait) if wait > 0 else None

    def stop(self) -> None:
        self._senders.stop()


_EVENTS = {
    State.ACCEPTED: Event.DELIVERY_ACCEPTED,
    State.PENDING: Event.DELIVERY_RETRYING,
    State.FAILED: Event.DELIVERY_FAILED,
    State.MISSED: Event.DELIVERY_MISSED,
    State.CANCELLED: Event.DELIVERY_CANCELLED,
    State.IN_DOUBT: Event.DELIVERY_IN_DOUBT,
}


def _tell(settled: Settled) -> None:
    claim = settled.claim
    reason = None if settled.reason == ACCEPTED else settled.reason
    emit(
        _EVENTS.get(settled.state, Event.DELIVERY_CLAIMED),
        job=claim.job,
        delivery=claim.delivery_id,
        attempt=claim.number,
        to=mask(claim.phone),
        reason=reason,
    )
