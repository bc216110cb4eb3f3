"""One request, one answer, at most one try: the wire under the SDK.

What the SDK and its usual session hide is what the daemon lives on: whether a request was begun, and what came back.
So an exchange ends in one of a few plain values, and nothing is ever repeated or redirected.
"""

import socket
import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from typing import NamedTuple

from urllib3.exceptions import HTTPError

from reminderd.clock import SystemClock
from reminderd.gateway.evidence import of_broken, of_unreached, tunnel_status
from reminderd.gateway.keeper import Keeper
from reminderd.gateway.lines import Limits, Line, Pool
from reminderd.gateway.route import Route

BODY_LIMIT = 256 * 1024
_LONGEST_RETRY_AFTER = timedelta(days=1)
_FAILURES = (OSError, HTTPError, HTTPException, ValueError)  # ValueError: host names that can be none


class Answer(NamedTuple):
    """A whole answer, whatever it says. retry_after: from the header of this name, at most a day. date: the header's text."""

    status: int
    body: bytes
    retry_after: timedelta | None = None
    date: str | None = None


class Unreached(NamedTuple):
    """No byte of the request was written. status: what a proxy answered when it would not open a tunnel."""

    evidence: str
    status: int | None = None


class Withdrawn(NamedTuple):
    """`begin` said no; no byte of the request was written."""


class Rejected(NamedTuple):
    """The SDK's own checks would not make a request of it; nothing was tried."""

    evidence: str


class Broken(NamedTuple):
    """The request was begun, and there is no whole answer. status: from the part of an answer that came."""

    evidence: str
    status: int | None = None


Exchange = Answer | Unreached | Withdrawn | Rejected | Broken


class Transport:
    """Keep-alive connections along one route, shared by threads, and the exchanges over them."""

    def __init__(self, route: Route, headers: dict[str, str], limits: Limits, keep: int) -> None:
        """headers: sent with every request. keep: how many idle connections are kept at most."""
        self._head = _header_lines({**route.headers, **headers})
        self._limits = limits
        self._keeper = Keeper()
        self._pool = Pool(route, self._keeper, limits, keep)

    def exchange(self, method: str, target: str, body: bytes | None, begin: Callable[[], bool]) -> Exchange:
        """Make one request; `begin` is the port's. Raises only what `begin` raises."""
        request = self._request(method, target, body)
        try:
            line = self._pool.take()
        except _FAILURES as error:
            return Unreached(of_unreached(error), tunnel_status(error))
        reusable = False
        try:
            if not begin():
                reusable = True
                return Withdrawn()
            if not line.is_quiet():
                return Unreached("the connection was closed before the request")
            exchange, reusable = self._talk(line, method, request)
            return exchange
        finally:
            self._pool.give_back(line, reusable)

    def ready(self) -> int:
        """How many connections stand and may be used."""
        return self._pool.ready()

    def close(self) -> None:
        """Close the idle connections; busy ones end with their exchange."""
        self._pool.close()
        self._keeper.close()

    def _request(self, method: str, target: str, body: bytes | None) -> bytes:
        length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
        return b"".join((f"{method} {target} HTTP/1.1\r\n".encode("ascii"), self._head, length, b"\r\n", body or b""))

    def _talk(self, line: Line, method: str, request: bytes) -> tuple[Exchange, bool]:
        watch = self._keeper.watch(line.tap, self._limits.deadline)
        result: tuple[Exchange, bool]
        try:
            line.sock.sendall(request)
            result = _read(line.sock, method)
            line.heard_at = time.monotonic()
        except _FAILURES as error:
            result = Broken(of_broken(error, self._limits.read)), False
        finally:
            in_time = self._keeper.release(watch)
        if in_time:
            return result
        # Cut by the keeper: what looks like a whole answer may be one that only seems to end here.
        return Broken(f"no whole answer within the deadline of {self._limits.deadline:g} s"), False


def _header_lines(headers: dict[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("latin-1")


def _read(sock: socket.socket, method: str) -> tuple[Answer | Broken, bool]:
    """The answer, and whether the connection may carry another request."""
    response = HTTPResponse(sock, method=method)
    try:
        response.begin()
        try:
            body = response.read(BODY_LIMIT + 1)
        except (OSError, HTTPException) as error:
            return Broken(f"half an answer ({type(error).__name__})", response.status), False
        if len(body) > BODY_LIMIT:
            return Broken(f"an answer of more than {BODY_LIMIT} bytes", response.status), False
        if response.length:
            return Broken("half an answer", response.status), False
        date = response.getheader("Date")
        retry_after = _retry_after(response.getheader("Retry-After"), date)
        return Answer(response.status, body, retry_after, date), not response.will_close
    finally:
        response.close()


def _retry_after(value: str | None, date: str | None) -> timedelta | None:
    """The header's wish: seconds, or a moment, which is counted from the answer's own date where it has one."""
    if value is None:
        return None
    try:
        if value.strip().isdecimal():
            wish = timedelta(seconds=int(value))
        else:
            now = parsedate_to_datetime(date) if date else SystemClock().now()
            wish = parsedate_to_datetime(value) - now
    except (ValueError, TypeError, OverflowError):  # not a date; one with and one without a zone; far too large
        return None
    return min(max(wish, timedelta(0)), _LONGEST_RETRY_AFTER)
