"""What changes of clocks do to a schedule, told beforehand with its dates."""

from datetime import UTC, datetime, timedelta

import pytest

from reminderd.model import At, DstFold, DstGap, OnHoliday, Schedule
from reminderd.recurrence import clock_notes, parse_at, parse_cron, parse_every, parse_limits, parse_rrule, several

BERLIN = "Europe/Berlin"
NOW = datetime(2026, 11, 29, tzinfo=UTC)
GAP, TWICE = "02:30 Europe/Berlin does not exist on 2027-03-28", "02:30 Europe/Berlin comes twice on 2027-10-31"


def notes(schedule: Schedule, zone: str = BERLIN, days: int = 366) -> list[str]:
    return list(map(str, clock_notes(schedule, zone, NOW, NOW + timedelta(days=days))))


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (parse_cron("30 2 * * *"), [f"{GAP}: sends at 03:00", f"{TWICE}: sends at the first"]),
        (parse_cron("30 2 * * MON"), []),
        (parse_cron("0 9 * * *"), []),
        (parse_cron("*/15 * * * *"), []),
        (parse_cron("30 * * * *"), []),
        (parse_cron("*/30 2 28 3 *"), [f"{GAP.replace('02:30', '02:00')}: sends nothing", f"{GAP}: sends nothing"]),
        (
            parse_rrule("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", None, None, DstGap.LATER, DstFold.BOTH),
            [f"{GAP}: sends at 03:30", f"{TWICE}: sends both times"],
        ),
        (parse_rrule("FREQ=HOURLY;BYMINUTE=30"), [f"{TWICE}: sends at the first"]),
        (parse_rrule("FREQ=HOURLY;BYMINUTE=30", None, None, DstGap.END, DstFold.BOTH), []),
        (parse_at(["2027-03-28T02:30"], BERLIN, DstGap.SKIP), [f"{GAP}: sends nothing"]),
        (parse_at(["2027-10-31T02:30"], BERLIN, None, DstFold.SECOND), [f"{TWICE}: sends at the second"]),
        (At(("2027-03-28T02:30:00",)), [f"{GAP}: sends at 03:00"]),
        (parse_at(["2027-03-28T02:30Z"], BERLIN), []),
        (parse_every(timedelta(hours=1), "2026-01-01T00:30", BERLIN), []),
    ],
)
def test_each_time_that_does_not_exist_or_comes_twice_is_told(schedule: Schedule, expected: list[str]) -> None:
    assert notes(schedule) == expected


def test_what_is_left_out_is_not_told() -> None:
    rule = parse_cron("30 2 * * *")
    assert notes(parse_limits(rule, until="2027-03-27")) == []
    assert notes(parse_limits(rule, exceptions=["2027-03-28", "2027-10-31T02:30"])) == []
    easter = parse_limits(
        rule, holidays=["DE-BB"], on_holiday=OnHoliday.SKIP
    )  # Easter Sunday 2027, and Reformation Day
    assert notes(easter) == []


def test_several_rules_tell_each_time_once_and_in_order() -> None:
    both = several([parse_cron("30 2 * * SUN"), parse_cron("30 2 * * *")])
    assert notes(both) == [f"{GAP}: sends at 03:00", f"{TWICE}: sends at the first"]


def test_a_rule_with_many_times_in_a_change_tells_a_few() -> None:
    assert len(notes(parse_rrule("FREQ=MINUTELY;BYHOUR=2"), days=200)) == 4


def test_gaps_of_half_an_hour_at_midnight_and_of_a_day_are_told_as_they_are() -> None:
    assert notes(parse_cron("15 2 * * *"), "Australia/Lord_Howe") == [
        "02:15 Australia/Lord_Howe does not exist on 2027-10-03: sends at 02:30"
    ]
    assert notes(parse_cron("0 0 * * *"), "America/Havana", 200) == [
        "00:00 America/Havana does not exist on 2027-03-14: sends at 01:00"
    ]
    apia = datetime(2011, 12, 1, tzinfo=UTC)
    found = clock_notes(parse_cron("0 9 * * *"), "Pacific/Apia", apia, apia + timedelta(days=60))
    assert [str(note) for note in found] == [
        "09:00 Pacific/Apia does not exist on 2011-12-30: sends at 2011-12-31 00:00"
    ]
