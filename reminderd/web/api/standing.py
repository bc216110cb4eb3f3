"""How things stand: the daemon, what needs someone, what operators said and did."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from reminderd import __version__
from reminderd.documents import hold_document, override_document, problem_of
from reminderd.model import State
from reminderd.settings.grants import Scope
from reminderd.store.view import View
from reminderd.web.api.answers import Actions, Holds, OptOuts, Overrides, Problems, Status
from reminderd.web.api.cursors import cursor_of, place_of
from reminderd.web.api.front import Front, answered
from reminderd.web.api.parameters import Paged, Phone
from reminderd.web.api.stories import InboundTexts

_Paged = Annotated[Paged, Query()]


class Written(Paged):
    """Which texts."""

    phone: Phone | None = Field(None, description="What this phone wrote.")


class Standing:
    """Routes."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def router(self) -> APIRouter:
        router = self._front.router(Scope.READ, "standing")
        for path, answer, model in (
            ("/status", self.status, Status),
            ("/problems", self.problems, Problems),
            ("/holds", self.holds, Holds),
            ("/overrides", self.overrides, Overrides),
            ("/opt-outs", self.opt_outs, OptOuts),
            ("/inbound", self.inbound, InboundTexts),
            ("/actions", self.actions, Actions),
        ):
            router.add_api_route(path, answer, methods=["GET"], response_model=model)
        return router

    async def status(self, request: Request) -> Response:
        """How the daemon is, and how much needs someone. Answered also while its loop hangs."""
        said = await self._front.standing(request)
        return await self._front.ask(lambda view: answered(self._status(view, said)))

    def _status(self, view: View, said: Mapping[str, Any]) -> Status:
        now, after = self._front.sources.now(), self._front.sources.overdue_after()
        daemon, gateway = view.reports.daemon(), view.reports.gateway()
        return Status.model_validate(
            {
                "version": __version__,
                "host": daemon["host"],
                "started_at": daemon["started_at"],
                "trouble": said["trouble"],
                "last_good_pass_at": said["last_good_pass_at"],
                "jobs": view.measures.jobs()["declared"],
                "catalog_digest": daemon["catalog_digest"],
                "catalog_loaded_at": daemon["catalog_loaded_at"],
                "problems": view.measures.problems(),
                "holds": sum(view.measures.holds().values()),
                "overrides": sum(view.measures.overrides(now).values()),
                "opt_outs": view.measures.opt_outs(),
                "overdue": sum(row["deliveries"] for row in view.conditions.overdue(now, after)),
                "oldest_in_doubt": view.reports.oldest(State.IN_DOUBT),
                "alerts": said["alerts"],
                "gateway": {
                    "suspended": gateway["reason"] is not None,
                    "reason": gateway["reason"],
                    "since": gateway["suspended_since"],
                    "next_probe_at": gateway["suspended_until"],
                },
            }
        )

    async def problems(self, asked: _Paged) -> Response:
        """What is wrong in settings and job files. Broken files keep their last good version running."""
        (first,) = place_of(asked.cursor, 0)

        def page(view: View) -> Response:
            rows = view.entries.problems(int(first), asked.limit + 1)
            items = [{**row, "text": str(problem_of(row))} for row in rows[: asked.limit]]
            more = cursor_of(rows[asked.limit]["position"]) if len(rows) > asked.limit else None
            return answered(Problems.model_validate({"items": items, "next": more}))

        return await self._front.ask(page)

    async def holds(self) -> Response:
        """What waits for a person: removals, limits, clocks, single deliveries."""

        def page(view: View) -> Response:
            items = [{**hold_document(row), "approve": _approve(row["id"])} for row in view.reports.holds()]
            return answered(Holds.model_validate({"items": items}))

        return await self._front.ask(page)

    async def overrides(self) -> Response:
        """The pauses and skips in force."""
        now = self._front.sources.now()

        def page(view: View) -> Response:
            items = [override_document(row) for row in view.reports.overrides(now)]
            return answered(Overrides.model_validate({"items": items}))

        return await self._front.ask(page)

    async def opt_outs(self, asked: _Paged) -> Response:
        """Who wants no messages. Of who was forgotten, a word stands for the number."""
        phone, sender = place_of(asked.cursor, "", "")

        def page(view: View) -> Response:
            rows = view.entries.opt_outs((str(phone), str(sender)), asked.limit + 1)
            last = rows[asked.limit - 1] if len(rows) > asked.limit else None
            more = cursor_of(last["phone"], last["sender"]) if last else None
            return answered(OptOuts.model_validate({"items": rows[: asked.limit], "next": more}))

        return await self._front.ask(page)

    async def inbound(self, asked: Annotated[Written, Query()]) -> Response:
        """What people wrote to our numbers, the newest first, and what came of it."""
        at, number = place_of(asked.cursor, "9", 2**63 - 1)

        def page(view: View) -> Response:
            rows = view.entries.inbound(asked.phone, (str(at), int(number)), asked.limit + 1)
            last = rows[asked.limit - 1] if len(rows) > asked.limit else None
            more = cursor_of(last["received_at"], last["id"]) if last else None
            return answered(InboundTexts.model_validate({"items": rows[: asked.limit], "next": more}))

        return await self._front.ask(page)

    async def actions(self, asked: _Paged) -> Response:
        """What was done by people and programs, the last thing first."""
        (before,) = place_of(asked.cursor, 2**63 - 1)

        def page(view: View) -> Response:
            rows = view.entries.actions(int(before), asked.limit + 1)
            items = [{**row, "detail": json.loads(row["detail"])} for row in rows[: asked.limit]]
            more = cursor_of(items[-1]["id"]) if len(rows) > asked.limit else None
            return answered(Actions.model_validate({"items": items, "next": more}))

        return await self._front.ask(page)


def _approve(hold: int) -> str:
    return f"POST /api/v1/holds/{hold}/approve"
