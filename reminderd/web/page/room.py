"""The routes of all pages, put together."""

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException

from reminderd.store import StateError
from reminderd.web.access import Access
from reminderd.web.page.acting import Acting
from reminderd.web.page.annals import Annals
from reminderd.web.page.deliveries import Deliveries
from reminderd.web.page.errors import Errors
from reminderd.web.page.figures import Figures
from reminderd.web.page.frame import Frame
from reminderd.web.page.holds import Holds
from reminderd.web.page.jobs import Jobs
from reminderd.web.page.overview import Overview
from reminderd.web.page.signing import Signing
from reminderd.web.reader import Reader
from reminderd.web.sources import Sources


class Page:
    """The room. Belongs to the listener's event loop."""

    def __init__(self, sources: Sources, reader: Reader, access: Access) -> None:
        self._access = access
        self.frame = Frame(sources, reader, access.looker)
        self.errors = Errors(self.frame)
        self._acting = Acting(self.frame, access)
        self._figures = Figures(self.frame)

    def asked_often(self) -> APIRouter:
        """The overview's routes, for the application to look at before all others: it asks each in turn whether a path is its own."""
        router = APIRouter(include_in_schema=False)
        Overview(self.frame).routes(router)
        return router

    def enter(self, app: FastAPI) -> None:
        """Give the application all other pages, and what is shown where something is wrong."""
        router = APIRouter(include_in_schema=False)
        Deliveries(self.frame, self._acting).routes(router)
        Jobs(self.frame, self._acting).routes(router)
        Annals(self.frame).routes(router)
        Holds(self.frame, self._acting).routes(router)
        Signing(self.frame, self._access).routes(router)
        self._figures.routes(router)
        app.include_router(self.frame.files.router())
        app.include_router(router)
        app.add_exception_handler(HTTPException, self.errors.refused)
        app.add_exception_handler(StateError, self.errors.unreadable)
        app.add_exception_handler(Exception, self.errors.defect)

    def close(self) -> None:
        """Does not wait for what is being done or counted."""
        self._acting.close()
        self._figures.close()
