"""Clients that want a listener no good, bounded in number and time: `python -m tests.support.hostile PORT SECONDS CONNECTIONS`.

All at once: crowds of silent connections, heads that never end, garbage, bodies without an end, answers that nobody reads,
and questions as fast as they are answered. Prints as JSON what it did.
"""

import itertools
import json
import random
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

_SEED = 5
_LINES = (
    b"GET /metrics HTTP/1.1\r\nHost: a\r\n",
    b"POST /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
)


class Hostile:
    def __init__(self, port: int, seconds: float, crowd: int) -> None:
        self._port = port
        self._until = time.monotonic() + seconds
        self._crowd = crowd
        self.done: Counter[str] = Counter()

    def run(self) -> None:
        """Until the time is over."""
        ways: list[Callable[[], None]] = [
            self._silent,
            self._slow_heads,
            self._garbage,
            self._bodies,
            self._deaf,
            *[self._questions] * 3,
        ]
        threads = [threading.Thread(target=self._keep_on, args=(way,), daemon=True) for way in ways]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, self._until - time.monotonic()) + 5)

    def _keep_on(self, way: Callable[[], None]) -> None:
        while time.monotonic() < self._until:
            with suppress(OSError):
                way()

    def _connect(self) -> socket.socket:
        connection = socket.socket()
        connection.settimeout(2)
        try:
            connection.connect(("127.0.0.1", self._port))
        except OSError:
            connection.close()
            raise
        self.done["connections"] += 1
        return connection

    def _silent(self) -> None:
        """As many as may be, all open at once."""
        crowd: list[socket.socket] = []
        try:
            while len(crowd) < self._crowd and time.monotonic() < self._until:
                crowd.append(self._connect())
            self.done["silent"] += len(crowd)
            time.sleep(0.5)
        finally:
            for each in crowd:
                each.close()

    def _slow_heads(self) -> None:
        """Each line of the head a while after the one before."""
        crowd = [self._connect() for _ in range(50)]
        try:
            for each in crowd:
                each.sendall(_LINES[0])
            for number in range(100):
                for each in crowd:
                    with suppress(OSError):
                        each.sendall(b"X-%d: y\r\n" % number)
                time.sleep(0.05)
            self.done["slow heads"] += len(crowd)
        finally:
            for each in crowd:
                each.close()

    def _garbage(self) -> None:
        chance = random.Random(_SEED + self.done["garbage"])
        with self._connect() as connection:
            connection.sendall(chance.randbytes(chance.randrange(1, 100_000)))
            self.done["garbage"] += 1
            connection.recv(1000)

    def _bodies(self) -> None:
        with self._connect() as connection:
            connection.sendall(_LINES[1 + self.done["bodies"] % 2])
            self.done["bodies"] += 1
            for _ in itertools.repeat(None, 200):
                connection.sendall(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")

    def _deaf(self) -> None:
        """Hundreds of questions in one go, and no ear for the answers."""
        crowd = [self._connect() for _ in range(20)]
        try:
            for each in crowd:
                with suppress(OSError):
                    each.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 300)
            self.done["deaf"] += len(crowd)
            time.sleep(1)
        finally:
            for each in crowd:
                each.close()

    def _questions(self) -> None:
        with self._connect() as connection:
            while time.monotonic() < self._until:
                connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
                answer = connection.recv(65536)
                if not answer:
                    return
                self.done["questions"] += answer.startswith(b"HTTP/1.1 200")


def main() -> None:
    port, seconds, crowd = (int(word) for word in sys.argv[1:])
    hostile = Hostile(port, seconds, crowd)
    hostile.run()
    print(json.dumps(hostile.done))


if __name__ == "__main__":
    main()
