"""What is said where a request cannot be answered: a page to those who browse, problem+json (RFC 9457) to others."""

from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.types import Scope

from reminderd.web.page.frame import Frame, Looking, document
from reminderd.web.problems import Declined, defect, problem, refused

_PROGRAMS = ("/api/", "/plivo/", "/metrics", "/healthz", "/readyz", "/health/")
_WORDS = {
    403: "You may not do this with the token that you signed in with.",
    404: "There is no such page. It may have been about something that is no longer kept.",
    405: "This page cannot be asked like that.",
    413: "That was more than this page takes.",
    429: "That was too much in a short time. Wait a moment, then load the page again.",
}
_MOST_SAID = 64
_DEFECT = "This is a defect in the daemon; its log has the traceback: journalctl -u reminderd. Messages are sent by another part."


class Errors:
    """Handlers for the application."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._said: dict[tuple[int, str], bytes] = {}

    def declined(self, scope: Scope, declined: Declined) -> Response:
        """What the door turns away. Whoever asks too much has no template at work for each time."""
        request = Request(scope)
        if not browses(request):
            return declined.answer()
        key = (declined.status_code, declined.words)
        if (html := self._said.get(key)) is None:
            if len(self._said) >= _MOST_SAID:
                self._said.clear()
            html = self._said[key] = bytes(self.page(request, *key).body)
        return document(html, declined.status_code, **(declined.headers or {}))

    async def refused(self, request: Request, error: Exception) -> Response:
        """A path that there is not, or what a page refuses."""
        assert isinstance(error, HTTPException)
        if not browses(request):
            return await refused(request, error)
        words = error.words if isinstance(error, Declined) else _WORDS.get(error.status_code, "")
        sign_in = self._frame.sign_in(request) if error.status_code == HTTPStatus.UNAUTHORIZED else None
        response = self.page(request, error.status_code, words, self._frame.looking(request), sign_in=sign_in)
        response.headers.update(error.headers or {})
        return response

    async def unreadable(self, request: Request, error: Exception) -> Response:
        """A StateError: the state cannot be read now."""
        if not browses(request):
            return problem(503, "Service Unavailable", str(error))
        return self.page(request, 503, f"{str(error)[:1].upper()}{str(error)[1:]}.", command="reminderd doctor")

    async def defect(self, request: Request, error: Exception) -> Response:
        """The boundary of a web request."""
        said = await defect(request, error)
        return self.page(request, 500, _DEFECT) if browses(request) else said

    def page(self, request: Request, status: int, words: str, looking: Looking | None = None, **more: Any) -> Response:
        """A page that says what is wrong and what to do next; with the way to the other pages for who may look."""
        title = HTTPStatus(status).phrase
        values = {"title": title, "code": status, "words": words, "command": None, "sign_in": None, **more}
        here = request.url.path if request.method in ("GET", "HEAD") else "/"
        return self._frame.show(request, looking, "error.html", status=status, here=here, **values)


def browses(request: Request) -> bool:
    """Whether a person asks with a browser."""
    if request.url.path.startswith(_PROGRAMS):
        return False
    return "text/html" in request.headers.get("accept", "")
