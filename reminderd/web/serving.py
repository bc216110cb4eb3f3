"""uvicorn with bounds: so many connections, each of so much patience, and no polling while nobody asks."""

import asyncio
import gc
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from reminderd.telemetry import Event, emit
from reminderd.web.app import Application
from reminderd.web.sources import Sources
from reminderd.web.tls import Handshake, Tls

MOST_CONNECTIONS = 64
_HEAD_SECONDS = 5.0  # for the first request to be there
_LIFE_SECONDS = 30.0  # of a connection, whatever it does; and what is being answered then may take
_LAST_SECONDS = 10.0  # more of them
_MOST_HEAD = 16 * 1024  # bytes of a request before its body
_PIECE = 4 * 1024
_STOP_SECONDS = 1


class _Open(Protocol):
    """A connection. idle: it waits for its peer."""

    @property
    def idle(self) -> bool: ...
    def cut(self) -> None: ...


class _Crowd:
    """The connections that are open, the oldest first."""

    def __init__(self) -> None:
        self._open: dict[_Open, None] = {}

    def enter(self, fresh: _Open) -> None:
        """Whoever comes when all places are taken gets that of who has been idle longest; where nobody is, the oldest's."""
        self._open[fresh] = None
        if len(self._open) > MOST_CONNECTIONS:
            idle = (each for each in self._open if each.idle and each is not fresh)
            next(idle, next(iter(self._open))).cut()

    def leave(self, gone: _Open) -> None:
        self._open.pop(gone, None)

    def end(self) -> None:
        for each in list(self._open):
            each.cut()


def _send_at_once(connection: socket.socket) -> None:
    """asyncio sees to it only where a socket knows its protocol, which an accepted one does not. Else each answer on a connection
    that is kept open waits 40 ms, until its peer has acknowledged the head."""
    if connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class _Connection(H11Protocol):
    """One connection, which ends by itself."""

    def __init__(self, crowd: _Crowd, **parts: Any) -> None:
        super().__init__(**parts)
        self._crowd = crowd
        self._timers: list[asyncio.TimerHandle] = []

    @property
    def idle(self) -> bool:
        """Whether it waits for its peer to ask."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _send_at_once(transport.get_extra_info("socket"))
        self._timers = [
            self.loop.call_later(_HEAD_SECONDS, self._expect_request),
            self.loop.call_later(_LIFE_SECONDS, self._retire),
        ]
        self._crowd.enter(self)

    def data_received(self, data: bytes) -> None:
        """In pieces: h11 looks at how large a head is only as long as it is not there as a whole."""
        for start in range(0, len(data), _PIECE):
            if self.transport.is_closing():
                return
            super().data_received(data[start : start + _PIECE])

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in self._timers:
            timer.cancel()
        self._crowd.leave(self)
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        asked: object = self.scope  # of the last request; none, whatever its type says, before the first one
        if asked is None:
            self.cut()

    def _retire(self) -> None:
        if self.idle:
            self.cut()
        else:
            self.cycle.keep_alive = False
            self._timers.append(self.loop.call_later(_LAST_SECONDS, self.cut))

    def cut(self) -> None:
        """Its place is free at once; what was not written yet is lost."""
        self._crowd.leave(self)
        self.transport.abort()


class _Server(uvicorn.Server):
    """Waits for `stop` where uvicorn looks ten times a second."""

    def __init__(self, config: uvicorn.Config, stop: asyncio.Event) -> None:
        super().__init__(config)
        self._stop = stop

    async def main_loop(self) -> None:
        await self.on_tick(0)  # sets the default headers
        await self._stop.wait()


def _note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What went wrong between requests. That no more files can be opened passes; asyncio tries again by itself."""
    error = context.get("exception")
    if not isinstance(error, OSError):
        emit(Event.DAEMON_FAILED, where="web", error=f"{context['message']}: {type(error).__name__}")


async def _end_tasks() -> None:
    """Also lets what was cut be closed."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for each in left:
        each.cancel()
    await asyncio.gather(*left, asyncio.sleep(0), return_exceptions=True)


class Serving:
    """Serves on these sockets, which it closes, until it is told to stop. To be run in a thread of its own."""

    def __init__(self, sources: Sources, sockets: list[socket.socket]) -> None:
        """Raises TlsError where the settings want TLS and it cannot be had."""
        self._tls = Tls(lambda: sources.settings().web)
        self._sources = sources
        self._sockets = sockets
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()

    def run(self, serves: Callable[[], None]) -> None:
        """Returns when all is over. serves(): it answers now."""
        for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
            logging.getLogger(name).disabled = True  # what strangers send must not fill the log
        application = Application(self._sources)
        crowd = _Crowd()

        def connection(**parts: Any) -> asyncio.Protocol:
            plain = _Connection(crowd, **parts)
            return Handshake(crowd, self._tls.context, plain) if self._tls.context else plain

        config = uvicorn.Config(
            application.asgi,
            http=cast("type[asyncio.Protocol]", connection),
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=2 * MOST_CONNECTIONS,
            backlog=MOST_CONNECTIONS,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=_STOP_SECONDS,
            h11_max_incomplete_event_size=_MOST_HEAD,
        )
        self._loop.set_exception_handler(_note)
        self._loop.call_soon(serves)
        # What is loaded now stays. Requests leave cycles behind, and whoever looks for garbage in all of the libraries' objects stops
        # every thread for a tenth of a second and more, the loop's too.
        gc.freeze()
        try:
            self._loop.run_until_complete(_Server(config, self._stop).serve(self._sockets))
        finally:
            application.close()
            crowd.end()
            self._loop.run_until_complete(_end_tasks())
            self._loop.close()
            gc.unfreeze()
            for each in self._sockets:
                each.close()

    def renew(self, told: Callable[[str | None], None]) -> None:
        """From any thread: read certificate and key anew. told(trouble): called in the thread of `run`."""
        with suppress(RuntimeError):  # its loop is closed: it is over
            self._loop.call_soon_threadsafe(lambda: told(self._tls.renew()))

    def stop(self) -> None:
        """From any thread, at any time: `run` returns soon, also one that only begins."""
        with suppress(RuntimeError):  # its loop is closed: it is over
            self._loop.call_soon_threadsafe(self._stop.set)
