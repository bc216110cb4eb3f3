"""One client's connection: requests in order, answers as the reply says, and a limit on every wait."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple, cast

from reminderd.gateway.sandbox.http import Malformed, Request, Response
from reminderd.gateway.sandbox.parser import RequestParser

_HELD_WHILE_BUSY = 64 * 1024
_REQUESTS_A_TURN = 16
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with no time left: closing sends RST instead of FIN
LONGEST = 300.0  # seconds that any one reply may take


class Ending(Enum):
    """What becomes of the connection after a reply."""

    KEEP = auto()
    CLOSE = auto()
    RESET = auto()


@dataclass(frozen=True, slots=True)
class Reply:
    """How one request is answered: after `delay` seconds, with `response` (None: not at all), then the ending.

    half: the answer breaks off in the middle. pace: seconds between its single bytes; 0 sends it as one piece.
    """

    response: Response | None
    delay: float = 0.0
    pace: float = 0.0
    half: bool = False
    ending: Ending = Ending.KEEP


class Limits(NamedTuple):
    """Bounds of the server; times in seconds."""

    connections: int = 512
    idle: float = 75.0
    request: float = 10.0
    linger: float = 1.0


Handler = Callable[[Request | Malformed], Reply]


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 with one client. `peers` holds every open connection, this one included."""

    def __init__(self, handle: Handler, date: Callable[[], str], peers: "set[Connection]", limits: Limits) -> None:
        self._handle = handle
        self._date = date
        self._peers = peers
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser()
        self._playing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._quiet_since = self._loop.time()
        self._late = False  # part of a request is here and its time is running
        self._stalled = False  # the client does not read what we write
        self._lingering = False
        self._yielded = False  # others have their turn, ours comes again
        self._made = False
        peers.add(self)

    def abort(self) -> None:
        """Drop the connection at once; one that is just being accepted, when it is there."""
        if self._made:
            self._transport.abort()

    # What the event loop tells us

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._made = True
        if len(self._peers) > self._limits.connections * 2:
            self._transport.abort()  # even those being turned away are too many
        elif len(self._peers) > self._limits.connections:
            self._turn_away(Response.of_text(503, "too many connections\n"))
        else:
            self._arm(self._limits.idle)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._peers.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._playing is not None:
            self._playing.cancel()

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            return
        self._parser.feed(data)
        if self._ready():
            self._advance()
        elif self._parser.held > _HELD_WHILE_BUSY:
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        self._stalled = True
        self._arm(self._limits.request)

    def resume_writing(self) -> None:
        self._stalled = False
        if not self._lingering:
            self._arm(self._limits.idle)
        self._go_on()

    # Requests and replies

    def _go_on(self) -> None:
        self._yielded = False
        if self._ready():
            self._transport.resume_reading()
            self._advance()

    def _advance(self) -> None:
        """Answer what has come, a few requests at a time: the other connections get their turn in between."""
        for _ in range(_REQUESTS_A_TURN):
            if not self._ready():
                return
            try:
                request = self._parser.next()
            except Malformed as malformed:
                response = self._handle(malformed).response
                assert response is not None
                self._turn_away(response)
                return
            if request is None:
                self._await_rest()
                return
            self._answer(request)
        self._yielded = True
        self._loop.call_soon(self._go_on)

    def _ready(self) -> bool:
        waiting = self._playing is not None or self._yielded or self._stalled
        return not (waiting or self._lingering or self._transport.is_closing())

    def _await_rest(self) -> None:
        if self._parser.take_continue():
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._parser.started and not self._late:
            self._late = True
            self._arm(self._limits.request)

    def _answer(self, request: Request) -> None:
        self._quiet_since = self._loop.time()
        if self._late:
            self._late = False
            self._arm(self._limits.idle)
        reply = self._handle(request)
        if reply.delay or reply.pace:
            self._playing = self._loop.create_task(self._play(request, reply))
        else:
            self._transport.write(self._encode(request, reply))
            self._end(request, reply)

    async def _play(self, request: Request, reply: Reply) -> None:
        await asyncio.sleep(min(reply.delay, LONGEST))
        answer = self._encode(request, reply)
        if reply.pace:
            await self._dribble(answer, reply.pace)
        else:
            self._transport.write(answer)
        self._playing = None
        self._quiet_since = self._loop.time()
        self._end(request, reply)
        self._go_on()

    async def _dribble(self, answer: bytes, pace: float) -> None:
        end = self._loop.time() + LONGEST
        for position in range(len(answer)):
            if self._loop.time() > end:
                self._transport.abort()
                return
            self._transport.write(answer[position : position + 1])
            await asyncio.sleep(pace)

    def _encode(self, request: Request, reply: Reply) -> bytes:
        if reply.response is None:
            return b""
        head_only = request.method == "HEAD"
        answer = reply.response.encode(self._date(), close=not request.keep_alive, head_only=head_only)
        if not reply.half:
            return answer
        missing = len(reply.response.body) // 2 or len(answer) // 2
        return answer[:-missing]

    def _end(self, request: Request, reply: Reply) -> None:
        if reply.ending is Ending.RESET:
            self._reset()
        elif reply.ending is Ending.CLOSE or not request.keep_alive:
            self._transport.close()

    def _reset(self) -> None:
        connected: socket.socket = self._transport.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()

    def _turn_away(self, response: Response) -> None:
        """Answer, then read on a little: closing with bytes unread would reset the answer away."""
        self._lingering = True
        self._transport.write(response.encode(self._date(), close=True))
        with suppress(OSError):  # the client may have reset the connection meanwhile
            self._transport.write_eof()
        self._arm(self._limits.linger)

    # Time

    def _arm(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        idle_left = self._quiet_since + self._limits.idle - self._loop.time()
        if self._stalled:
            self._reset()  # a plain close would leave the system with answers that nobody reads
        elif self._lingering:
            self._transport.abort()
        elif self._late:
            response = self._handle(Malformed(408, "the rest of the request did not come in time")).response
            assert response is not None
            self._turn_away(response)
        elif self._playing is not None:
            self._arm(self._limits.idle)
        elif idle_left > 0:
            self._arm(idle_left)
        else:
            self._transport.close()
