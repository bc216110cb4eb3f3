"""A server on loopback that reads one request at a time and then does exactly what the test scripted.

A step is a function of the connection and of the request just read; when it leaves the connection open, the next
request on it is read. Steps are taken in the order in which requests arrive; the last one repeats.
"""

import contextlib
import json
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any, NamedTuple, Self

from reminderd.gateway.config import PlivoConfig
from reminderd.gateway.plivo import PlivoGateway
from reminderd.gateway.port import SendRequest
from reminderd.model import Outcome

AUTH_ID = "MAXXXXXXXXXXXXXXXXXX"
AUTH_TOKEN = "a-token-that-is-nobodys"
UUID = "5b40a428-bfc7-4daf-9d06-726c558bf3b8"
API_ID = "db342550-7e5d-11e1-8ea7-1231380bc196"
ACCEPTED = {"api_id": API_ID, "message": "message(s) queued", "message_uuid": [UUID]}
SECONDS = 20.0  # what a test waits for something that must happen


class Request(NamedTuple):
    """What arrived."""

    line: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    connection: int  # counted from 1

    @property
    def json(self) -> dict[str, object]:
        said: dict[str, object] = json.loads(self.body)
        return said


Step = Callable[[socket.socket, Request], None]


@dataclass
class ScriptedServer:
    """Serve in a `with` block. tls: speak TLS from the first byte on. greeting: done with each new connection."""

    steps: list[Step]
    tls: ssl.SSLContext | None = None
    greeting: Callable[[socket.socket], None] = lambda _sock: None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(SECONDS)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def silence(self, _sock: socket.socket, _request: Request | None = None) -> None:
        """A step or greeting: say nothing until the test ends."""
        self._over.wait(SECONDS)

    def dribble(self, data: bytes) -> Callable[..., None]:
        """A step or greeting: `data` byte by byte, then its last byte again and again, until the peer goes."""

        def step(sock: socket.socket, _request: Request | None = None) -> None:
            position = 0
            while not self._over.wait(0.01):
                sock.sendall(data[position : position + 1])
                position = min(position + 1, len(data) - 1)

        return step

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._converse, sock, self.connections)

    def _converse(self, sock: socket.socket, number: int) -> None:
        """Any failure of the peer's ends the conversation: tests look at what the peer makes of it."""
        try:
            self.greeting(sock)
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True)
            sock.settimeout(SECONDS)
            with self._lock:
                self._open.add(sock)
            while (request := read_request(sock, number)) is not None:
                with self._lock:
                    step = self.steps[min(len(self.requests), len(self.steps) - 1)]
                    self.requests.append(request)
                step(sock, request)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()


def read_request(sock: socket.socket, number: int = 0) -> Request | None:
    """The next whole request; None when the peer is done or the step has closed the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        if sock.fileno() < 0 or not (more := sock.recv(65_536)):
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in fields)}
    while len(body) < int(headers.get("content-length", "0")):
        body += sock.recv(65_536)
    return Request(line, headers, body, number)


def answer(status: int, body: object = b"", **headers: str) -> Step:
    """A whole answer; a body that is not bytes goes out as JSON. retry_after="5" makes Retry-After: 5."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def step(sock: socket.socket, _request: Request) -> None:
        sock.sendall(head(status, len(content), **headers) + content)

    return step


def head(status: int, length: int | None, **headers: str) -> bytes:
    """The first part of an answer."""
    lines = [f"HTTP/1.1 {status} Scripted"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [] if length is None else [f"Content-Length: {length}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def raw(data: bytes, then: Step | None = None) -> Step:
    """These very bytes, then `then`, by default a close."""

    def step(sock: socket.socket, request: Request) -> None:
        sock.sendall(data)
        (then or close)(sock, request)

    return step


def close(sock: socket.socket, _request: Request) -> None:
    """FIN."""
    sock.close()


def reset(sock: socket.socket, _request: Request) -> None:
    """RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def tunnel(port: int) -> Step:
    """A proxy's CONNECT, always to `port` on loopback; ends with either side."""

    def step(sock: socket.socket, _request: Request) -> None:
        with socket.create_connection(("127.0.0.1", port), SECONDS) as inner:
            sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _join(sock, inner)
        sock.close()

    return step


def _join(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways in one thread, as a TLS socket bears no two."""
    while True:
        ready = [sock for sock in (one, other) if isinstance(sock, ssl.SSLSocket) and sock.pending()]
        for source in ready or select.select([one, other], [], [], SECONDS)[0]:
            data = source.recv(65_536)
            if not data:
                return
            (other if source is one else one).sendall(data)


@contextlib.contextmanager
def gateway_to(url: str, **changes: Any) -> Iterator[PlivoGateway]:
    """A gateway with short limits; `changes` to its configuration in seconds where they are times."""
    seconds = {"connect_timeout": 5.0, "read_timeout": 10.0, "deadline": SECONDS}
    values = {**seconds, "proxy": "", **changes}
    values |= {key: timedelta(seconds=values[key]) for key in seconds}
    gateway = PlivoGateway(PlivoConfig(auth_id=AUTH_ID, auth_token=AUTH_TOKEN, url=url, **values))
    try:
        yield gateway
    finally:
        gateway.close()


def send(gateway: PlivoGateway, begin: Callable[[], bool] = lambda: True, **changes: Any) -> Outcome:
    """Send a usual message, with `changes` to it."""
    request = SendRequest("t0", "+14155550100", "+14155550123", "Rent is due today", None)
    return gateway.send(request._replace(**changes), begin)
