"""The callbacks of one message, or of one writer: one after another, but for those that are held back."""

from collections import deque

from reminderd.gateway.sandbox.callbacks.callback import Callback


class Chain:
    """At most one of a chain is being tried for the first time."""

    def __init__(self) -> None:
        self._waiting: deque[Callback] = deque()
        self._held: list[Callback] = []
        self._current: Callback | None = None

    @property
    def empty(self) -> bool:
        return self._current is None and not self._waiting and not self._held

    def add(self, callback: Callback) -> None:
        """Behind those that wait."""
        self._waiting.append(callback)

    def hold(self, callback: Callback) -> None:
        """Until one that came later was tried."""
        self._held.append(callback)

    def take(self) -> Callback | None:
        """The next to be tried, None while it is not its turn."""
        if self._current is not None or not self._waiting:
            return None
        self._current = self._waiting.popleft()
        return self._current

    def over(self, callback: Callback) -> bool:
        """Whether `callback` was the one that was tried; then of those that were held before it came the last is next."""
        if callback is not self._current:
            return False
        self._current = None
        before = [each for each in self._held if each.number < callback.number]
        if before:
            self._held.remove(before[-1])
            self._waiting.appendleft(before[-1])
        return True
