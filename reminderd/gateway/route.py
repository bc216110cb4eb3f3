"""The way to Plivo: its address, the proxy in between, and whom to trust."""

import ipaddress
import os
import socket
import ssl
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection, ProxyConfig
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, make_headers, parse_url

_PORTS = {"http": 80, "https": 443}


class _Dialled:
    """Lets urllib3 do tunnel and TLS over a connection that stands already: dialling has a bound of ours."""

    dialled: socket.socket

    def _new_conn(self) -> socket.socket:
        return self.dialled


class _Plain(_Dialled, HTTPConnection):
    pass


class _Secure(_Dialled, HTTPSConnection):
    pass


class _TlsSocket(ssl.SSLSocket):
    """Closes itself on a reset: where one comes while ssl wraps the socket, ssl drops it unclosed."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        try:
            return super().recv(buflen, flags)
        except ConnectionError:
            self.close()
            raise


@dataclass(frozen=True, slots=True)
class Address:
    """Scheme, host and port of a server."""

    scheme: str
    host: str  # without the brackets of an IPv6 address
    port: int

    @classmethod
    def of(cls, url: Url, key: str) -> "Address":
        """The address in `url`, for the setting named `key`; raises ValueError."""
        if url.scheme not in _PORTS or not url.host:
            raise ValueError(f"{key}: must be an address like https://host or http://host:port")
        return cls(url.scheme, url.host.strip("[]"), url.port or _PORTS[url.scheme])

    @property
    def authority(self) -> str:
        """As the Host header wants it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Route:
    """How each request travels, fixed once from the settings and the environment.

    base: what comes before `/v1/Account` in the request line: a path, or the whole address where a proxy forwards.
    headers: those that depend on the way only.
    """

    def __init__(self, url: str, proxy: str | None, ca_file: Path | None, key: str = "plivo.url") -> None:
        """Raises ValueError, with a sentence that names the setting, for what cannot work."""
        where = _parsed(url, key)
        if where.auth or where.query or where.fragment:
            raise ValueError(f"{key}: must hold no user, query or fragment")
        self.target = Address.of(where, key)
        found = _proxy(proxy, self.target)
        self._via: Url | None = found[0] if found else None
        self.proxy: Address | None = found[1] if found else None
        self._proxy_headers = _proxy_headers(self._via)
        forwarded = self.proxy is not None and self.target.scheme == "http"
        path = (where.path or "").rstrip("/")
        self.base = f"http://{self.target.authority}{path}" if forwarded else path
        self.headers = {"Host": self.target.authority, **(self._proxy_headers if forwarded else {})}
        secure = "https" in {self.target.scheme, self.proxy.scheme if self.proxy else ""}
        self._trust = _trust(ca_file) if secure else None

    @property
    def first_hop(self) -> Address:
        """Whom to dial."""
        return self.proxy or self.target

    def open(self, sock: socket.socket, timeout: float) -> socket.socket:
        """Build on `sock`, connected to the first hop, what requests are then written to: tunnel and TLS.

        Closes `sock` and raises OSError, urllib3's HTTPError or http.client's HTTPException when that fails. What comes
        back has a socket's methods, but need not be one (TLS within TLS).
        """
        connection = self._connection(timeout)
        connection.dialled = sock
        try:
            if self.proxy and self.target.scheme == "https":
                connection.set_tunnel(self.target.host, self.target.port, self._proxy_headers, scheme=self.proxy.scheme)
            connection.connect()
        except BaseException:
            connection.close()
            sock.close()
            raise
        opened: socket.socket = connection.sock
        return opened

    def _connection(self, timeout: float) -> _Plain | _Secure:
        hop = self.first_hop
        config = ProxyConfig(self._trust, False, None, None) if self._via else None
        if self._trust is None:
            return _Plain(hop.host, hop.port, timeout=timeout, proxy=self._via, proxy_config=config)
        return _Secure(
            hop.host, hop.port, timeout=timeout, proxy=self._via, proxy_config=config, ssl_context=self._trust
        )


def dial(address: Address, attempt: float, until: float) -> socket.socket:
    """A TCP connection to the first of the host's addresses that answers.

    attempt: seconds for each; until: monotonic time by which all is over. Raises OSError, or ValueError for a name
    that can be none. Resolving the name takes what the system's resolver takes.
    """
    failure: OSError = TimeoutError("no time left to connect")
    for family, kind, protocol, _, where in socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM):
        left = until - time.monotonic()
        if left <= 0:
            break
        try:
            return _connected(socket.socket(family, kind, protocol), where, min(attempt, left))
        except OSError as error:
            failure = error
    raise failure


def _connected(sock: socket.socket, where: object, timeout: float) -> socket.socket:
    try:
        sock.settimeout(timeout)
        sock.connect(where)  # type: ignore[arg-type]  # what getaddrinfo gave
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def _parsed(text: str, key: str) -> Url:
    try:
        return parse_url(text.strip())
    except LocationParseError:
        raise ValueError(f"{key}: is not an address") from None


def _proxy(setting: str | None, target: Address) -> tuple[Url, Address] | None:
    """The setting's proxy, empty for none at all; without a setting the environment's."""
    key = "plivo.proxy" if setting is not None else "the proxy of the environment"
    text = setting if setting is not None else _environment_proxy(target)
    if not text:
        return None
    url = _parsed(text if "://" in text else f"http://{text}", key)
    return url, Address.of(url, key)


def _environment_proxy(target: Address) -> str | None:
    """What HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say; never a proxy for this very machine."""
    if _is_loopback(target.host) or urllib.request.proxy_bypass(f"{target.host}:{target.port}"):
        return None
    proxies = urllib.request.getproxies_environment()
    return proxies.get(target.scheme) or proxies.get("all")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _proxy_headers(via: Url | None) -> dict[str, str]:
    if via is None or via.auth is None:
        return {}
    return {"Proxy-Authorization": make_headers(proxy_basic_auth=unquote(via.auth))["proxy-authorization"]}


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """Whose certificates count: the setting's, the environment's (REQUESTS_CA_BUNDLE, SSL_CERT_FILE), the system's."""
    key = "plivo.ca_file" if ca_file else "REQUESTS_CA_BUNDLE"
    chosen = str(ca_file) if ca_file else os.environ.get("REQUESTS_CA_BUNDLE") or _default_bundle()
    folder = chosen is not None and Path(chosen).is_dir()
    try:
        trust = ssl.create_default_context(cafile=None if folder else chosen, capath=chosen if folder else None)
    except OSError as error:
        raise ValueError(f"{key}: {chosen} holds no certificates that can be read: {error.strerror}") from None
    trust.sslsocket_class = _TlsSocket
    return trust


def _default_bundle() -> str | None:
    """None lets OpenSSL use its own places, which SSL_CERT_FILE moves; certifi's where the system has none."""
    places = ssl.get_default_verify_paths()
    return None if places.cafile or places.capath else certifi.where()
