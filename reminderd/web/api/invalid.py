"""What is said of a request that does not fit: each thing that is wrong, with its place."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError

from reminderd.web.problems import problem

_MOST_SAID = 20


async def invalid(_: Request, error: Exception) -> Response:
    """A handler for the application. Nothing of what was sent is repeated."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    wrong = [dict(_told(each)) for each in found[:_MOST_SAID]]
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return problem(status.value, status.phrase, "the request does not fit; `errors` says where", errors=wrong)


def _told(error: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    where, *path = error["loc"]
    if where == "body":
        yield "pointer", "".join(f"/{_escaped(str(part))}" for part in path)
    else:
        yield "parameter", ".".join(str(part) for part in path)[:100]
    yield "detail", error["msg"].removeprefix("Value error, ")


def _escaped(part: str) -> str:
    return part[:100].replace("~", "~0").replace("/", "~1")
