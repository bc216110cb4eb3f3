"""Exceptions, holidays and bounds against the plain rule, filtered and moved by hand."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminderd.model import OnHoliday, Rule
from reminderd.recurrence import between, count, latest, next_after, parse_cron, parse_every, parse_limits, parse_rrule

DAY = timedelta(days=1)
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]
CALENDARS = ["DE-BE", "US-CA", "IL", "CN", "NP", "NYSE"]
RULES: list[Rule] = [
    parse_cron("0 9 * * *"),
    parse_cron("30 8,17 * * MON-FRI"),
    parse_cron("0 12 25 12 *"),
    parse_cron("*/45 10 * * *"),
    parse_rrule("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1,1;BYHOUR=9"),
    parse_rrule("FREQ=WEEKLY;INTERVAL=2", "2024-01-01T18:00:00"),
    parse_every(timedelta(hours=17), "2024-01-01T00:00Z", "UTC"),
]


def days_off(code: str) -> holidays.HolidayBase:
    if code == "NYSE":
        return holidays.financial_holidays(code, years=range(2024, 2031), expand=False)
    country, _, part = code.partition("-")
    return holidays.country_holidays(country, subdiv=part or None, years=range(2024, 2031), expand=False)


TABLES = {code: days_off(code) for code in CALENDARS}


def moved(day: date, codes: list[str], off: set[date], step: int) -> date:
    there = day
    for _ in range(31):
        there += step * DAY
        if there not in off and all(TABLES[code].is_working_day(there) for code in codes):
            return there
    return day


def by_hand(
    rule: Rule,
    zone: str,
    codes: list[str],
    on_holiday: OnHoliday,
    off: set[date],
    at: set[datetime],
    ends: tuple[date, date],
) -> list[datetime]:
    """All that is left between 2024-12 and 2030, in order. ends: first and last day."""
    info = ZoneInfo(zone)
    found = set()
    for instant in between(rule, zone, datetime(2024, 12, 1, tzinfo=UTC), datetime(2030, 2, 1, tzinfo=UTC)):
        wall = instant.due_at.astimezone(info).replace(tzinfo=None)
        if not ends[0] <= wall.date() <= ends[1] or wall.date() in off or wall in at:
            continue
        if any(wall.date() in TABLES[code] for code in codes):
            if on_holiday is OnHoliday.SKIP:
                continue
            step = -1 if on_holiday is OnHoliday.BEFORE else 1
            wall = datetime.combine(moved(wall.date(), codes, off, step), wall.time())
        if wall not in at:
            found.add(wall.replace(tzinfo=info).astimezone(UTC))
    return sorted(found)


@st.composite
def cases(
    draw: st.DrawFn,
) -> tuple[Rule, str, list[str], OnHoliday, list[tuple[date, date]], list[datetime], tuple[date, date]]:
    day = st.integers(0, 365 * 4).map(lambda number: date(2025, 1, 1) + number * DAY)
    ranges = draw(st.lists(st.tuples(day, st.integers(0, 40)), max_size=4))
    christmas = [(date(2026, 12, 24), 9)] if draw(st.booleans()) else []
    times = draw(st.lists(st.tuples(day, st.sampled_from([(9, 0), (8, 30), (12, 0), (10, 45)])), max_size=5))
    first, last = sorted([draw(day), draw(day)])
    return (
        draw(st.sampled_from(RULES)),
        draw(st.sampled_from(ZONES)),
        draw(st.lists(st.sampled_from(CALENDARS), max_size=2, unique=True)),
        draw(st.sampled_from(list(OnHoliday))),
        [(begin, begin + length * DAY) for begin, length in ranges + christmas],
        [datetime(on.year, on.month, on.day, *clock) for on, clock in times],  # noqa: DTZ001 (wall time)
        (first - 400 * DAY, last + 400 * DAY) if draw(st.booleans()) else (first, last),
    )


@given(cases(), st.integers(0, 1500), st.integers(0, 90 * 24 * 60))
@settings(max_examples=60, deadline=None)
def test_what_is_left_out_and_moved_agrees_with_the_plain_rule_sorted_by_hand(
    case: tuple[Rule, str, list[str], OnHoliday, list[tuple[date, date]], list[datetime], tuple[date, date]],
    start: int,
    length: int,
) -> None:
    rule, zone, codes, on_holiday, ranges, times, ends = case
    texts = [f"{begin}..{end}" if begin != end else str(begin) for begin, end in ranges]
    limited = parse_limits(
        rule,
        start=str(max(ends[0], date(1971, 1, 1))),
        until=str(ends[1]),
        exceptions=[*texts, *(f"{at:%Y-%m-%dT%H:%M}" for at in times)],
        holidays=codes,
        on_holiday=on_holiday,
    )
    off = {begin + number * DAY for begin, end in ranges for number in range((end - begin).days + 1)}
    after = datetime(2025, 1, 10, tzinfo=UTC) + start * DAY
    until = min(after + timedelta(minutes=length), datetime(2029, 11, 1, tzinfo=UTC))
    expected = [each for each in by_hand(rule, zone, codes, on_holiday, off, set(times), ends) if after < each <= until]
    assert [instant.due_at for instant in between(limited, zone, after, until)] == expected
    assert count(limited, zone, after, until, 100_000) == len(expected)
    last = latest(limited, zone, after, until)
    assert (last and last.due_at) == (expected[-1] if expected else None)
    middle = after + (until - after) / 2
    following = next_after(limited, zone, middle)
    assert (following.due_at if following and following.due_at <= until else None) == next(
        (each for each in expected if each > middle), None
    )


@pytest.mark.parametrize("code", CALENDARS)
def test_a_daily_rule_passes_over_exactly_the_holidays_of_the_package(code: str) -> None:
    limited = parse_limits(parse_cron("0 9 * * *"), holidays=[code])
    found = between(limited, "UTC", datetime(2025, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
    kept = {instant.due_at.date() for instant in found}
    days = {date(2025, 1, 1) + number * DAY for number in range(1826)}
    assert days - kept == {day for day in days if day in TABLES[code]}
