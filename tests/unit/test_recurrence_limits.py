"""Bounds, exceptions, holidays, times of `at` where clocks change, and several rules in one schedule."""

import builtins
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from reminderd.model import At, DstFold, DstGap, Limited, OnHoliday, Schedule, Several
from reminderd.recurrence import (
    ScheduleError,
    between,
    check_comes,
    count,
    describe,
    is_appointments,
    latest,
    parse_at,
    parse_cron,
    parse_every,
    parse_limits,
    parse_rrule,
    several,
)

BERLIN = "Europe/Berlin"
LONG_AGO = datetime.min.replace(tzinfo=UTC)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)
DAILY = parse_cron("0 9 * * *")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def nominals(schedule: Schedule, after: str, until: str, zone: str = BERLIN) -> list[str]:
    return [instant.nominal for instant in between(schedule, zone, utc(after), utc(until))]


def days(schedule: Schedule, after: str, until: str) -> list[str]:
    return [nominal[5:10] for nominal in nominals(schedule, after, until)]


def test_bounds_are_inclusive_and_a_date_is_a_whole_day() -> None:
    bounded = parse_limits(DAILY, start="2027-01-02", until="2027-01-04")
    assert days(bounded, "2026-12-01", "2027-02-01") == ["01-02", "01-03", "01-04"]
    exact = parse_limits(DAILY, start="2027-01-02T09:00", until="2027-01-04T09:00")
    assert days(exact, "2026-12-01", "2027-02-01") == ["01-02", "01-03", "01-04"]
    within = parse_limits(DAILY, start="2027-01-02T09:01", until="2027-01-04T08:59")
    assert days(within, "2026-12-01", "2027-02-01") == ["01-03"]


def test_bounds_with_an_offset_are_that_instant() -> None:
    bounded = parse_limits(DAILY, start="2027-01-02T08:00Z", until="2027-01-03T07:59Z")
    assert days(bounded, "2026-12-01", "2027-02-01") == ["01-02"]


def test_bounds_are_meant_in_each_zone() -> None:
    bounded = parse_limits(DAILY, start="2027-01-02", until="2027-01-02")
    for zone in (BERLIN, "Asia/Kathmandu", "America/New_York", "Pacific/Kiritimati"):
        assert nominals(bounded, "2026-12-01", "2027-02-01", zone) == ["2027-01-02T09:00:00"]


def test_a_count_is_of_the_rule_itself_with_what_is_left_out_of_it() -> None:
    counted = parse_limits(DAILY, start="2027-01-01", count=4, exceptions=["2027-01-02..2027-01-03"])
    assert days(counted, "2026-12-01", "2027-02-01") == ["01-01", "01-04"]
    every = parse_limits(parse_every(timedelta(days=1), "2027-01-01T09:00", BERLIN), count=3)
    assert count(every, BERLIN, LONG_AGO, END_OF_TIME, 100) == 3
    last = latest(every, BERLIN, LONG_AGO, END_OF_TIME)
    assert last is not None
    assert last.nominal == "2027-01-03T08:00:00Z"


def test_exceptions_are_dates_ranges_and_times() -> None:
    rule = parse_cron("0 9,18 * * *")
    limited = parse_limits(rule, exceptions=["2026-12-24 .. 2026-12-26", "2026-12-28", "2026-12-29T18:00"])
    assert nominals(limited, "2026-12-23T12:00", "2026-12-30T12:00") == [
        "2026-12-23T18:00:00",
        "2026-12-27T09:00:00",
        "2026-12-27T18:00:00",
        "2026-12-29T09:00:00",
        "2026-12-30T09:00:00",
    ]


def test_an_exception_takes_the_time_that_is_written_also_where_clocks_change() -> None:
    rule = parse_rrule("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", None, None, DstGap.LATER, DstFold.BOTH)
    limited = parse_limits(rule, exceptions=["2027-03-28T02:30", "2027-10-31T02:30"])
    assert days(limited, "2027-03-27T12:00", "2027-03-29T12:00") == ["03-29"]
    assert days(limited, "2027-10-30T12:00", "2027-11-01T12:00") == ["11-01"]


@pytest.mark.parametrize(
    ("on_holiday", "expected"),
    [
        # Christmas 2026: the 25th is a Friday, the 26th a Saturday.
        (OnHoliday.SKIP, ["12-23", "12-24", "12-27", "12-28", "12-29"]),
        (OnHoliday.BEFORE, ["12-23", "12-24", "12-27", "12-28", "12-29"]),
        (OnHoliday.AFTER, ["12-23", "12-24", "12-27", "12-28", "12-29"]),
    ],
)
def test_what_moves_to_a_day_that_has_one_already_is_one_with_it(on_holiday: OnHoliday, expected: list[str]) -> None:
    limited = parse_limits(DAILY, holidays=["de-be"], on_holiday=on_holiday)
    assert days(limited, "2026-12-22T12:00", "2026-12-29T12:00") == expected


