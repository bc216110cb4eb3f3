"""The routes of the API, put together, and their description."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from reminderd.web.access import Access
from reminderd.web.api.acts import Acts
from reminderd.web.api.ahead import Ahead
from reminderd.web.api.deliveries import DeliveryRoutes
from reminderd.web.api.description import described
from reminderd.web.api.front import PREFIX, Front
from reminderd.web.api.invalid import invalid
from reminderd.web.api.jobs import JobRoutes
from reminderd.web.api.methods import Methods
from reminderd.web.api.reminders import Reminders
from reminderd.web.api.standing import Standing
from reminderd.web.reader import Reader
from reminderd.web.sources import Sources


class Api:
    """The room. Belongs to the listener's event loop."""

    def __init__(self, sources: Sources, access: Access) -> None:
        # A thread of its own: programs that ask much must not keep those waiting who look at the page.
        self._reader = Reader(sources.state, "web-api")
        self.front = Front(sources, access, self._reader)
        self._routes: Sequence[BaseRoute] = ()
        self._described: bytes | None = None

    def enter(self, app: FastAPI) -> None:
        """Give the application all routes, and the answer to requests that do not fit them."""
        routers = [
            self._description(),
            Standing(self.front).router(),
            JobRoutes(self.front).router(),
            Ahead(self.front).router(),
            DeliveryRoutes(self.front).router(),
            Acts(self.front).router(),
            *Reminders(self.front).routers(),
        ]
        for router in routers:
            app.include_router(router)
        self._routes = [route for router in routers for route in router.routes]
        app.add_exception_handler(RequestValidationError, invalid)

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application, which takes each method in the API as it should."""
        return Methods(app, self._routes)

    def _description(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route(f"{PREFIX}/openapi.json", self.description, methods=["GET"], response_model=None)
        return router

    async def description(self, _: Request) -> Response:
        """The OpenAPI document; the same for everybody, made once."""
        if self._described is None:
            self._described = await self.front.reckon(lambda: described(self._routes))
        return Response(self._described, media_type="application/json")

    def close(self) -> None:
        """Does not wait for what is being done."""
        self._reader.close()
        self.front.close()
