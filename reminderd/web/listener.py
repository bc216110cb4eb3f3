"""The listener's thread: opens the sockets, serves, and tries again where that fails."""

import errno
import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from reminderd.settings.model import WebSettings
from reminderd.telemetry import Event, emit, traceback
from reminderd.web.sources import Sources
from reminderd.web.tls import TlsError

if TYPE_CHECKING:
    from reminderd.web.serving import Serving

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_BACKLOG = 64
# `localhost` also names the IPv6 address where there is no IPv6.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_LAST_ONE = 3.0  # seconds that the listener before this one may take to end


class Listener:
    """address: HOST:PORT to listen on, where systemd has handed no sockets over.

    told(trouble): called in its thread when there is trouble, and with None when that is over.
    """

    def __init__(
        self,
        sources: Sources,
        address: str | None,
        handed: Sequence[socket.socket],
        told: Callable[[str | None], None],
    ) -> None:
        self._sources = sources
        self._address = address
        self._handed = handed
        self._told = told
        self._trouble: str | None = None
        self._stopping = threading.Event()
        self._serving: Serving | None = None
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._before: Listener | None = None

    def start(self, before: "Listener | None" = None) -> None:
        """before: one that was told to stop, and may still have the address."""
        self._before = before
        self._thread.start()

    def stop(self) -> None:
        """Tell it to end; does not wait."""
        self._stopping.set()
        if self._serving is not None:
            self._serving.stop()

    def renew(self, told: Callable[[str | None], None]) -> None:
        """Read certificate and key anew, for connections that come. told(trouble): called in its thread."""
        if self._serving is not None:
            self._serving.renew(told)

    def join(self, seconds: float) -> None:
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        if self._before is not None:
            self._before.join(_LAST_ONE)
            self._before = None
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                self._serve()
                pause = _FIRST_PAUSE
            except TlsError as error:
                self._tell(f"does not listen on {self._where}: {error}")
            except OSError as error:
                self._tell(f"cannot listen on {self._where}: {error.strerror or error}")
            except Exception as error:  # noqa: BLE001 - the thread's boundary: said, and tried again
                traceback(Event.DAEMON_FAILED, where="web")
                self._tell(f"a defect in the listener: {type(error).__name__}")
            self._stopping.wait(pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)

    @property
    def _where(self) -> str:
        return "systemd's socket" if self._handed else str(self._address)

    def _serve(self) -> None:
        sockets = [each.dup() for each in self._handed] or _opened(str(self._address))
        try:
            from reminderd.web.serving import Serving  # takes most of a second, and megabytes

            self._serving = Serving(self._sources, sockets)
        except BaseException:
            _close(sockets)
            raise
        if self._stopping.is_set():
            self._serving.stop()
        self._serving.run(lambda: self._serves(sockets))

    def _serves(self, sockets: Sequence[socket.socket]) -> None:
        open_to_all = not all(_is_local(each) for each in sockets)
        emit(
            Event.WEB_LISTENING,
            address=", ".join(map(_name, sockets)),
            warning=_warning(self._sources.settings().web, open_to_all=open_to_all),
        )
        self._tell(None)

    def _tell(self, trouble: str | None) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            if trouble is not None:
                emit(Event.WEB_FAILED, error=trouble)
            self._told(trouble)


def _warning(web: WebSettings, *, open_to_all: bool) -> str | None:
    """What these settings let others do, and perhaps should not. open_to_all: others than this host reach the address."""
    found = []
    if open_to_all:
        found.append("whoever reaches this address may read figures and health, which need no token")
    if web.look == "anyone" and (open_to_all or web.public_url or web.forwarded):
        found.append("whoever reaches the page may read it (web.look: anyone)")
    if open_to_all and web.tls_certificate is None:
        found.append("tokens can be read on their way: there is no TLS (web.tls_certificate)")
    return "; ".join(found) or None


def _opened(address: str) -> list[socket.socket]:
    """Sockets on all that the host's name stands for, as far as this host has it. Raises OSError."""
    host, _, port = address.rpartition(":")
    found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    lacking: OSError | None = None
    for family, _, _, _, target in dict.fromkeys(found):
        try:
            sockets.append(_listening(family, target))
        except OSError as error:
            if error.errno not in _NOT_HERE:
                _close(sockets)
                raise
            lacking = error
    if lacking is not None and not sockets:
        raise lacking
    return sockets


def _listening(family: int, target: object) -> socket.socket:
    fresh = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        fresh.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            fresh.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        fresh.bind(target)  # type: ignore[arg-type]
        fresh.listen(_BACKLOG)
    except OSError:
        fresh.close()
        raise
    return fresh


def _close(sockets: Sequence[socket.socket]) -> None:
    for each in sockets:
        each.close()


def _name(listening: socket.socket) -> str:
    address = listening.getsockname()
    if isinstance(address, tuple):
        return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"
    return str(address)


def _is_local(listening: socket.socket) -> bool:
    address = listening.getsockname()
    return not isinstance(address, tuple) or ipaddress.ip_address(address[0].partition("%")[0]).is_loopback
