"""Signing in with a token, and out again."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from reminderd.web.access import Access, read_form
from reminderd.web.page.frame import Frame, Looking
from reminderd.web.problems import Declined

_LONGEST = 2000
_WRONG = 401


class Signing:
    """The routes."""

    def __init__(self, frame: Frame, access: Access) -> None:
        self._frame = frame
        self._access = access

    def routes(self, router: APIRouter) -> None:
        for path, answer, methods in (
            ("/sign-in", self._ask, ["GET", "HEAD"]),
            ("/sign-in", self._sign_in, ["POST"]),
            ("/sign-out", self._sign_out, ["POST"]),
        ):
            router.add_api_route(path, answer, methods=methods, response_model=None, include_in_schema=False)

    async def _ask(self, request: Request) -> Response:
        return self._show(request, request.query_params.get("next", ""))

    async def _sign_in(self, request: Request) -> Response:
        form = await read_form(request)
        try:
            cookie = self._access.sign_in(request, form.get("token", ""))
        except Declined as declined:
            response = self._show(request, form.get("next", ""), declined)
            response.headers.update({k: v for k, v in (declined.headers or {}).items() if k.lower() == "retry-after"})
            return response
        return RedirectResponse(_within(form.get("next", "")), 303, {"set-cookie": cookie})

    async def _sign_out(self, request: Request) -> Response:
        cookie = self._access.sign_out(request, await read_form(request))
        return RedirectResponse("/", 303, {"set-cookie": cookie})

    def _show(self, request: Request, following: str, declined: Declined | None = None) -> Response:
        caller = self._access.looker(request)
        looking = Looking(caller, self._frame.zone(request)) if caller is not None else None
        return self._frame.show(
            request,
            looking,
            "sign-in.html",
            here="/sign-in",
            status=declined.status_code if declined else 200,
            following=_within(following),
            wrong=declined.words if declined else None,
            guessed=declined is not None and declined.status_code == _WRONG,
        )


def _within(path: str) -> str:
    """Where to go then: a page of this listener, whatever the address said."""
    fine = path.startswith("/") and not path.startswith("//") and path.isascii() and path.isprintable()
    return path if fine and "\\" not in path and len(path) <= _LONGEST else "/"
