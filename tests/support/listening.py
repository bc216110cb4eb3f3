"""A listener in this process: an application of ASGI behind our guard, on real sockets, in a thread."""

import asyncio
import contextlib
import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, Request, Response
from starlette.exceptions import HTTPException

from reminderd.clock import SystemClock
from reminderd.reminders import Reminders
from reminderd.settings import Settings
from reminderd.settings.grants import Grant, Scope
from reminderd.telemetry import Figures
from reminderd.web.access import Access, Caller, Guard, read_form, read_json
from reminderd.web.headers import Headers
from reminderd.web.problems import Declined, refused
from reminderd.web.sources import Sources
from tests.support.web import Answer

READ, ACT, ALL = ("rmd_" + letter * 43 for letter in "rax")


def grant(name: str, token: str, *scopes: Scope) -> Grant:
    return Grant(name, frozenset(scopes), hashlib.sha256(token.encode()).hexdigest())


GRANTS = (grant("board", READ, Scope.READ), grant("ops", ACT, Scope.ACT), grant("all", ALL, *Scope))


class Seconds:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.value = 1000.0

    def __call__(self) -> float:
        return self.value


@dataclass
class Listening:
    """settings: may be changed while it runs. seconds: the time for limits and sessions."""

    port: int
    settings: Settings
    access: Access
    seconds: Seconds

    def web(self, **values: Any) -> None:
        """Reload with these settings of `web`."""
        web = self.settings.web.model_copy(update=values)
        self.settings = self.settings.model_copy(update={"web": web})

    def ask(
        self, path: str, token: str | None = None, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            given["authorization"] = f"Bearer {token}"
        with contextlib.closing(connection):
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())


Routes = Callable[[FastAPI, Access], None]


def routes(app: FastAPI, access: Access) -> None:
    """A path for each scope, what came in a body, and who may look."""

    def path_of(scope: Scope) -> None:
        async def answer(caller: Annotated[Caller, Depends(access.needs(scope))]) -> dict[str, str]:
            return {"who": caller.who}

        for method in ("GET", "POST"):
            app.add_api_route(f"/api/v1/{scope}", answer, methods=[method])

    for scope in Scope:
        path_of(scope)

    @app.post("/api/v1/size")
    @app.post("/plivo/size")
    @app.post("/size")
    async def size(request: Request) -> int:
        return len(await request.body())

    @app.post("/api/v1/json")
    async def document(request: Request) -> Any:
        return read_json(await request.body())

    @app.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        form = await read_form(request)
        return Response(None, 204, {"set-cookie": access.sign_in(request, form["token"])})

    @app.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        return Response(None, 204, {"set-cookie": access.sign_out(request, await read_form(request))})

    @app.post("/do")
    async def do(request: Request) -> dict[str, str]:
        return {"who": access.actor(request, Scope.ACT, await read_form(request)).who}

    @app.get("/look")
    async def look(request: Request) -> dict[str, str | None]:
        caller = access.looker(request)
        told = {"who": caller.who if caller else None, "csrf": caller.csrf if caller else None}
        return {**told, "for": access.admitted(request).origin.key}


@contextlib.contextmanager
def listening(state: Path, extra: Routes = routes, at: socket.socket | None = None, **web: Any) -> Iterator[Listening]:
    """web: settings of that section. at: a listening socket; else one on loopback."""
    seconds = Seconds()
    settings = Settings()
    settings = settings.model_copy(
        update={"web": settings.web.model_copy(update={"tokens": GRANTS, "rate": 1000.0, **web})}
    )
    clock = SystemClock()
    held: list[Listening] = []
    sources = Sources(
        Figures(clock),
        state,
        clock.now,
        dict,
        dict,
        lambda: held[0].settings,
        _no_loop,
        _nobody,
        _nobody,
        Reminders(_nobody, Settings, clock.now, _nobody),
        _nobody,
    )
    access = Access(sources, seconds)
    sockets = at or socket.create_server(("127.0.0.1", 0))
    port = sockets.getsockname()[1] if sockets.family != socket.AF_UNIX else 0
    held.append(Listening(port, settings, access, seconds))
    app = FastAPI(openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None)
    app.add_exception_handler(HTTPException, refused)
    extra(app, access)
    config = uvicorn.Config(
        Headers(Guard(app, access)), log_config=None, lifespan="off", ws="none", http="h11", proxy_headers=False
    )
    server, loop = uvicorn.Server(config), asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve([sockets])))
    thread.start()
    try:
        yield held[0]
    finally:
        server.should_exit = True
        thread.join(20)
        loop.close()
        sockets.close()


def _no_loop(request: dict[str, Any], who: str) -> dict[str, Any]:
    raise Declined(503, "Service Unavailable", f"{request} of {who}: there is no daemon here")


def _nobody(*_: object) -> Any:
    raise Declined(503, "Service Unavailable", "there is no daemon here")
