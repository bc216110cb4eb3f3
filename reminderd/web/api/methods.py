"""HEAD, and what a path takes."""

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reminderd.web.api.front import PREFIX


class Methods:
    """An ASGI application around another one: in the API, HEAD asks as GET does, and 405 says all that the path takes."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # the server leaves the body out, and keeps its length
            scope = {**scope, "method": "GET"}

        async def corrected(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 405:
                MutableHeaders(scope=message)["allow"] = ", ".join(sorted(self._taken(scope)))
            await send(message)

        await self._app(scope, receive, corrected)

    def _taken(self, scope: Scope) -> set[str]:
        methods: set[str] = set()
        for route in self._routes:
            if route.matches(scope)[0] is not Match.NONE:
                methods |= getattr(route, "methods", None) or set()
        return methods | ({"HEAD"} if "GET" in methods else set())
