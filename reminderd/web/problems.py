"""What is said where a request cannot be answered as it was meant, in the form of RFC 9457."""

from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from reminderd.telemetry import Event, traceback

LONGEST_NAME = 200
MEDIA_TYPE = "application/problem+json"


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """more: members of its own, such as `errors`."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


async def refused(request: Request, error: Exception) -> Response:
    """For a path or a method that there is not."""
    assert isinstance(error, HTTPException)
    words = f"{request.method} {request.url.path[:LONGEST_NAME]}"
    return problem(error.status_code, error.detail, words, dict(error.headers or {}))


async def defect(_: Request, error: Exception) -> Response:
    """The boundary of a web request."""
    try:
        raise error
    except Exception:  # noqa: BLE001 - the boundary of a web request
        traceback(Event.DAEMON_FAILED, where="web")
    return problem(500, "Internal Server Error", "a defect in the daemon; its log has the traceback")
