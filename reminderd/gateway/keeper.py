"""The hard limit on how long a connection may be busy.

A time-out of a socket bounds one wait, not the whole: a peer that sends a byte now and then holds a reader for ever.
So one thread watches all busy connections and shuts down those that are over their time; the blocked reader then
wakes with an end of file.
"""

import math
import socket
import threading
import time
from contextlib import suppress


class Watch:
    """One connection that must be done by `until` (monotonic seconds)."""

    __slots__ = ("tap", "until")

    def __init__(self, tap: socket.socket, until: float) -> None:
        self.tap = tap
        self.until = until


class Keeper:
    """Shuts down connections at their deadline.

    The thread starts with the first watch. It is woken only for a deadline earlier than the one it sleeps for, so a
    stream of requests with one length of deadline costs it one wake-up per deadline, and an idle process none.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watches: set[Watch] = set()
        self._wake_at = math.inf
        self._thread: threading.Thread | None = None
        self._closing = False

    def watch(self, tap: socket.socket, seconds: float) -> Watch:
        """Shut `tap` down in `seconds` from now unless `release` comes first."""
        watch = Watch(tap, time.monotonic() + seconds)
        with self._changed:
            self._watches.add(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep, name="gateway-keeper", daemon=True)
                self._thread.start()
            if watch.until < self._wake_at:
                self._wake_at = watch.until
                self._changed.notify()
        return watch

    def release(self, watch: Watch) -> bool:
        """End the watch. False if it had come to its end before: the connection was shut down."""
        with self._changed:
            in_time = watch in self._watches
            self._watches.discard(watch)
            if self._closing:
                self._changed.notify()
        return in_time

    def close(self) -> None:
        """Let the thread end once nothing is watched any more; does not wait for it."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    def _keep(self) -> None:
        with self._changed:
            while self._watches or not self._closing:
                self._changed.wait(None if self._wake_at == math.inf else max(0.0, self._wake_at - time.monotonic()))
                self._expire(time.monotonic())
            self._thread = None

    def _expire(self, now: float) -> None:
        for watch in [watch for watch in self._watches if watch.until <= now]:
            self._watches.remove(watch)
            with suppress(OSError):  # the peer may have gone already
                watch.tap.shutdown(socket.SHUT_RDWR)
        if self._wake_at <= now:
            self._wake_at = min((watch.until for watch in self._watches), default=math.inf)
