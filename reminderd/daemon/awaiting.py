"""Who waits, in other threads, until what the job files say has been taken over."""

from collections.abc import Callable

from reminderd.daemon.inbox import Inbox


class Awaiting:
    """met(): whether what somebody waits for is so; asked in the loop's thread, when they begin and after each sync."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._waiting: list[tuple[Callable[[], bool], Callable[[], None]]] = []

    def when(self, met: Callable[[], bool], done: Callable[[], None]) -> None:
        """Call done() once, in the loop's thread, as soon as met(). From any thread; who waits no longer lets met() be true."""
        self._inbox.post(lambda: self._begin(met, done))

    def _begin(self, met: Callable[[], bool], done: Callable[[], None]) -> None:
        self._waiting.append((met, done))
        self.synced()

    def synced(self) -> None:
        """What the files say may be another thing now. Belongs to the loop's thread."""
        waiting, self._waiting = self._waiting, []
        for met, done in waiting:
            if met():
                done()
            else:
                self._waiting.append((met, done))
