"""When: what a schedule can be, and the instants that it means. Plain data."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class DstGap(StrEnum):
    """What becomes of a wall time that a change of the clocks skips."""

    END = "end"  # when the skipped stretch is over: 02:30 becomes 03:00
    LATER = "later"  # later by its length: 03:30
    SKIP = "skip"


class DstFold(StrEnum):
    """Which is meant of a wall time that clocks show twice."""

    FIRST = "first"
    SECOND = "second"
    BOTH = "both"


class OnHoliday(StrEnum):
    """What becomes of an occurrence on a holiday: left out, or moved to the nearest working day."""

    SKIP = "skip"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class At:
    """Single instants. Each is written as `YYYY-MM-DDTHH:MM[:SS]`, with `Z` or an offset when not local time.

    Valid by construction through `recurrence.parse_at`. gap, fold: None where the job does not say; then a time in a
    gap or a repeated hour was refused when it was written.
    """

    times: tuple[str, ...]
    gap: DstGap | None = None
    fold: DstFold | None = None


@dataclass(frozen=True, slots=True)
class Cron:
    """A five-field cron expression (aliases such as @daily already expanded), in the job's zone."""

    expression: str


@dataclass(frozen=True, slots=True)
class Every:
    """A fixed interval counted from an anchor, both in UTC; immune to DST."""

    interval: timedelta
    start: datetime


@dataclass(frozen=True, slots=True)
class Rrule:
    """A recurrence rule of RFC 5545 on wall time, in the job's zone. Valid by construction through `recurrence.parse_rrule`.

    rule: its parts in their normal order, without DTSTART. start: DTSTART as wall time `YYYY-MM-DDTHH:MM:SS`; None only
    where the rule means the same whatever it is.
    """

    rule: str
    start: str | None = None
    gap: DstGap = DstGap.END
    fold: DstFold = DstFold.FIRST


Rule = At | Cron | Every | Rrule


@dataclass(frozen=True, slots=True)
class Limited:
    """A rule within bounds and with exceptions, which are read in the job's zone.

    start, until: wall times, instants with `Z`, or dates; both inclusive, a date as a whole day. count: how many
    occurrences of the rule there are, exceptions and holidays included. exceptions: dates `2026-12-25`, ranges
    `2026-12-24..2027-01-02` and wall times. holidays: calendars such as DE-BE.
    """

    rule: Rule
    start: str | None = None
    until: str | None = None
    count: int | None = None
    exceptions: tuple[str, ...] = ()
    holidays: tuple[str, ...] = ()
    on_holiday: OnHoliday = OnHoliday.SKIP


@dataclass(frozen=True, slots=True)
class Several:
    """All occurrences of several rules; what falls on one instant is one occurrence."""

    rules: tuple[Rule | Limited, ...]


Schedule = Rule | Limited | Several


class Instant(NamedTuple):
    """One moment of a schedule.

    nominal: the time as the schedule means it. Local wall time `2026-10-25T02:30:00`, with ` fold=1` appended in the
    second pass of a repeated hour, or UTC `2026-10-25T00:30:00Z` for intervals and for times written with an offset.
    due_at: the same as an aware UTC datetime, derived with the zone's rules as they are now.
    """

    nominal: str
    due_at: datetime
