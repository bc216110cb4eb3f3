"""A stretch of time lived through in a moment: the real planner, state, pacing, claims, retries and reconciliation, against the
sandbox's behaviour, on a clock that jumps from one thing to do to the next.

Nothing is sent and no state of anybody is touched. The same files, faults and seed give the same timetable.
"""

import heapq
import random
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from reminderd.clock import Clock, earliest
from reminderd.dispatcher import Dispatcher, Limits, Senders, Task, hush
from reminderd.gateway.config import PlivoConfig
from reminderd.gateway.port import Probe
from reminderd.gateway.sandbox import AUTH_ID, AUTH_TOKEN
from reminderd.gateway.sandbox.faults import Fault
from reminderd.gateway.sandbox.inprocess import SandboxGateway
from reminderd.jobs import Scan
from reminderd.planner import Planner, Terms
from reminderd.reconciler import ReceiptCollector, Reconciler
from reminderd.settings import Settings
from reminderd.store import Finished, Row, Store
from reminderd.sync import Syncer

TICK = timedelta(milliseconds=1)  # the state keeps no finer time
_CHUNK = 200


Answer = TypeVar("Answer")


class VirtualClock:
    """Both clocks of a machine, that only go on when they are set."""

    def __init__(self, now: datetime) -> None:
        self._start = self._now = now

    def now(self) -> datetime:
        return self._now

    def boottime(self) -> float:
        return (self._now - self._start).total_seconds()

    def boot(self) -> str:
        return "simulated"

    def synchronised(self) -> bool:
        return True

    def go_to(self, moment: datetime) -> None:
        self._now = max(self._now, moment)


class _InlineSenders(Senders):
    """Sends at once, in the loop's own thread; an answer that takes a while is heard when the clock has got there."""

    def __init__(
        self,
        gateway: SandboxGateway,
        clock: Clock,
        on_finished: Callable[[Finished], None],
        size: int,
    ) -> None:
        super().__init__(size, clock, lambda _: None, on_finished)
        self._gateway = gateway
        self._answers: list[tuple[datetime, int, Finished]] = []

    def submit(self, task: Task, busy: int) -> None:  # noqa: ARG002 - there are no threads to count
        finished = Finished(task.claim, self._send(task))
        if self._gateway.took > 0:
            at = self._clock.now() + timedelta(seconds=self._gateway.took)
            heapq.heappush(self._answers, (at, task.claim.attempt_id, finished))
        else:
            self._on_finished(finished)

    def hear(self, now: datetime) -> None:
        """Hand on the answers that have come by now."""
        while self._answers and self._answers[0][0] <= now:
            self._on_finished(heapq.heappop(self._answers)[2])

    def next_answer(self) -> datetime | None:
        return self._answers[0][0] if self._answers else None


