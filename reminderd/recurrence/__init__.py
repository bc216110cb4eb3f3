"""When: schedules, time zones and the instants they mean. Pure: no I/O but the zone data, no clock."""

from reminderd.recurrence.clocknotes import ClockNote, clock_notes
from reminderd.recurrence.cron import parse_cron
from reminderd.recurrence.errors import ScheduleError
from reminderd.recurrence.exceptions import parse_exceptions
from reminderd.recurrence.idle import IdleException, idle_exceptions
from reminderd.recurrence.limits import check_comes, parse_limits
from reminderd.recurrence.named import around, named, read_time
from reminderd.recurrence.notation import accept_at, parse_at, parse_every, parse_time
from reminderd.recurrence.quiet import parse_quiet_hours, quiet_period
from reminderd.recurrence.rrule import parse_rrule
from reminderd.recurrence.rules import Rules, first_difference, forget_zones, rules_of
from reminderd.recurrence.series import between, count, is_appointments, latest, next_after, parted, rules_in, several
from reminderd.recurrence.words import describe, describe_job
from reminderd.recurrence.zones import parse_zone

__all__ = [
    "ClockNote",
    "IdleException",
    "Rules",
    "ScheduleError",
    "accept_at",
    "around",
    "between",
    "check_comes",
    "clock_notes",
    "count",
    "describe",
    "describe_job",
    "first_difference",
    "forget_zones",
    "idle_exceptions",
    "is_appointments",
    "latest",
    "named",
    "next_after",
    "parse_at",
    "parse_cron",
    "parse_every",
    "parse_exceptions",
    "parse_limits",
    "parse_quiet_hours",
    "parse_rrule",
    "parse_time",
    "parse_zone",
    "parted",
    "quiet_period",
    "read_time",
    "rules_in",
    "rules_of",
    "several",
]
