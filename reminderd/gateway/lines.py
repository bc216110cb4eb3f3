"""Open connections to the gateway: how they come to be, how long they are trusted, when they are let go."""

import select
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import NamedTuple

from reminderd.gateway.keeper import Keeper
from reminderd.gateway.route import Route, dial

CONNECT_PHASE = 3  # connect time-outs for all addresses, the tunnel and TLS together


class Limits(NamedTuple):
    """In seconds; the first three as in PlivoConfig.

    idle: a connection silent for longer may be dead without a word, and a request on it would be in doubt. It is
    closed instead, so that a dead way shows while connecting, when nothing was sent yet.
    """

    connect: float
    read: float
    deadline: float
    idle: float = 10.0


class Line:
    """One open connection.

    sock: what requests are written to. tap: a second handle on the TCP connection underneath, by which the keeper
    shuts it down from its own thread without touching TLS state that another thread is using. heard_at: when the
    peer last proved to be there, in monotonic seconds.
    """

    __slots__ = ("_poll", "heard_at", "sock", "tap")

    def __init__(self, sock: socket.socket, tap: socket.socket) -> None:
        self.sock = sock
        self.tap = tap
        self.heard_at = time.monotonic()
        self._poll = select.poll()
        self._poll.register(tap, select.POLLIN)

    def is_quiet(self) -> bool:
        """Whether the peer has neither closed nor sent anything unasked, so that a request may go out."""
        return not self._poll.poll(0) or self._holds_no_data()

    def has_rest(self) -> bool:
        """Whether more came along with the last answer than the answer: such a peer is not asked again."""
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    def close(self) -> None:
        with suppress(OSError):  # the peer may have gone already
            self.tap.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.tap.close()

    def _holds_no_data(self) -> bool:
        """TLS sends session tickets of its own accord: reading takes them in, and then wants more."""
        timeout = self.sock.gettimeout()
        try:
            self.sock.settimeout(0)
            self.sock.recv(1)
        except ssl.SSLWantReadError:
            return True
        except OSError:
            return False
        finally:
            self.sock.settimeout(timeout)
        return False


class Pool:
    """The idle connections of one route, newest first; dials when there is none."""

    def __init__(self, route: Route, keeper: Keeper, limits: Limits, keep: int) -> None:
        self._route = route
        self._keeper = keeper
        self._limits = limits
        self._keep = keep
        self._lock = threading.Lock()
        self._idle: list[Line] = []

    def take(self) -> Line:
        """A connection fit for a request; raises what `dial` and `Route.open` raise, and TimeoutError."""
        while (line := self._pop()) is not None:
            if time.monotonic() - line.heard_at <= self._limits.idle and line.is_quiet():
                return line
            line.close()
        return self._connect()

    def give_back(self, line: Line, reusable: bool) -> None:
        """Keep the connection for the next request, or close it."""
        if reusable and not line.has_rest():
            with self._lock:
                if len(self._idle) < self._keep:
                    self._idle.append(line)
                    return
        line.close()

    def ready(self) -> int:
        """How many idle connections are fresh enough to be taken within the next second."""
        oldest = time.monotonic() - self._limits.idle + 1.0
        with self._lock:
            return sum(1 for line in self._idle if line.heard_at >= oldest)

    def close(self) -> None:
        """Close what is idle, and from now on whatever comes back."""
        with self._lock:
            self._keep = 0
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()

    def _pop(self) -> Line | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _connect(self) -> Line:
        until = time.monotonic() + CONNECT_PHASE * self._limits.connect
        dialled = dial(self._route.first_hop, self._limits.connect, until)
        try:
            tap = dialled.dup()
        except BaseException:
            dialled.close()
            raise
        try:
            return Line(self._open(dialled, tap, until - time.monotonic()), tap)
        except BaseException:
            tap.close()
            raise

    def _open(self, dialled: socket.socket, tap: socket.socket, left: float) -> socket.socket:
        """Tunnel and TLS, bounded as a whole: a peer that dribbles its handshake is cut."""
        dialled.settimeout(self._limits.connect)
        watch = self._keeper.watch(tap, left)
        try:
            sock = self._route.open(dialled, self._limits.connect)
        except BaseException as error:
            if not self._keeper.release(watch):
                raise TimeoutError("tunnel or TLS not ready in time") from error
            raise
        if not self._keeper.release(watch):
            sock.close()
            raise TimeoutError("tunnel or TLS not ready in time")
        sock.settimeout(self._limits.read)
        return sock
