"""What Plivo says by itself, on its way from the listener's thread into the state: many at once, in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from datetime import datetime
from queue import Empty, Full, Queue
from typing import Any, NamedTuple

from reminderd.gateway.callbacks import Arrival
from reminderd.reconciler import Heard, Result
from reminderd.store import StateFailure, may_pass
from reminderd.telemetry import in_one_write

# Plivo tries again what is not taken; what waits longer than a few seconds, nobody waits for any more.
MOST_WAITING = 1000
_AT_ONCE = 50

Hear = Callable[[Any, datetime], Heard]


class _Waiting(NamedTuple):
    arrival: Arrival
    future: Future[Result]


class Arrivals:
    """together: one transaction of the state. wake(): have the loop make a pass soon. hear: who takes each kind of arrival, in the
    loop's thread and inside that transaction.
    """

    def __init__(
        self, together: Callable[[], AbstractContextManager[None]], wake: Callable[[], None], hear: Mapping[type, Hear]
    ) -> None:
        self._together = together
        self._wake = wake
        self._hear = dict(hear)
        self._queue: Queue[_Waiting] = Queue(MOST_WAITING)
        self._closed = False

    def take(self, arrival: Arrival) -> Future[Result]:
        """From any thread: what comes of it, known when that is committed. Raises queue.Full where too many wait."""
        if self._closed:
            raise Full
        one = _Waiting(arrival, Future())
        self._queue.put_nowait(one)
        self._wake()
        return one.future

    @property
    def waiting(self) -> bool:
        return not self._queue.empty()

    def advance(self, now: datetime) -> int:
        """Take what waits, so many at the most; returns how many. In the loop's thread.

        One that cannot be taken, for whatever reason, raises where it came from, and harms none of the others. What the state
        raises because of its disk comes out here too.
        """
        batch = self._next()
        if not batch:
            return 0
        try:
            self._apply(batch, now)
        except Exception:  # noqa: BLE001 - whose it is shows one by one; it rises in the thread that asked
            for position, one in enumerate(batch):
                self._alone(one, batch[position + 1 :], now)
        return len(batch)

    def _next(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        try:
            while len(batch) < _AT_ONCE:
                one = self._queue.get_nowait()
                if one.future.set_running_or_notify_cancel():  # else whoever asked has gone
                    batch.append(one)
        except Empty:
            pass
        return batch

    def _alone(self, one: _Waiting, others: Sequence[_Waiting], now: datetime) -> None:
        try:
            self._apply([one], now)
        except Exception as error:
            one.future.set_exception(error)
            if isinstance(error, StateFailure) and may_pass(error):
                for each in others:
                    each.future.set_exception(error)
                raise

    def _apply(self, batch: Sequence[_Waiting], now: datetime) -> None:
        with self._together():
            heard = [self._hear[type(one.arrival)](one.arrival, now) for one in batch]
        with in_one_write():
            for each in heard:
                for tell in each.told:
                    tell()
        for one, each in zip(batch, heard, strict=True):
            one.future.set_result(each.result)

    def close(self) -> None:
        """Nothing is taken any more; who waits is told so."""
        self._closed = True
        while batch := self._next():
            for one in batch:
                one.future.set_exception(Full())
