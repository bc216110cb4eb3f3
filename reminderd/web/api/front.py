"""What all routes of the API share: who may ask, the state, the daemon's desk, and what is declared of each answer."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from reminderd.settings.grants import Scope
from reminderd.store import StateError
from reminderd.store.view import View
from reminderd.web.access import Access, Caller, StrictRoute
from reminderd.web.api.words import fitting
from reminderd.web.problems import MEDIA_TYPE, Declined
from reminderd.web.reader import Reader
from reminderd.web.sources import Sources

T = TypeVar("T")

PREFIX = "/api/v1"
_ACTORS = 4  # acts that wait for the loop at the same time
_MOST_WAITING = 16  # acts that wait, those included
_AGAIN = "5"  # seconds after which what was not possible may be
_JSON = "application/json"
# What any route may answer; beside these each declares its own.
_ALWAYS = (400, 401, 403, 405, 408, 413, 422, 429, 500, 503)
_OF_BODIES = (415,)
_STATUS_OF = {"malformed": 422, "unknown": 404, "unavailable": 503}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route declares of the problems that it answers."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted(statuses)
    }


class Front:
    """Belongs to the listener's event loop, in which nothing is done that takes long."""

    def __init__(self, sources: Sources, access: Access, reader: Reader) -> None:
        self.sources = sources
        self._access = access
        self._reader = reader
        self._actors = ThreadPoolExecutor(_ACTORS, "web-api-acts")
        self._reckoner = ThreadPoolExecutor(1, "web-api-reckons")
        self._waiting = 0

    @staticmethod
    async def _takes_json(request: Request) -> None:
        """A dependency: what is sent is JSON, and says so."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != _JSON and await request.body():
            raise Declined(415, "Unsupported Media Type", "send JSON, with Content-Type: application/json")

    @staticmethod
    async def _knows_parameters(request: Request) -> None:
        """A dependency: nothing is asked for that the route does not have. Raises RequestValidationError."""
        taken = request.scope["route"].dependant.query_params
        if any(
            isinstance(each.field_info.annotation, type) and issubclass(each.field_info.annotation, BaseModel)
            for each in taken
        ):
            return  # a model, which says it itself
        unknown = sorted(set(request.query_params) - {each.alias for each in taken})
        if unknown:
            said = "Extra inputs are not permitted"
            raise RequestValidationError(
                [{"loc": ("query", each), "msg": said, "type": "extra_forbidden"} for each in unknown]
            )

    def router(self, scope: Scope, tag: str, *also: int) -> APIRouter:
        """For routes that need a token with this scope. also: what else they may answer beside what any may."""
        sends = scope is not Scope.READ
        needs = [Security(self._access.needs(scope), scopes=[str(scope)]), Depends(self._knows_parameters)]
        return APIRouter(
            prefix=PREFIX,
            tags=[tag],
            dependencies=[*needs, Depends(self._takes_json)] if sends else needs,
            responses=problems(*_ALWAYS, *(_OF_BODIES if sends else ()), *also),
            route_class=StrictRoute,
            generate_unique_id_function=lambda route: route.name,
        )

    def caller(self, request: Request) -> Caller:
        """Who asks, in a route that needs a scope."""
        caller = self._access.admitted(request).bearer
        assert caller is not None
        return caller

    async def ask(self, question: Callable[[View], T]) -> T:
        """What the question returns, asked of the state in the reader's thread. Raises Declined."""
        try:
            return await self._reader.ask(question)
        except StateError as error:
            raise Declined(503, "Service Unavailable", str(error)) from error

    async def reckon(self, call: Callable[[], T]) -> T:
        """What the call returns, made in a thread of its own: one after the other, whoever asks."""
        return await asyncio.get_running_loop().run_in_executor(self._reckoner, call)

    async def standing(self, request: Request) -> dict[str, Any]:
        """What the daemon knows of itself; not behind acts, and also while the loop hangs."""
        who = self.caller(request).who
        answer = await self.reckon(lambda: self.sources.perform({"command": "standing"}, who))
        result: dict[str, Any] = answer["result"]
        return result

    async def perform(self, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
        """Have a command carried out by the daemon's loop; its result. Raises Declined where it is refused."""
        if self._waiting >= _MOST_WAITING:
            detail = "many acts wait for the daemon; try again"
            raise Declined(503, "Service Unavailable", detail, {"retry-after": "1"})
        who = self.caller(request).who
        wanted = {**wanted, "zone": self.sources.settings().timezone}
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._actors, self.sources.perform, wanted, who)
        finally:
            self._waiting -= 1
        if not answer["ok"]:
            raise declined(answer)
        result: dict[str, Any] = answer["result"]
        return result

    def close(self) -> None:
        """Does not wait for what is being done."""
        for each in (self._actors, self._reckoner):
            each.shutdown(wait=False, cancel_futures=True)


def declined(answer: dict[str, Any]) -> Declined:
    """A command's refusal, as the API says it."""
    status = HTTPStatus(_STATUS_OF.get(answer.get("kind", ""), 409))
    again = {"retry-after": _AGAIN} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return Declined(status.value, status.phrase, fitting(answer["error"]), again)


def answered(document: BaseModel, status: int = 200) -> Response:
    """An answer that is checked and written already, so that the event loop has no work with it."""
    return Response(document.model_dump_json(), status, media_type=_JSON)
