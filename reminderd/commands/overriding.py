"""Pauses and skipped occurrences: an operator's word that stands above the files."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from reminderd.clock import to_text
from reminderd.commands.known import check_known
from reminderd.commands.requests import Answer, Request, until_of, why_of, word, zone_of
from reminderd.model import Instant, Job
from reminderd.recurrence import ScheduleError, around, latest, named, next_after
from reminderd.store import Malformed, Refusal, Store
from reminderd.telemetry import Event, emit

_MOST_NAMED = 20
_EXAMPLE = "write it like 2026-11-22T09:00, in the job's time zone, or 2026-11-22T09:00+01:00"
FindJob = Callable[[str], Job | None]


class _Occurrence(NamedTuple):
    """One occurrence, and when it is due in each of the job's zones that has it."""

    nominal: str
    due: Mapping[str, datetime]


def pause(store: Store, find: FindJob, request: Request, who: str, now: datetime) -> Answer:
    """Send nothing of a job, or of any, until it is resumed. What is paused already takes the new reason and end."""
    job = _job_of(request)
    declared = job is None or check_known(store, job)
    known = find(job) if job is not None else None
    why, until = why_of(request), until_of(request, known.timezone if known else zone_of(request), now)
    with store.together():
        before = store.overrides.pause(job, until, who, why, now)
        detail = {"why": why, "until": until and to_text(until)}
        store.operations.record(who, "pause", job or "--all", detail, now)
    emit(Event.OVERRIDE_SET, kind="pause", job=job or "*", by=who, until=until)
    said = before and {"who": before.who, "why": before.why, "until": before.until and to_text(before.until)}
    return {"paused": job, "declared": declared, "until": until and to_text(until), "before": said}


def resume(store: Store, find: FindJob, request: Request, who: str, now: datetime) -> Answer:
    """End a pause; with `at`, have an occurrence sent that was to be skipped."""
    job = _job_of(request)
    at = word(request.get("at"), "time")
    if at is not None:
        return _unskip(store, find, job, at, who, now)
    with store.together():
        if not store.overrides.resume(job, who, now):
            raise _not_paused(store, job, now)
        store.operations.record(who, "resume", job or "--all", {}, now)
    emit(Event.OVERRIDE_ENDED, kind="pause", job=job or "*", by=who)
    left = [each.job for each in store.overrides.open_ones(now) if each.kind == "pause"]
    return {"resumed": job, "all_paused": None in left, "still_paused": [each for each in left if each is not None]}


def _not_paused(store: Store, job: str | None, now: datetime) -> Refusal:
    pauses = [each.job for each in store.overrides.open_ones(now) if each.kind == "pause"]
    if job is None:
        names = [f"reminderd resume {each}" for each in pauses[:_MOST_NAMED]]
        return Refusal("there is no pause of all jobs" + (f"; of single ones: {', '.join(names)}" if names else ""))
    if job not in pauses:
        check_known(store, job)
    hint = "; all jobs are: reminderd resume --all" if None in pauses else ""
    return Refusal(f"job {job!r} is not paused by itself{hint}" if hint else f"job {job!r} is not paused")


def skip(store: Store, find: FindJob, request: Request, who: str, now: datetime) -> Answer:
    """Do not send one coming occurrence of a job."""
    job, text, why = _job_of(request), word(request.get("at"), "time"), why_of(request)
    if job is None or text is None:
        raise Malformed("name a job and the time of the occurrence to skip")
    occurrence = _coming(store, find, job, text, now)
    last = max(occurrence.due.values())
    with store.together():
        new = store.overrides.skip(job, occurrence.nominal, last, who, why, now)
        if not new:
            raise Refusal(
                f"the occurrence of {job!r} at {occurrence.nominal} is skipped already; "
                f"to have it sent: reminderd resume {job} --at {_moment(last)}"
            )
        store.operations.record(who, "skip", job, {"nominal": occurrence.nominal, "why": why}, now)
    emit(Event.OVERRIDE_SET, kind="skip", job=job, nominal=occurrence.nominal, by=who)
    due = {zone: to_text(moment) for zone, moment in occurrence.due.items()}
    # Where people have it in zones of their own, some of them may have got theirs.
    planned = store.overrides.pending_of(job, occurrence.nominal)
    return {"skipped": job, "nominal": occurrence.nominal, "due_at": due, "planned": planned}


