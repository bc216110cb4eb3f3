"""The jobs that run, and what is ahead."""

import bisect
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from reminderd.documents import Document, job_document, of_job, override_document
from reminderd.model import Job
from reminderd.settings.grants import Scope
from reminderd.store import Row
from reminderd.store.view import View
from reminderd.web.api.ahead import coming_of
from reminderd.web.api.answers import JobAhead, Jobs
from reminderd.web.api.cursors import cursor_of, place_of
from reminderd.web.api.front import Front, answered, problems
from reminderd.web.api.parameters import JobName, Paged
from reminderd.web.problems import Declined

_COMING = 5


class JobRoutes:
    """Routes."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def router(self) -> APIRouter:
        router = self._front.router(Scope.READ, "jobs")
        router.add_api_route("/jobs", self.jobs, methods=["GET"], response_model=Jobs)
        router.add_api_route("/jobs/{job}", self.job, methods=["GET"], response_model=JobAhead, responses=problems(404))
        return router

    async def jobs(self, asked: Annotated[Paged, Query()]) -> Response:
        """The jobs that run, by name: what the files declare, and what is kept until its removal is approved."""
        (after,) = place_of(asked.cursor, "")
        running = self._front.sources.running()

        def chosen() -> list[str]:
            names = sorted(running)
            return names[bisect.bisect_right(names, str(after)) :][: asked.limit + 1]

        names = await self._front.reckon(chosen)
        more = cursor_of(names[asked.limit - 1]) if len(names) > asked.limit else None
        names = names[: asked.limit]
        rows, overrides = await self._front.ask(lambda view: self._said_of(view, names))

        def page() -> Response:
            items = [self._document(running[name], rows, overrides) for name in names]
            return answered(Jobs.model_validate({"items": items, "next": more}))

        return await self._front.reckon(page)

    async def job(self, job: JobName) -> Response:
        """One job, and its next five occurrences."""
        found = self._front.sources.running().get(job)
        if found is None:
            raise Declined(404, "Not Found", "no job of this name runs; GET /api/v1/jobs lists those that do")
        rows, overrides = await self._front.ask(lambda view: self._said_of(view, [found.name]))

        def page() -> Response:
            coming = coming_of(found, self._front.sources.now(), overrides, _COMING) if found.enabled else []
            return answered(JobAhead.model_validate({**self._document(found, rows, overrides), "coming": coming}))

        return await self._front.reckon(page)

    def _said_of(self, view: View, names: Sequence[str]) -> tuple[Mapping[str, Row], list[Document]]:
        overrides = view.reports.overrides(self._front.sources.now())
        return view.reports.last_results(names), [override_document(row) for row in overrides]

    def _document(self, job: Job, rows: Mapping[str, Row], overrides: list[Document]) -> dict[str, Any]:
        document = job_document(job, rows.get(job.name, {}), self._front.sources.now())
        return {**document, "overrides": of_job(overrides, job.name)}
