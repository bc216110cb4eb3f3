"""How other threads and signals reach the loop: calls that its thread makes for them, in order."""

from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class Inbox:
    """A queue of calls with one reader. Posting is safe from any thread and from a signal handler."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def post(self, call: Callable[[], None]) -> None:
        """Have the loop make this call soon."""
        self._calls.put(call)

    def ask(self, call: Callable[[], T], timeout: float) -> T:
        """Have the loop make this call, and wait for what it returns or raises. Not for the loop's own thread."""
        future: Future[T] = Future()

        def answer() -> None:
            try:
                future.set_result(call())
            except Exception as error:  # noqa: BLE001 - it rises in the thread that asked
                future.set_exception(error)

        self.post(answer)
        return future.result(timeout)

    def wait(self, seconds: float) -> None:
        """Wait for a call for at most so long, then make all that are there.

        What a call raises comes out here; the calls behind it stay.
        """
        try:
            call = self._calls.get(timeout=seconds) if seconds > 0 else self._calls.get_nowait()
        except Empty:
            return
        call()
        # What is posted by these calls, or while they run, is for the next pass.
        for _ in range(self._calls.qsize()):
            self._calls.get_nowait()()
