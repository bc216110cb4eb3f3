"""One thread for slow questions to the gateway, so that the loop never waits for them."""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

from reminderd.telemetry import Event, traceback

T = TypeVar("T")


class Worker:
    """Runs work in order, one at a time; started with the first. `run` raises RuntimeError when it cannot be started."""

    def __init__(self, post: Callable[[Callable[[], None]], None]) -> None:
        self._post = post
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._started = False

    def run(self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[], None]) -> None:
        """Call `work()` in the worker's thread, then have the loop call `done(result)`; `failed()` if work() raised."""

        def both() -> None:
            try:
                result = work()
            except Exception:  # noqa: BLE001 - the thread's boundary: a defect of ours must not end the thread
                traceback(Event.DAEMON_FAILED, where="worker")
                self._post(failed)
            else:
                self._post(lambda: done(result))

        if not self._started:
            threading.Thread(target=self._run, name="worker", daemon=True).start()
            self._started = True
        self._work.put(both)

    def _run(self) -> None:
        while True:
            self._work.get()()
