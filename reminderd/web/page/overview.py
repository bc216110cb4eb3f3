"""The first page: whether all is well."""

from fastapi import APIRouter, Request, Response

from reminderd.web.page.frame import Frame, Looking


class Overview:
    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self, router: APIRouter) -> None:
        self._frame.add(router, "/", self._show)

    async def _show(self, request: Request, looking: Looking) -> Response:
        return self._frame.show(
            request, looking, "overview.html", daemon=await self._frame.reader.ask(lambda view: view.measures.daemon())
        )
