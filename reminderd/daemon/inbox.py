"""How other threads and signals reach the loop: calls that its thread makes for them, in order."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_ENDED = "the daemon ends"


class Inbox:
    """A queue of calls with one reader. Posting is safe from any thread and from a signal handler."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._next: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._asked: set[Future[Any]] = set()
        self._closed = False

    def post(self, call: Callable[[], None]) -> None:
        """Have the loop make this call soon."""
        self._calls.put(call)

    def ask(self, call: Callable[[], T], timeout: float) -> T:
        """Have the loop make this call, and wait for what it returns or raises. Not for the loop's own thread.

        Raises TimeoutError, after so long or where no calls are made any more.
        """
        future: Future[T] = Future()

        def answer() -> None:
            try:
                future.set_result(call())
            except Exception as error:  # noqa: BLE001 - it rises in the thread that asked
                future.set_exception(error)

        with self._lock:
            if self._closed:
                raise TimeoutError(_ENDED)
            self._asked.add(future)
        try:
            self.post(answer)
            return future.result(timeout)
        finally:
            with self._lock:
                self._asked.discard(future)

    def close(self) -> None:
        """No calls are made any more: whoever waits for one need not. For the loop's thread, after its last pass."""
        with self._lock:
            self._closed = True
            for future in self._asked:
                if not future.done():
                    future.set_exception(TimeoutError(_ENDED))

    def wait(self, seconds: float) -> None:
        """Wait until a call is there, for at most so long. Makes none."""
        if self._next is None and seconds > 0:
            with suppress(Empty):
                self._next = self._calls.get(timeout=seconds)

    @property
    def waiting(self) -> bool:
        """Whether a call is there."""
        return self._next is not None or not self._calls.empty()

    def make_calls(self) -> int:
        """Make all the calls that are there; returns how many. What one raises comes out here; those behind it stay.

        What is posted by these calls, or while they run, is for the next time.
        """
        number = self._calls.qsize() + (self._next is not None)
        for _ in range(number):
            call, self._next = self._next or self._calls.get_nowait(), None
            call()
        return number
