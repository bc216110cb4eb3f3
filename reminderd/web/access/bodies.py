"""What comes with a request: read whole before anything is done about it, so much at most and for so long."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message, Receive

from reminderd.web.problems import Declined

MOST_JSON, MOST_FORM = 256 * 1024, 16 * 1024  # bytes
SECONDS = 10.0
_MOST_SWALLOWED = 1024 * 1024
_MOST_FIELDS = 100
_LEVELS = 32
_DEEP = f"it is nested more than {_LEVELS} levels deep"


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


# -- what is in them ------------------------------------------------------------------------------------------


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a urlencoded form. Raises Declined: none, not UTF-8, too many fields, or one twice."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        detail = "a form is needed: Content-Type: application/x-www-form-urlencoded"
        raise Declined(415, "Unsupported Media Type", detail)
    try:
        text = (await request.body()).decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Declined(400, "Bad Request", f"this is no form of at most {_MOST_FIELDS} fields in UTF-8") from None
    if len(pairs) != len(dict(pairs)):
        raise Declined(400, "Bad Request", "a field is there twice")
    return dict(pairs)


def read_json(body: bytes) -> Any:
    """What a body of JSON says, as RFC 8259 has it and so that every reader reads the same. Raises Declined.

    Not: a key twice in one object, NaN and Infinity, numbers beyond a double, half characters, or more than 32 levels.
    """
    try:
        document = json.loads(
            body.decode("utf-8"), object_pairs_hook=_single, parse_constant=_no_number, parse_float=_number
        )
        _look_through(document)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Declined(400, "Bad Request", f"this is no JSON: {error.msg}, {where}") from None
    except UnicodeError:
        raise Declined(400, "Bad Request", "this is no JSON: it is not UTF-8 throughout") from None
    except ValueError as error:
        raise Declined(400, "Bad Request", f"this JSON is not taken: {error}") from None
    except RecursionError:
        raise Declined(400, "Bad Request", f"this JSON is not taken: {_DEEP}") from None
    return document


class _StrictRequest(Request):
    async def json(self) -> Any:
        return read_json(await self.body())


class StrictRoute(APIRoute):
    """A route whose JSON is read by `read_json`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) != len(found := dict(pairs)):
        raise ValueError("a key is there twice in one object")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _number(text: str) -> float:
    if (value := float(text)) in (float("inf"), -float("inf")):
        raise ValueError("a number is too large")
    return value


def _look_through(document: Any) -> None:
    level = [document]
    for _ in range(_LEVELS):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise ValueError(_DEEP)


def _inside(value: Any) -> list[Any]:
    match value:
        case dict():
            return [*value, *value.values()]
        case list():
            return value
        case str():
            value.encode()  # half of a character, as \\ud800, is none
    return []
