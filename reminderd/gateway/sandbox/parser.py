"""Reading HTTP/1.1 without any I/O: bytes in, requests out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from reminderd.gateway.sandbox.http import Malformed, Request

MAX_HEAD = 16 * 1024
MAX_BODY = 1024 * 1024
_MAX_CHUNK_LINE = 1024

_REQUEST_LINE = re.compile(r"([A-Z]{1,20}) ([!-~]+) HTTP/([0-9])\.([0-9])")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_ORIGIN = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_SINGLE = frozenset({"content-length", "host", "authorization", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class _Head:
    method: str
    target: str
    headers: Mapping[str, str]
    keep_alive: bool

    def request(self, body: bytes) -> Request:
        path, _, query = self.target.partition("?")
        return Request(self.method, path, query, self.headers, body, self.keep_alive)


class RequestParser:
    """Cuts the byte stream of one connection into requests, however the bytes are split.

    After `Malformed` the stream is lost: answer and close.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._head: _Head | None = None
        self._body: _Sized | _Chunked | None = None
        self._continue = False

    def feed(self, data: bytes) -> None:
        self._buffer += data

    @property
    def started(self) -> bool:
        """Part of a request is here, and the rest is not."""
        return self._head is not None or bool(self._buffer)

    @property
    def held(self) -> int:
        """Bytes that wait to be cut."""
        return len(self._buffer)

    def take_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body; true once for a request."""
        wanted, self._continue = self._continue, False
        return wanted

    def next(self) -> Request | None:
        """The next whole request, None while bytes are missing; raises Malformed."""
        if self._head is None or self._body is None:
            self._head = self._take_head()
            if self._head is None:
                return None
            self._body = _framing(self._head.headers)
            self._continue = self._head.headers.get("expect", "").lower() == "100-continue"
        if not self._body.take(self._buffer):
            return None
        request = self._head.request(bytes(self._body.content))
        self._head = self._body = None
        self._continue = False
        return request

    def _take_head(self) -> _Head | None:
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):  # RFC 9112 2.2: empty lines before a request are to be passed over
            del buffer[:2]
            self._searched = 0
        end = buffer.find(b"\r\n\r\n", self._searched)
        if end > MAX_HEAD or (end < 0 and len(buffer) > MAX_HEAD):
            raise Malformed(431, f"the request's head is longer than {MAX_HEAD} bytes")
        if end < 0:
            _check_beginning(buffer)
            self._searched = max(0, len(buffer) - 3)
            return None
        text = buffer[:end].decode("latin-1")
        del buffer[: end + 4]
        self._searched = 0
        return _parse_head(text)


def _check_beginning(buffer: bytearray) -> None:
    """Refuse at once what can no longer become a request, such as a TLS handshake, instead of waiting for its end."""
    line, newline, _ = buffer.partition(b"\n")
    if newline:
        _parse_request_line(line.rstrip(b"\r").decode("latin-1"))
    elif buffer and buffer != b"\r" and not 0x41 <= buffer[0] <= 0x5A:
        raise Malformed(400, "this is not an HTTP/1.1 request (the sandbox speaks plain http, not https)")


def _parse_request_line(line: str) -> tuple[str, str, int]:
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise Malformed(400, "the first line is not an HTTP/1.1 request line")
    method, target, major, minor = match.groups()
    if major != "1":
        raise Malformed(505, f"HTTP/{major}.{minor} is not spoken here, HTTP/1.1 is")
    if not target.startswith("/"):
        origin = _ORIGIN.match(target)
        if origin is None:
            raise Malformed(400, "the request target is not a path")
        target = target[origin.end() :] or "/"
    return method, target, int(minor)


def _parse_head(text: str) -> _Head:
    first, *lines = text.split("\r\n")
    method, target, minor = _parse_request_line(first)
    headers = _parse_headers(lines)
    if minor and "host" not in headers:
        raise Malformed(400, "an HTTP/1.1 request needs a Host header")
    connection = headers.get("connection", "").lower()
    keep_alive = "close" not in connection if minor else "keep-alive" in connection
    return _Head(method, target, headers, keep_alive)


def _parse_headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None:
            raise Malformed(400, "a header line cannot be read")
        name, value = match[1].lower(), match[2].rstrip(" \t")
        if name not in headers:
            headers[name] = value
        elif name not in _SINGLE:
            headers[name] += f", {value}"
        elif headers[name] != value:
            raise Malformed(400, f"the header {name} comes twice")
    return headers


def _framing(headers: Mapping[str, str]) -> "_Sized | _Chunked":
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if coding is not None:
        if length is not None:
            raise Malformed(400, "Content-Length and Transfer-Encoding contradict each other")
        if coding.lower() != "chunked":
            raise Malformed(501, "the only transfer coding known here is chunked")
        return _Chunked()
    if length is None:
        return _Sized(0)
    if not (length.isascii() and length.isdigit()):
        raise Malformed(400, "Content-Length is not a number")
    if len(length) > 18 or int(length) > MAX_BODY:
        raise _too_large()
    return _Sized(int(length))


def _too_large() -> Malformed:
    return Malformed(413, f"the request's body is longer than {MAX_BODY} bytes")


class _Sized:
    """A body whose length was announced."""

    def __init__(self, length: int) -> None:
        self._length = length
        self.content: bytes | bytearray = b""

    def take(self, buffer: bytearray) -> bool:
        """Move the body out of the buffer; False while part of it is missing."""
        if len(buffer) < self._length:
            return False
        if self._length:
            self.content = buffer[: self._length]
            del buffer[: self._length]
        return True


class _Stage(Enum):
    SIZE = auto()
    DATA = auto()
    TRAILER = auto()


class _Chunked:
    """A body in chunks, each with its own length; extensions and trailers are read and dropped."""

    def __init__(self) -> None:
        self.content = bytearray()
        self._stage = _Stage.SIZE
        self._size = 0
        self._trailer = 0

    def take(self, buffer: bytearray) -> bool:
        """Move what is there out of the buffer; False while part of the body is missing; raises Malformed."""
        while True:
            if self._stage is _Stage.DATA:
                if not self._take_data(buffer):
                    return False
                continue
            line = _take_line(buffer)
            if line is None:
                return False
            if self._stage is _Stage.SIZE:
                self._read_size(line)
            elif not line:
                return True
            else:
                self._count_trailer(line)

    def _read_size(self, line: bytes) -> None:
        match = _CHUNK_SIZE.fullmatch(line)
        if match is None:
            raise Malformed(400, "the length of a chunk cannot be read")
        self._size = int(match[1], 16)
        if len(self.content) + self._size > MAX_BODY:
            raise _too_large()
        self._stage = _Stage.DATA if self._size else _Stage.TRAILER

    def _take_data(self, buffer: bytearray) -> bool:
        end = self._size
        if len(buffer) < end + 2:
            return False
        if buffer[end : end + 2] != b"\r\n":
            raise Malformed(400, "a chunk is longer than it says")
        self.content += buffer[:end]
        del buffer[: end + 2]
        self._stage = _Stage.SIZE
        return True

    def _count_trailer(self, line: bytes) -> None:
        self._trailer += len(line)
        if self._trailer > MAX_HEAD:
            raise Malformed(431, f"the request's trailer is longer than {MAX_HEAD} bytes")


def _take_line(buffer: bytearray) -> bytes | None:
    end = buffer.find(b"\r\n", 0, _MAX_CHUNK_LINE + 2)
    if end < 0:
        if len(buffer) > _MAX_CHUNK_LINE:
            raise Malformed(400, "a line between chunks is too long")
        return None
    line = bytes(buffer[:end])
    del buffer[: end + 2]
    return line
