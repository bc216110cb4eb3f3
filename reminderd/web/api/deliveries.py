"""Deliveries: lists of them, one delivery's story, and how many there are."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from reminderd.documents import delivery_document
from reminderd.gateway.port import MessageState
from reminderd.model import State
from reminderd.settings.grants import Scope
from reminderd.store.listing import Place, Wanted
from reminderd.store.view import View
from reminderd.story import story_of
from reminderd.web.api import parameters
from reminderd.web.api.answers import Counts
from reminderd.web.api.cursors import no_cursor
from reminderd.web.api.front import Front, answered, problems
from reminderd.web.api.parameters import Id, Limit, Phone, Said, Time
from reminderd.web.api.stories import Deliveries, Story
from reminderd.web.api.words import fitting
from reminderd.web.problems import Declined


class Which(parameters.Query):
    """Which deliveries; all that is given must fit."""

    job: Said | None = Field(None, description="Of this job.", examples=["rent"])
    state: list[State] = Field([], max_length=len(State), description="In one of these states.")
    receipt: list[MessageState | Literal["none"]] = Field(
        [],
        max_length=len(MessageState) + 1,
        description="Of which Plivo reports one of these; none: it knows nothing of them.",
    )
    phone: Phone | None = Field(None, description="To this phone.")
    since: Time | None = Field(None, alias="from", description="Due from then on.")
    until: Time | None = Field(None, description="Due before then.")
    text: Said | None = Field(None, description="With this in the text, the name or the number.")

    def wanted(self) -> Wanted:
        receipts = frozenset(str(each) for each in self.receipt)
        return Wanted(self.job, frozenset(self.state), receipts, self.phone, self.since, self.until, self.text)


class Asked(Which):
    """Which of them, and how many at a time."""

    limit: Limit = 50
    cursor: parameters.Cursor | None = None


class DeliveryRoutes:
    """Routes."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def router(self) -> APIRouter:
        router = self._front.router(Scope.READ, "deliveries")
        router.add_api_route("/deliveries", self.deliveries, methods=["GET"], response_model=Deliveries)
        router.add_api_route(
            "/deliveries/{id}", self.delivery, methods=["GET"], response_model=Story, responses=problems(404)
        )
        router.add_api_route("/counts", self.counts, methods=["GET"], response_model=Counts)
        return router

    async def deliveries(self, asked: Annotated[Asked, Query()]) -> Response:
        """Deliveries, newest due time first. A page looks at a bounded number of them, and says where the next one goes on."""
        try:
            after = Place.of(asked.cursor) if asked.cursor is not None else None
        except ValueError:
            raise no_cursor() from None

        def page(view: View) -> Response:
            found = view.listing.page(asked.wanted(), after, asked.limit)
            document = {
                "items": [delivery_document(row) for row in found.rows],
                "next": found.next.cursor() if found.next else None,
                "looked_until": found.looked_until,
            }
            return answered(Deliveries.model_validate(document))

        return await self._front.ask(page)

    async def delivery(self, id: Id) -> Response:
        """One delivery's whole story: from the file and line that asked for it to Plivo's report."""
        now = self._front.sources.now()

        def told(view: View) -> Response | None:
            story = story_of(view.reports, id, now)
            if story is None:
                return None
            for each in story["kept_back"]:
                each["end_with"] = fitting(each["end_with"])
            return answered(Story.model_validate(story))

        found = await self._front.ask(told)
        if found is None:
            raise Declined(404, "Not Found", f"there is no delivery {id}; GET /api/v1/deliveries lists them")
        return found

    async def counts(self, asked: Annotated[Which, Query()]) -> Response:
        """How many deliveries there are, by state. Without a job, phone, receipt or text all are counted."""

        def counted(view: View) -> Response:
            states, until = view.listing.counts(asked.wanted())
            return answered(Counts.model_validate({"states": states, "counted_until": until}))

        return await self._front.ask(counted)