class Simulation:
    """One machine with reminderd on it that has run for ever, seen from `start` on."""

    def __init__(
        self, settings: Settings, scan: Scan, start: datetime, faults: Sequence[Fault] = (), seed: int = 0
    ) -> None:
        """start: aware; what is due then is in it, what was due before is not. Close it after use.

        catalog: the jobs that it runs, and what is wrong in the files.
        """
        self._stack = ExitStack()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="reminderd-simulation-")))
        self._clock = VirtualClock(start - TICK)
        self._store = Store.throwaway(folder)
        self._stack.callback(self._store.close)
        plivo = settings.plivo
        waits = PlivoConfig(AUTH_ID, AUTH_TOKEN, read_timeout=plivo.read_timeout, deadline=plivo.deadline)
        self._gateway = SandboxGateway(self._clock, faults, waits)
        self._stack.callback(self._gateway.close)
        self._planner = Planner(Terms(settings.limits.limits, settings.plivo.price))
        self._awake_since = self._clock.now()
        # Whether Plivo is asked for receipts: without faults every message reaches its phone, and asking only takes time.
        self._asks = bool(faults)
        self._dispatcher = self._build_dispatcher(settings, random.Random(seed))
        self._reconciler = Reconciler(
            self._store,
            self._gateway,
            self._clock.now,
            settings.plivo.reconcile,
            settings.plivo.shared_sender,
            self._ask,
        )
        self._stirred = False  # whether an answer has come that the dispatcher has not seen yet
        self._look_at: datetime | None = None
        self._ask_at: datetime | None = None
        self._load(settings, scan)

    def _build_dispatcher(self, settings: Settings, chance: random.Random) -> Dispatcher:
        plivo = settings.plivo
        first_look = plivo.reconcile[0] if plivo.reconcile else timedelta(0)
        first_receipt = min(plivo.receipts, default=None) if self._asks else None
        limits = Limits(plivo.rate, plivo.threads, plivo.deadline, first_look, first_receipt)

        def build(size: int, clock: Clock, _beginning: object, on_finished: Callable[[Finished], None]) -> Senders:
            self._senders = _InlineSenders(self._gateway, clock, on_finished, size)
            return self._senders

        return Dispatcher(
            self._store,
            self._gateway,
            self._clock,
            limits,
            lambda call: call(),
            self._probe,
            build_senders=build,
            chance=chance,
        )

    def _probe(self) -> None:
        answer: Probe = self._gateway.probe()
        self._stirred = True
        self._dispatcher.probed(answer, self._clock.now())

    def _ask(
        self,
        work: Callable[[], Answer],
        done: Callable[[Answer], None],
        failed: Callable[[], None],  # noqa: ARG002 - the daemon's worker calls it; here a defect rises
    ) -> None:
        done(work())

    def _load(self, settings: Settings, scan: Scan) -> None:
        now = self._clock.now()
        self._store.health.started(now)
        syncer = Syncer(self._store, self._planner, settings.defaults)
        self.catalog = syncer.sync(scan, now, now).catalog
        self._receipts = ReceiptCollector(
            self._store,
            self._gateway,
            self._clock.now,
            settings.plivo.receipts,
            lambda: self._dispatcher.suspended,
            syncer.belongs,
            self._ask,
        )
        # Whoever has run for ever has seen to what was due before; also to single times, which are else looked at anew.
        self._planner.replace([replace(entry, planned_until=now) for entry in self._planner.entries()])

    def close(self) -> None:
        self._stack.close()

    def run(self, end: datetime) -> list[Row]:
        """Live until `end` (aware, not included), and on until what was due by then is settled as far as it ever will be.

        Returns the rows of `Reports.timetable`.
        """
        last = end - TICK
        with self._store.together():  # one transaction for all: nobody else reads this state, and nobody will
            while (moment := self._next(last)) is not None:
                self._clock.go_to(moment)
                self._pass(last)
        return self._store.reports.timetable()

    def _next(self, last: datetime) -> datetime | None:
        """The next moment at which there is something to do; None when nothing is left."""
        self._look_at, self._ask_at = self._reconciler.next_wake(), self._receipts.next_wake()
        due = self._planner.next_due()
        if due is not None and due > last:
            due = None
        if due is None and not (self._look_at or self._ask_at or self._store.deliveries.unsettled()):
            return None
        wake = self._dispatcher.next_wake(self._clock.now())
        return earliest(due, wake, self._look_at, self._ask_at, self._senders.next_answer())

    def _pass(self, last: datetime) -> None:
        """As the daemon makes one; nobody looks for what is not due."""
        now = self._clock.now()
        self._plan(min(now, last))
        hush(self._store, now)
        self._store.deliveries.expire(now)
        self._senders.hear(now)
        self._stirred = True
        while self._stirred:
            self._stirred = False
            while self._dispatcher.advance(now):
                pass
            self._dispatcher.probe_if_due(now)
        if self._look_at is not None and self._look_at <= now:
            self._reconciler.advance(now)
        if self._ask_at is not None and self._ask_at <= now:
            self._receipts.advance(now)

    def _plan(self, now: datetime) -> None:
        while (due := self._planner.next_due()) is not None and due <= now:
            plan = self._planner.plan(now, self._awake_since, _CHUNK)
            self._store.deliveries.add(plan, now)
            self._planner.committed(plan)
