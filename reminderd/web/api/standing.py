"""How things stand: the daemon, what needs someone, what operators said."""

from fastapi import APIRouter, Request, Response

from reminderd.settings.grants import Scope
from reminderd.web.api.front import Front, answered
from reminderd.web.api.shapes import Answer


class Status(Answer):
    ok: bool


class Standing:
    """Routes."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def router(self) -> APIRouter:
        router = self._front.router(Scope.READ, "standing")
        router.add_api_route("/status", self.status, methods=["GET"], response_model=Status)
        return router

    async def status(self, _: Request) -> Response:
        """Whether the daemon works."""
        return answered(Status(ok=True))
