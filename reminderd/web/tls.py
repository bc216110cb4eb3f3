"""The certificate and key of the settings, and how connections begin with them: bounded like all else that comes in."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from reminderd.settings.model import WebSettings

HANDSHAKE_SECONDS = 5.0
_GOODBYE_SECONDS = 2.0
_MOST_EARLY = 64 * 1024


class TlsError(Exception):
    """Certificate and key cannot be used; says which and why."""


def load(certificate: Path, key: Path) -> ssl.SSLContext:
    """For the listener: TLS 1.2 and later, HTTP/1.1. Raises TlsError."""
    for path in (certificate, key):
        try:
            path.read_bytes()
        except OSError as error:
            raise TlsError(f"{path} cannot be read: {error.strerror}") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=b"")  # else it would ask on a terminal
    except (ssl.SSLError, ValueError) as error:
        raise TlsError(f"{certificate} and {key} cannot be used: {_why(error)}") from None
    return context


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    if reason == "KEY_VALUES_MISMATCH":
        return "the key is not the certificate's"
    if reason in ("NO_START_LINE", None):
        return "they are not PEM, or the key has a passphrase"
    return str(reason).replace("_", " ").lower()


class Tls:
    """web(): the settings in use. What was good before goes on until there is something good."""

    def __init__(self, web: Callable[[], WebSettings]) -> None:
        """Raises TlsError."""
        self._web = web
        self.context = self._load()

    def renew(self) -> str | None:
        """Read the files anew; what is wrong with them, if anything."""
        try:
            self.context = self._load()
        except TlsError as error:
            return str(error)
        return None

    def _load(self) -> ssl.SSLContext | None:
        web = self._web()
        return load(web.tls_certificate, web.tls_key) if web.tls_certificate and web.tls_key else None


class Crowd(Protocol):
    """Those who have a connection."""

    def enter(self, fresh: "Handshake") -> None: ...
    def leave(self, gone: "Handshake") -> None: ...


class Handshake(asyncio.Protocol):
    """A connection until it is TLS; it has a place like any other, and loses it like one that is idle."""

    idle = True

    def __init__(self, crowd: Crowd, context: ssl.SSLContext, connection: asyncio.Protocol) -> None:
        """connection: what goes on with it then."""
        self._crowd = crowd
        self._context = context
        self._connection = connection
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._early = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.pause_reading()  # what comes is for `start_tls`
        self._transport = transport
        self._crowd.enter(self)
        self._task = asyncio.get_running_loop().create_task(self._secure(transport))

    async def _secure(self, transport: asyncio.Transport) -> None:
        try:
            secured = await asyncio.get_running_loop().start_tls(
                transport,
                self,
                self._context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=_GOODBYE_SECONDS,
            )
        except OSError:  # not TLS, none that we speak, too slow, or gone
            transport.abort()
            return
        finally:
            self._crowd.leave(self)
        if secured is None or secured.is_closing() or len(self._early) > _MOST_EARLY:
            transport.abort()
            return
        secured.set_protocol(self._connection)
        self._connection.connection_made(secured)
        if self._early:
            self._connection.data_received(self._early)

    def data_received(self, data: bytes) -> None:
        """What came along with the end of the handshake."""
        self._early += data

    def cut(self) -> None:
        """Its place is free at once."""
        self._crowd.leave(self)
        if self._transport is not None:
            self._transport.abort()
