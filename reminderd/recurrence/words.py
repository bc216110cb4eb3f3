"""Schedules in words."""

from datetime import datetime
from typing import assert_never

from reminderd.duration import format_duration
from reminderd.model import At, Cron, DstFold, DstGap, Every, Job, Limited, OnHoliday, Rrule, Rule, Schedule, Several
from reminderd.recurrence.cron import explain
from reminderd.recurrence.notation import read_times
from reminderd.recurrence.rrulewords import describe_rrule
from reminderd.recurrence.zones import get_zone

_FEW = 3


def describe_job(job: Job) -> str:
    """The schedule of `job` in a few words; where each recipient has an own zone, it says so."""
    words = describe(job.schedule, job.timezone)
    return words.replace(f"({job.timezone})", "(each recipient's zone)") if job.recipient_zones else words


def describe(schedule: Schedule, zone: str) -> str:
    """`schedule` in a few words, with the zone of every time in them: At 09:00 every day (Europe/Berlin)."""
    if isinstance(schedule, Several):
        return "; ".join(describe(rule, zone) for rule in schedule.rules)
    if isinstance(schedule, Limited):
        return ", ".join([_describe_rule(schedule.rule, zone), *_limits(schedule)])
    return _describe_rule(schedule, zone)


def _describe_rule(rule: Rule, zone: str) -> str:
    match rule:
        case At():
            return _describe_at(rule, zone)
        case Every():
            return f"every {format_duration(rule.interval)} from {_shown(rule.start)} UTC"
        case Cron():
            return f"{explain(rule.expression)} ({zone})"
        case Rrule():
            return describe_rrule(rule, zone)
        case _:
            assert_never(rule)


def _describe_at(schedule: At, zone: str) -> str:
    gap, fold = schedule.gap or DstGap.END, schedule.fold or DstFold.FIRST
    moments = sorted({instant.due_at for text in schedule.times for instant in read_times(text, zone, gap, fold)})
    if not moments:
        return f"never ({zone})"
    first, last = (_shown(moment.astimezone(get_zone(zone))) for moment in (moments[0], moments[-1]))
    if len(moments) == 1:
        return f"once at {first} ({zone})"
    if first == last:
        return f"twice at {first} ({zone})"  # in an hour that clocks show twice
    return f"{len(moments)} times, from {first} to {last} ({zone})"


def _limits(schedule: Limited) -> list[str]:
    words = []
    if schedule.start is not None:
        words.append(f"from {_written(schedule.start)}")
    if schedule.until is not None:
        words.append(f"until {_written(schedule.until)}")
    if schedule.count is not None:
        words.append("once" if schedule.count == 1 else f"{schedule.count} times")
    if schedule.exceptions:
        texts = [_written(text).replace("..", " to ") for text in schedule.exceptions]
        words.append(f"except {', '.join(texts)}" if len(texts) <= _FEW else f"except {len(texts)} dates")
    if schedule.holidays:
        calendars = " and ".join(schedule.holidays)
        if schedule.on_holiday is OnHoliday.SKIP:
            words.append(f"not on holidays of {calendars}")
        else:
            words.append(f"on holidays of {calendars} the working day {schedule.on_holiday}")
    return words


def _written(text: str) -> str:
    """A date or time of the schedule as people read it."""
    day, _, time = text.partition("T")
    utc = time.endswith("Z")
    return f"{day} {time.removesuffix('Z').removesuffix(':00')}{' UTC' if utc else ''}" if time else day


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M")
