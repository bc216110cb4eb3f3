"""The SDK's own session, replaced: same checks and JSON, but a wire that tells what happened.

The SDK turns answers into exceptions that have lost status, body and headers, and some good answers into None. So
each call leaves its exchange in a record, and what the SDK makes of it is not looked at.
"""

import base64
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode

from reminderd.gateway.route import Route
from reminderd.gateway.transport import Answer, Broken, Exchange, Rejected, Transport, Unreached


class Call:
    """What became of one call of the SDK."""

    __slots__ = ("_begin", "asking", "begun", "exchange")

    def __init__(self, begin: Callable[[], bool]) -> None:
        self._begin = begin
        self.asking = False  # whether `begin` was called and did not return: its own exception is on its way
        self.begun = False
        self.exchange: Exchange | None = None

    def begin(self) -> bool:
        self.asking = True
        self.begun = self._begin()
        self.asking = False
        return self.begun


class NoAnswer(Exception):
    """Ends the SDK's call where there is no answer for it to read."""


class SdkRequest(Protocol):
    """What the session reads of a `requests.Request`."""

    method: str
    url: str
    params: Mapping[str, object] | None
    json: Mapping[str, object] | None


class Prepared(NamedTuple):
    """A request ready for the wire; url is what stands in its first line."""

    method: str
    url: str
    body: bytes | None


class Reply:
    """What the SDK reads of a `requests.Response`."""

    def __init__(self, answer: Answer, url: str) -> None:
        self.status_code = answer.status
        self.url = url
        self._body = answer.body

    def json(self, **options: Any) -> Any:
        return json.loads(self._body, **options)


class Session:
    """Stands in for `requests.Session` inside one SDK client; safe for several threads."""

    def __init__(self, transport: Transport, auth: tuple[str, str]) -> None:
        self.auth = auth
        self._transport = transport
        self._calls = threading.local()

    def perform(self, begin: Callable[[], bool], use_sdk: Callable[[], object]) -> Exchange:
        """Call the SDK, which makes one request, and return what became of it. Raises only what `begin` raises."""
        self._calls.now = call = Call(begin)
        failure: Exception | None = None
        try:
            use_sdk()
        except Exception as error:  # the SDK's are of every kind, and none says what the record says
            if call.asking:
                raise
            failure = error
        finally:
            del self._calls.now
        return _unrecorded(call, failure) if call.exchange is None else call.exchange

    def prepare_request(self, request: SdkRequest) -> Prepared:
        body = json.dumps(request.json, allow_nan=False).encode() if request.json else None
        query = f"?{urlencode(request.params)}" if request.params else ""
        return Prepared(request.method, request.url + query, body)

    def send(self, prepared: Prepared, **_options: object) -> Reply:
        """The SDK's time-outs and proxies in the options do not count here; the transport has its own."""
        call: Call = self._calls.now
        call.exchange = self._transport.exchange(prepared.method, prepared.url, prepared.body, call.begin)
        if not isinstance(call.exchange, Answer):
            raise NoAnswer
        return Reply(call.exchange, prepared.url)

    def ready(self) -> int:
        """How many connections stand and may be used."""
        return self._transport.ready()

    def close(self) -> None:
        self._transport.close()


def _unrecorded(call: Call, failure: Exception | None) -> Exchange:
    """The SDK's checks refused; or there is a defect, and then only the place of it says what may have happened."""
    from plivo.exceptions import ValidationError

    if isinstance(failure, ValidationError):
        return Rejected(str(failure))
    what = f"defect: {type(failure).__name__}"
    return Broken(what) if call.begun else Unreached(what)


def basic_credentials(auth: tuple[str, str]) -> str:
    """The account's id and token as they stand in the header, where anybody could read them."""
    return base64.b64encode(":".join(auth).encode()).decode("ascii")


def headers(auth: tuple[str, str], user_agent: str) -> dict[str, str]:
    """What the SDK sends with every JSON request."""
    return {
        "Authorization": f"Basic {basic_credentials(auth)}",
        "User-Agent": user_agent,
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
    }


def sdk_client(session: Session, route: Route) -> Any:
    """A `plivo.RestClient` whose requests go through `session`; raises ValueError for credentials that can be none.

    The SDK resets `base_uri` from a constant on every call, hence the property. It is imported here as it takes a
    quarter of a second and 27 MB.
    """
    import plivo

    base = f"{route.base}/v1/Account"
    override = {"base_uri": property(lambda _self: base, lambda _self, _value: None)}
    try:
        client = type("RestClient", (plivo.RestClient,), override)(*session.auth)
    except plivo.exceptions.AuthenticationError:
        raise ValueError("plivo.auth_id: must be 20 characters that start with MA or SA") from None
    for unused in (client.session, client.multipart_session):
        unused.close()
    client.session = client.multipart_session = session
    return client