def _unskip(store: Store, find: FindJob, job: str | None, text: str, who: str, now: datetime) -> Answer:
    if job is None:
        raise Malformed("--at goes with the name of a job")
    skips = {each.nominal: each for each in store.overrides.open_ones(now) if (each.kind, each.job) == ("skip", job)}
    nominal = next((each for each in skips if each is not None and _typed(each) == _typed(text)), None)
    if nominal is None:
        found = _named(find(job), text) if find(job) else []
        nominal = next((each.nominal for each in found if each.nominal in skips), None)
    if nominal is None:
        known = ", ".join(str(each) for each in skips) or "none"
        raise Refusal(f"no coming occurrence of {job!r} at {text} is skipped; skipped ones: {known}")
    with store.together():
        store.overrides.unskip(job, nominal, who, now)
        store.operations.record(who, "resume --at", job, {"nominal": nominal}, now)
    emit(Event.OVERRIDE_ENDED, kind="skip", job=job, nominal=nominal, by=who)
    return {"resumed": job, "nominal": nominal}


def _typed(nominal: str) -> str:
    """A nominal time as people type it, to compare two."""
    text = nominal if "fold" in nominal else nominal.strip().replace(" ", "T", 1)
    return text[:-3] if len(text) == len("2026-11-22T09:00:00") and text.endswith(":00") else text


# -- which occurrence is meant ----------------------------------------------------------------------------


def _coming(store: Store, find: FindJob, name: str, text: str, now: datetime) -> _Occurrence:
    """The coming occurrence that `text` names; raises Refusal where there is none, or it is past or planned."""
    if not check_known(store, name):
        raise Refusal(f"job {name!r} is no longer declared, so nothing of it is due")
    job = find(name)
    if job is None:
        raise Refusal(f"job {name!r} cannot be used; `reminderd status` says why")
    found = {each.nominal: each for each in _named(job, text)}
    if not found:
        raise Refusal(f"job {name!r} is not due at {text}{_nearest(job, text, now)}")
    if len(found) > 1:
        ways = " or ".join(_moment(min(each.due.values())) for each in found.values())
        raise Refusal(f"job {name!r} is due twice at {text}; say which: {ways}")
    (occurrence,) = found.values()
    if max(occurrence.due.values()) <= now:
        raise _planned(store, name, occurrence)
    return occurrence


def _named(job: Job | None, text: str) -> list[_Occurrence]:
    """What a time names among the occurrences of a job, each with all of its zones."""
    if job is None:
        return []
    zones = job.by_zone() or {job.timezone: ()}
    try:
        nominals = {each.nominal: each for zone in zones for each in named(job.schedule, zone, text)}
    except ScheduleError as error:
        raise Malformed(f"{error.message}; {_EXAMPLE}") from None
    return [_Occurrence(nominal, _due(job, zones, nominal)) for nominal in nominals]


def _due(job: Job, zones: Mapping[str, object], nominal: str) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for zone in zones:
        for each in named(job.schedule, zone, nominal.split(" ")[0]):
            if each.nominal == nominal:
                found[zone] = each.due_at
    return found


def _nearest(job: Job, text: str, now: datetime) -> str:
    """The coming occurrences on both sides of a time at which there is none."""
    moment = around(text, job.timezone)
    zone = next(iter(job.by_zone()), job.timezone)
    before = latest(job.schedule, zone, now, max(now, moment)) if moment > now else None
    after = next_after(job.schedule, zone, max(now, moment))
    near = [_shown(each) for each in (before, after) if each is not None]
    return f"; the nearest that come: {', '.join(near)} ({zone})" if near else "; nothing of it comes any more"


def _shown(instant: Instant) -> str:
    return _moment(instant.due_at) if " " in instant.nominal else _typed(instant.nominal)


def _moment(moment: datetime) -> str:
    """A moment as people can type it."""
    return to_text(moment)[:-5] + "Z"


def _planned(store: Store, name: str, occurrence: _Occurrence) -> Refusal:
    ids = store.overrides.pending_of(name, occurrence.nominal)
    if ids:
        listed = " ".join(map(str, ids[:_MOST_NAMED])) + (" ..." if len(ids) > _MOST_NAMED else "")
        return Refusal(
            f"the occurrence of {name!r} at {occurrence.nominal} is planned already; cancel its deliveries instead: "
            f"reminderd cancel {listed}"
        )
    return Refusal(
        f"the occurrence of {name!r} at {occurrence.nominal} is past, and nothing of it waits: reminderd history {name}"
    )


def _job_of(request: Request) -> str | None:
    """The job's name; None for all of them."""
    name = word(request.get("job"), "name of a job")
    if (name is None) != bool(request.get("all")):
        raise Malformed("name a job, or say --all")
    return name
