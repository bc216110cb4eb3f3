"""The list of deliveries, and each delivery's own page."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from reminderd.clock import from_text
from reminderd.message import measure
from reminderd.store.listing import Page
from reminderd.store.view import View
from reminderd.story import Document, story_of
from reminderd.web.page import acts, search, story
from reminderd.web.page.acting import Acting, Refused
from reminderd.web.page.frame import Frame, Looking

_PAGE = 50
_LARGEST = 2**63 - 1
_MOST_JOBS = 500  # names that the form offers


class Deliveries:
    """The routes of both."""

    def __init__(self, frame: Frame, acting: Acting) -> None:
        self._frame = frame
        self._acting = acting

    def routes(self, router: APIRouter) -> None:
        self._frame.add(router, "/deliveries", self._list)
        self._frame.add(router, "/deliveries/{number}", self._one)
        self._acting.add(router, "/deliveries/{number}/{word}", self._act)

    async def _list(self, request: Request, looking: Looking) -> Response:
        asked = search.search_of(request.query_params, looking.clock)

        def read(view: View) -> tuple[Page, bool]:
            named = asked.number is not None and view.reports.delivery(min(asked.number, _LARGEST)) is not None
            return view.listing.page(asked.wanted, asked.after, _PAGE), named

        page, named = await self._frame.reader.ask(read)
        running = self._frame.sources.running()
        return self._frame.show(
            request,
            looking,
            "deliveries.html",
            search=asked,
            page=page,
            more=f"/deliveries?{urlencode(asked.query(page.next))}" if page.next else None,
            first=f"/deliveries?{urlencode(asked.query())}" if asked.after else None,
            named=asked.number if named else None,
            jobs=sorted(running)[:_MOST_JOBS],
            states=search.STATES,
            receipts=list(search.RECEIPTS),
        )

    async def _one(self, request: Request, looking: Looking) -> Response:
        return await self._show(request, looking, _number(request))

    async def _show(self, request: Request, looking: Looking, number: int, refused: Refused | None = None) -> Response:
        now = self._frame.sources.now()
        told = await self._frame.reader.ask(lambda view: story_of(view.reports, number, now))
        if told is None:
            raise HTTPException(404)
        return self._frame.show(
            request,
            looking,
            "delivery.html",
            here=f"/deliveries/{number}",
            status=409 if refused else 200,
            story=told,
            happenings=story.happenings(told),
            tries=story.tries(told["attempts"], _seconds),
            charged=None if told["charged"] is None else told["charged"] / story.MILLIONTHS,
            units=_units(told),
            **self._acting.values(request, looking, acts.of_delivery(told), refused),
        )

    async def _act(self, request: Request, looking: Looking, form: Mapping[str, str]) -> Response:
        number, word = _number(request), str(request.path_params["word"])
        wanted = acts.request_for_delivery(number, word, form)
        if wanted is None:
            raise HTTPException(404)
        refused = await self._acting.perform(looking, wanted, form)
        if refused is not None:
            return await self._show(request, looking, number, refused)
        return self._acting.done(f"/deliveries/{number}", word)


def _number(request: Request) -> int:
    text = str(request.path_params["number"])
    if not (text.isascii() and text.isdecimal() and len(text) < len(str(_LARGEST))):
        raise HTTPException(404)
    return int(text)


def _seconds(one: str, other: str) -> float:
    return (from_text(other) - from_text(one)).total_seconds()


def _units(told: Document) -> dict[str, Any] | None:
    """How much of its segments a text takes."""
    if not told["text"]:
        return None
    measured = measure(told["text"])
    return {"units": measured.units, "characters": len(told["text"])}
