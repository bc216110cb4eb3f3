"""When: schedules, time zones and the instants they mean. Pure: no I/O but the zone data, no clock."""

from reminderd.recurrence.cron import parse_cron
from reminderd.recurrence.errors import ScheduleError
from reminderd.recurrence.notation import parse_at, parse_every, several
from reminderd.recurrence.quiet import parse_quiet_hours, quiet_period
from reminderd.recurrence.rules import Rules, first_difference, forget_zones, rules_of
from reminderd.recurrence.series import between, count, is_appointments, latest, next_after
from reminderd.recurrence.words import describe
from reminderd.recurrence.zones import parse_zone

__all__ = [
    "Rules",
    "ScheduleError",
    "between",
    "count",
    "describe",
    "first_difference",
    "forget_zones",
    "is_appointments",
    "latest",
    "next_after",
    "parse_at",
    "parse_cron",
    "parse_every",
    "parse_quiet_hours",
    "parse_zone",
    "quiet_period",
    "rules_of",
    "several",
]
