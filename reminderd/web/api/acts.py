"""What is done: the commands of operators, by programs. Each is guarded by the state it finds, so doing it twice does no harm."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from reminderd.documents import delivery_document
from reminderd.settings.grants import Scope
from reminderd.web.api import orders, parameters
from reminderd.web.api.front import Front, answered
from reminderd.web.api.orders import Act, Keep, NewOptOut, Pause, Resolve, Resume, Retry, Skip, TestSend
from reminderd.web.api.parameters import Id, JobName, PhoneInPath, Said
from reminderd.web.api.stories import Delivery

M = TypeVar("M", bound=BaseModel)


class Sender(parameters.Query):
    """Of which opt-out."""

    sender: Said | None = Field(None, description="That of this sender; without it, that of any sender.")


class Acts:
    """Routes."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def router(self) -> APIRouter:
        router = self._front.router(Scope.ACT, "acts", 404, 409)
        self._of_deliveries(router)
        self._of_jobs(router)
        self._of_others(router)
        return router

    def _of_deliveries(self, router: APIRouter) -> None:
        for word, act in (
            ("retry", self.retry),
            ("cancel", self.cancel),
            ("hold", self.hold),
            ("release", self.release),
            ("resolve", self.resolve),
        ):
            _post(router, f"/deliveries/{{id}}/{word}", act, Delivery)

    def _of_jobs(self, router: APIRouter) -> None:
        _post(router, "/jobs/{job}/pause", self.pause, orders.Paused)
        _post(router, "/jobs/{job}/resume", self.resume, orders.Resumed)
        _post(router, "/jobs/{job}/skip", self.skip, orders.Skipped)
        _post(router, "/jobs/{job}/test-send", self.test_send, orders.Tested, 202)
        _post(router, "/pause", self.pause_all, orders.Paused)
        _post(router, "/resume", self.resume_all, orders.Resumed)

    def _of_others(self, router: APIRouter) -> None:
        _post(router, "/holds/{id}/approve", self.approve, orders.Approved)
        _post(router, "/opt-outs", self.opt_out, orders.OptedOut)
        router.add_api_route("/opt-outs/{phone}", self.opt_in, methods=["DELETE"], response_model=orders.OptedIn)
        _post(router, "/reload", self.reload, orders.Reloaded)

    # -- deliveries -------------------------------------------------------------------------------------

    async def retry(self, request: Request, id: Id, body: Retry | None = None) -> Response:
        """Send a failed or missed delivery after all, with a new validity from now."""
        return await self._delivery(request, "retry", id, body)

    async def cancel(self, request: Request, id: Id, body: Act | None = None) -> Response:
        """Give up a pending delivery."""
        return await self._delivery(request, "cancel", id, body)

    async def hold(self, request: Request, id: Id, body: Keep) -> Response:
        """Keep a pending delivery back until it is released. Its validity goes on counting."""
        return await self._delivery(request, "hold", id, body)

    async def release(self, request: Request, id: Id, body: Act | None = None) -> Response:
        """Let a delivery that was held go out, if it is still valid."""
        return await self._delivery(request, "release", id, body)

    async def resolve(self, request: Request, id: Id, body: Resolve) -> Response:
        """Settle a delivery that is in doubt, by your word. Plivo's log is looked into first, and may refuse it."""
        await self._front.perform(request, {"command": "resolve", "id": id, **body.model_dump()})
        return await self._shown(id)

    async def _delivery(self, request: Request, command: str, number: int, body: BaseModel | None) -> Response:
        said = body.model_dump() if body is not None else {}
        await self._front.perform(request, {"command": command, "ids": [number], **said})
        return await self._shown(number)

    async def _shown(self, number: int) -> Response:
        """The delivery as it is now."""

        def shown(row: dict[str, Any] | None) -> Response:
            assert row is not None
            return answered(Delivery.model_validate(delivery_document(row)))

        return await self._front.ask(lambda view: shown(view.reports.delivery(number)))

    # -- jobs -------------------------------------------------------------------------------------------

    async def pause(self, request: Request, job: JobName, body: Pause) -> Response:
        """Send nothing of a job until it is resumed. It stands above the files, and survives deploys and restarts."""
        return await self._done(request, orders.Paused, {"command": "pause", "job": job, **body.model_dump()})

    async def pause_all(self, request: Request, body: Pause) -> Response:
        """Send nothing of any job, also of those that come."""
        return await self._done(request, orders.Paused, {"command": "pause", "all": True, **body.model_dump()})

    async def resume(self, request: Request, job: JobName, body: Resume | None = None) -> Response:
        """End a job's pause; with `at`, have an occurrence sent that was to be skipped."""
        said = body.model_dump() if body is not None else {}
        return await self._done(request, orders.Resumed, {"command": "resume", "job": job, **said})

    async def resume_all(self, request: Request, body: Act | None = None) -> Response:
        """End the pause of all jobs. Those that are paused by themselves stay so."""
        said = body.model_dump() if body is not None else {}
        return await self._done(request, orders.Resumed, {"command": "resume", "all": True, **said})

    async def skip(self, request: Request, job: JobName, body: Skip) -> Response:
        """Do not send one coming occurrence of a job."""
        return await self._done(request, orders.Skipped, {"command": "skip", "job": job, **body.model_dump()})

    async def test_send(self, request: Request, job: JobName, body: TestSend) -> Response:
        """Send a job's text to a phone of yours, marked as a test, through the real gateway. Answers when it is planned."""
        wanted = {"command": "test-send", "job": job, "phone": body.to, "as": body.like}
        return await self._done(request, orders.Tested, wanted, 202)

    # -- others -----------------------------------------------------------------------------------------

    async def approve(self, request: Request, id: Id, body: Act | None = None) -> Response:
        """Let what is on hold go on."""
        said = body.model_dump() if body is not None else {}
        return await self._done(request, orders.Approved, {"command": "approve", "hold": id, **said})

    async def opt_out(self, request: Request, body: NewOptOut) -> Response:
        """Send nothing more to a phone. What is pending to it is cancelled."""
        return await self._done(request, orders.OptedOut, {"command": "opt-out add", **body.model_dump()})

    async def opt_in(self, request: Request, phone: PhoneInPath, asked: Annotated[Sender, Query()]) -> Response:
        """End an opt-out: they want messages again, from now on. What was cancelled stays so."""
        wanted = {"command": "opt-out remove", "phone": phone, "sender": asked.sender}
        return await self._done(request, orders.OptedIn, wanted)

    async def reload(self, request: Request) -> Response:
        """Read the settings and the job files anew. Answers when what they say runs."""
        return await self._done(request, orders.Reloaded, {"command": "reload"})

    async def _done(self, request: Request, model: type[M], wanted: dict[str, Any], status: int = 200) -> Response:
        return answered(model.model_validate(await self._front.perform(request, wanted)), status)


def _post(router: APIRouter, path: str, act: Callable[..., Any], model: type[BaseModel], status: int = 200) -> None:
    router.add_api_route(path, act, methods=["POST"], response_model=model, status_code=status)
