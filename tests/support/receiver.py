"""Somebody whom the sandbox calls back: an HTTP server in this process that writes down what comes."""

import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, cast
from urllib.parse import parse_qsl, urlsplit

from plivo.utils import validate_signature, validate_v3_signature


@dataclass(frozen=True, slots=True)
class Call:
    """One request that came. url: as it was meant, with the Host that it named. form: what it says, in body or query."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, str]
    form: Mapping[str, str] = field(default_factory=dict)

    def is_v2(self, token: str, name: str = "V2") -> bool:
        """Whether Plivo's SDK takes the signature of that header."""
        nonce, signature = self.headers.get("X-Plivo-Signature-V2-Nonce"), self.headers.get(f"X-Plivo-Signature-{name}")
        return bool(nonce and signature and validate_signature(self.url, nonce, signature, token))

    def is_v3(self, token: str, name: str = "V3") -> bool:
        """Whether Plivo's SDK takes the signature of that header."""
        nonce, signature = self.headers.get("X-Plivo-Signature-V3-Nonce"), self.headers.get(f"X-Plivo-Signature-{name}")
        if not nonce or not signature:
            return False
        return bool(validate_v3_signature(self.method, self.url, nonce, token, signature, dict(self.body)))


class Receiver:
    """Listens on a free port of 127.0.0.1; a context manager.

    answer: the status for the nth call (from 0); it may wait, each call has its own thread. None: the connection is
    closed without one. tls: it speaks https.
    """

    def __init__(
        self,
        answer: Callable[[int, Call], int | None] = lambda _number, _call: 200,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._answer = answer
        self._calls: list[Call] = []
        self._came = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.receiver = self
        self.scheme = "http" if tls is None else "https"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self._server.server_port}"

    def wait(self, count: int, timeout: float = 30.0) -> list[Call]:
        """The calls as soon as there are `count`; fails when they do not come."""
        with self._came:
            assert self._came.wait_for(lambda: len(self._calls) >= count, timeout), (
                f"{len(self._calls)} of {count} came"
            )
            return list(self._calls)

    @property
    def calls(self) -> list[Call]:
        """What came so far, in order."""
        with self._came:
            return list(self._calls)

    def take(self, call: Call) -> int | None:
        """One call comes in; with what it is answered."""
        with self._came:
            self._calls.append(call)
            number = len(self._calls) - 1
            self._came.notify_all()
        return self._answer(number, call)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    receiver: Receiver


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._take()

    def do_POST(self) -> None:
        self._take()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _take(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        body, query = (dict(parse_qsl(text, keep_blank_values=True)) for text in (content, urlsplit(self.path).query))
        receiver = cast(_Server, self.server).receiver
        url = f"{receiver.scheme}://{self.headers['Host']}{self.path}"
        call = Call(self.command, url, dict(self.headers.items()), body, body if self.command == "POST" else query)
        status = receiver.take(call)
        if status is None:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
