"""Addresses that operators name, to be told or asked for: one request, one answer, over the same wire as Plivo's.

Such an address is often a secret itself, so that nothing here ever shows it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, make_headers, parse_url

from reminderd import __version__
from reminderd.gateway.lines import Limits
from reminderd.gateway.route import Route
from reminderd.gateway.transport import Answer, Transport

_LIMITS = Limits(connect=5, read=10, deadline=15)


class Heard(NamedTuple):
    """What came of a request; evidence: in a few words, without the address."""

    ok: bool
    evidence: str


class Hook:
    """key: the setting that names it. proxy, ca_file: as of Plivo's own."""

    def __init__(self, url: str, key: str, proxy: str | None, ca_file: Path | None, limits: Limits = _LIMITS) -> None:
        self._url = url
        self._key = key
        self._proxy = proxy
        self._ca_file = ca_file
        self._limits = limits

    def ask(self) -> Heard:
        """GET it. Takes at most half a minute, and what resolving its name takes; raises nothing on its own account."""
        return self._request("GET", None)

    def post(self, document: Mapping[str, object]) -> Heard:
        """POST a JSON document to it, as `ask`."""
        return self._request("POST", json.dumps(document, ensure_ascii=False).encode())

    def _request(self, method: str, body: bytes | None) -> Heard:
        try:
            where = parse_url(self._url)
            origin = Url(where.scheme, host=where.host, port=where.port)
            route = Route(origin.url, self._proxy, self._ca_file, self._key)
        except LocationParseError:
            return Heard(False, f"{self._key}: is not an address")
        except ValueError as error:
            return Heard(False, str(error))
        transport = Transport(route, _headers(where), self._limits, keep=0)
        try:
            exchange = transport.exchange(method, route.base + where.request_uri, body, lambda: True)
        finally:
            transport.close()
        match exchange:
            case Answer(status=status) if 200 <= status < 300:
                return Heard(True, f"answered {status}")
            case Answer(status=status):
                return Heard(False, f"answered {status}")
            case _:
                return Heard(False, getattr(exchange, "evidence", "no request was made"))


def _headers(where: Url) -> dict[str, str]:
    headers = {
        "User-Agent": f"reminderd/{__version__}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        "Connection": "close",
    }
    if where.auth:
        headers["Authorization"] = make_headers(basic_auth=unquote(where.auth))["authorization"]
    return headers
