"""The routes of all pages, put together."""

from collections.abc import Callable

from fastapi import APIRouter, FastAPI, Request
from starlette.exceptions import HTTPException

from reminderd.store import StateError
from reminderd.web.page.errors import Errors
from reminderd.web.page.frame import Frame, Looker
from reminderd.web.page.overview import Overview
from reminderd.web.reader import Reader
from reminderd.web.sources import Sources


class Page:
    """The room. Belongs to the listener's event loop."""

    def __init__(self, sources: Sources, reader: Reader, look: Callable[[Request], Looker | None]) -> None:
        self.frame = Frame(sources, reader, look)
        self.errors = Errors(self.frame)

    def enter(self, app: FastAPI) -> None:
        """Give the application all pages, and what is shown where something is wrong."""
        router = APIRouter(include_in_schema=False)
        Overview(self.frame).routes(router)
        app.include_router(self.frame.files.router())
        app.include_router(router)
        app.add_exception_handler(HTTPException, self.errors.refused)
        app.add_exception_handler(StateError, self.errors.unreadable)
        app.add_exception_handler(Exception, self.errors.defect)
