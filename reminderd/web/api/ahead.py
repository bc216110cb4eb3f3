"""What is due in a time to come, of all jobs, the earliest first."""

import heapq
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from reminderd import recurrence
from reminderd.clock import from_text, to_text
from reminderd.documents import Document, covering, override_document
from reminderd.model import Instant, Job
from reminderd.settings.grants import Scope
from reminderd.store.view import View
from reminderd.upcoming import upcoming
from reminderd.web.api.answers import Occurrences
from reminderd.web.api.cursors import cursor_of, no_cursor, place_of
from reminderd.web.api.front import Front, answered
from reminderd.web.api.parameters import Paged, Said, Time
from reminderd.web.problems import Declined

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_DAY, _LONGEST = timedelta(days=1), timedelta(days=400)
_LAST_YEAR = 2199  # as of what acts may name
_MOMENT = timedelta(milliseconds=1)
_SECONDS = 2.0  # of the processor, for one page
_STRETCH, _PAUSE = 0.005, 0.001  # seconds
Coming = tuple[Job, str, Instant]
Key = tuple[str, str, str]  # due_at, job, zone: what the list is in the order of


class Asked(Paged):
    """Which occurrences."""

    since: Time | None = Field(None, alias="from", description="Due from then on; now, where it is left out.")
    until: Time | None = Field(None, description="Due before then; a day after `from`, where it is left out.")
    job: Said | None = Field(None, description="Of this job.")


class Ahead:
    """Routes."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def router(self) -> APIRouter:
        router = self._front.router(Scope.READ, "jobs")
        router.add_api_route("/occurrences", self.occurrences, methods=["GET"], response_model=Occurrences)
        return router

    async def occurrences(self, asked: Annotated[Asked, Query()]) -> Response:
        """What is due ahead, by the schedules as they are now, the earliest first; at most 400 days after `from`."""
        now = self._front.sources.now()
        since = max(asked.since or now, now)
        if max(since, asked.until or since).year > _LAST_YEAR:
            raise Declined(422, "Unprocessable Entity", f"no schedule is looked at after the year {_LAST_YEAR}")
        until = asked.until or since + _DAY
        if until - since > _LONGEST:
            raise Declined(422, "Unprocessable Entity", "at most 400 days can be looked at: give another `until`")
        after = _key(asked.cursor)
        overrides = await self._front.ask(lambda view: _overrides(view, now))
        running, due = self._front.sources.running(), self._front.sources.due()

        def page() -> Response:
            jobs = self._jobs(running, due, asked.job, until)
            start = max(since, from_text(after[0])) if after else since
            found = list(islice(_walk(jobs, start, until, after), asked.limit + 1))
            items = [_document(*each, overrides) for each in found[: asked.limit]]
            more = cursor_of(*_key_of(*found[asked.limit - 1])) if len(found) > asked.limit else None
            return answered(Occurrences.model_validate({"items": items, "next": more}))

        return await self._front.reckon(page)

    @staticmethod
    def _jobs(
        running: Mapping[str, Job], due: Mapping[str, datetime], name: str | None, until: datetime
    ) -> list[tuple[datetime, Job]]:
        """Those of which something may be due before then, each with a time before which nothing is."""
        wanted = running.values() if name is None else [running[name]] if name in running else []
        found = ((due.get(each.name, _LONG_AGO), each) for each in wanted if each.enabled)
        return [(moment, job) for moment, job in found if moment <= until]


def coming_of(job: Job, now: datetime, overrides: list[Document], count: int) -> list[Document]:
    """The next occurrences of one job."""
    return [_document(job, each.zone, each.instant, overrides) for each in islice(upcoming(job, now), count)]


def _overrides(view: View, now: datetime) -> list[Document]:
    return [override_document(row) for row in view.reports.overrides(now)]


def _key(cursor: str | None) -> Key | None:
    if cursor is None:
        return None
    due_at, job, zone = (str(each) for each in place_of(cursor, "", "", ""))
    try:
        if to_text(from_text(due_at)) != due_at:
            raise no_cursor()
    except (ValueError, OverflowError):
        raise no_cursor() from None
    return due_at, job, zone


def _key_of(job: Job, zone: str, instant: Instant) -> Key:
    return to_text(instant.due_at), job.name, zone


def _walk(
    jobs: Iterable[tuple[datetime, Job]], since: datetime, until: datetime, after: Key | None
) -> Iterator[Coming]:
    """Those due in [since, until), after that one. jobs: each with a time before which nothing of it is due.

    A job's schedule is asked when the list has come to that time, so that a page costs little however many there are.
    Raises Declined where it takes too long all the same.
    """
    patience = _Patience()
    asleep = sorted(((max(since, due), job.name, job) for due, job in jobs), key=lambda each: each[:2], reverse=True)
    awake: list[tuple[Key, Coming, Iterator[Coming]]] = []
    while awake or asleep:
        while asleep and (not awake or to_text(asleep[-1][0]) <= awake[0][0][0]):
            job = asleep.pop()[2]
            for zone in job.by_zone():
                patience.spend()
                _wake(awake, _series(job, zone, since - _MOMENT, until - _MOMENT))
        if awake:
            key, coming, series = heapq.heappop(awake)
            if after is None or key > after:
                yield coming
            patience.spend()
            _wake(awake, series)


def _wake(awake: list[tuple[Key, Coming, Iterator[Coming]]], series: Iterator[Coming]) -> None:
    coming = next(series, None)
    if coming is not None:
        heapq.heappush(awake, (_key_of(*coming), coming, series))


def _series(job: Job, zone: str, after: datetime, until: datetime) -> Iterator[Coming]:
    return ((job, zone, instant) for instant in recurrence.between(job.schedule, zone, after, until))


class _Patience:
    """So much time of the processor for one page, with pauses in which the daemon's loop comes first."""

    def __init__(self) -> None:
        self._paused = self._began = time.thread_time()

    def spend(self) -> None:
        """Called often. Raises Declined when all is spent."""
        now = time.thread_time()
        if now - self._paused > _STRETCH:
            self._paused = now
            time.sleep(_PAUSE)
        if now - self._began > _SECONDS:
            detail = "this takes too long to reckon: name a job, or ask for a time nearer to now"
            raise Declined(503, "Service Unavailable", detail, {"retry-after": "60"})


def _document(job: Job, zone: str, instant: Instant, overrides: list[Document]) -> Document:
    return {
        "job": job.name,
        "due_at": to_text(instant.due_at),
        "nominal": instant.nominal,
        "timezone": zone,
        "recipients": len(job.by_zone().get(zone, ())),
        "override": covering(overrides, job.name, instant),
    }
