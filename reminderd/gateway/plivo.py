"""The gateway to Plivo, through its SDK."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote

from reminderd import __version__
from reminderd.gateway.account import ownership_of, probe_result
from reminderd.gateway.callbacks import STATUS_PATH
from reminderd.gateway.classify import send_outcome
from reminderd.gateway.config import PlivoConfig
from reminderd.gateway.details import REQUESTS_PER_SECOND, details_of
from reminderd.gateway.lines import Limits
from reminderd.gateway.messagelog import REQUESTS_PER_MINUTE, Budget, log_page, question
from reminderd.gateway.port import (
    Details,
    DetailsUnavailable,
    LogPage,
    LogUnavailable,
    Ownership,
    Probe,
    SendRequest,
)
from reminderd.gateway.route import Route
from reminderd.gateway.session import Session, basic_credentials, headers, sdk_client
from reminderd.gateway.transport import Transport
from reminderd.model import Outcome, digits

SHORTEST_EXPIRY, LONGEST_EXPIRY = 5, 10_799  # seconds that Plivo takes for message_expiry


class PlivoGateway:
    """The port over `plivo.RestClient`; see `Gateway` for what each method promises."""

    def __init__(self, config: PlivoConfig) -> None:
        """Makes no request. Raises ValueError, with a sentence that names the setting, for what cannot work."""
        _check_credentials(config)
        auth = (config.auth_id, config.auth_token)
        route = Route(config.url, config.proxy, config.ca_file)
        limits = Limits(
            config.connect_timeout.total_seconds(),
            config.read_timeout.total_seconds(),
            config.deadline.total_seconds(),
        )
        transport = Transport(route, headers(auth, f"reminderd/{__version__}"), limits, config.threads)
        self._session = Session(transport, auth)
        self._client = sdk_client(self._session, route)
        self._secrets = (config.auth_token, config.auth_id, basic_credentials(auth))
        self._callbacks = config.callbacks
        self._budget = Budget(REQUESTS_PER_MINUTE, 60.0, time.monotonic)
        self._details_budget = Budget(REQUESTS_PER_SECOND, 1.0, time.monotonic)

    def send(self, request: SendRequest, begin: Callable[[], bool]) -> Outcome:
        exchange = self._session.perform(begin, lambda: self._create(request))
        return send_outcome(exchange, request.text, self._secrets)

    def ready(self) -> int:
        return self._session.ready()

    def log(
        self,
        *,
        since: datetime,
        until: datetime,
        phone: str | None = None,
        sender: str | None = None,
        page: str | None = None,
    ) -> LogPage | LogUnavailable:
        """Within Plivo's limit for this question, by a budget of this gateway's own."""
        if wait := self._budget.take():
            return LogUnavailable("log budget used up", timedelta(seconds=wait))
        params = question(since, until, phone, sender, page)
        # Not `messages.list`, which dies of every answer that is no list.
        exchange = self._session.perform(_at_once, lambda: self._client.request("GET", ("Message",), params))
        return log_page(exchange, page, self._secrets)

    def details(self, message_uuid: str) -> Details | DetailsUnavailable:
        """Far within what Plivo answers an account, by a budget of this gateway's own."""
        if wait := self._details_budget.take():
            return DetailsUnavailable("budget for details used up", timedelta(seconds=wait), pause=True)
        # As it stands in the address; a name can be anything that Plivo once answered.
        path = ("Message", quote(message_uuid, safe="", errors="replace"))
        exchange = self._session.perform(_at_once, lambda: self._client.request("GET", path))
        return details_of(exchange, message_uuid, self._secrets)

    def probe(self) -> Probe:
        return probe_result(self._session.perform(_at_once, self._client.account.get), self._secrets)

    def owns(self, number: str) -> Ownership:
        """Ask whether a number (E.164) is one of the account's; no part of the port: the daemon has no use for it."""
        path = ("Number", digits(number))
        # Not `numbers.get`, whose object is of no use for what is no number.
        return ownership_of(self._session.perform(_at_once, lambda: self._client.request("GET", path)), self._secrets)

    def close(self) -> None:
        self._session.close()

    def _create(self, request: SendRequest) -> object:
        expiry = request.message_expiry
        return self._client.messages.create(
            src=request.sender,
            dst=request.phone,
            text=request.text,
            log="true",
            url=None if self._callbacks is None else f"{self._callbacks}{STATUS_PATH}{request.token}",
            method="POST",  # which the SDK says with or without an address
            message_expiry=None if expiry is None else min(max(expiry, SHORTEST_EXPIRY), LONGEST_EXPIRY),
        )


def _check_credentials(config: PlivoConfig) -> None:
    """The SDK would look for missing ones in the environment, and put any id into the address as it is."""
    if not config.auth_token:
        raise ValueError("plivo.auth_token: is missing")
    if not config.auth_id or quote(config.auth_id, safe="") != config.auth_id:
        raise ValueError("plivo.auth_id: is missing or holds characters that an id never has")


def _at_once() -> bool:
    return True
