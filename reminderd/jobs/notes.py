"""What a review of a job should not miss: what is allowed, and perhaps not meant. Few, and each of them certain."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import accumulate, groupby
from typing import Any, cast

from reminderd.document import Document, Fault, Loc
from reminderd.duration import format_duration
from reminderd.model import (
    At,
    CatchUp,
    Cron,
    Every,
    Job,
    Limited,
    Limits,
    OnQuiet,
    Problem,
    Review,
    Rrule,
    Rule,
    Several,
)
from reminderd.recurrence import (
    ClockNote,
    clock_notes,
    count,
    idle_exceptions,
    is_appointments,
    latest,
    next_after,
    parse_exceptions,
    quiet_period,
)

_MOST_ZONES = 20  # in which a job's times are looked at, where each recipient has an own one
_MOST_NIGHTS = 100
_MANY_AT_ONCE = 10
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=400)
_TINY = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_MANY_IN_A_DAY = 100
_COUNTED = 100_000


def notes_of(scope: Document, job: Job, review: Review) -> Iterator[Problem]:
    """What is worth a second look in `job`, at its places in `scope`. Nothing of a job that is switched off."""
    if job.enabled:
        for note in _found(scope, job, review):
            yield scope.problem(note)


def _found(scope: Document, job: Job, review: Review) -> Iterator[Fault]:
    for loc, rule in _rules(scope, job):
        yield from _both_days(loc, rule)
        said = _written(scope, loc)
        yield from _clocks(loc, rule, job, said, review.now)
        yield from _idle(loc, rule, job, said, review.now)
    late = list(_late(scope, job, review.now))
    yield from late or _times(job, review.now)
    yield from _often(job, review.now)
    if "retry" in scope.value:
        yield from _late_retry(job)
    yield from _flood(job, review.now)
    yield from _size(job, review.limits)


def _rules(scope: Document, job: Job) -> Iterator[tuple[Loc, Rule | Limited]]:
    """The rules of the job's schedule, each with where it is written."""
    if isinstance(job.schedule, Several):
        yield from ((("schedule", index), rule) for index, rule in enumerate(job.schedule.rules))
    elif isinstance(scope.value["schedule"], list):
        yield ("schedule", 0), job.schedule
    else:
        yield ("schedule",), job.schedule


def _both_days(loc: Loc, limited: Rule | Limited) -> Iterator[Fault]:
    """The classic slip: in every cron the two fields for days mean either, and not both."""
    rule = limited.rule if isinstance(limited, Limited) else limited
    if not isinstance(rule, Cron):
        return
    _, _, day, _, weekday = rule.expression.split()
    if "*" not in (day[0], weekday[0]):
        message = f"comes on each day that fits {day!r} and also on each that fits {weekday!r}"
        hint = "if both are meant, use rrule; if either is, write two rules"
        yield Fault((*loc, "cron"), message, hint)


def _written(scope: Document, loc: Loc) -> Mapping[str, Any]:
    """The rule at `loc` as it is written."""
    found = scope.value
    for part in loc:
        found = found[part]
    return cast(Mapping[str, Any], found)


def _clocks(loc: Loc, rule: Rule | Limited, job: Job, said: Collection[str], now: datetime) -> Iterator[Fault]:
    """The coming times that a change of clocks skips or repeats, with their dates, where the rule itself is silent."""
    kind = _kind(rule)
    for zone in list(job.by_zone())[:_MOST_ZONES]:
        notes = [note for note in clock_notes(rule, zone, now, now + _AHEAD) if note.key not in said]
        for (key, _), of_change in groupby(notes, key=lambda note: (note.key, note.wall.date())):
            yield Fault((*loc, kind), _of_one_change(list(of_change)), _clock_hint(kind, key))


def _of_one_change(notes: list[ClockNote]) -> str:
    first, *others = notes
    return f"{first}, and likewise {', '.join(note.clock for note in others)}" if others else str(first)


def _clock_hint(kind: str, key: str) -> str:
    if kind == "cron":
        return "if that is not meant, choose an hour that no change of clocks touches"
    return f"say what is meant with {key}, or choose another hour"


def _kind(limited: Rule | Limited) -> str:
    """The key of a rule."""
    match limited.rule if isinstance(limited, Limited) else limited:
        case At():
            return "at"
        case Cron():
            return "cron"
        case Every():
            return "every"
        case Rrule():
            return "rrule"


def _late(scope: Document, job: Job, now: datetime) -> Iterator[Fault]:
    """Single times that are past, and still worth sending."""
    for loc, rule in _rules(scope, job):
        if not is_appointments(rule):
            continue
        for zone in list(job.by_zone())[:_MOST_ZONES]:
            if past := latest(rule, zone, now - job.valid_for, now):
                shown = past.nominal.replace(" fold=1", "")
                message = f"{shown} is past, and is sent at once when the file is deployed while it is valid"
                yield Fault((*loc, "at"), message, "what was sent already is not sent again")
                break


