"""Reminders that programs make: a job as JSON becomes a job file, which runs like any other."""

import asyncio
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from reminderd.clock import to_text
from reminderd.reminders import Flaw, RefusedError, Shown, Why, show
from reminderd.settings.grants import Scope
from reminderd.store import Reminder as Row
from reminderd.store.view import View
from reminderd.web.api.front import Front, answered
from reminderd.web.api.shapes import Answer, Moment
from reminderd.web.problems import Declined

_PATIENCE = 5.0  # seconds; where much is written at the same time, the files are looked at every three
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_STATUS = {
    Why.UNREADABLE: HTTPStatus.BAD_REQUEST,
    Why.WRONG: HTTPStatus.UNPROCESSABLE_ENTITY,
    Why.TAKEN: HTTPStatus.CONFLICT,
    Why.REUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    Why.GONE: HTTPStatus.GONE,
    Why.UNKNOWN: HTTPStatus.NOT_FOUND,
    Why.EDITED: HTTPStatus.CONFLICT,
    Why.ELSEWHERE: HTTPStatus.CONFLICT,
    Why.FULL: HTTPStatus.CONFLICT,
    Why.NO_SPACE: HTTPStatus.INSUFFICIENT_STORAGE,
    Why.TROUBLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Why.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}},
    },
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "A word of the program's own for this reminder; the same key with the same job makes it once.",
            "schema": {"type": "string", "pattern": f"^{_KEY.pattern}$", "maxLength": 255},
            "example": "booking-4711",
        }
    ],
}

T = TypeVar("T")
P = ParamSpec("P")

Name = Annotated[str, Path(max_length=100, description="Of the reminder, which is that of its job.", examples=["tea"])]


class Warned(Answer):
    """What is allowed and perhaps not meant, as `check` warns of it."""

    pointer: str = Field(description="Where in the body.", examples=["/message"])
    detail: str
    hint: str | None = None
    line: int | None = Field(None, description="Within the text at the pointer, from 1.")
    column: int | None = None


class Reminder(Answer):
    name: str = Field(examples=["tea"])
    file: str = Field(description="The job file.", examples=["/var/lib/reminderd/jobs/tea.yaml"])
    file_is: Literal["as written", "edited", "removed", "unreadable"] = Field(
        description="What became of the file since: others may edit it, and remove it."
    )
    made_by: str = Field(examples=["api:booking"])
    made_at: Moment
    runs: bool = Field(
        description="Whether a job of this name runs; if not, `GET /api/v1/status` may say why.",
    )
    runs_from: str | None = Field(
        description="The file and line that the running job comes from, which is another file where somebody moved it.",
        examples=["/var/lib/reminderd/jobs/tea.yaml:2"],
    )
    next_due: Moment | None = Field(
        description="When it is due next; null where it never is again, is switched off, or does not run."
    )


class Made(Reminder):
    warnings: list[Warned]


class One(Reminder):
    job: dict[str, Any] | None = Field(description="What the file says now; null where that cannot be read.")


class Page(Answer):
    items: list[Reminder] = Field(description="Newest first.")
    next: str | None = Field(description="The cursor of the page after this; null at the end.")


class Ended(Answer):
    name: str
    deleted_at: Moment
    deleted_by: str
    runs: bool = Field(description="Whether a job of this name runs still; where not, what was pending is cancelled.")
    runs_from: str | None = Field(description="The file and line that it comes from.")


