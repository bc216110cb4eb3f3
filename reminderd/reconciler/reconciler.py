"""Settle what is in doubt: look the attempt up in Plivo's own log, at about 0, 1, 5 and 15 minutes.

A row of the log settles a delivery only when nobody else can own it. Nothing found proves nothing: the delivery stays in
doubt and is reported, unless its job says `on_doubt: resend`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from reminderd.gateway.port import Gateway, LogUnavailable
from reminderd.model import LogRow, OnDoubt, State
from reminderd.reconciler.judgement import Judgement, candidates, in_words, judge
from reminderd.reconciler.lookup import Findings, look_up
from reminderd.store import Doubt, Store, Task, Why
from reminderd.telemetry import Event, emit

_BUSY_PHONE = timedelta(seconds=5)
# Between two looks, so that what comes into doubt together is one question.
_PAUSE = timedelta(seconds=1)
_TRY_AGAIN = timedelta(seconds=30)
# What was asked in a burst may be asked again in one: a look that goes on as soon as one question is free gets nowhere.
_SHORTEST_WAIT = timedelta(seconds=5)


class Reconciler:
    """now(): the time as it is to be written down.

    run(work, done, failed): call `work()` in another thread, then `done(result)` or `failed()` in the loop's.
    """

    def __init__(
        self,
        store: Store,
        gateway: Gateway,
        now: Callable[[], datetime],
        delays: Sequence[timedelta],
        shared_sender: bool,
        run: Callable[[Callable[[], Findings], Callable[[Findings], None], Callable[[], None]], None],
    ) -> None:
        self._store = store
        self._now = now
        self._run = run
        self._busy = False
        self._look = 0  # the heartbeat of the look that is under way
        self._rests_until: datetime | None = None
        self.configure(gateway, delays, shared_sender)

    def configure(self, gateway: Gateway, delays: Sequence[timedelta], shared_sender: bool) -> None:
        self._gateway = gateway
        self._delays = tuple(delays)
        self._shared_sender = shared_sender

    def advance(self, now: datetime) -> None:
        """Start looking up what is due, unless a look-up is under way, has just been, or cannot be had now."""
        if self._busy or (self._rests_until and now < self._rests_until):
            return
        due = self._store.doubts.due(now)
        ready = [doubt for doubt in due if not self._store.doubts.sending_to(doubt.phone)]
        waiting = [doubt for doubt in due if doubt not in ready]
        if waiting:
            self._store.doubts.postpone(waiting, now + _BUSY_PHONE)
        if not ready:
            return
        gateway = self._gateway
        self._look = self._store.heartbeats.begin(Task.RECONCILE, now, joins=True)
        self._busy = True
        unread = Findings((), (), tuple(ready), LogUnavailable("a defect in the look-up; the log has its traceback"))
        try:
            self._run(lambda: look_up(gateway, ready), self._settle, lambda: self._settle(unread))
        except BaseException:
            self._busy = False
            raise

    def next_wake(self) -> datetime | None:
        due = None if self._busy else self._store.doubts.next_due()
        return max(due, self._rests_until) if due and self._rests_until else due

    def _settle(self, findings: Findings) -> None:
        self._busy = False
        now = self._now()
        self._rests_until = now + _PAUSE
        settled: set[int] = set()
        if findings.unavailable is not None:
            self._leave(findings, findings.unavailable, now)
        with self._store.together():
            judgement = judge(self._store, findings)
            if not self._shared_sender:
                settled = self._accept(judgement, now)
            for doubt in findings.looked_up:
                if doubt.delivery_id not in settled and self._is_open(doubt):
                    self._nothing_found(doubt, findings, judgement.strangers, now)
            self._note(findings, len(settled), now)

    def _note(self, findings: Findings, settled: int, now: datetime) -> None:
        detail = f"{len(findings.looked_up)} looked up, {settled} settled"
        if findings.unavailable is not None:
            detail += f"; {len(findings.left)} left, {findings.unavailable.evidence}"
        self._store.heartbeats.end(self._look, findings.unavailable is None, detail, now)

    def _is_open(self, doubt: Doubt) -> bool:
        """Whether nobody has settled it since it was looked up, and it was not tried again."""
        known = self._store.doubts.get(doubt.delivery_id)
        return known is not None and known.attempt_id == doubt.attempt_id

    def _leave(self, findings: Findings, unavailable: LogUnavailable, now: datetime) -> None:
        """What comes into doubt meanwhile waits too, so that the next look is one for all of them."""
        wait = max(unavailable.retry_after or _TRY_AGAIN, _SHORTEST_WAIT)
        self._rests_until = now + wait
        finding = f"Plivo's log could not be read: {unavailable.evidence}"
        self._store.doubts.postpone(findings.left, self._rests_until, finding, now)
        emit(Event.LOG_UNAVAILABLE, reason=unavailable.evidence, doubts=len(findings.left), retry_in=wait)

    def _accept(self, judgement: Judgement, now: datetime) -> set[int]:
        """Accept what the log proves; returns the ids of the deliveries that it settled."""
        settled = set()
        for doubt, row in judgement.proven:
            evidence = f"log: {row.message_uuid} {row.state}"
            why = Why("found in Plivo's log", evidence=evidence, attempt_id=doubt.attempt_id)
            if self._store.doubts.accept(doubt, row.message_uuid, "log", why, now):
                settled.add(doubt.delivery_id)
                emit(Event.DOUBT_SETTLED, job=doubt.job, delivery=doubt.delivery_id, state=State.ACCEPTED, by="log")
        return settled

    def _nothing_found(self, doubt: Doubt, findings: Findings, strangers: Sequence[LogRow], now: datetime) -> None:
        found = candidates(self._store, doubt, findings.rows)
        finding = in_words(doubt, findings, found, strangers, shared_sender=self._shared_sender)
        again_at = self._next_look(doubt.step, now)
        self._store.doubts.looked(doubt, again_at, finding, now)
        emit(Event.DOUBT_LOOKED_UP, job=doubt.job, delivery=doubt.delivery_id, finding=finding, again_at=again_at)
        if again_at is None:
            self._give_up(doubt, now, absent=not found and not findings.skipped and findings.whole)

    def _next_look(self, step: int, now: datetime) -> datetime | None:
        if step + 1 >= len(self._delays):
            return None
        return now + max(timedelta(seconds=1), self._delays[step + 1] - self._delays[step])

    def _give_up(self, doubt: Doubt, now: datetime, *, absent: bool) -> None:
        """After the last look. absent: the log was read as a whole and has nothing that could be this message."""
        if doubt.on_doubt is OnDoubt.RESEND and absent:
            state = self._store.doubts.resend(doubt, now)
            emit(Event.DOUBT_SETTLED, job=doubt.job, delivery=doubt.delivery_id, state=state, by="on_doubt: resend")
            if state is not State.IN_DOUBT:
                return
        command = f"reminderd resolve {doubt.delivery_id} --sent|--not-sent"
        emit(Event.DOUBT_UNRESOLVED, job=doubt.job, delivery=doubt.delivery_id, settle_with=command)
