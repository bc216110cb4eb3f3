"""What the listener answers: /metrics, /healthz, /readyz, /health/scheduled; GET and HEAD only."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from reminderd.store import StateError
from reminderd.telemetry import Event, traceback
from reminderd.web import health
from reminderd.web.exposition import Exposition
from reminderd.web.health import Verdict
from reminderd.web.sources import Sources

_READ = ["GET", "HEAD"]
_LONGEST_NAME = 200

HEADERS = (
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
)


class Desk:
    """Asks the state in one thread, so that many questions are answered one after another."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._readings = sources.readings()
        self._exposition = Exposition(self._readings, sources.state, sources.figures, sources.due, process=True)
        self._thread = ThreadPoolExecutor(1, "web-reader")

    async def _ask(self, answer: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, answer)

    async def metrics(self, request: Request) -> Response:
        accept = request.headers.get("accept", "")
        try:
            content, content_type = await self._ask(lambda: self._exposition.negotiated(accept))
        except StateError as error:
            return _problem(503, "Service Unavailable", str(error))
        return Response(content, headers={"content-type": content_type})

    async def process(self, _: Request) -> Response:
        return _told(health.process(self._sources.figures))

    async def ready(self, _: Request) -> Response:
        return await self._verdict(lambda: health.ready(self._sources.figures, self._readings.present()))

    async def scheduled(self, request: Request) -> Response:
        job = request.query_params.get("job")
        if job is not None and not await self._known(job):
            return _problem(
                404, "Not Found", f"no job {job[:_LONGEST_NAME]!r} runs; `reminderd list` shows those that do"
            )
        after = self._sources.overdue_after()
        return await self._verdict(lambda: health.scheduled(self._readings.present(), after, job))

    async def _known(self, job: str) -> bool:
        try:
            return len(job) <= _LONGEST_NAME and bool(await self._ask(lambda: self._readings.runs(job)))
        except StateError:
            return True  # which the answer says

    async def _verdict(self, judge: Callable[[], Verdict]) -> Response:
        try:
            return _told(await self._ask(judge))
        except StateError as error:
            return _told(Verdict(503, {"status": "failing", "reasons": [str(error)]}))

    def close(self) -> None:
        """Does not wait for what is being asked."""
        self._thread.submit(self._readings.close)
        self._thread.shutdown(wait=False, cancel_futures=False)


def application(desk: Desk) -> FastAPI:
    """The paths, and what is answered to everything else."""
    app = FastAPI(title="reminderd", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    for path, answer in (
        ("/metrics", desk.metrics),
        ("/healthz", desk.process),
        ("/readyz", desk.ready),
        ("/health/scheduled", desk.scheduled),
    ):
        app.add_api_route(path, answer, methods=_READ, response_model=None)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _defect)
    return app


def _told(verdict: Verdict) -> Response:
    return JSONResponse(verdict.body, verdict.status)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = f"{request.method} {request.url.path[:_LONGEST_NAME]}"
    return _problem(error.status_code, error.detail, words, dict(error.headers or {}))


async def _defect(_: Request, error: Exception) -> Response:
    try:
        raise error
    except Exception:  # noqa: BLE001 - the boundary of a web request
        traceback(Event.DAEMON_FAILED, where="web")
    return _problem(500, "Internal Server Error", "a defect in the daemon; its log has the traceback")


def _problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """As RFC 9457 has it."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")
