"""The schedule of a job: how it is written, what it means, and its normal form."""

from collections.abc import Sequence
from typing import Annotated, Any, assert_never

from pydantic import BeforeValidator, Field

from reminderd.document import scalars
from reminderd.document.scalars import Wrong, show
from reminderd.duration import format_duration
from reminderd.jobs.fields import Line, Span, Spec, one_or_more
from reminderd.model import At, Cron, Every, Schedule, Several
from reminderd.recurrence import ScheduleError, parse_at, parse_cron, parse_every, several

MOST_TIMES = 10_000
MOST_RULES = 100

SCHEDULE_KEYS = ("at", "cron", "every", "from")
_KINDS = ("at", "cron", "every")


def _times(value: object) -> list[object]:
    times = one_or_more(value)
    if len(times) > MOST_TIMES:
        raise Wrong(f"has {len(times)} times, at most {MOST_TIMES} are allowed", "split the job")
    return times


class ScheduleSpec(Spec):
    """Exactly one of `at`, `cron` and `every` makes a rule; that is checked with what they mean."""

    at: Annotated[tuple[Line, ...] | None, BeforeValidator(_times)] = None
    cron: Line | None = None
    every: Span | None = None
    anchor: Line | None = Field(None, alias="from")


def _rules(value: object) -> object:
    if isinstance(value, str) and not scalars.is_null(value):
        key = "cron" if len(value.split()) > 1 or value.startswith("@") else "at"
        raise Wrong("must be a mapping, not text", f"write schedule: {{{key}: {show(value)}}}")
    if isinstance(value, list) and len(value) > MOST_RULES:
        raise Wrong(f"has {len(value)} rules, at most {MOST_RULES} are allowed", "split the job")
    return [value] if value is None or scalars.is_null(value) else one_or_more(value)


Rules = Annotated[tuple[ScheduleSpec, ...], BeforeValidator(_rules)]


def schedule_of(specs: Sequence[ScheduleSpec], zone: str, *, accepted: bool = False) -> Schedule:
    """What a schedule of one or several rules means in `zone`; raises Wrong at the key or item that is to blame.

    accepted: it was found good once, and is not judged again by what moves with time, such as the zone's rules.
    """
    rules = []
    for index, spec in enumerate(specs):
        try:
            rules.append(_rule_of(spec, zone, accepted))
        except Wrong as error:
            raise Wrong(error.message, error.hint, (index, *error.at)) from None
    return several(rules)


def _rule_of(spec: ScheduleSpec, zone: str, accepted: bool) -> At | Cron | Every:
    _check_keys(spec)
    try:
        if spec.every is not None and spec.anchor is not None:
            return parse_every(spec.every, spec.anchor, zone)
        if spec.at is None:
            return parse_cron(spec.cron or "")
        if accepted:
            # In UTC no time is skipped or comes twice; one by one, no two of them are the same.
            return At(tuple(parse_at([text], "UTC").times[0] for text in spec.at))
        return parse_at(spec.at, zone)
    except ScheduleError as error:
        raise Wrong(error.message, error.hint, _blamed(spec, error)) from None


def _check_keys(spec: ScheduleSpec) -> None:
    given = [kind for kind in _KINDS if getattr(spec, kind) is not None]
    if not given:
        raise Wrong("says no time", "give one of at, cron and every")
    if len(given) > 1:
        raise Wrong(f"{given[0]} and {given[1]} exclude each other", "write a list of rules", (given[1],))
    if given == ["every"] and spec.anchor is None:
        raise Wrong("every needs from, the time of its first reminder", "write from: 2026-11-22T09:00", ("every",))
    if given != ["every"] and spec.anchor is not None:
        raise Wrong(f"from goes with every, not with {given[0]}", "remove it", ("from",))


def _blamed(spec: ScheduleSpec, error: ScheduleError) -> tuple[str | int, ...]:
    if spec.at is not None:
        return ("at",) if error.index is None else ("at", error.index)
    if spec.cron is not None:
        return ("cron",)
    return ("from",) if spec.every else ("every",)


def write_schedule(schedule: Schedule) -> dict[str, Any] | list[dict[str, Any]]:
    """The schedule in the notation of job files, in its one normal form."""
    match schedule:
        case At():
            return {"at": list(schedule.times)}
        case Cron():
            return {"cron": schedule.expression}
        case Every():
            return {"every": format_duration(schedule.interval), "from": f"{schedule.start:%Y-%m-%dT%H:%M:%SZ}"}
        case Several():
            return [each for rule in schedule.rules if isinstance(each := write_schedule(rule), dict)]
        case _:
            assert_never(schedule)
