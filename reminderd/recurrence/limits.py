"""Reading what limits a rule: start, until, count, exceptions and holidays."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reminderd.model import At, Cron, Instant, Limited, OnHoliday, Rule
from reminderd.recurrence import limited, single
from reminderd.recurrence.calendars import parse_calendars
from reminderd.recurrence.errors import ScheduleError
from reminderd.recurrence.exceptions import parse_exceptions
from reminderd.recurrence.notation import parse_time

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_SINCE = datetime(2020, 1, 1, tzinfo=UTC)  # before that, calendars of holidays may not be known
_TINY, _LONG = timedelta(microseconds=1), timedelta(days=50 * 366)


def parse_limits(
    rule: Rule,
    *,
    start: str | None = None,
    until: str | None = None,
    count: int | None = None,
    exceptions: Sequence[str] = (),
    holidays: Sequence[str] = (),
    on_holiday: OnHoliday = OnHoliday.SKIP,
) -> Rule | Limited:
    """The rule within these limits, or the rule itself where there are none.

    Raises ScheduleError with the key that is to blame.
    """
    if isinstance(rule, At):
        for key, value in (("start", start), ("until", until), ("count", count)):
            if value is not None:
                raise ScheduleError(f"{key} does not go with at", "remove it: at says each time itself", key=key)
    if count is not None and start is None and isinstance(rule, Cron):
        raise ScheduleError("count needs start, from where it counts", "write start: 2027-01-01", key="count")
    made = Limited(
        rule,
        _time("start", start),
        _time("until", until),
        count,
        _exceptions(exceptions),
        _calendars(holidays),
        on_holiday if holidays else OnHoliday.SKIP,
    )
    return rule if made == Limited(rule) else made


def check_comes(schedule: Rule | Limited, zone: str) -> None:
    """Raise ScheduleError, with the key that is to blame, where bounds, exceptions and holidays leave nothing."""
    rule = schedule.rule if isinstance(schedule, Limited) else schedule
    if isinstance(rule, At) and next(single.upward(rule, zone, _BEGIN), None) is None:
        raise ScheduleError("skip leaves nothing: clocks skip each time of at", "write end or later", key="dst_gap")
    if isinstance(schedule, Limited):
        _check_limits(schedule, zone)


def _check_limits(schedule: Limited, zone: str) -> None:
    frame = limited.frame_of(schedule, zone)
    if frame.begin > frame.end:
        raise ScheduleError(f"until is before start, {schedule.start}", "exchange them", key="until")
    probe = max(frame.begin - _TINY, _SINCE)
    if (own := _first(schedule, zone, probe)) is None:
        probe = max(frame.begin - _TINY, _BEGIN)
        own = _first(schedule, zone, probe)
    if own is None:
        key = "until" if schedule.until else "start"
        raise ScheduleError("the rule has no time within its bounds", "give it more time, or remove the bound", key=key)
    first = next(limited.upward(schedule, zone, probe), None)
    if first is None or first.due_at - own.due_at > _LONG:
        key = "except" if schedule.exceptions and not _would_come(schedule, zone, probe) else "holidays"
        raise ScheduleError(f"{key} leaves nothing of the rule", "leave out less, or move with on_holiday", key=key)


def _would_come(schedule: Limited, zone: str, after: datetime) -> bool:
    """Whether it is the holidays that take what `except` alone would leave."""
    if not schedule.holidays:
        return False
    without = replace(schedule, holidays=(), on_holiday=OnHoliday.SKIP)
    return next(limited.upward(without, zone, after), None) is not None


def _first(schedule: Limited, zone: str, after: datetime) -> Instant | None:
    """The first of the rule's own occurrences within its bounds."""
    found = next(single.upward(schedule.rule, zone, after), None)
    return found if found is not None and found.due_at <= limited.frame_of(schedule, zone).end else None


@contextmanager
def _about(key: str) -> Iterator[None]:
    try:
        yield
    except ScheduleError as error:
        raise ScheduleError(error.message, error.hint, error.index, key) from None


def _time(key: str, text: str | None) -> str | None:
    with _about(key):
        return None if text is None else parse_time(text)


def _exceptions(texts: Sequence[str]) -> tuple[str, ...]:
    with _about("except"):
        return parse_exceptions(texts)


def _calendars(codes: Sequence[str]) -> tuple[str, ...]:
    with _about("holidays"):
        return parse_calendars(codes)
