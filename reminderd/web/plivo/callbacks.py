"""The paths that Plivo calls: /plivo/status/TOKEN and /plivo/inbound. POST with a form, or GET with a query.

Who asks is told by the signature alone. 200 once what it says is committed; 403 for a bad signature; 404 for a token that nobody
knows; 503 where it cannot be taken now, and Plivo tries again after 60, 120 and 240 seconds. Nothing that it says is logged.
"""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from queue import Full
from typing import NamedTuple
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from reminderd.gateway.callbacks import INBOUND_PATH, STATUS_PATH, Arrival, Form, InboundText, read_inbound, read_status
from reminderd.gateway.intents import intent_of
from reminderd.model import Intent
from reminderd.reconciler import Result
from reminderd.store import StateFailure
from reminderd.web.plivo.confirming import Confirming, Unconfirmed
from reminderd.web.plivo.refused import Refused
from reminderd.web.plivo.signed import Signed, signed
from reminderd.web.problems import problem
from reminderd.web.sources import Sources

MOST_FIELDS = 100
PATIENCE = 5.0  # seconds; Plivo itself waits for eight
_DATING = 2.0  # seconds more, for when a stop was written
_METHODS = ["GET", "POST"]
_TOKEN = re.compile("[0-9a-f]{32}")  # as attempts have them
STATUS, INBOUND = "status", "inbound"  # kinds, in figures


_Read = Callable[[Form], Arrival | str]


class _Refused(Exception):
    """An answer that ends it. result: a word for the figures. ours: whether it looks like something that Plivo sends us."""

    def __init__(self, result: str, status: int, title: str, detail: str, *, ours: bool = False) -> None:
        super().__init__(detail)
        self.result = result
        self.ours = ours
        self.answer = problem(status, title, detail)


class _Asked(NamedTuple):
    form: Form
    signed: Signed


class Callbacks:
    """Belongs to the listener's event loop."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._confirming = Confirming(sources.gateway)
        self._refused = Refused(sources.figures, sources.now)

    async def status(self, request: Request, token: str) -> Response:
        def read(form: Form) -> Arrival | str:
            return read_status(token, form)

        return await self._answer(request, STATUS, read, bool(_TOKEN.fullmatch(token)))

    async def inbound(self, request: Request) -> Response:
        return await self._answer(request, INBOUND, read_inbound, True)

    async def _answer(self, request: Request, kind: str, read: _Read, ours: bool) -> Response:
        """ours: whether the address is one that Plivo may have been told."""
        try:
            asked = await self._asked(request, read)
            self._refused.taken()
            result = await self._take(asked, read)
        except _Refused as refused:
            self._count(kind, refused.result)
            if ours and refused.ours:
                self._refused.note(kind, refused.result)
            return refused.answer
        self._count(kind, result)
        if result is Result.UNKNOWN:
            return problem(404, "Not Found", "nothing of this name was sent from here")
        return Response(status_code=200)

    async def _take(self, asked: _Asked, read: _Read) -> Result:
        arrival = read(asked.form)
        if isinstance(arrival, str):
            raise _Refused("unreadable", 400, "Bad Request", arrival, ours=True)
        try:
            async with asyncio.timeout(PATIENCE):
                if asked.signed is Signed.ADDRESS:
                    confirmed = await self._confirming.confirm(arrival)
                    if confirmed is None:
                        return Result.STRANGE
                    arrival = confirmed
                elif isinstance(arrival, InboundText) and _is_undated(arrival, Intent.START):
                    arrival = await self._confirming.date(arrival)
                result = await asyncio.wrap_future(self._sources.arrive(arrival))
        except Unconfirmed as error:
            raise _later("unconfirmed", f"Plivo cannot be asked about it now: {error}") from error
        except (TimeoutError, Full, StateFailure) as error:
            raise _later("busy", "it cannot be taken now") from error
        if isinstance(arrival, InboundText) and _is_undated(arrival, Intent.STOP):
            await self._date_later(arrival)
        return result

    async def _date_later(self, stop: InboundText) -> None:
        """It is in force already. When it was written, as far as Plivo can be asked, tells it from a start that comes late, or
        before it."""
        with suppress(Unconfirmed, TimeoutError, Full, StateFailure):
            async with asyncio.timeout(_DATING):
                dated = await self._confirming.date(stop)
                if dated.at is not None:
                    await asyncio.wrap_future(self._sources.arrive(dated))

    # -- the request ------------------------------------------------------------------------------------

    async def _asked(self, request: Request, read: _Read) -> _Asked:
        """Raises _Refused."""
        settings = self._sources.settings()
        token = settings.plivo.auth_token
        current = settings.web.public_url
        addresses = [*([current] if current else []), *self._sources.formerly()]
        query, body = request.scope["query_string"].decode("latin-1"), await _body(request)
        form, own = _fields(body), _fields(query)
        says = form if request.method == "POST" else own
        if not addresses or token is None:
            detail = "web.public_url is not set: Plivo is told of no address"
            raise _Refused("unexpected", 404, "Not Found", detail, ours=_is_one(read(says)))
        path = request.scope["raw_path"].decode("latin-1")
        asked = f"{path}{'?' if query else ''}{query}"
        for public in addresses:
            found = signed(request.method, public + asked, request.headers, token.get_secret_value(), form)
            if found is not Signed.NOT:
                break
        else:
            detail = "this is not signed by the account's own token for web.public_url"
            raise _Refused("unsigned", 403, "Forbidden", detail, ours=_is_one(read(says)))
        return _Asked(says, found)

    def _count(self, kind: str, result: str) -> None:
        counts = self._sources.figures.callbacks
        counts[kind, result] = counts.get((kind, result), 0) + 1

    def close(self) -> None:
        """Does not wait for what is being asked."""
        self._confirming.close()

    def router(self) -> APIRouter:
        """The paths."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route(f"{STATUS_PATH}{{token}}", self.status, methods=_METHODS, response_model=None)
        router.add_api_route(INBOUND_PATH, self.inbound, methods=_METHODS, response_model=None)
        return router


def _is_one(read: Arrival | str) -> bool:
    return not isinstance(read, str)


def _is_undated(text: InboundText, intent: Intent) -> bool:
    """Whether it asks for this, and nobody knows when it was written."""
    return text.at is None and intent_of(text.text, text.intent) is intent


def _later(result: str, detail: str) -> _Refused:
    return _Refused(result, 503, "Service Unavailable", detail)


async def _body(request: Request) -> str:
    """Bounded at the door. Raises _Refused for one that ends early."""
    try:
        return (await request.body()).decode("utf-8", "replace")
    except ClientDisconnect:
        raise _Refused("unreadable", 400, "Bad Request", "the request has no end") from None


def _fields(text: str) -> Form:
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise _Refused("unreadable", 400, "Bad Request", f"at most {MOST_FIELDS} fields are taken") from None
