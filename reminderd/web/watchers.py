"""What watchers may ask: /metrics, /healthz, /readyz, /health/scheduled; GET and HEAD only, of whoever reaches the listener."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from reminderd.store import StateError
from reminderd.web import health
from reminderd.web.exposition import Exposition
from reminderd.web.health import Verdict
from reminderd.web.problems import LONGEST_NAME, problem
from reminderd.web.sources import Sources

_READ = ["GET", "HEAD"]


class Watchers:
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
            return problem(503, "Service Unavailable", str(error))
        return Response(content, headers={"content-type": content_type})

    async def process(self, _: Request) -> Response:
        return _told(health.process(self._sources.figures))

    async def ready(self, _: Request) -> Response:
        return await self._verdict(lambda: health.ready(self._sources.figures, self._readings.present()))

    async def scheduled(self, request: Request) -> Response:
        job = request.query_params.get("job")
        if job is not None and not await self._known(job):
            return problem(
                404, "Not Found", f"no job {job[:LONGEST_NAME]!r} runs; `reminderd list` shows those that do"
            )
        after = self._sources.overdue_after()
        return await self._verdict(lambda: health.scheduled(self._readings.present(), after, job))

    async def _known(self, job: str) -> bool:
        try:
            return len(job) <= LONGEST_NAME and bool(await self._ask(lambda: self._readings.runs(job)))
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

    def router(self) -> APIRouter:
        """The paths."""
        router = APIRouter(include_in_schema=False)
        for path, answer in (
            ("/metrics", self.metrics),
            ("/healthz", self.process),
            ("/readyz", self.ready),
            ("/health/scheduled", self.scheduled),
        ):
            router.add_api_route(path, answer, methods=_READ, response_model=None)
        return router


def _told(verdict: Verdict) -> Response:
    return JSONResponse(verdict.body, verdict.status)
