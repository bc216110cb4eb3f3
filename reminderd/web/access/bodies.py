"""What comes with a request: read whole before anything is done about it, so much at most and for so long."""

import asyncio
from typing import Any

from starlette.types import Message, Receive

from reminderd.web.problems import Declined

MOST_JSON, MOST_FORM = 256 * 1024, 16 * 1024  # bytes
SECONDS = 10.0
_MOST_SWALLOWED = 1024 * 1024


async def whole(scope: Any, receive: Receive, most: int, seconds: float = SECONDS) -> Receive:
    """A `receive` that gives the body in one piece. Raises Declined: larger than `most` bytes, or too slow."""
    length = _length(scope)
    if length is None and not _is_chunked(scope):
        return receive
    if length is not None and length > most:
        raise _too_large(most, closing=length > _MOST_SWALLOWED)
    try:
        async with asyncio.timeout(seconds):
            body = await _read(receive, most)
    except TimeoutError:
        detail = f"the body was not there within {seconds:.0f} s"
        raise Declined(408, "Request Timeout", detail, {"connection": "close"}) from None
    return _again(body, receive)


async def _read(receive: Receive, most: int) -> bytes | None:
    """None where the peer is gone."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > most:
            raise _too_large(most, closing=True)
    return b"".join(parts)


def _again(body: bytes | None, receive: Receive) -> Receive:
    """What is to be received is the body, and then whatever comes."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    if body is None:
        first = [{"type": "http.disconnect"}]

    async def once() -> Message:
        return first.pop() if first else await receive()

    return once


def _length(scope: Any) -> int | None:
    # h11 has seen to it that it is a number, and that there are no two that differ.
    return next((int(value) for name, value in scope["headers"] if name == b"content-length"), None)


def _is_chunked(scope: Any) -> bool:
    return any(name == b"transfer-encoding" for name, _ in scope["headers"])


def _too_large(most: int, *, closing: bool) -> Declined:
    detail = f"the body has more than {most} bytes"
    return Declined(413, "Content Too Large", detail, {"connection": "close"} if closing else None)
