"""What all pages have in common: who may look, in which zone, the frame around what they show, and its headers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, available_timezones

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from reminderd.model import Job
from reminderd.web.page.files import Files
from reminderd.web.page.rendering import Rendering
from reminderd.web.reader import Reader
from reminderd.web.sources import Sources

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ZONE_COOKIE = "reminderd_zone"
# What an address says once, and not again when another zone is chosen.
_OF_THE_MOMENT = frozenset({"zone", "done"})
_YEAR = 365 * 24 * 3600
_MOST_ZONES = 30

# Who looks: whatever `look` gave; no page but that of signing in is shown to None.
Looker = Any
Answer = Callable[[Request, "Looking"], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Looking:
    """One look at a page. caller: who looks. zone: in which times are shown, by its name."""

    caller: Looker
    zone: str

    @property
    def clock(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class Frame:
    """Belongs to the listener's event loop. look(request): who may look, None where somebody must sign in first."""

    def __init__(self, sources: Sources, reader: Reader, look: Callable[[Request], Looker | None]) -> None:
        self.sources = sources
        self.reader = reader
        self.files = Files()
        self.rendering = Rendering(self.files)
        self._look = look
        self._zones: tuple[Mapping[str, Job] | None, tuple[str, ...]] = (None, ())

    def add(self, router: APIRouter, path: str, answer: Answer, methods: tuple[str, ...] = ("GET", "HEAD")) -> None:
        """A page at this path, for those who may look; others are led to where they sign in."""

        async def answered(request: Request) -> Response:
            caller = self._look(request)
            if caller is None:
                return RedirectResponse(self.sign_in(request), 303)
            response = await answer(request, Looking(caller, self.zone(request)))
            self._remember_zone(request, response)
            return response

        router.add_api_route(path, answered, methods=list(methods), response_model=None, include_in_schema=False)

    def looking(self, request: Request) -> Looking | None:
        """Who looks, where something is refused; None also where it is that they look."""
        try:
            caller = self._look(request)
        except HTTPException:
            return None
        return None if caller is None else Looking(caller, self.zone(request))

    def show(
        self,
        request: Request,
        looking: Looking | None,
        template: str,
        *,
        status: int = 200,
        here: str | None = None,
        **values: Any,
    ) -> Response:
        """A page. values: what the template names beside `looking`, `clock`, `zones` and `here`.

        here: its path, where it answers what was posted to another one.
        """
        zone = looking.zone if looking is not None else self.zone(request)
        html = self.rendering.render(
            template,
            looking=looking,
            clock=ZoneInfo(zone),
            zone=zone,
            zones=self.zones(zone),
            here=here or request.url.path,
            query=[(name, value) for name, value in request.query_params.multi_items() if name not in _OF_THE_MOMENT],
            **values,
        )
        return document(html.encode(), status)

    # -- zones ------------------------------------------------------------------------------------------

    def zones(self, chosen: str) -> list[str]:
        """What may be chosen: the settings' zone, UTC, those of the jobs as far as they can be listed, and the chosen one."""
        running = self.sources.running()
        if self._zones[0] is not running:  # replaced whole by each reload
            self._zones = running, _zones_of(running)
        first = [self.sources.settings().timezone, "UTC"]
        return list(dict.fromkeys([*first, *self._zones[1], chosen]))

    def zone(self, request: Request) -> str:
        """In which times are shown to who asks."""
        wanted = request.query_params.get("zone") or request.cookies.get(_ZONE_COOKIE)
        return wanted if wanted and _is_zone(wanted) else self.sources.settings().timezone

    def _remember_zone(self, request: Request, response: Response) -> None:
        wanted = request.query_params.get("zone")
        if wanted and _is_zone(wanted) and wanted != request.cookies.get(_ZONE_COOKIE):
            secure = request.url.scheme == "https"
            response.set_cookie(
                _ZONE_COOKIE, wanted, max_age=_YEAR, httponly=True, samesite="strict", secure=secure, path="/"
            )

    @staticmethod
    def sign_in(request: Request) -> str:
        """The address at which who asks signs in, and comes back from."""
        query = f"?{request.url.query}" if request.url.query else ""
        # Of a form whose session is over: to the page on which it was.
        path = request.url.path.rpartition("/")[0] if request.method == "POST" else request.url.path + query
        return f"/sign-in?next={quote(path, safe='/')}"


def document(html: bytes, status: int = 200, **headers: str) -> Response:
    """An answer of HTML with the page's own policy. headers: further ones, by their names with underscores."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(
        html,
        status,
        {
            "content-type": "text/html; charset=utf-8",
            "content-security-policy": POLICY,
            "cache-control": "no-cache, private",
            **more,
        },
    )


def _is_zone(name: str) -> bool:
    return name in _known_zones()


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zones_of(jobs: Mapping[str, Job]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for each in jobs.values():
        found[each.timezone] = None
        if len(found) >= _MOST_ZONES:
            break
    return tuple(sorted(found))
