"""A hold's own page, and what may be done about holds and the pause of all jobs."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from reminderd.store import Row
from reminderd.store.attention import Worst
from reminderd.store.view import View
from reminderd.web.page import acts
from reminderd.web.page.acting import Acting, Refused
from reminderd.web.page.frame import Frame, Looking

_MOST_DIGITS = 18
_SHOWN = 50


class Holds:
    """The routes."""

    def __init__(self, frame: Frame, acting: Acting) -> None:
        self._frame = frame
        self._acting = acting

    def routes(self, router: APIRouter) -> None:
        self._frame.add(router, "/holds/{number}", self._one)
        self._acting.add(router, "/holds/{number}/approve", self._approve)
        self._acting.add(router, "/pauses/resume", self._resume)

    async def _one(self, request: Request, looking: Looking) -> Response:
        return await self._show(request, looking, _number(request))

    async def _show(self, request: Request, looking: Looking, number: int, refused: Refused | None = None) -> Response:
        def read(view: View) -> tuple[Row | None, Worst]:
            return view.attention.hold(number), view.attention.kept_by(number, _SHOWN)

        hold, kept = await self._frame.reader.ask(read)
        if hold is None:
            raise HTTPException(404)
        offered = [] if hold["closed_at"] else [acts.approve(number)]
        return self._frame.show(
            request,
            looking,
            "hold.html",
            here=f"/holds/{number}",
            status=409 if refused else 200,
            hold=hold,
            kept=kept,
            **self._acting.values(request, looking, offered, refused),
        )

    async def _approve(self, request: Request, looking: Looking, form: Mapping[str, str]) -> Response:
        number = _number(request)
        refused = await self._acting.perform(
            looking, {"command": "approve", "hold": number, "why": form.get("why")}, form
        )
        if refused is not None:
            return await self._show(request, looking, number, refused)
        return self._acting.done(f"/holds/{number}", "approve")

    async def _resume(self, request: Request, looking: Looking, form: Mapping[str, str]) -> Response:
        refused = await self._acting.perform(looking, {"command": "resume", "all": True, "why": form.get("why")}, form)
        if refused is not None:
            values = self._acting.values(request, looking, (), refused)
            return self._frame.show(request, looking, "refused.html", here="/jobs", status=409, **values)
        return self._acting.done("/jobs", "resume-all")


def _number(request: Request) -> int:
    text = str(request.path_params["number"])
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise HTTPException(404)
    return int(text)