def test_a_holiday_moves_to_the_nearest_working_day_at_the_same_wall_time() -> None:
    yearly = parse_cron("0 9 25 12 *")
    before = parse_limits(yearly, holidays=["DE"], on_holiday=OnHoliday.BEFORE)
    after = parse_limits(yearly, holidays=["DE"], on_holiday=OnHoliday.AFTER)
    assert nominals(before, "2026-01-01", "2028-01-01") == ["2026-12-24T09:00:00", "2027-12-24T09:00:00"]
    assert nominals(after, "2026-01-01", "2028-01-01") == ["2026-12-28T09:00:00", "2027-12-27T09:00:00"]


def test_a_day_that_except_leaves_out_is_no_working_day_to_move_to() -> None:
    rule = parse_cron("0 9 25 12 *")
    limited = parse_limits(rule, exceptions=["2026-12-24"], holidays=["DE"], on_holiday=OnHoliday.BEFORE)
    assert days(limited, "2026-12-01", "2027-01-31") == ["12-23"]


def test_an_occurrence_without_a_working_day_nearby_stays_where_it_is() -> None:
    rule = parse_cron("0 9 25 12 *")
    away = ["2026-12-26..2027-02-01"]
    limited = parse_limits(rule, exceptions=away, holidays=["DE"], on_holiday=OnHoliday.AFTER)
    assert days(limited, "2026-12-01", "2027-03-01") == ["12-25"]


def test_weekends_are_those_of_the_country() -> None:
    passover = parse_cron("0 9 2 4 *")  # 2 April 2026, a Thursday; the weekend is Friday and Saturday
    limited = parse_limits(passover, holidays=["IL"], on_holiday=OnHoliday.AFTER)
    assert days(limited, "2026-03-01", "2026-05-01") == ["04-05"]


def test_years_beyond_the_calendar_have_no_holidays() -> None:
    limited = parse_limits(parse_cron("0 9 25 12 *"), holidays=["DE", "NYSE"])
    assert days(limited, "2150-01-01", "2151-01-01") == ["12-25"]
    assert days(limited, "9890-01-01", "9891-01-01") == ["12-25"]


def test_a_rule_by_the_minute_is_not_walked_through_years_of_exceptions() -> None:
    limited = parse_limits(parse_cron("* * * * *"), exceptions=["1970-01-01..2150-12-31"])
    assert nominals(limited, "2026-01-01", "2150-12-31T23:01") == ["2151-01-01T00:00:00", "2151-01-01T00:01:00"]


@pytest.mark.parametrize(
    ("limits", "key", "index", "message", "hint"),
    [
        ({"start": "soon"}, "start", None, "is not a time", "YYYY-MM-DD"),
        ({"until": "2027-02-30"}, "until", None, "not in the calendar", ""),
        ({"until": "2227-02-20"}, "until", None, "out of range", "2199"),
        ({"exceptions": ["2027-01-01", "Christmas"]}, "except", 1, "is not a time", ""),
        ({"exceptions": ["2027-01-05..2027-01-01"]}, "except", 0, "ends before it begins", "2027-01-01..2027-01-05"),
        ({"exceptions": ["2027-01-05..soon"]}, "except", 0, "is not a date", "YYYY-MM-DD"),
        ({"holidays": ["DE-BR"]}, "holidays", 0, "DE has no part 'BR'", "there are BB, BE, BW"),
        ({"holidays": ["DE", "XX"]}, "holidays", 1, "unknown calendar 'XX'", ""),
        ({"holidays": ["Germany"]}, "holidays", 0, "unknown calendar 'Germany'", "DE-BE"),
        ({"count": 3}, "count", None, "count needs start", "start:"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused_with_its_key(
    limits: Mapping[str, Any], key: str, index: int | None, message: str, hint: str
) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_limits(DAILY, **limits)
    assert (caught.value.key, caught.value.index) == (key, index)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("bound", [{"start": "2027-01-01"}, {"until": "2027-01-01"}, {"count": 1}])
def test_single_times_have_no_bounds(bound: Mapping[str, Any]) -> None:
    with pytest.raises(ScheduleError, match="does not go with at"):
        parse_limits(At(("2027-01-01T09:00:00",)), **bound)


@pytest.mark.parametrize(
    ("limits", "key", "message"),
    [
        ({"start": "2027-01-02", "until": "2027-01-01"}, "until", "until is before start"),
        ({"start": "2027-01-01T10:00", "until": "2027-01-02T08:00"}, "until", "no time within its bounds"),
        (
            {"until": "2027-01-02", "start": "2027-01-01", "exceptions": ["2027-01-01..2027-01-02"]},
            "except",
            "leaves nothing",
        ),
    ],
)
def test_limits_that_leave_nothing_are_refused(limits: Mapping[str, Any], key: str, message: str) -> None:
    limited = parse_limits(DAILY, **limits)
    assert isinstance(limited, Limited)
    with pytest.raises(ScheduleError, match=message) as caught:
        check_comes(limited, BERLIN)
    assert caught.value.key == key


def test_a_rule_that_comes_on_holidays_alone_is_refused_when_these_are_left_out() -> None:
    skipped = parse_limits(parse_cron("0 9 25 12 *"), holidays=["DE"])
    assert isinstance(skipped, Limited)
    with pytest.raises(ScheduleError, match="holidays leaves nothing"):
        check_comes(skipped, BERLIN)


def test_holidays_are_blamed_for_what_except_alone_would_leave() -> None:
    christmas = parse_limits(parse_cron("0 9 25 12 *"), exceptions=["2027-01-05..2027-01-20"], holidays=["GB-ENG"])
    assert isinstance(christmas, Limited)
    with pytest.raises(ScheduleError, match="holidays leaves nothing") as caught:
        check_comes(christmas, "Europe/London")
    assert caught.value.key == "holidays"


def test_a_missing_package_is_said_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> ModuleType:
        if name == "holidays":
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "holidays", raising=False)
    with pytest.raises(ScheduleError, match="needs the package") as caught:
        parse_limits(DAILY, holidays=["FR-BL"])
    assert "pip install '.[holidays]'" in caught.value.hint


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (DstGap.END, [("2027-03-28T02:30:00", "01:00")]),
        (DstGap.LATER, [("2027-03-28T02:30:00", "01:30")]),
        (DstGap.SKIP, []),
    ],
)
def test_a_time_of_at_that_clocks_skip_is_taken_as_the_job_says(gap: DstGap, expected: list[tuple[str, str]]) -> None:
    schedule = parse_at(["2027-03-28T02:30"], BERLIN, gap)
    found = between(schedule, BERLIN, LONG_AGO, END_OF_TIME)
    assert [(instant.nominal, f"{instant.due_at:%H:%M}") for instant in found] == expected