def _idle(loc: Loc, rule: Rule | Limited, job: Job, said: Mapping[str, Any], now: datetime) -> Iterator[Fault]:
    """What `except` leaves out where nothing would come anyway: often a slip of the hour or the year."""
    zones = list(job.by_zone())
    if not isinstance(rule, Limited) or len(zones) > _MOST_ZONES:
        return
    found = {each.text: each for each in idle_exceptions(rule, zones, now.date(), (now + _AHEAD).date())}
    written = said.get("except", []) if found else []
    for index, text in enumerate(written if isinstance(written, list) else [written]):
        (normal,) = parse_exceptions([text])
        if normal in found:
            comes = " and ".join(found[normal].comes)
            hint = f"on that day it comes at {comes}" if comes else "on that day it does not come at all"
            yield Fault((*loc, "except", index), f"{text} leaves out nothing, the rule does not come then", hint)


def _often(job: Job, now: datetime) -> Iterator[Fault]:
    """A slip of the unit: what comes every second and not every minute."""
    number = _most_in_a_day(job, now)
    most = job.limits.per_job_and_day
    if number > _MANY_IN_A_DAY and (most is None or most < number * len(job.recipients)):
        often = f"{number:,}" if number < _COUNTED else f"{number:,} and more"
        message = f"sends each recipient up to {often} messages a day"
        hint = f"if that is meant, write limits: {{per_job_and_day: {number * len(job.recipients)}}}"
        yield Fault(("schedule",), message, hint)


def _most_in_a_day(job: Job, now: datetime) -> int:
    """How many come within a day of the first."""
    zone = next(iter(job.by_zone()))
    first = next_after(job.schedule, zone, now)
    if first is None:
        return 0
    before = first.due_at - _TINY
    return count(job.schedule, zone, before, before + _DAY, _COUNTED)


def _times(job: Job, now: datetime) -> Iterator[Fault]:
    zones = list(job.by_zone())[:_MOST_ZONES]
    if all(next_after(job.schedule, zone, now) is None for zone in zones):
        yield Fault(("schedule",), "all its times are past, nothing is sent any more", "remove the job if it is done")
        return
    if job.quiet_hours is None or job.on_quiet is not OnQuiet.DROP or job.splay:
        return
    quiet = {job.zone_of(person): job.schedule_zone_of(person) for person in job.recipients}
    for zone, schedule_zone in list(quiet.items())[:_MOST_ZONES]:
        if _is_always_quiet(job, zone, schedule_zone, now):
            message = f"all its next times fall into the quiet hours {job.quiet_hours} of {zone}, and are dropped"
            yield Fault(("on_quiet",), message, "move the schedule or the quiet hours, or write on_quiet: wait")


def _is_always_quiet(job: Job, zone: str, schedule_zone: str, now: datetime) -> bool:
    """Whether all that comes in the next nights comes in them; looked at once a night, at what is first after it."""
    assert job.quiet_hours is not None
    moment, comes = now, False
    for _ in range(_MOST_NIGHTS):
        found = next_after(job.schedule, schedule_zone, moment)
        if found is None:
            break
        begins, ends = quiet_period(job.quiet_hours, zone, found.due_at)
        if begins > found.due_at:
            return False
        moment, comes = ends - _TINY, True
    return comes


def _late_retry(job: Job) -> Iterator[Fault]:
    late = next(
        ((index, passed) for index, passed in enumerate(accumulate(job.retry)) if passed >= job.valid_for), None
    )
    if late is not None:
        index, passed = late
        message = f"would come {format_duration(passed)} after the first attempt, when the message is no longer valid"
        yield Fault(
            ("retry", index), message, f"shorten it, or lengthen valid_for (now {format_duration(job.valid_for)})"
        )


def _flood(job: Job, now: datetime) -> Iterator[Fault]:
    if job.catch_up is not CatchUp.ALL or is_appointments(job.schedule):
        return
    number = _most_at_once(job, now)
    if number > _MANY_AT_ONCE:
        message = f"after a downtime up to {number:,} messages go to each recipient at once"
        yield Fault(
            ("catch_up",), message, f"shorten valid_for (now {format_duration(job.valid_for)}), or write latest"
        )


def _most_at_once(job: Job, now: datetime) -> int:
    """How many of the first occurrences are valid together."""
    first = next_after(job.schedule, job.timezone, now)
    if first is None:
        return 0
    before = first.due_at - timedelta(seconds=1)
    return count(job.schedule, job.timezone, before, before + job.valid_for, 10_000)


def _size(job: Job, limits: Limits) -> Iterator[Fault]:
    most = limits.per_occurrence if job.limits.per_occurrence is None else job.limits.per_occurrence
    number = len(job.recipients)
    if most is not None and number > most:
        message = (
            f"{number:,} recipients are more than the limit of {most:,} messages, each occurrence waits for approval"
        )
        yield Fault(("to",), message, f"if that is not meant, write limits: {{per_occurrence: {number}}}")