class Reminders:
    """Routes."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._sources = front.sources

    def routers(self) -> list[APIRouter]:
        reading = self._front.router(Scope.READ, "reminders", 404, 410)
        reading.add_api_route("/reminders", self.listed, methods=["GET"], response_model=Page)
        reading.add_api_route("/reminders/{name}", self.one, methods=["GET"], response_model=One)
        writing = self._front.router(Scope.WRITE, "reminders", 404, 409, 410, 507)
        writing.add_api_route(
            "/reminders",
            self.make,
            methods=["POST"],
            status_code=201,
            response_model=Made,
            openapi_extra=_BODY,
            responses={200: {"description": "Made before, by the same key and job", "model": Made}},
        )
        writing.add_api_route("/reminders/{name}", self.end, methods=["DELETE"], response_model=Ended)
        return [reading, writing]

    # -- writing ----------------------------------------------------------------------------------------

    async def make(self, request: Request) -> Response:
        """Write a job file for a job. It runs within a second; the answer waits for that, for five at most.

        409 where the name is somebody's, or was that of a reminder or job that ended and of which something is kept.
        """
        _demand_json(request)
        key, who = _key_of(request), self._front.caller(request).who
        made = await _result(self._sources.reminders.make, await request.body(), who, key)
        row = made.reminder
        await self._until(lambda: row.name in self._sources.running())
        document = Made(
            **self._document(await self._front.ask(lambda _: show(row))),
            warnings=[Warned(**told(each)) for each in made.warnings],
        )
        answer = answered(document, 201 if made.is_new else 200)
        answer.headers["location"] = f"/api/v1/reminders/{row.name}"
        if not made.is_new:
            answer.headers["idempotency-replayed"] = "true"
        return answer

    async def end(
        self,
        request: Request,
        name: Name,
        force: Annotated[bool, Query(description="Also where somebody edited the file.")] = False,
    ) -> Response:
        """Remove the file that the API wrote: the job ends, and what is pending of it is cancelled for good. To be repeated at will."""
        who = self._front.caller(request).who
        row = await _result(self._sources.reminders.end, name, who, force=force)
        await self._until(lambda: not self._runs_of(row))
        assert row.deleted_at is not None
        assert row.deleted_by is not None
        return answered(
            Ended(
                name=row.name,
                deleted_at=to_text(row.deleted_at),
                deleted_by=row.deleted_by,
                **self._running(row.name),
            )
        )

    async def _until(self, met: Callable[[], bool]) -> None:
        """Wait until this is so, which only a look at the files can bring about; for so long."""
        if met():
            return
        loop, over, given_up = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

        def done() -> None:
            with suppress(RuntimeError):  # the listener is closed
                loop.call_soon_threadsafe(over.set)

        self._sources.when(lambda: given_up.is_set() or met(), done)
        try:
            async with asyncio.timeout(_PATIENCE):
                await over.wait()
        except TimeoutError:
            pass
        finally:
            given_up.set()

    # -- reading ----------------------------------------------------------------------------------------

    async def listed(
        self,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(pattern="^[0-9]{1,18}$", description="What `next` said.")] = None,
    ) -> Response:
        """Those that are there. What others wrote is a job, and no reminder of the API's."""
        before = None if cursor is None else int(cursor)

        def question(view: View) -> list[Shown]:
            return [show(row) for row in view.reminders.page(before, limit + 1)]

        found = await self._front.ask(question)
        more = str(found[limit - 1].reminder.id) if len(found) > limit else None
        return answered(Page(items=[Reminder(**self._document(each)) for each in found[:limit]], next=more))

    async def one(self, name: Name) -> Response:
        """One, with its job as the file has it now."""

        def question(view: View) -> Shown | None:
            row = view.reminders.newest(name)
            return None if row is None or not row.written else show(row, with_job=True)

        found = await self._front.ask(question)
        if found is None:
            raise Declined(404, "Not Found", f"there is no reminder {name!r} that the API made")
        row = found.reminder
        if row.deleted_at is not None:
            raise Declined(410, "Gone", f"{name!r} was removed at {to_text(row.deleted_at)} by {row.deleted_by}")
        job = found.job if isinstance(found.job, dict) else None
        return answered(One(**self._document(found), job=job))

    # -- how it is shown --------------------------------------------------------------------------------

    def _document(self, shown: Shown) -> dict[str, Any]:
        row = shown.reminder
        running = self._running(row.name)
        job = self._sources.running().get(row.name)
        due = self._sources.due().get(row.name) if job is not None and job.enabled else None
        return {
            "name": row.name,
            "file": row.file,
            "file_is": shown.file_is.value,
            "made_by": row.who,
            "made_at": to_text(row.created_at),
            **running,
            "next_due": to_text(due) if due else None,
        }

    def _running(self, name: str) -> dict[str, Any]:
        """What is said of the job of this name, whatever file it runs from."""
        job = self._sources.running().get(name)
        return {"runs": job is not None, "runs_from": None if job is None else str(job.source)}

    def _runs_of(self, row: Row) -> bool:
        """Whether it runs from the file that was written for it."""
        job = self._sources.running().get(row.name)
        return job is not None and job.source.file == row.file


async def _result(begin: Callable[P, "Future[T]"], *arguments: P.args, **more: P.kwargs) -> T:
    """What comes of a reminder being made or removed. Raises Declined."""
    try:
        return await asyncio.wrap_future(begin(*arguments, **more))
    except RefusedError as error:
        status = _STATUS[error.why]
        again = {"retry-after": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
        errors = {"errors": [told(each) for each in error.flaws]} if error.flaws else {}
        raise Declined(status.value, status.phrase, str(error), again, **errors) from None


def told(flaw: Flaw) -> dict[str, Any]:
    """One thing that is wrong, as an answer has it."""
    given = {
        "pointer": flaw.pointer,
        "detail": flaw.message,
        "hint": flaw.hint,
        "line": flaw.line,
        "column": flaw.column,
    }
    return {key: value for key, value in given.items() if value or key in ("pointer", "detail")}


def _key_of(request: Request) -> str | None:
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        wrong = {"parameter": "Idempotency-Key", "detail": "must be one word of up to 255 ASCII characters"}
        raise Declined(400, "Bad Request", "the Idempotency-Key is none", errors=[wrong])
    return keys[0]


def _demand_json(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Declined(415, "Unsupported Media Type", "send the job as application/json")
