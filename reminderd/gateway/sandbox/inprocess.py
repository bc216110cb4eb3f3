"""The sandbox as a gateway in this process: the same answers, faults and judgement, and no sockets and no waiting.

For simulations, where time goes on by itself: what would have taken a while is said in `took`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from reminderd.clock import Clock
from reminderd.gateway.account import probe_result
from reminderd.gateway.classify import send_outcome
from reminderd.gateway.config import PlivoConfig
from reminderd.gateway.details import details_of
from reminderd.gateway.messagelog import log_page, question
from reminderd.gateway.port import Details, DetailsUnavailable, LogPage, LogUnavailable, Probe, SendRequest
from reminderd.gateway.sandbox.api import Options
from reminderd.gateway.sandbox.connection import Ending, Reply
from reminderd.gateway.sandbox.credentials import AUTH_ID, AUTH_TOKEN
from reminderd.gateway.sandbox.faults import Fault
from reminderd.gateway.sandbox.http import Request
from reminderd.gateway.sandbox.ledger import Ledger
from reminderd.gateway.sandbox.service import Service
from reminderd.gateway.session import basic_credentials
from reminderd.gateway.transport import Answer, Broken, Exchange
from reminderd.model import NotBegun, Outcome

_ROOT = f"/v1/Account/{AUTH_ID}/"
_HEADERS = {"authorization": f"Basic {basic_credentials((AUTH_ID, AUTH_TOKEN))}", "content-type": "application/json"}
_LONGEST_RETRY_AFTER = timedelta(days=1)
_MANY = 1_000_000  # nothing has to connect here


class SandboxGateway:
    """The port over the sandbox's own API and faults. Not for several threads.

    took: how many seconds the last request to send would have taken.
    """

    def __init__(self, clock: Clock, faults: Sequence[Fault] = (), config: PlivoConfig | None = None) -> None:
        """config: for its time-outs only."""
        self._ledger = Ledger()
        self._service = Service(self._ledger, clock, Options(AUTH_ID, AUTH_TOKEN), faults)
        self._limits = config or PlivoConfig(AUTH_ID, AUTH_TOKEN)
        self.took = 0.0

    def send(self, request: SendRequest, begin: Callable[[], bool]) -> Outcome:
        self.took = 0.0
        if not begin():
            return NotBegun("withdrawn before the request")
        fields: dict[str, object] = {"src": request.sender, "dst": request.phone, "text": request.text, "log": "true"}
        if request.message_expiry is not None:
            fields["message_expiry"] = request.message_expiry
        reply = self._reply("POST", "Message/", "", json.dumps(fields).encode())
        exchange, self.took = self._exchange(reply)
        return send_outcome(exchange, request.text, (AUTH_TOKEN, AUTH_ID))

    def ready(self) -> int:
        return _MANY

    def log(
        self,
        *,
        since: datetime,
        until: datetime,
        phone: str | None = None,
        sender: str | None = None,
        page: str | None = None,
    ) -> LogPage | LogUnavailable:
        query = urlencode(question(since, until, phone, sender, page))
        exchange, _ = self._exchange(self._reply("GET", "Message/", query))
        return log_page(exchange, page, (AUTH_TOKEN, AUTH_ID))

    def details(self, message_uuid: str) -> Details | DetailsUnavailable:
        exchange, _ = self._exchange(self._reply("GET", f"Message/{quote(message_uuid, safe='')}/", ""))
        return details_of(exchange, message_uuid, (AUTH_TOKEN, AUTH_ID))

    def probe(self) -> Probe:
        exchange, _ = self._exchange(self._reply("GET", "", ""))
        return probe_result(exchange, (AUTH_TOKEN, AUTH_ID))

    def close(self) -> None:
        self._ledger.close()

    def _reply(self, method: str, path: str, query: str, body: bytes = b"") -> Reply:
        return self._service.handle(Request(method, _ROOT + path, query, _HEADERS, body, keep_alive=True))

    def _exchange(self, reply: Reply) -> tuple[Exchange, float]:
        """What a client with our time-outs makes of this reply, and after how many seconds."""
        quiet, whole = self._limits.read_timeout.total_seconds(), self._limits.deadline.total_seconds()
        if max(reply.delay, reply.pace) > quiet:
            return Broken(f"no answer for {quiet:g} s"), min(quiet, whole)
        response = reply.response
        took = reply.delay + (reply.pace * len(response.body) if response else 0.0)
        if took > whole:
            return Broken(f"no whole answer for {whole:g} s"), whole
        if response is None:
            reset = reply.ending is Ending.RESET
            return Broken("connection lost: Connection reset by peer" if reset else "closed without an answer"), took
        if reply.half:
            return Broken("the answer broke off", response.status), took
        return Answer(response.status, response.body, _retry_after(dict(response.headers))), took


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return min(timedelta(seconds=int(text)), _LONGEST_RETRY_AFTER) if text.isascii() and text.isdecimal() else None
