"""The way to Plivo step by step, for those who look why it cannot be gone: name, connection, tunnel and TLS. Sends no request."""

import socket
import ssl
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import NamedTuple

from urllib3.exceptions import HTTPError

from reminderd.gateway.config import PlivoConfig
from reminderd.gateway.evidence import of_unreached, tunnel_status
from reminderd.gateway.keeper import Keeper
from reminderd.gateway.lines import CONNECT_PHASE
from reminderd.gateway.route import Route, dial

_FAILURES = (OSError, HTTPError, ValueError)


class Trouble(NamedTuple):
    """Why a step failed. status: what a proxy answered instead of opening a tunnel."""

    evidence: str
    status: int | None = None


class Certificate(NamedTuple):
    """The certificate that the other side showed, and that was found good."""

    expires: datetime
    issuer: str


class Way:
    """The way that requests take. Each step is bounded by the settings' time to connect, but for the resolver."""

    def __init__(self, config: PlivoConfig) -> None:
        """Raises ValueError, with a sentence that names the setting, for what cannot work."""
        self._route = Route(config.url, config.proxy, config.ca_file)
        self._seconds = config.connect_timeout.total_seconds()

    @property
    def target(self) -> str:
        return self._route.target.authority

    @property
    def proxy(self) -> str | None:
        """The proxy in between."""
        return self._route.proxy.authority if self._route.proxy else None

    @property
    def hop(self) -> str:
        """Whom to connect to: the proxy, or the target itself."""
        return self._route.first_hop.authority

    @property
    def is_secure(self) -> bool:
        return self._route.target.scheme == "https"

    def resolve(self) -> tuple[str, ...] | Trouble:
        """The addresses of whom to connect to. Takes what the system's resolver takes."""
        hop = self._route.first_hop
        try:
            found = socket.getaddrinfo(hop.host, hop.port, type=socket.SOCK_STREAM)
        except _FAILURES as error:
            return Trouble(of_unreached(error))
        return tuple(dict.fromkeys(str(where[0]) for *_, where in found))

    def connect(self) -> socket.socket | Trouble:
        """A connection, which the caller closes or hands to `secure`."""
        try:
            return dial(self._route.first_hop, self._seconds, time.monotonic() + CONNECT_PHASE * self._seconds)
        except _FAILURES as error:
            return Trouble(of_unreached(error))

    def secure(self, connection: socket.socket) -> Certificate | Trouble | None:
        """Build tunnel and TLS as for a request, and close all of it. None where no certificate was shown: without TLS."""
        keeper, tap = Keeper(), connection.dup()
        connection.settimeout(self._seconds)
        watch = keeper.watch(tap, CONNECT_PHASE * self._seconds)
        try:
            with closing(self._route.open(connection, self._seconds)) as opened:
                shown = opened.getpeercert() if hasattr(opened, "getpeercert") else None
        except _FAILURES as error:
            late = not keeper.release(watch) or isinstance(error, TimeoutError)
            return Trouble("tunnel or TLS not ready in time" if late else of_unreached(error), tunnel_status(error))
        finally:
            keeper.release(watch)
            keeper.close()
            tap.close()
        return _certificate(shown) if shown else None


def _certificate(shown: dict[str, object]) -> Certificate:
    expires = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    issuer = shown.get("issuer")
    parts = [pair for part in issuer for pair in part] if isinstance(issuer, tuple) else []
    names = dict(parts)
    return Certificate(expires, str(names.get("organizationName") or names.get("commonName") or "an unnamed issuer"))
