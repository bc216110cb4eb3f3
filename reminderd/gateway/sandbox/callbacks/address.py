"""Where a callback goes: to this machine and nowhere else."""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

_URL = re.compile(r"https?://[!-~]+")


@dataclass(frozen=True, slots=True)
class Address:
    """An address on this machine. host, port: to connect to. target: path and query."""

    tls: bool
    host: str
    port: int
    target: str


@lru_cache(maxsize=1024)
def parse_address(url: str) -> Address:
    """The address that `url` names; raises ValueError for what is none, and for what is not on this machine."""
    if not _URL.fullmatch(url):
        raise ValueError(f"{url!r} is not an address beginning with http:// or https://")
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
    if not _is_loopback(host):
        raise ValueError(f"{parts.hostname} is not this machine; the sandbox calls loopback addresses only")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(tls, host, (443 if tls else 80) if parts.port is None else parts.port, target)


def host_header(url: str) -> str:
    """What the Host header says: host and port as the URL has them."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
