"""What may be done about holds and the pause of all jobs; the overview shows them."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from reminderd.web.page.acting import Acting, Refused
from reminderd.web.page.frame import Frame, Looking

_MOST_DIGITS = 18


class Holds:
    """The routes."""

    def __init__(self, frame: Frame, acting: Acting) -> None:
        self._frame = frame
        self._acting = acting

    def routes(self, router: APIRouter) -> None:
        self._acting.add(router, "/holds/{number}/approve", self._approve)
        self._acting.add(router, "/pauses/resume", self._resume)

    async def _approve(self, request: Request, looking: Looking, form: Mapping[str, str]) -> Response:
        number = str(request.path_params["number"])
        if not (number.isascii() and number.isdecimal() and len(number) <= _MOST_DIGITS):
            raise HTTPException(404)
        refused = await self._acting.perform(looking, {"command": "approve", "hold": int(number)}, form)
        return self._answer(request, looking, "approve", refused)

    async def _resume(self, request: Request, looking: Looking, form: Mapping[str, str]) -> Response:
        refused = await self._acting.perform(looking, {"command": "resume", "all": True}, form)
        return self._answer(request, looking, "resume-all", refused)

    def _answer(self, request: Request, looking: Looking, word: str, refused: Refused | None) -> Response:
        if refused is None:
            return self._acting.done("/", word)
        values = self._acting.values(request, looking, (), refused)
        return self._frame.show(request, looking, "refused.html", here="/", status=409, **values)
