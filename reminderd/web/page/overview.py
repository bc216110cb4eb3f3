"""The first page, and the part of it that is asked for again and again."""

import asyncio
import time
from collections import OrderedDict
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from reminderd.web.page.frame import Frame, Looking, document
from reminderd.web.page.snapshot import Snapshot, Snapshots

EVERY = 10  # seconds after which a browser asks again
_FRESH = 2.0  # seconds for which nobody looks into the state
_MOST_KEPT = 16  # zones


class _Kept(NamedTuple):
    """The changing part in one zone, as it is sent."""

    shows: Snapshot
    html: bytes
    tag: str


class Overview:
    """Whoever asks within two seconds gets the same; where nothing has changed, not even a template is at work."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._snapshots = Snapshots(frame.sources)
        self._shown: Snapshot | None = None
        self._fresh_until = 0.0
        self._taking: asyncio.Future[Snapshot] | None = None
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def routes(self, router: APIRouter) -> None:
        self._frame.add(router, "/", self._show)
        self._frame.add(router, "/live", self._live)

    async def _show(self, request: Request, looking: Looking) -> Response:
        kept = self._in_zone(await self._present(), looking.zone)
        return self._frame.show(
            request,
            looking,
            "overview.html",
            shows=kept.shows,
            live=Markup(kept.html.decode()),
            tag=kept.tag,
            every=EVERY,
        )

    async def _live(self, request: Request, looking: Looking) -> Response:
        kept = self._in_zone(await self._present(), looking.zone)
        if request.headers.get("if-none-match") == kept.tag:
            return Response(status_code=304, headers={"etag": kept.tag, "cache-control": "no-cache, private"})
        return document(kept.html, etag=kept.tag)

    # -- what is the case -------------------------------------------------------------------------------

    async def _present(self) -> Snapshot:
        """At most two seconds old; however many ask, the state is read once."""
        if self._shown is not None and time.monotonic() < self._fresh_until:
            return self._shown
        if self._taking is None:
            self._taking = asyncio.ensure_future(self._take())
        return await asyncio.shield(self._taking)

    async def _take(self) -> Snapshot:
        # All of it before it is over: who comes then, and would wait for it, is answered at once.
        try:
            found = await self._frame.reader.ask(self._snapshots.take)
        finally:
            self._taking = None
        if found != self._shown:
            self._shown = found
        self._fresh_until = time.monotonic() + _FRESH
        assert self._shown is not None
        return self._shown

    def _in_zone(self, shows: Snapshot, zone: str) -> _Kept:
        kept = self._kept.get(zone)
        if kept is None or kept.shows is not shows:
            clock = ZoneInfo(zone)
            html = self._frame.rendering.render("live.html", shows=shows, clock=clock, zone=zone).encode()
            kept = self._kept[zone] = _Kept(shows, html, f'"{sha256(html).hexdigest()[:20]}"')
        self._kept.move_to_end(zone)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return kept
