"""Where a request comes from: the peer's address, or what a proxy says that is trusted to say it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# A peer on a unix socket is on this machine.
_HERE = IPv4Address("127.0.0.1")
_MOST_HOPS = 32
_PASSED_ON = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip", b"via")


@dataclass(frozen=True, slots=True)
class Origin:
    """address: of who asks, None where that cannot be known. secure: asked over TLS.

    named: a trusted proxy said so. direct: nothing says that anybody passed it on. loopback_host: the Host header
    names this machine and nothing else, which a page of somebody else's cannot bring about by its own name.
    """

    address: Address | None
    peer: Address | None
    secure: bool
    named: bool
    direct: bool
    loopback_host: bool

    @property
    def key(self) -> str:
        """Whom a limit is for: an address; of IPv6 the network of 64 bits that one person usually has."""
        address = self.address or self.peer
        if isinstance(address, IPv6Address):
            return str(IPv6Network((int(address) >> 64 << 64, 64)))
        return str(address)

    def is_local(self, public: bool) -> bool:
        """Whether it comes from this machine. public: the listener is meant to be reached from outside."""
        here = self.address is not None and self.address.is_loopback and self.loopback_host
        return here and (self.named or (self.direct and not public))


def origin_of(scope: Mapping[str, Any], forwarded: Sequence[Network]) -> Origin:
    """scope: of ASGI. forwarded: whose X-Forwarded-For and X-Forwarded-Proto count."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    peer = _peer(scope)
    secure = scope.get("scheme") == "https"
    address, named = peer, False
    if peer is not None and _among(peer, forwarded):
        address = _client(_values(headers, b"x-forwarded-for"), forwarded)
        named = address is not None
        protocols = _values(headers, b"x-forwarded-proto")
        secure = secure or (bool(protocols) and protocols[-1].lower() == "https")
    direct = address is peer and not any(name in _PASSED_ON for name, _ in headers)
    return Origin(address, peer, secure, named, direct, _is_loopback_host(headers))


def _peer(scope: Mapping[str, Any]) -> Address | None:
    """None of a TCP connection that is gone already."""
    server = scope.get("server")
    if server is not None and server[1] is None:
        return _HERE
    client = scope.get("client")
    return _parsed(client[0]) if client else None


def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _among(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _values(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> list[str]:
    """What a header lists, over all of its lines; the last ones where there are very many."""
    found = b",".join(value for name, value in headers if name == wanted)
    return [each.strip() for each in found.decode("latin-1").split(",") if each.strip()][-_MOST_HOPS:]


def _client(hops: Sequence[str], trusted: Sequence[Network]) -> Address | None:
    """The nearest one that is not trusted itself; where all are, the farthest. None where that is no address."""
    address = None
    for hop in reversed(hops):
        address = _parsed(_without_port(hop))
        if address is None or not _among(address, trusted):
            return address
    return address


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _is_loopback_host(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
    if len(hosts) != 1:
        return False
    host = _without_port(hosts[0].strip()).lower()
    if host in ("localhost", "localhost."):
        return True
    address = _parsed(host)
    return address is not None and address.is_loopback
