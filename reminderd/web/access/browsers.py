"""What browsers send by themselves: cookies, and from whose page a request comes."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from reminderd.web.access.origin import Origin

_NAME = "reminderd"
_MOST_TRIED = 8


def cookie_name(secure: bool) -> str:
    """`__Host-`: browsers take it from this very host over TLS only."""
    return f"__Host-{_NAME}" if secure else _NAME


def set_cookie(value: str, secure: bool) -> str:
    """A Set-Cookie header; an empty value removes it."""
    ends = "; Max-Age=0" if not value else ""
    return f"{cookie_name(secure)}={value}; Path=/; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}{ends}"


def cookies(scope: Mapping[str, Any], secure: bool) -> Iterator[str]:
    """What came under our name; another host of the same domain may have added more."""
    wanted, tried = cookie_name(secure), 0
    for header, value in scope["headers"]:
        if header != b"cookie":
            continue
        for pair in value.decode("latin-1").split(";"):
            name, _, content = pair.strip().partition("=")
            if name == wanted and tried < _MOST_TRIED:
                tried += 1
                yield content


def is_own_page(scope: Mapping[str, Any], origin: Origin, public_url: str | None) -> bool:
    """Whether a page of ours sent this, by what every browser says of a POST: a page elsewhere cannot say otherwise."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    site, source = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    if site is not None and site != "same-origin":
        return False
    if source is None or (source == "null" and site is not None):
        return site is not None
    scheme, _, host = source.partition("://")
    if public_url is not None and (scheme, host.lower()) == _of(public_url):
        return True
    hosts = {headers.get(b"host", "").lower()}
    if origin.named:
        hosts.add(headers.get(b"x-forwarded-host", "").rpartition(",")[2].strip().lower())
    return host.lower() in hosts - {""} and (scheme == "https" or (scheme == "http" and not origin.secure))


def _of(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
