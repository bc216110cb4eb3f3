"""The pool of threads that send: each takes a claim, has its beginning committed, sends, and posts the outcome.

Everything else happens in the loop's thread; `post` hands work to it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from queue import SimpleQueue

from reminderd.clock import Clock
from reminderd.gateway.port import Gateway, SendRequest
from reminderd.model import InDoubt, NotBegun, Outcome
from reminderd.plan import LEAST_VALIDITY
from reminderd.store import Claim, Finished
from reminderd.telemetry import Event, traceback

LONGEST_EXPIRY = 10_799  # seconds; Plivo's own limit


@dataclass(slots=True)
class Beginning:
    """A sender's question whether its request may start, answered by the loop after the commit."""

    claim: Claim
    granted: bool = False
    answered: threading.Event = field(default_factory=threading.Event)

    def answer(self, granted: bool) -> None:
        self.granted = granted
        self.answered.set()


@dataclass(frozen=True, slots=True)
class Task:
    """A claim on its way, with what must still be left on its lease when its request starts.

    last_start: the latest reading of the clock that counts suspend at which the request may start.
    """

    claim: Claim
    gateway: Gateway
    last_start: float


class Senders:
    """`size` threads. `on_beginning` and `on_finished` are called from them and must be quick and thread-safe."""

    def __init__(
        self,
        size: int,
        clock: Clock,
        on_beginning: Callable[[Beginning], None],
        on_finished: Callable[[Finished], None],
    ) -> None:
        self._clock = clock
        self._on_beginning = on_beginning
        self._on_finished = on_finished
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._threads = 0
        self._size = size

    @property
    def size(self) -> int:
        return self._size

    def resize(self, size: int) -> None:
        """More threads start when they are needed; those too many end when they are next idle."""
        for _ in range(self._threads - size):
            self._tasks.put(None)
        self._threads = min(self._threads, size)
        self._size = size

    def submit(self, task: Task, busy: int) -> None:
        """Hand a task over; `busy` is how many are under way already. Raises RuntimeError where no thread can be had."""
        if self._threads <= busy and self._threads < self._size:
            self._start()
        self._tasks.put(task)

    def _start(self) -> None:
        try:
            threading.Thread(target=self._run, name=f"sender-{self._threads + 1}", daemon=True).start()
        except RuntimeError:
            if not self._threads:
                raise
        else:
            self._threads += 1

    def stop(self) -> None:
        self.resize(0)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._on_finished(Finished(task.claim, self._send(task)))

    def _send(self, task: Task) -> Outcome:
        begun: list[bool] = []
        try:
            return task.gateway.send(self._request(task.claim), lambda: self._begin(task, begun))
        except Exception as error:  # noqa: BLE001 - the sender's boundary: a defect of ours must not lose the delivery
            traceback(Event.DAEMON_FAILED, where="sender", delivery=task.claim.delivery_id)
            evidence = f"a defect in the sender: {type(error).__name__}"
            return InDoubt(evidence) if begun else NotBegun(evidence)

    def _request(self, claim: Claim) -> SendRequest:
        left = int((claim.valid_until - self._clock.now()).total_seconds())
        return SendRequest(claim.token, claim.sender, claim.phone, claim.text, max(5, min(left, LONGEST_EXPIRY)))

    def _ask(self, claim: Claim) -> bool:
        """Have the loop commit that this claim's request begins now."""
        beginning = Beginning(claim)
        self._on_beginning(beginning)
        beginning.answered.wait()
        return beginning.granted

    def _begin(self, task: Task, begun: list[bool]) -> bool:
        """Called by the gateway when the connection stands and nothing is written yet."""
        if (task.claim.begun or self._ask(task.claim)) and self._clock.boottime() <= task.last_start:
            begun.append(True)
            return True
        return False


BuildSenders = Callable[[int, Clock, Callable[[Beginning], None], Callable[[Finished], None]], Senders]


def lease(deadline: timedelta) -> timedelta:
    """How long a claim is good for: a request's deadline and half a minute to connect."""
    return deadline + timedelta(seconds=30)


def last_start(claimed_at: float, deadline: timedelta, valid_for: timedelta) -> float:
    """The latest start, in seconds of the clock that counts suspend, of a claim made then.

    It leaves a full deadline on the lease, and what Plivo needs at least of the validity that was left at the claim.
    """
    return claimed_at + min(lease(deadline) - deadline, valid_for - LEAST_VALIDITY).total_seconds()
