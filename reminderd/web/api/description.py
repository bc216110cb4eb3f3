"""The API's own description: OpenAPI 3.1, made of the routes as they are."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute

from reminderd import __version__
from reminderd.web.api.shapes import Problem, Trouble

_SUMMARY = "What reminderd will send, has sent and is in doubt about; and what operators may do about it."
_ABOUT = """\
Times are UTC, fixed in width (`2026-11-22T08:00:00.000Z`). Whatever is wrong is said as `application/problem+json` (RFC 9457).
A token has scopes: `read` for what is asked, `act` for what is done, `write` for reminders.
"""
# What `reminderd.reference.api` has written, from the words of the docs and of the schema for editors.
_JOB = Path(__file__).with_name("job.json")
_REFERENCES = "#/components/schemas/{model}"


def described(routes: Sequence[BaseRoute]) -> bytes:
    """The document, as JSON. Takes a tenth of a second."""
    document = get_openapi(
        title="reminderd", version=__version__, summary=_SUMMARY, description=_ABOUT, routes=list(routes)
    )
    _, problems = models_json_schema([(Problem, "serialization"), (Trouble, "serialization")], ref_template=_REFERENCES)
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(problems["$defs"])
    schemas.update(json.loads(_JOB.read_bytes()))
    for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's own, which nothing answers
        schemas.pop(unused, None)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
