"""The schedule of a job: how it is written, what it means, and its normal form."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, assert_never

from pydantic import BeforeValidator, Field

from reminderd.document import scalars
from reminderd.document.scalars import Wrong, show
from reminderd.duration import format_duration
from reminderd.jobs.fields import Notation, Span, Spec, one_or_more
from reminderd.model import At, Cron, DstFold, DstGap, Every, Limited, OnHoliday, Rrule, Rule, Schedule, Several
from reminderd.recurrence import (
    ScheduleError,
    accept_at,
    check_comes,
    parse_at,
    parse_cron,
    parse_every,
    parse_limits,
    parse_rrule,
    parse_time,
    several,
)

MOST_TIMES = 10_000
MOST_RULES = 100
MOST_COUNTED = 10_000
MOST_CALENDARS = 20

_KINDS = ("at", "cron", "every", "rrule")
# Lines of iCalendar beside a rule, and what says the same here.
_INSTEAD = {
    "DTSTART": "write it as start: 2027-01-01T09:00 beside rrule",
    "DTEND": "remove it: a reminder has no end",
    "DURATION": "remove it: a reminder has no end",
    "EXDATE": "write it as except: 2027-01-01 beside rrule",
    "EXRULE": "write what it leaves out as except: beside rrule",
    "RDATE": "write a list of rules, with at: for it",
}
_PROPERTY = re.compile(rf"^[ \t]*({'|'.join(_INSTEAD)})[:;=]", re.IGNORECASE | re.MULTILINE)
_GAPS = {each.value: each for each in DstGap}
_FOLDS = {each.value: each for each in DstFold}
_ON_HOLIDAY = {each.value: each for each in OnHoliday}


def _times(value: object) -> list[object]:
    times = one_or_more(value)
    if len(times) > MOST_TIMES:
        raise Wrong(f"has {len(times)} times, at most {MOST_TIMES} are allowed", "split the job")
    return times


def _calendars(value: object) -> list[object]:
    calendars = one_or_more(value)
    if len(calendars) > MOST_CALENDARS:
        raise Wrong(f"has {len(calendars)} calendars, at most {MOST_CALENDARS} are allowed")
    return calendars


def _count(value: object) -> int:
    return value if isinstance(value, int) and 1 <= value <= MOST_COUNTED else scalars.whole(value, 1, MOST_COUNTED)


def _rule_text(value: object) -> str:
    """The text of a recurrence rule, which calendars keep on a line of its own below DTSTART."""
    if isinstance(value, str) and "\n" in value and (other := _PROPERTY.search(value)):
        name = other[1].upper()
        raise Wrong(f"holds {name}, and only the rule is meant here", _INSTEAD[name])
    return scalars.notation(value)


class ScheduleSpec(Spec):
    """Exactly one of `at`, `cron`, `every` and `rrule` makes a rule; that is checked with what they mean."""

    at: Annotated[tuple[Notation, ...] | None, BeforeValidator(_times)] = None
    cron: Notation | None = None
    every: Span | None = None
    anchor: Notation | None = Field(None, alias="from")
    rrule: Annotated[str, BeforeValidator(_rule_text)] | None = None
    start: Notation | None = None
    until: Notation | None = None
    count: Annotated[int, BeforeValidator(_count)] | None = None
    exceptions: Annotated[tuple[Notation, ...], BeforeValidator(_times)] = Field((), alias="except")
    holidays: Annotated[tuple[Notation, ...], BeforeValidator(_calendars)] = ()
    on_holiday: Annotated[OnHoliday, BeforeValidator(lambda value: scalars.choice(value, _ON_HOLIDAY))] | None = None
    dst_gap: Annotated[DstGap, BeforeValidator(lambda value: scalars.choice(value, _GAPS))] | None = None
    dst_fold: Annotated[DstFold, BeforeValidator(lambda value: scalars.choice(value, _FOLDS))] | None = None


SCHEDULE_KEYS = tuple(field.alias or name for name, field in ScheduleSpec.model_fields.items())


def _rules(value: object) -> object:
    if isinstance(value, str) and not scalars.is_null(value):
        key = "rrule" if "FREQ=" in value.upper() else "cron" if len(value.split()) > 1 or value[0] == "@" else "at"
        raise Wrong("must be a mapping, not text", f"write schedule: {{{key}: {show(value)}}}")
    if isinstance(value, list) and len(value) > MOST_RULES:
        raise Wrong(f"has {len(value)} rules, at most {MOST_RULES} are allowed", "split the job")
    return [value] if scalars.is_null(value) else one_or_more(value)


Rules = Annotated[tuple[ScheduleSpec, ...], BeforeValidator(_rules)]


def schedule_of(specs: Sequence[ScheduleSpec], zone: str, *, accepted: bool = False) -> Schedule:
    """What a schedule of one or several rules means in `zone`; raises Wrong at the key or item that is to blame.

    accepted: it was found good once, and is not judged again by what moves with time, such as the zone's rules.
    """
    rules, singly = [], dict[str, int]()
    for index, spec in enumerate(specs):
        try:
            rules.append(_limited_rule(spec, zone, accepted))
            if not accepted:
                _note_times(rules[-1], index, singly)
        except Wrong as error:
            raise Wrong(error.message, error.hint, (index, *error.at)) from None
    return several(rules)


def _note_times(rule: Rule | Limited, index: int, singly: dict[str, int]) -> None:
    """Refuse a time that an earlier rule gives singly as well, perhaps with other words on daylight saving time."""
    at = rule.rule if isinstance(rule, Limited) else rule
    for place, text in enumerate(at.times if isinstance(at, At) else ()):
        if singly.setdefault(text, index) != index:
            raise Wrong(f"{text} is given in schedule[{singly[text]}] already", "remove one of them", ("at", place))


def _limited_rule(spec: ScheduleSpec, zone: str, accepted: bool) -> Rule | Limited:
    _check_keys(spec)
    try:
        rule = _rule(spec, zone, accepted)
        by_rule = isinstance(rule, Rrule)
        limited = parse_limits(
            rule,
            start=None if by_rule else spec.start,
            until=spec.until,
            count=None if by_rule else spec.count,
            exceptions=spec.exceptions,
            holidays=spec.holidays,
            on_holiday=spec.on_holiday or OnHoliday.SKIP,
        )
        if not accepted:
            check_comes(limited, zone)
        return limited
    except ScheduleError as error:
        raise Wrong(error.message, error.hint, _blamed(spec, error)) from None


def _rule(spec: ScheduleSpec, zone: str, accepted: bool) -> Rule:
    if spec.at is not None:
        if accepted:
            return accept_at(spec.at, spec.dst_gap, spec.dst_fold)
        return parse_at(spec.at, zone, spec.dst_gap, spec.dst_fold)
    if spec.every is not None:
        return parse_every(spec.every, spec.anchor or "", zone)
    if spec.rrule is not None:
        start = None if spec.start is None else _start(spec.start)
        gap, fold = spec.dst_gap or DstGap.END, spec.dst_fold or DstFold.FIRST
        return parse_rrule(spec.rrule, start, spec.count, gap, fold)
    return parse_cron(spec.cron or "")


def _start(text: str) -> str:
    try:
        return parse_time(text)
    except ScheduleError as error:
        raise ScheduleError(error.message, error.hint, key="start") from None


def _check_keys(spec: ScheduleSpec) -> None:
    given = [kind for kind in _KINDS if getattr(spec, kind) is not None]
    if not given:
        raise Wrong("says no time", "give one of at, cron, every and rrule")
    if len(given) > 1:
        raise Wrong(f"{given[0]} and {given[1]} exclude each other", "write a list of rules", (given[1],))
    (kind,) = given
    if kind == "every" and spec.anchor is None:
        raise Wrong("every needs from, the time of its first reminder", "write from: 2026-11-22T09:00", ("every",))
    if kind != "every" and spec.anchor is not None:
        raise Wrong(f"from goes with every, not with {kind}", "write start, or remove it", ("from",))
    if spec.on_holiday is not None and not spec.holidays:
        raise Wrong("on_holiday goes with holidays", "add holidays, like DE-BE", ("on_holiday",))
    for key in ("dst_gap", "dst_fold"):
        if getattr(spec, key) is not None and kind not in ("at", "rrule"):
            hint = "remove it: a fixed hour comes once, at the end of a gap" if kind == "cron" else "remove it"
            raise Wrong(f"{key} goes with at and rrule, not with {kind}", hint, (key,))


def _blamed(spec: ScheduleSpec, error: ScheduleError) -> tuple[str | int, ...]:
    key = error.key or next(kind for kind in _KINDS if getattr(spec, kind) is not None)
    return (key,) if error.index is None else (key, error.index)


def write_schedule(schedule: Schedule) -> dict[str, Any] | list[dict[str, Any]]:
    """The schedule in the notation of job files, in its one normal form."""
    if isinstance(schedule, Several):
        return [_write(rule) for rule in schedule.rules]
    return _write(schedule)


def _write(rule: Rule | Limited) -> dict[str, Any]:
    if not isinstance(rule, Limited):
        return _write_rule(rule)
    limits: Mapping[str, Any] = {
        "start": rule.start,
        "until": rule.until,
        "count": rule.count,
        "except": list(rule.exceptions),
        "holidays": list(rule.holidays),
        "on_holiday": str(rule.on_holiday) if rule.on_holiday is not OnHoliday.SKIP else None,
    }
    return {**_write_rule(rule.rule), **{key: value for key, value in limits.items() if value}}


def _write_rule(rule: Rule) -> dict[str, Any]:
    match rule:
        case At():
            clock = {"dst_gap": rule.gap and str(rule.gap), "dst_fold": rule.fold and str(rule.fold)}
            return {"at": list(rule.times), **{key: value for key, value in clock.items() if value}}
        case Cron():
            return {"cron": rule.expression}
        case Every():
            return {"every": format_duration(rule.interval), "from": f"{rule.start:%Y-%m-%dT%H:%M:%SZ}"}
        case Rrule():
            written = {"rrule": rule.rule, "dst_gap": str(rule.gap), "dst_fold": str(rule.fold)}
            return written if rule.start is None else {**written, "start": rule.start}
        case _:
            assert_never(rule)
