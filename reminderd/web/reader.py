"""Questions to the state, asked one after the other in a thread with a connection of its own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from reminderd.store import StateError, StateFailure, advice
from reminderd.store.view import View, open_view_beside

T = TypeVar("T")


class Reader:
    """A connection is made when it is needed, and anew after a failure. To be used in the listener's event loop."""

    def __init__(self, state: Path, name: str) -> None:
        self._state = state
        self._view: View | None = None
        self._thread = ThreadPoolExecutor(1, name)

    async def ask(self, question: Callable[[View], T]) -> T:
        """What the question returns; what it raises. Raises StateError where the state cannot be read."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, question)

    def _ask(self, question: Callable[[View], T]) -> T:
        try:
            if self._view is None:
                self._view = open_view_beside(self._state)
            return question(self._view)
        except StateFailure as error:
            self._close()
            raise StateError(f"the state cannot be read: {error}; {advice(error)}") from error

    def _close(self) -> None:
        if self._view is not None:
            self._view.close()
            self._view = None

    def close(self) -> None:
        """Does not wait for what is being asked."""
        self._thread.submit(self._close)
        self._thread.shutdown(wait=False, cancel_futures=False)
