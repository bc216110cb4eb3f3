"""The jobs that run, and each one's own page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from reminderd import recurrence
from reminderd.clock import to_text
from reminderd.duration import format_duration
from reminderd.model import CatchUp, Job, OnDoubt, OnQuiet, bare
from reminderd.plan import Override
from reminderd.store.connection import Row
from reminderd.store.listing import Wanted
from reminderd.store.standings import Standing
from reminderd.store.view import View
from reminderd.web.page import acts
from reminderd.web.page.acting import Acting, Refused
from reminderd.web.page.ahead import Ahead, ahead_of
from reminderd.web.page.frame import Frame, Looking

_PAGE = 100
_HISTORY = 20
_MOST_ZONES = 8
_LONGEST = 100
_MOST_HOLDS = 8
_CATCH_UP = {
    CatchUp.LATEST: "the latest occurrence that fell into it is sent",
    CatchUp.ALL: "all occurrences that fell into it are sent",
    CatchUp.NONE: "nothing that fell into it is sent",
}
_ON_DOUBT = {OnDoubt.WAIT: "it waits for proof, or for somebody's word", OnDoubt.RESEND: "it is sent again"}
_ON_QUIET = {OnQuiet.WAIT: "what falls into them waits", OnQuiet.DROP: "what falls into them is not sent"}


@dataclass(frozen=True, slots=True)
class Line:
    """One job in the list."""

    job: Job
    schedule: str
    due: datetime | None
    standing: Standing | None
    overrides: tuple[Override, ...]


class Known(NamedTuple):
    """What the state and the files know of one job."""

    overrides: tuple[Override, ...]
    standing: Standing | None
    rows: Sequence[Row]
    ahead: Ahead | None
    holds: Sequence[Row]


class Jobs:
    """The routes of both."""

    def __init__(self, frame: Frame, acting: Acting) -> None:
        self._frame = frame
        self._acting = acting

    def routes(self, router: APIRouter) -> None:
        self._frame.add(router, "/jobs", self._list)
        self._frame.add(router, "/jobs/{name}", self._one)
        self._acting.add(router, "/jobs/{name}/{word}", self._act)

    # -- all of them ------------------------------------------------------------------------------------

    async def _list(self, request: Request, looking: Looking) -> Response:
        wanted = request.query_params.get("q", "").strip()[:_LONGEST]
        after = request.query_params.get("after", "")
        running, now = self._frame.sources.running(), self._frame.sources.now()
        due = self._frame.sources.due()
        fitting = [name for name in running if wanted.lower() in name.lower()]
        fitting.sort(key=lambda name: _place(running[name], due.get(name)))
        begins = fitting.index(after) + 1 if after in fitting else 0
        names = fitting[begins : begins + _PAGE + 1]

        def read(view: View) -> tuple[Mapping[str, Standing], tuple[Override, ...]]:
            return view.standings.of(names[:_PAGE]), tuple(view.overrides.open_ones(now))

        standings, overrides = await self._frame.reader.ask(read)
        lines = [_line(running[name], due.get(name), standings.get(name), overrides) for name in names[:_PAGE]]
        more = {"q": wanted, "after": names[_PAGE - 1]} if len(names) > _PAGE else None
        return self._frame.show(
            request,
            looking,
            "jobs.html",
            lines=lines,
            wanted=wanted,
            number=len(running),
            fitting=len(fitting),
            everywhere=next((each for each in overrides if each.kind == "pause" and each.job is None), None),
            more=f"/jobs?{urlencode(more)}" if more else None,
            first=f"/jobs?{urlencode({'q': wanted})}" if after else None,
            resume_all=acts.resume_all(),
            **self._acting.values(request, looking, ()),
        )

    # -- one --------------------------------------------------------------------------------------------

    async def _one(self, request: Request, looking: Looking) -> Response:
        return await self._show(request, looking, str(request.path_params["name"]))

    async def _show(self, request: Request, looking: Looking, name: str, refused: Refused | None = None) -> Response:
        job, now = self._frame.sources.running().get(name), self._frame.sources.now()
        known = await self._frame.reader.ask(lambda view: _known(view, name, job, now))
        if job is None and known.standing is None:
            raise HTTPException(404)
        upcoming = known.ahead.next_sent if known.ahead else None
        typed = to_text(upcoming.instant.due_at)[:-5] + "Z" if upcoming else None
        paused = any(each.kind == "pause" and each.job == name for each in known.overrides)
        offered = acts.of_job(
            name,
            paused=paused,
            upcoming=typed,
            runs=job is not None and bool(job.recipients),
            skipped=_skipped(known.overrides),
        )
        waiting = [each["id"] for each in known.holds if each["kind"] != "delivery"][:_MOST_HOLDS]
        offered = [*(acts.approve(each) for each in waiting), *offered]
        return self._frame.show(
            request,
            looking,
            "job.html",
            here=f"/jobs/{name}",
            status=409 if refused else 200,
            name=name,
            job=job,
            facts=facts_of(job) if job else {},
            known=known,
            **self._acting.values(request, looking, offered, refused),
        )

    async def _act(self, request: Request, looking: Looking, form: Mapping[str, str]) -> Response:
        name, word = str(request.path_params["name"]), str(request.path_params["word"])
        wanted = acts.request_for_job(name, word, form)
        if wanted is None:
            raise HTTPException(404)
        refused = await self._acting.perform(looking, wanted, form)
        if refused is not None:
            return await self._show(request, looking, name, refused)
        return self._acting.done(f"/jobs/{quote(name)}", word)


def _place(job: Job, due: datetime | None) -> tuple[bool, str, str]:
    """What is due next comes first; jobs with nothing to come are last."""
    comes = due if job.enabled else None
    return comes is None, to_text(comes) if comes else "", job.name


def _line(job: Job, due: datetime | None, standing: Standing | None, overrides: Sequence[Override]) -> Line:
    mine = tuple(each for each in overrides if each.job == job.name)
    return Line(job, recurrence.describe_job(job), due if job.enabled else None, standing, mine)


def _known(view: View, name: str, job: Job | None, now: datetime) -> Known:
    overrides = tuple(each for each in view.overrides.open_ones(now) if each.job in (None, name))
    gone = {(row["phone"], bare(row["sender"])) for row in view.reports.opt_outs()} if job else set()
    rows = view.listing.page(Wanted(job=name), limit=_HISTORY).rows
    ahead = ahead_of(job, now, overrides, gone) if job else None
    return Known(overrides, view.standings.of([name]).get(name), rows, ahead, view.attention.holds_of_job(name))


def _skipped(overrides: Sequence[Override]) -> list[tuple[str, str]]:
    """The nominal time of each occurrence that is to be skipped, and a moment of it that can be typed."""
    skips = [each for each in overrides if each.kind == "skip" and each.nominal and each.until]
    return [(str(each.nominal), to_text(each.until)[:19] + "Z") for each in skips if each.until]


def facts_of(job: Job) -> dict[str, Any]:
    """What the file says of it, in words."""
    zones = list(job.by_zone())
    return {
        "schedule": recurrence.describe_job(job),
        "zones": zones[:_MOST_ZONES],
        "more_zones": max(0, len(zones) - _MOST_ZONES),
        "recipients": len(job.recipients),
        "private": sum(each.private for each in job.recipients),
        "valid_for": format_duration(job.valid_for),
        "quiet_hours": str(job.quiet_hours) if job.quiet_hours else None,
        "on_quiet": _ON_QUIET[job.on_quiet],
        "catch_up": _CATCH_UP[job.catch_up],
        "on_doubt": _ON_DOUBT[job.on_doubt],
        "retry": [format_duration(each) for each in job.retry],
        "splay": format_duration(job.splay) if job.splay else None,
    }