@pytest.mark.parametrize(
    ("fold", "expected"),
    [
        (DstFold.FIRST, [("2027-10-31T02:30:00", "00:30")]),
        (DstFold.SECOND, [("2027-10-31T02:30:00 fold=1", "01:30")]),
        (DstFold.BOTH, [("2027-10-31T02:30:00", "00:30"), ("2027-10-31T02:30:00 fold=1", "01:30")]),
    ],
)
def test_a_time_of_at_that_comes_twice_is_taken_as_the_job_says(fold: DstFold, expected: list[tuple[str, str]]) -> None:
    schedule = parse_at(["2027-10-31T02:30"], BERLIN, None, fold)
    found = between(schedule, BERLIN, LONG_AGO, END_OF_TIME)
    assert [(instant.nominal, f"{instant.due_at:%H:%M}") for instant in found] == expected


def test_times_that_are_all_skipped_are_refused() -> None:
    with pytest.raises(ScheduleError, match="skip leaves nothing") as caught:
        check_comes(parse_at(["2027-03-28T02:30"], BERLIN, DstGap.SKIP), BERLIN)
    assert caught.value.key == "dst_gap"


def test_a_rule_for_gaps_says_nothing_of_repeated_hours() -> None:
    with pytest.raises(ScheduleError, match="comes twice") as caught:
        parse_at(["2027-10-31T02:30"], BERLIN, DstGap.END)
    assert "dst_fold" in caught.value.hint


def test_what_two_rules_have_at_one_instant_is_one_occurrence() -> None:
    both = several([parse_cron("0 9 * * MON"), parse_cron("0 9 1 * *"), parse_at(["2027-02-01T09:00"], BERLIN)])
    assert days(both, "2027-01-30", "2027-02-09") == ["02-01", "02-08"]  # the first is a Monday
    assert latest(both, BERLIN, LONG_AGO, utc("2027-02-02")) == ("2027-02-01T09:00:00", utc("2027-02-01T08:00"))


def test_only_what_is_all_written_singly_is_appointments() -> None:
    at = parse_at(["2027-02-01T09:00"], BERLIN)
    excepted = parse_limits(parse_at(["2027-02-02T09:00", "2027-02-03T09:00"], BERLIN), exceptions=["2027-02-03"])
    assert is_appointments(at)
    assert is_appointments(excepted)
    assert is_appointments(Several((at, excepted)))
    assert not is_appointments(Several((at, DAILY)))
    assert not is_appointments(DAILY)


def test_limits_are_described_in_words() -> None:
    limited = parse_limits(
        DAILY,
        start="2027-01-01",
        until="2027-12-31T12:00",
        exceptions=["2027-05-01..2027-05-03", "2027-06-01T09:00"],
        holidays=["DE-BE"],
        on_holiday=OnHoliday.AFTER,
    )
    assert describe(limited, BERLIN) == (
        "At 09:00 every day (Europe/Berlin), from 2027-01-01, until 2027-12-31 12:00, "
        "except 2027-05-01 to 2027-05-03, 2027-06-01 09:00, on holidays of DE-BE the working day after"
    )
    skipping = parse_limits(DAILY, start="2027-01-01", count=5, holidays=["US", "NYSE"])
    assert describe(skipping, BERLIN) == (
        "At 09:00 every day (Europe/Berlin), from 2027-01-01, 5 times, not on holidays of US and NYSE"
    )
