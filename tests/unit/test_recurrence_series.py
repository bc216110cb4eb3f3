"""The instants of schedules: ranges, ends, and the rules where clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from reminderd.model import At, Cron, Every, Limited, Schedule
from reminderd.recurrence import between, count, latest, next_after, parse_at, parse_cron, parse_every

BERLIN = "Europe/Berlin"
LONG_AGO = datetime.min.replace(tzinfo=UTC)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def walls(expression: str, zone: str, after: str, until: str) -> list[str]:
    """The nominal times in (after, until] without their date; the ends are UTC."""
    found = between(parse_cron(expression), zone, utc(after), utc(until))
    return [instant.nominal[11:].replace(":00 ", " ").removesuffix(":00") for instant in found]


# The nights in which clocks change, from 01:30 to 04:00 of their own time.
BERLIN_SPRING = (BERLIN, "2026-03-29T00:30", "2026-03-29T02:00")
BERLIN_AUTUMN = (BERLIN, "2026-10-24T23:30", "2026-10-25T03:00")
LORD_HOWE_SPRING = ("Australia/Lord_Howe", "2026-10-03T15:00", "2026-10-03T16:30")
LORD_HOWE_AUTUMN = ("Australia/Lord_Howe", "2026-04-04T14:15", "2026-04-04T16:30")
HAVANA_SPRING = ("America/Havana", "2026-03-08T04:00", "2026-03-08T06:30")


@pytest.mark.parametrize(
    ("expression", "night", "expected"),
    [
        # One time of day: at the end of the gap, and in the first pass only.
        ("30 2 * * *", BERLIN_SPRING, ["03:00"]),
        ("30 2 * * *", BERLIN_AUTUMN, ["02:30"]),
        ("0,30 2 * * *", BERLIN_SPRING, ["03:00"]),
        ("15 1-3 * * *", BERLIN_SPRING, ["03:00", "03:15"]),
        ("15 1-3 * * *", BERLIN_AUTUMN, ["02:15", "03:15"]),
        # A star in the minute or the hour: whenever clocks show it.
        ("*/30 2 * * *", BERLIN_SPRING, []),
        ("*/30 2 * * *", BERLIN_AUTUMN, ["02:00", "02:30", "02:00 fold=1", "02:30 fold=1"]),
        ("15 * * * *", BERLIN_SPRING, ["03:15"]),
        ("15 * * * *", BERLIN_AUTUMN, ["02:15", "02:15 fold=1", "03:15"]),
        ("*/30 * * * *", BERLIN_SPRING, ["03:00", "03:30", "04:00"]),
        # Half an hour.
        ("15 2 * * *", LORD_HOWE_SPRING, ["02:30"]),
        ("45 1 * * *", LORD_HOWE_AUTUMN, ["01:45"]),
        ("*/15 * * * *", LORD_HOWE_SPRING, ["01:45", "02:30", "02:45", "03:00", "03:15", "03:30"]),
        ("40 * * * *", LORD_HOWE_SPRING, ["01:40", "02:40"]),
        ("*/15 3 * * *", LORD_HOWE_SPRING, ["03:00", "03:15", "03:30"]),
        ("45 * * * *", LORD_HOWE_AUTUMN, ["01:45", "01:45 fold=1", "02:45"]),
        # At midnight.
        ("0 0 * * *", HAVANA_SPRING, ["01:00"]),
        ("*/30 1 * * SUN", HAVANA_SPRING, ["01:00", "01:30"]),
        ("*/30 0 * * SUN", HAVANA_SPRING, []),
    ],
)
def test_cron_follows_debian_where_clocks_change(
    expression: str, night: tuple[str, str, str], expected: list[str]
) -> None:
    assert walls(expression, *night) == expected


def test_a_daily_job_comes_once_on_every_day_of_a_year_in_a_zone_with_changes() -> None:
    found = list(between(parse_cron("30 2 * * *"), BERLIN, utc("2025-12-31T23:00"), utc("2026-12-31T23:00")))
    assert len({instant.nominal[:10] for instant in found}) == len(found) == 365


def test_a_start_inside_the_second_pass_of_a_repeated_hour_never_answers_with_the_past() -> None:
    after = utc("2026-10-25T01:10")  # 02:10 again
    following = next_after(parse_cron("30 2 * * *"), BERLIN, after)
    assert following is not None
    assert following.nominal == "2026-10-26T02:30:00"


def test_the_latest_inside_the_second_pass_is_the_last_of_the_first_pass() -> None:
    until = utc("2026-10-25T01:10")
    last = latest(parse_cron("30,50 2 * * *"), BERLIN, LONG_AGO, until)
    assert last == ("2026-10-25T02:50:00", utc("2026-10-25T00:50"))


def test_times_with_an_offset_are_nominal_in_utc_and_local_ones_in_their_zone() -> None:
    schedule = parse_at(["2026-11-22T09:00", "2026-11-22T12:00+01:00"], BERLIN)
    assert list(between(schedule, BERLIN, LONG_AGO, END_OF_TIME)) == [
        ("2026-11-22T09:00:00", utc("2026-11-22T08:00")),
        ("2026-11-22T11:00:00Z", utc("2026-11-22T11:00")),
    ]


def test_single_times_come_in_order_however_they_are_written() -> None:
    schedule = parse_at(["2027-01-01T09:00", "2026-01-01T09:00", "2026-06-01T09:00Z"], BERLIN)
    found = [instant.due_at for instant in between(schedule, BERLIN, LONG_AGO, END_OF_TIME)]
    assert found == sorted(found)
    assert len(found) == 3


def test_a_local_time_that_new_zone_rules_put_into_a_gap_moves_to_its_end() -> None:
    moved = next_after(At(("2027-03-28T02:30:00",)), BERLIN, LONG_AGO)
    assert moved == ("2027-03-28T02:30:00", utc("2027-03-28T01:00"))


def test_a_local_time_that_new_zone_rules_repeat_is_its_first_pass() -> None:
    repeated = next_after(At(("2026-10-25T02:30:00",)), BERLIN, LONG_AGO)
    assert repeated == ("2026-10-25T02:30:00", utc("2026-10-25T00:30"))


def test_an_interval_ignores_changes_of_the_clock() -> None:
    schedule = parse_every(timedelta(hours=24), "2026-03-28T09:00", BERLIN)
    found = list(between(schedule, BERLIN, LONG_AGO, utc("2026-03-30T12:00")))
    assert [instant.nominal for instant in found] == [
        "2026-03-28T08:00:00Z",
        "2026-03-29T08:00:00Z",
        "2026-03-30T08:00:00Z",
    ]


def test_an_interval_has_nothing_before_its_start() -> None:
    schedule = parse_every(timedelta(minutes=7), "2026-03-28T09:00Z", BERLIN)
    start = utc("2026-03-28T09:00")
    assert next_after(schedule, BERLIN, LONG_AGO) == ("2026-03-28T09:00:00Z", start)
    assert latest(schedule, BERLIN, LONG_AGO, start - timedelta(seconds=1)) is None
    assert count(schedule, BERLIN, LONG_AGO, start, cap=10) == 1


ALL_KINDS: list[Schedule] = [
    parse_at(["2026-11-22T09:00", "2026-11-22T10:00"], BERLIN),
    parse_cron("0 9,10 22 11 *"),
    parse_every(timedelta(hours=1), "2026-11-22T09:00", BERLIN),
]


@pytest.mark.parametrize("schedule", ALL_KINDS)
def test_a_range_excludes_its_beginning_and_includes_its_end(schedule: Schedule) -> None:
    nine, ten = utc("2026-11-22T08:00"), utc("2026-11-22T09:00")
    assert [instant.due_at for instant in between(schedule, BERLIN, nine, ten)] == [ten]
    assert count(schedule, BERLIN, nine, ten, cap=5) == 1
    assert latest(schedule, BERLIN, nine, ten) == next_after(schedule, BERLIN, nine)


@pytest.mark.parametrize("schedule", ALL_KINDS)
def test_a_beginning_within_a_second_does_not_repeat_that_second(schedule: Schedule) -> None:
    just_after_nine = utc("2026-11-22T08:00:00.400")
    following = next_after(schedule, BERLIN, just_after_nine)
    assert following is not None
    assert following.due_at == utc("2026-11-22T09:00")
    just_before_ten = utc("2026-11-22T08:59:59.999999")
    assert latest(schedule, BERLIN, just_after_nine, just_before_ten) is None


@pytest.mark.parametrize("schedule", ALL_KINDS)
def test_an_empty_or_backward_range_has_nothing(schedule: Schedule) -> None:
    for until in (utc("2026-11-22T09:00"), utc("2026-11-20T00:00")):
        assert list(between(schedule, BERLIN, utc("2026-11-22T09:00"), until)) == []
        assert latest(schedule, BERLIN, utc("2026-11-22T09:00"), until) is None
        assert count(schedule, BERLIN, utc("2026-11-22T09:00"), until, cap=9) == 0


@pytest.mark.parametrize("schedule", ALL_KINDS)
def test_a_limit_and_a_cap_stop_the_walk(schedule: Schedule) -> None:
    assert len(list(between(schedule, BERLIN, LONG_AGO, END_OF_TIME, limit=1))) == 1
    assert list(between(schedule, BERLIN, LONG_AGO, END_OF_TIME, limit=0)) == []
    assert count(schedule, BERLIN, LONG_AGO, END_OF_TIME, cap=2) == 2
    assert count(schedule, BERLIN, LONG_AGO, END_OF_TIME, cap=0) == 0


@pytest.mark.parametrize("schedule", [*ALL_KINDS, parse_cron("* * * * *"), parse_cron("0 0 29 2 *")])
@pytest.mark.parametrize("zone", [BERLIN, "UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_ends_of_time_are_no_trap(schedule: Schedule, zone: str) -> None:
    assert next_after(schedule, zone, LONG_AGO) is not None
    assert next_after(schedule, zone, END_OF_TIME) is None
    assert latest(schedule, zone, LONG_AGO, LONG_AGO) is None
    assert latest(schedule, zone, LONG_AGO, END_OF_TIME) is not None


def test_a_range_may_be_given_in_any_zone() -> None:
    nine = datetime.fromisoformat("2026-11-22T12:00:00+04:00")
    following = next_after(parse_cron("0 10 * * *"), BERLIN, nine)
    assert following == ("2026-11-22T10:00:00", utc("2026-11-22T09:00"))
    assert following.due_at.tzinfo is UTC


def test_the_latest_of_a_frequent_job_is_found_without_walking_decades() -> None:
    until = utc("2026-06-01T00:00:30")
    last = latest(parse_every(timedelta(seconds=1), "1970-01-01T00:00Z", "UTC"), "UTC", LONG_AGO, until)
    assert last == ("2026-06-01T00:00:30Z", until)
    assert latest(parse_cron("* * * * *"), "UTC", LONG_AGO, until) == ("2026-06-01T00:00:00", utc("2026-06-01"))


def test_thousands_of_single_times_are_all_there() -> None:
    first = utc("2026-01-01T00:00")
    texts = [f"{first + timedelta(minutes=minute):%Y-%m-%dT%H:%M}Z" for minute in range(10_000)]
    schedule = parse_at(texts, BERLIN)
    found = list(between(schedule, BERLIN, LONG_AGO, END_OF_TIME))
    assert len(found) == 10_000
    assert all(left.due_at < right.due_at for left, right in pairwise(found))


def test_a_huge_interval_comes_to_an_end() -> None:
    schedule = Every(timedelta(days=3660), utc("2026-01-01T00:00"))
    assert len(list(between(schedule, BERLIN, LONG_AGO, END_OF_TIME))) == 786


def test_a_day_that_is_left_out_hides_nothing_of_the_day_that_clocks_show_again() -> None:
    """In St. John's clocks went from 00:01 on 29 October 2006 back to 23:01 on the 28th."""
    minutely = Limited(Cron("* * * * *"), start="2006-10-29", until="2006-10-29T02:31", exceptions=("2006-10-29",))
    zone, noon, later = "America/St_Johns", datetime(2006, 10, 28, 12, tzinfo=UTC), datetime(2006, 10, 30, tzinfo=UTC)
    middle = datetime(2006, 10, 29, 3, tzinfo=UTC)
    whole = list(between(minutely, zone, noon, later))
    assert whole == [*between(minutely, zone, noon, middle), *between(minutely, zone, middle, later)]
    assert {instant.nominal[:10] for instant in whole} == {"2006-10-28"}
    assert all(instant.nominal.endswith(" fold=1") for instant in whole)
