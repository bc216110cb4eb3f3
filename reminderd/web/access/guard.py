"""The door: turns away what need not go further, before FastAPI has any work with it."""

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from reminderd.web.access.access import Access, no_token
from reminderd.web.access.bodies import MOST_FORM, MOST_JSON, whole
from reminderd.web.problems import Declined

_FREE = {"/metrics", "/healthz", "/readyz", "/health/scheduled"}  # of watchers: as cheap as a refusal, or nearly
_TOO_MANY = 429
# Fewer than uvicorn takes at once: those that wait so must not keep others out.
_DAWDLE, _MOST_DAWDLING = 0.25, 48
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
_PLIVO = "/plivo/"
_API = "/api/"
_DESCRIPTION = "/api/v1/openapi.json"  # no secret, and what programs ask for first


Say = Callable[[Scope, Declined], Response]


class Guard:
    """An ASGI application around another one. What it lets through is noted in the scope; see `Access.admit`.

    say(scope, declined): what is answered to the others, where that is not a problem for programs; it has to be cheap.
    """

    def __init__(self, app: ASGIApp, access: Access, say: Say | None = None) -> None:
        self._app = app
        self._access = access
        self._dawdling = 0
        self._say: Say = say or (lambda _, declined: declined.answer())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                self._access.look_for_tokens(scope)
                if scope["path"] not in _FREE:
                    receive = await self._admitted(scope, receive)
            except Declined as declined:
                if declined.status_code == _TOO_MANY:
                    await self._dawdle()
                await self._say(scope, declined)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _dawdle(self) -> None:
        """Who asks too often is answered slowly: a connection that waits asks nothing more meanwhile."""
        if self._dawdling < _MOST_DAWDLING:
            self._dawdling += 1
            try:
                await asyncio.sleep(_DAWDLE)
            finally:
                self._dawdling -= 1

    async def _admitted(self, scope: Scope, receive: Receive) -> Receive:
        path: str = scope["path"]
        if scope["method"] not in _METHODS:  # OPTIONS too: no other site's page may ask
            allowed = {"allow": ", ".join(sorted(_METHODS))}
            raise Declined(405, "Method Not Allowed", "this method is not taken here", allowed)
        if path.startswith(_PLIVO):  # who asks is told by the signature, and Plivo is never asked to wait
            return await whole(scope, receive, MOST_FORM)
        asker = self._access.admit(scope)
        api = path.startswith(_API)
        if api and asker.bearer is None and path != _DESCRIPTION:
            raise no_token()
        return await whole(scope, receive, MOST_JSON if api else MOST_FORM)
