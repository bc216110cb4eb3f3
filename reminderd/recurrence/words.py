"""Schedules in words."""

from datetime import datetime
from typing import assert_never

from reminderd.duration import format_duration
from reminderd.model import At, Cron, Every, Schedule, Several
from reminderd.recurrence.cron import explain
from reminderd.recurrence.notation import read_moment
from reminderd.recurrence.zones import get_zone


def describe(schedule: Schedule, zone: str) -> str:
    """`schedule` in a few words, with the zone of every time in them: At 09:00 every day (Europe/Berlin)."""
    match schedule:
        case At():
            return _describe_at(schedule, zone)
        case Every():
            return f"every {format_duration(schedule.interval)} from {_shown(schedule.start)} UTC"
        case Cron():
            return f"{explain(schedule.expression)} ({zone})"
        case Several():
            return "; ".join(describe(rule, zone) for rule in schedule.rules)
        case _:
            assert_never(schedule)


def _describe_at(schedule: At, zone: str) -> str:
    moments = sorted(read_moment(text, zone) for text in schedule.times)
    first, last = (_shown(moment.astimezone(get_zone(zone))) for moment in (moments[0], moments[-1]))
    if len(moments) == 1:
        return f"once at {first} ({zone})"
    return f"{len(moments)} times, from {first} to {last} ({zone})"


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M")
