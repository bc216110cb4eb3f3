"""Acts from a page: forms of those who are signed in and may act, carried out as the commands are."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from reminderd.web.access import Access, Scope, read_form
from reminderd.web.page.acts import DONE, Act
from reminderd.web.page.frame import Frame, Looking
from reminderd.web.page.words import fitting

_THREADS = 4  # each waits for the loop

Form = Mapping[str, str]
Answer = Callable[[Request, Looking, Form], Awaitable[Response]]


class Refused(NamedTuple):
    """Why something was not done, in the command's own words; form: what was filled in."""

    sentence: str
    form: Form


class Acting:
    """Belongs to the listener's event loop."""

    def __init__(self, frame: Frame, access: Access) -> None:
        self._frame = frame
        self._access = access
        self._threads = ThreadPoolExecutor(_THREADS, "web-acts")

    def add(self, router: APIRouter, path: str, answer: Answer) -> None:
        """What is posted to this path, by those who may act; for others it is declined."""

        async def answered(request: Request, looking: Looking) -> Response:
            form = await read_form(request)
            caller = self._access.actor(request, Scope.ACT, form)
            return await answer(request, replace(looking, caller=caller), form)

        self._frame.add(router, path, answered, ("POST",))

    async def perform(self, looking: Looking, wanted: dict[str, Any], form: Form) -> Refused | None:
        """Have it carried out by the loop; what is refused comes back with its reason."""
        wanted = {**wanted, "zone": self._frame.sources.settings().timezone}
        call = lambda: self._frame.sources.perform(wanted, looking.caller.who)  # noqa: E731
        answer = await asyncio.get_running_loop().run_in_executor(self._threads, call)
        return None if answer["ok"] else Refused(answer["error"], form)

    def done(self, path: str, word: str) -> Response:
        """Back to the page, which says what was done; loading it again does nothing again."""
        return RedirectResponse(f"{path}?done={word}", 303)

    def values(
        self, request: Request, looking: Looking, acts: Sequence[Act], refused: Refused | None = None
    ) -> dict[str, Any]:
        """What a template needs to show acts, and what came of one."""
        return {
            "acts": acts,
            "may_act": may_act(looking),
            "refused": fitting(refused.sentence) if refused else None,
            "filled": refused.form if refused else {},
            "refused_path": request.url.path if refused else None,
            "done": DONE.get(request.query_params.get("done", "")),
        }

    def close(self) -> None:
        """Does not wait for what is being done."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def may_act(looking: Looking) -> bool:
    """Whether who looks is signed in, and may act."""
    return looking.caller.signed_in and Scope.ACT in looking.caller.scopes
