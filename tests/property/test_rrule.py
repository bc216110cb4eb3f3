"""Recurrence rules against a walk through days and minutes, in zones of every kind."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reminderd.model import DstFold, DstGap
from reminderd.recurrence import ScheduleError, between, next_after, parse_rrule
from tests.property.rrulewalk import Rule, meant, sights

DAY = timedelta(days=1)
ZONES = [
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/New_York", "2027-03-14T07:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("America/Havana", "2026-03-08T05:00"),
    ("America/Havana", "2026-11-01T05:00"),
    ("Africa/Cairo", "2026-04-23T22:00"),
    ("Africa/Cairo", "2026-10-29T21:00"),
    ("Asia/Kathmandu", "1985-12-31T18:30"),
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("Africa/Casablanca", "2026-02-15T02:00"),
    ("Africa/Casablanca", "2026-03-22T02:00"),
    ("America/St_Johns", "2026-11-01T04:31"),
    ("Asia/Beirut", "2026-03-28T22:00"),
    ("Asia/Kolkata", "2026-06-01T00:00"),
]


def some(values: st.SearchStrategy[int], most: int = 3) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(values, max_size=most, unique=True).map(lambda chosen: tuple(sorted(chosen)))


def signed(most: int) -> st.SearchStrategy[int]:
    return st.integers(1, most).flatmap(lambda number: st.sampled_from([number, -number]))


@st.composite
def rules(draw: st.DrawFn, near: datetime, back: timedelta) -> Rule:
    """A rule of any kind that starts at most `back` before `near`."""
    freq = draw(st.sampled_from(["YEARLY", "MONTHLY", "MONTHLY", "WEEKLY", "DAILY", "DAILY", "HOURLY", "MINUTELY"]))
    start = near.replace(tzinfo=None) - draw(st.integers(0, back // timedelta(minutes=30))) * timedelta(minutes=30)
    hours, minutes = some(st.one_of(st.integers(0, 3), st.integers(0, 23))), some(st.sampled_from([0, 15, 30, 45, 59]))
    nth = 5 if freq == "MONTHLY" else 53
    plain = st.integers(0, 6).map(lambda day: (day, 0))
    counted = st.tuples(st.integers(0, 6), signed(nth))
    with_nth = freq in ("YEARLY", "MONTHLY") and draw(st.booleans())
    weeks = draw(some(signed(53), 2)) if freq == "YEARLY" and not with_nth else ()
    days = draw(
        st.lists(st.one_of(plain, counted) if with_nth else plain, min_size=bool(weeks), max_size=3, unique=True)
    )
    months = draw(some(st.integers(1, 12)))
    if months and with_nth:
        days = [(day, nth) for day, nth in days if abs(nth) <= 5]
    monthdays = draw(some(signed(31), 3)) if freq != "WEEKLY" else ()
    yeardays = draw(some(signed(366), 3)) if freq in ("YEARLY", "HOURLY") and draw(st.booleans()) else ()
    places = draw(some(signed(4), 2)) if freq in ("YEARLY", "MONTHLY", "WEEKLY") and (days or monthdays) else ()
    return Rule(
        freq,
        start,
        draw(st.integers(1, 4)) if freq != "MINUTELY" else draw(st.sampled_from([1, 7, 15, 90])),
        draw(st.sampled_from([0, 0, 6, 2])),
        months,
        weeks,
        yeardays,
        monthdays,
        tuple(sorted(days)),
        draw(hours),
        draw(minutes),
        places,
    )


def walls_by_hand(rule: Rule, first: datetime, last: datetime) -> list[datetime]:
    return rule.walls(first.date(), last.date())


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_the_days_of_a_rule_are_those_of_a_walk_through_years(data: st.DataObject) -> None:
    check_days(data)


def check_days(data: st.DataObject) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC) + data.draw(st.integers(0, 3000)) * DAY
    rule = data.draw(rules(begin, 1200 * DAY))
    length = 5 if rule.freq == "MINUTELY" else 60 if rule.freq == "HOURLY" else 800
    end = begin + length * DAY
    expected = [wall for wall in walls_by_hand(rule, begin, end) if begin < wall.replace(tzinfo=UTC) <= end]
    try:
        schedule = parse_rrule(rule.written(), rule.start.isoformat())
    except ScheduleError as error:
        assume("never comes" in error.message)
        assert expected == []
        return
    found = [instant.due_at.replace(tzinfo=None) for instant in between(schedule, "UTC", begin, end)]
    assert found == expected


@given(st.data(), st.sampled_from(ZONES), st.sampled_from(list(DstGap)), st.sampled_from(list(DstFold)))
@settings(max_examples=120, deadline=None)
def test_a_rule_is_where_a_walk_through_every_minute_finds_it(
    data: st.DataObject, place: tuple[str, str], gap: DstGap, fold: DstFold
) -> None:
    check_minutes(data, place, gap, fold)


def check_minutes(data: st.DataObject, place: tuple[str, str], gap: DstGap, fold: DstFold) -> None:
    zone, at = place
    change = datetime.fromisoformat(at).replace(tzinfo=UTC)
    after, until = change - 1.2 * DAY, change + 1.2 * DAY
    table = sights(zone, change - 4 * DAY, change + 4 * DAY)
    rule = data.draw(rules(change, 40 * DAY))
    try:
        schedule = parse_rrule(rule.written(), rule.start.isoformat(), None, gap, fold)
    except ScheduleError as error:
        assume("never comes" in error.message)
        return
    walls = walls_by_hand(rule, change - 3 * DAY, change + 3 * DAY)
    instants = {instant for wall in walls for instant in meant(wall, table, gap, fold)}
    expected = sorted(instant for instant in instants if after < instant <= until)
    assert [instant.due_at for instant in between(schedule, zone, after, until)] == expected
    # Asked again from anywhere, it goes on in the same way.
    restart = after + data.draw(st.integers(0, int(2.4 * 24 * 60))) * timedelta(minutes=1)
    following = next((instant for instant in expected if instant > restart), None)
    found = next_after(schedule, zone, restart)
    assert (found.due_at if found and found.due_at <= until else None) == following


@pytest.mark.nightly
@given(st.data())
@settings(max_examples=4_000, deadline=None)
def test_the_days_of_rules_at_length(data: st.DataObject) -> None:
    check_days(data)


@pytest.mark.nightly
@given(st.data(), st.sampled_from(ZONES), st.sampled_from(list(DstGap)), st.sampled_from(list(DstFold)))
@settings(max_examples=4_000, deadline=None)
def test_the_minutes_of_rules_at_length(
    data: st.DataObject, place: tuple[str, str], gap: DstGap, fold: DstFold
) -> None:
    check_minutes(data, place, gap, fold)
