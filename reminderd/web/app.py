"""What the listener answers: the routers of all its rooms, put together."""

from typing import Any

from fastapi import FastAPI

from reminderd.web.access import Access, Guard
from reminderd.web.api import Api
from reminderd.web.headers import Headers
from reminderd.web.page.room import Page
from reminderd.web.plivo import Callbacks
from reminderd.web.reader import Reader
from reminderd.web.sources import Sources
from reminderd.web.watchers import Watchers


class Application:
    """The paths, and what is answered to everything else. `asgi` belongs to the listener's event loop."""

    def __init__(self, sources: Sources) -> None:
        self._watchers = Watchers(sources)
        # Not the thread of the watchers: who looks at a long list must not keep a probe waiting.
        self._reader = Reader(sources.state, "web-page")
        access = Access(sources)
        self._plivo = Callbacks(sources)
        app = FastAPI(title="reminderd", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
        app.include_router(self._watchers.router())
        app.include_router(self._plivo.router())
        self._page = Page(sources, self._reader, access)
        app.include_router(self._page.asked_often())
        self._api = Api(sources, access)
        self._api.enter(app)
        self._page.enter(app)
        self.asgi: Any = Headers(self._api.around(Guard(app, access, self._page.errors.declined)))

    def close(self) -> None:
        """Does not wait for what is being asked."""
        self._watchers.close()
        self._page.close()
        self._reader.close()
        self._plivo.close()
        self._api.close()
