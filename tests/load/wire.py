"""Requests over sockets, many beside each other, with as little work in them as there can be: a client must not be what is slow.

What is sent are bytes, so that nothing is too wrong to be said.
"""

import random
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

PATIENCE = 20.0  # seconds; for an answer
_AGAIN = 1.0  # seconds until what was not taken is sent again
_MOST_AGAIN = 30


class Ask(NamedTuple):
    """One request. kind: by which it is counted. expects: statuses of the contract; 0: the connection is closed without an answer.

    fresh: over a connection of its own. source: the address that it comes from, of this machine. again: sent until it is taken.
    tagged: it is asked with the tag that the last answer of its kind had.
    """

    kind: str
    data: bytes
    expects: frozenset[int]
    fresh: bool = False
    source: str = "127.0.0.1"
    again: bool = False
    tagged: bool = False


@dataclass
class Tally:
    """What came back: by kind and status; what is not of the contract, in words; seconds each answer took."""

    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0

    @property
    def rate(self) -> float:
        return sum(self.counts.values()) / max(self.ended - self.began, 1e-9)

    def document(self) -> dict[str, object]:
        took = sorted(self.took)
        return {
            "counts": {f"{kind} {status}": number for (kind, status), number in sorted(self.counts.items())},
            "wrong": self.wrong[:20],
            "rate": self.rate,
            "seconds": self.ended - self.began,
            "median": took[len(took) // 2] if took else None,
            "p99": took[len(took) * 99 // 100] if took else None,
        }


class Closed(Exception):
    """The peer has closed it without an answer."""


class Lane:
    """One connection after another, with one request in each at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._source = ""
        self.tags: dict[str, bytes] = {}

    def ask(self, ask: Ask) -> int:
        """The status of the answer; 0 where the connection was closed instead. Raises OSError where none can be made."""
        if ask.fresh or self._source != ask.source:
            self.close()
        kept = self._socket is not None
        try:
            return self._once(ask)
        except (Closed, OSError):
            self.close()
            if not kept:
                return 0
        return self.ask(ask)  # it was kept open, and the peer may end it between two requests

    def _once(self, ask: Ask) -> int:
        if self._socket is None:
            self._socket = _connected(self._port, ask.source)
            self._source = ask.source
        data = ask.data
        if ask.tagged and (tag := self.tags.get(ask.kind)) is not None:
            data = data.replace(b"\r\n\r\n", b"\r\nIf-None-Match: " + tag + b"\r\n\r\n", 1)
        with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered already
            self._socket.sendall(data)
        status, closes, tag = _answer(self._socket)
        if tag is not None:
            self.tags[ask.kind] = tag
        if ask.fresh or closes:
            self.close()
        return status

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _connected(port: int, source: str) -> socket.socket:
    fresh = socket.socket()
    try:
        fresh.settimeout(PATIENCE)
        fresh.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        fresh.bind((source, 0))
        fresh.connect(("127.0.0.1", port))
    except OSError:
        fresh.close()
        raise
    return fresh


def _answer(connection: socket.socket) -> tuple[int, bool, bytes | None]:
    """Status, whether the connection ends with it, and its tag. Raises Closed."""
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += _received(connection)
    head = data[:end].lower() + b"\r\n"
    status = int(data[9:12])
    length = _value(head, b"content-length")
    left = (int(length) if length and status != 304 else 0) - (len(data) - end - 4)
    while left > 0:
        left -= len(_received(connection))
    return status, b"\r\nconnection: close\r\n" in head, _value(head, b"etag")


def _received(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise Closed
    return data


def _value(head: bytes, name: bytes) -> bytes | None:
    at = head.find(b"\r\n" + name + b": ")
    if at < 0:
        return None
    start = at + len(name) + 4
    return head[start : head.index(b"\r\n", start)]


class Driver:
    """Sends all of it over so many lanes: as fast as answers come, or `rate` a second whatever comes."""

    def __init__(self, port: int, asks: Sequence[Ask], lanes: int, rate: float | None, until: float) -> None:
        """until: by the monotonic clock, when it ends in any case."""
        self._port = port
        self._work = deque((ask, 0) for ask in asks)
        self._lanes = lanes
        self._rate = rate
        self._until = until
        self._lock = threading.Lock()
        self._sent = 0
        self.tally = Tally()

    def run(self) -> Tally:
        threads = [threading.Thread(target=self._run, daemon=True) for _ in range(self._lanes)]
        self.tally.began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.tally.ended = time.monotonic()
        return self.tally

    def _run(self) -> None:
        lane = Lane(self._port)
        while (found := self._next()) is not None:
            ask, times = found
            began = time.monotonic()
            try:
                status = lane.ask(ask)
            except OSError:
                status = 0
            self._note(ask, status, times, time.monotonic() - began)
        lane.close()

    def _next(self) -> tuple[Ask, int] | None:
        with self._lock:
            if not self._work or time.monotonic() > self._until:
                return None
            found = self._work.popleft()
            due = self.tally.began + self._sent / self._rate if self._rate else 0.0
            self._sent += 1
        time.sleep(max(0.0, due - time.monotonic()))
        return found

    def _note(self, ask: Ask, status: int, times: int, took: float) -> None:
        later = ask.again and status in (0, 429, 503) and times < _MOST_AGAIN
        with self._lock:
            self.tally.counts[ask.kind, status] += 1
            self.tally.took.append(took)
            if not later and status not in ask.expects:
                self.tally.wrong.append(f"{ask.kind}: {status} for {ask.data[:200]!r}")
        if later:
            time.sleep(_AGAIN * random.uniform(0.5, 1.0))
            with self._lock:
                self._work.append((ask, times + 1))
