"""The fast stand-in for Plivo: accepts everything, and notes when the first byte of each request to send arrived.

Run as `python -m benchmarks.responder`; prints its port. Questions of the benchmark itself go to paths under `/bench/`:
`latency/MS` sets how long an answer takes from now on, `take/N` answers once N sends have arrived, with all of them as
JSON pairs of wall clock seconds and phone, and forgets them.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable
from itertools import count
from typing import cast

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ACCEPTED = '{"api_id": "%s", "message": "message(s) queued", "message_uuid": ["%s"]}'
_LIST = '{"api_id": "00000000-0000-4000-8000-000000000000", "meta": {"next": null}, "objects": []}'
_UUID = "%08x-0000-4000-8000-000000000000"


class Book:
    """What has arrived, and who waits for it."""

    def __init__(self) -> None:
        self.latency = 0.0
        self._numbers = count(1)
        self._arrivals: list[tuple[float, bytes]] = []
        self._waiting: list[tuple[int, Callable[[str], None]]] = []

    def arrived(self, at: float, body: bytes) -> str:
        self._arrivals.append((at, body))
        self._serve()
        uuid = _UUID % next(self._numbers)
        return _ACCEPTED % (uuid, uuid)

    def wait(self, number: int, answer: Callable[[str], None]) -> None:
        self._waiting.append((number, answer))
        self._serve()

    def _serve(self) -> None:
        if self._waiting and len(self._arrivals) >= self._waiting[0][0]:
            _, answer = self._waiting.pop(0)
            answer(json.dumps([(at, json.loads(body)["dst"]) for at, body in self._arrivals]))
            self._arrivals.clear()


class Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._buffer = b""
        self._at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self._buffer:
            self._at = time.time()
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        size = int(length.group(1)) if length else 0
        if end and len(rest) >= size:
            self._buffer = rest[size:]
            method, path, _ = head.split(b" ", 2)
            self._request(method, path.decode("ascii"), rest[:size])

    def _request(self, method: bytes, path: str, body: bytes) -> None:
        if path.startswith("/bench/"):
            self._bench(path)
        elif method == b"POST":
            accepted = self._book.arrived(self._at, body)
            if self._book.latency:
                asyncio.get_running_loop().call_later(self._book.latency, self._answer, accepted, b"202 Accepted")
            else:
                self._answer(accepted, b"202 Accepted")
        else:
            self._answer(_LIST)

    def _bench(self, path: str) -> None:
        _, _, what, value = path.split("/")
        if what == "take":
            self._book.wait(int(value), self._answer)
        else:
            self._book.latency = int(value) / 1000
            self._answer("")

    def _answer(self, body: str, status: bytes = b"200 OK") -> None:
        self._transport.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (status, len(body), body.encode())
        )


async def _serve() -> None:
    book = Book()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(book), "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
