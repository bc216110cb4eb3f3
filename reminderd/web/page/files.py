"""The style, the script and the icon, read once and named after what they hold."""

from hashlib import sha256
from importlib.resources import files
from pathlib import PurePath

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
# The name changes with the content.
_KEEP = "public, max-age=31536000, immutable"


class Files:
    """Of the package's folder `static`."""

    def __init__(self) -> None:
        self._answers: dict[str, Response] = {}
        self._paths: dict[str, str] = {}
        for entry in sorted(files(__package__).joinpath("static").iterdir(), key=lambda each: each.name):
            path = PurePath(entry.name)
            if path.suffix in _TYPES:
                content = entry.read_bytes()
                name = f"{path.stem}.{sha256(content).hexdigest()[:12]}{path.suffix}"
                headers = {"cache-control": _KEEP, "content-type": _TYPES[path.suffix]}
                self._answers[name] = Response(content, headers=headers)
                self._paths[entry.name] = f"/static/{name}"

    def path(self, name: str) -> str:
        """Where a browser finds the file of this name."""
        return self._paths[name]

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/static/{name}", self._answer, methods=["GET", "HEAD"], response_model=None)
        return router

    async def _answer(self, request: Request) -> Response:
        found = self._answers.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        return found
