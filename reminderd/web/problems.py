"""What is said where a request cannot be answered as it was meant, in the form of RFC 9457."""

from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from reminderd.telemetry import Event, traceback
from reminderd.telemetry.hiding import hide_tokens

LONGEST_NAME = 200
MEDIA_TYPE = "application/problem+json"


class Declined(HTTPException):
    """Raised where a request cannot be answered as it was meant; `refused` makes the answer. more: as `problem` takes it."""

    def __init__(
        self, status: int, title: str, detail: str, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(status, title, headers)
        self.words = detail
        self.more = more

    def answer(self) -> Response:
        return problem(self.status_code, self.detail, self.words, dict(self.headers or {}), **self.more)


class _Problem(JSONResponse):
    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        return hide_tokens(super().render(content).decode()).encode()


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """more: members of its own, such as `errors`."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return _Problem(body, status, headers=headers)


async def refused(request: Request, error: Exception) -> Response:
    """For what was declined, and for a path or a method that there is not."""
    if isinstance(error, Declined):
        return error.answer()
    assert isinstance(error, HTTPException)
    # Not the path: what was asked for may hold a secret, and need not be said again.
    words = {404: "there is nothing at this path", 405: f"{request.method} is not taken there"}.get(
        error.status_code, "this request cannot be read"
    )
    return problem(error.status_code, error.detail, words, dict(error.headers or {}))


async def defect(_: Request, error: Exception) -> Response:
    """The boundary of a web request."""
    try:
        raise error
    except Exception:  # noqa: BLE001 - the boundary of a web request
        traceback(Event.DAEMON_FAILED, where="web")
    return problem(500, "Internal Server Error", "a defect in the daemon; its log has the traceback")
