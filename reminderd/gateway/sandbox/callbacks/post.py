"""One HTTP request to an address on this machine, and the status that comes back."""

import asyncio
import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from functools import cache

from reminderd.gateway.sandbox.callbacks.address import Address, host_header, parse_address
from reminderd.gateway.sandbox.callbacks.callback import Callback
from reminderd.gateway.sandbox.mishaps import signed

_LONGEST_HEAD = 64 * 1024
_LINGER = 1.0  # seconds
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r\n")


async def post(callback: Callback, url: str, patience: float) -> int:
    """Make the callback at `url`, which stands for its own address; the status of the answer.

    Raises OSError without a connection, TimeoutError after `patience` seconds, and ValueError for what is no HTTP.
    """
    address = parse_address(url)
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_connection(
                address.host, address.port, ssl=_any_certificate() if address.tls else None, limit=_LONGEST_HEAD
            )
            writer.write(_request(callback, address))
            status = await _status(reader)
        await _read_to_the_end(reader)
        return status
    finally:
        if writer is not None:
            writer.transport.abort()  # an orderly end of TLS would wait for the other side


def _request(callback: Callback, address: Address) -> bytes:
    whole = callback.whole_url
    lines = [
        f"{callback.method} {address.target} HTTP/1.1",
        f"Host: {host_header(callback.url)}",
        "User-Agent: reminderd-sandbox",
        "Accept: */*",
        "Connection: close",
        *_lines(signed(callback.signature, callback.method, whole, callback.form, callback.token)),
    ]
    body = callback.body.encode() if callback.method == "POST" else b""
    if callback.method == "POST":
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _lines(headers: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers]


async def _status(reader: asyncio.StreamReader) -> int:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            match = _STATUS.match(head)
            if match is None:
                raise ValueError("the answer is no HTTP")
            if not match[1].startswith(b"1"):
                return int(match[1])
    except asyncio.IncompleteReadError as error:
        raise ValueError("the answer broke off" if error.partial else "closed without an answer") from error
    except asyncio.LimitOverrunError as error:
        raise ValueError("the head of the answer has no end") from error


async def _read_to_the_end(reader: asyncio.StreamReader) -> None:
    """A close with bytes unread would be a reset to whoever is still writing."""
    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(_LINGER):
            while await reader.read(_LONGEST_HEAD):
                pass


@cache
def _any_certificate() -> ssl.SSLContext:
    """It is this machine: a certificate of its own making will do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
