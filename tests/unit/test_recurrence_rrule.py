"""Recurrence rules of RFC 5545 as people write them, what is refused in them, and where clocks change."""

from datetime import UTC, datetime
from itertools import islice

import pytest

from reminderd.model import DstFold, DstGap
from reminderd.recurrence import ScheduleError, between, describe, latest, next_after, parse_rrule

BERLIN = "Europe/Berlin"
LONG_AGO = datetime.min.replace(tzinfo=UTC)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def nominals(text: str, start: str | None, number: int = 4, after: str = "2026-11-29T12:00") -> list[str]:
    found = between(parse_rrule(text, start), BERLIN, utc(after), END_OF_TIME)
    return [instant.nominal for instant in islice(found, number)]


def problem(text: str, start: str | None = None, count: int | None = None) -> ScheduleError:
    with pytest.raises(ScheduleError) as caught:
        parse_rrule(text, start, count)
    return caught.value


def test_the_last_business_day_of_each_month() -> None:
    assert nominals("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=9", None) == [
        "2026-11-30T09:00:00",
        "2026-12-31T09:00:00",
        "2027-01-29T09:00:00",
        "2027-02-26T09:00:00",
    ]


def test_the_31st_comes_only_where_a_month_has_one() -> None:
    assert nominals("FREQ=MONTHLY", "2027-01-31T09:00:00", 3) == [
        "2027-01-31T09:00:00",
        "2027-03-31T09:00:00",
        "2027-05-31T09:00:00",
    ]


def test_weekdays_and_counted_weekdays_are_each_meant() -> None:
    """dateutil alone would take only Mondays that are the last Friday of their month: none."""
    found = nominals("FREQ=MONTHLY;BYDAY=MO,-1FR;BYHOUR=9", None, 6, "2026-12-01T00:00")
    assert [text[8:10] for text in found] == ["07", "14", "21", "25", "28", "04"]


def test_an_interval_of_weeks_is_counted_from_the_week_of_the_start() -> None:
    found = nominals("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH", "2026-12-03T10:00:00", 4)
    assert [text[:10] for text in found] == ["2026-12-03", "2026-12-15", "2026-12-17", "2026-12-29"]
    sunday = nominals("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU", "2026-12-03T10:00:00", 2)
    assert [text[:10] for text in sunday] == ["2026-12-13", "2026-12-27"]


def test_count_ends_the_rule_and_is_counted_from_the_start() -> None:
    rule = parse_rrule("FREQ=DAILY;COUNT=3", "2026-12-30T09:00:00")
    assert rule == parse_rrule("FREQ=DAILY", "2026-12-30T09:00:00", 3)
    assert [instant.nominal[:10] for instant in between(rule, BERLIN, utc("2026-12-31T00:00"), END_OF_TIME)] == [
        "2026-12-31",
        "2027-01-01",
    ]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20261231", "2026-12-31T09:00:00"),
        ("20261231T090000", "2026-12-31T09:00:00"),
        ("20261231T085959", "2026-12-30T09:00:00"),
        ("20261231T080000Z", "2026-12-31T09:00:00"),
        ("20261231T075959Z", "2026-12-30T09:00:00"),
    ],
)
def test_until_is_inclusive_in_wall_time_in_utc_and_as_a_whole_day(until: str, last: str) -> None:
    found = latest(parse_rrule(f"FREQ=DAILY;UNTIL={until}", "2026-12-01T09:00:00"), BERLIN, LONG_AGO, END_OF_TIME)
    assert found is not None
    assert found.nominal == last


def test_a_rule_is_read_in_any_case_and_with_its_prefix() -> None:
    assert parse_rrule("rrule:freq=daily; byhour=09,8").rule == "FREQ=DAILY;BYHOUR=8,9"
    assert parse_rrule("FREQ=DAILY;INTERVAL=1;WKST=MO;BYHOUR=9;").rule == "FREQ=DAILY;BYHOUR=9"


def test_a_normal_form_is_its_own_normal_form() -> None:
    for text in ("FREQ=YEARLY;BYDAY=20MO,-1FR;BYHOUR=9", "FREQ=DAILY;UNTIL=20271231;BYHOUR=9,1", "FREQ=MINUTELY"):
        rule = parse_rrule(text)
        assert parse_rrule(rule.rule) == rule


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (DstGap.END, ["03-27T02:30:00", "03-28T03:00:00", "03-29T02:30:00"]),
        (DstGap.LATER, ["03-27T02:30:00", "03-28T03:30:00", "03-29T02:30:00"]),
        (DstGap.SKIP, ["03-27T02:30:00", "03-29T02:30:00", "03-30T02:30:00"]),
    ],
)
def test_the_job_says_what_comes_of_a_time_that_clocks_skip(gap: DstGap, expected: list[str]) -> None:
    rule = parse_rrule("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", None, None, gap)
    found = islice(between(rule, BERLIN, utc("2027-03-26T12:00"), END_OF_TIME), 3)
    assert [instant.nominal[5:] for instant in found] == expected


@pytest.mark.parametrize(
    ("fold", "expected"),
    [
        (DstFold.FIRST, ["10-31T02:30:00"]),
        (DstFold.SECOND, ["10-31T02:30:00 fold=1"]),
        (DstFold.BOTH, ["10-31T02:30:00", "10-31T02:30:00 fold=1"]),
    ],
)
def test_the_job_says_which_is_meant_of_a_time_that_comes_twice(fold: DstFold, expected: list[str]) -> None:
    rule = parse_rrule("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", None, None, DstGap.END, fold)
    found = between(rule, BERLIN, utc("2027-10-30T12:00"), utc("2027-10-31T12:00"))
    assert [instant.nominal[5:] for instant in found] == expected


def test_rare_rules_are_found_wherever_one_asks() -> None:
    rule = parse_rrule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYHOUR=9")
    assert [instant.nominal[:4] for instant in between(rule, BERLIN, LONG_AGO, utc("2150-01-01"))] == [
        "1988",
        "2016",
        "2044",
        "2072",
        "2112",
        "2140",
    ]
    rarest = parse_rrule("FREQ=YEARLY;INTERVAL=399", "2027-01-01T09:00:00")
    following = next_after(rarest, BERLIN, utc("2028-01-01"))
    assert following is not None
    assert following.nominal == "2426-01-01T09:00:00"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "is not a part of a rule", "FREQ="),
        ("every monday", "is not a part of a rule", "NAME=VALUE"),
        ("BYDAY=MO", "has no FREQ", "begin it with FREQ="),
        ("FREQ=DALY", "FREQ='DALY' is not valid", "did you mean DAILY?"),
        ("FREQ=SECONDLY", "not supported", "every: 30s"),
        ("FREQ=DAILY;FREQ=DAILY", "given twice", "commas"),
        ("FREQ=DAILY;BYHUOR=9", "unknown part 'BYHUOR'", "did you mean BYHOUR?"),
        ("FREQ=YEARLY;BYEASTER=0", "unknown part", "holidays"),
        ("FREQ=MONTHLY;SKIP=BACKWARD", "unknown part", "BYMONTHDAY=-1"),
        ("DTSTART=20270101T090000;FREQ=DAILY", "DTSTART does not go into the rule", "start:"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL='0' is not valid", "from 1"),
        ("FREQ=DAILY;COUNT=10001", "COUNT='10001' is not valid", "to 10000"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "exclude each other", "remove one"),
        ("FREQ=DAILY;UNTIL=2027-01-01", "is not a time", "UNTIL=20271231T090000"),
        ("FREQ=DAILY;UNTIL=20270230", "not in the calendar", ""),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR='24' is not valid", "from 0 to 23"),
        ("FREQ=YEARLY;BYMONTH=13;BYHOUR=9", "BYMONTH='13' is not valid", "from 1 to 12"),
        ("FREQ=MONTHLY;BYMONTHDAY=0;BYHOUR=9", "BYMONTHDAY='0' is not valid", "counted from the end"),
        ("FREQ=MONTHLY;BYDAY=XX;BYHOUR=9", "BYDAY='XX' is not valid", "MO,TU"),
        ("FREQ=WEEKLY;BYDAY=2MO;BYHOUR=9", "BYDAY=2MO does not go with FREQ=WEEKLY", "FREQ=MONTHLY"),
        ("FREQ=MONTHLY;BYDAY=6MO;BYHOUR=9", "no month has more than five", "1 to 5"),
        ("FREQ=WEEKLY;BYMONTHDAY=1;BYHOUR=9", "does not go with FREQ=WEEKLY", "FREQ=MONTHLY"),
        ("FREQ=MONTHLY;BYYEARDAY=1;BYHOUR=9", "does not go with FREQ=MONTHLY", "FREQ=YEARLY"),
        ("FREQ=MONTHLY;BYWEEKNO=1;BYHOUR=9", "FREQ=YEARLY alone", "FREQ=YEARLY"),
        ("FREQ=YEARLY;BYWEEKNO=1;BYHOUR=9", "does not say the day", "BYDAY=MO"),
        ("FREQ=DAILY;BYSETPOS=1", "nothing to choose from", "BY parts"),
        ("FREQ=HOURLY;BYMINUTE=0;BYSETPOS=2", "nothing to choose from", "day, week, month or year"),
        ("FREQ=DAILY", "needs start: it does not say the hour", "BYHOUR=9"),
        ("FREQ=WEEKLY;BYHOUR=9", "needs start: it does not say the day", "BYDAY=MO"),
        ("FREQ=MONTHLY;BYHOUR=9", "needs start: it does not say the day", "BYMONTHDAY=1"),
        ("FREQ=YEARLY;BYMONTH=3;BYHOUR=9", "needs start: it does not say the day", "BYMONTHDAY=1"),
        ("FREQ=HOURLY", "needs start: it does not say the minute", "BYMINUTE=0"),
        ("FREQ=DAILY;INTERVAL=2;BYHOUR=9", "needs start: its INTERVAL", "start:"),
        ("FREQ=DAILY;COUNT=2;BYHOUR=9", "needs start: its COUNT", "start:"),
        ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=9", "never comes", "no month"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6;BYHOUR=9", "never comes", "no time has all"),
        ("FREQ=MINUTELY;BYMONTH=1;BYYEARDAY=200", "never comes", "no time has all"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_write(text: str, message: str, hint: str) -> None:
    error = problem(text)
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("text", "start", "key", "hint"),
    [
        ("FREQ=DAILY", "2027-01-01", "start", "2027-01-01T09:00"),
        ("FREQ=DAILY", "2027-01-01T08:00:00Z", "start", "without an offset"),
        ("FREQ=HOURLY;INTERVAL=2;BYHOUR=9", "2027-01-01T08:00:00", "", "no time has all"),
        ("FREQ=MINUTELY;INTERVAL=60;BYMINUTE=5", "2027-01-01T08:00:00", "", "no time has all"),
        ("FREQ=DAILY;UNTIL=20261231", "2027-01-01T08:00:00", "", "after UNTIL"),
    ],
)
def test_a_start_that_does_not_fit_is_refused(text: str, start: str, key: str, hint: str) -> None:
    error = problem(text, start)
    assert error.key == key
    assert hint in error.hint


def test_a_count_beside_an_end_in_the_rule_is_refused() -> None:
    assert problem("FREQ=DAILY;COUNT=2", "2027-01-01T09:00:00", 3).key == "count"
    assert problem("FREQ=DAILY;UNTIL=20280101", "2027-01-01T09:00:00", 3).key == "count"


@pytest.mark.parametrize(
    ("text", "start", "words"),
    [
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=9",
            None,
            "every month on the last of Monday to Friday at 09:00 (Europe/Berlin)",
        ),
        (
            "FREQ=MONTHLY;BYDAY=2TU,-1FR;COUNT=7",
            "2026-12-01T09:00:00",
            "every month on the second Tuesday and the last Friday at 09:00 (Europe/Berlin), from 2026-12-01 09:00, 7 times",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;UNTIL=20271231",
            "2027-01-04T09:30:00",
            "every 2 weeks on Monday at 09:30 (Europe/Berlin), from 2027-01-04 09:30, until 2027-12-31",
        ),
        (
            "FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=-1,1;BYHOUR=8,20",
            None,
            "every year on the last day and 1st in March and September at 08:00 and 20:00 (Europe/Berlin)",
        ),
        ("FREQ=HOURLY;BYMINUTE=15;BYHOUR=9,10", None, "every hour at minute 15 in the hours 09 and 10 (Europe/Berlin)"),
        (
            "FREQ=YEARLY",
            "2027-05-14T09:00:00",
            "every year on the date of 2027-05-14 at 09:00 (Europe/Berlin), from 2027-05-14 09:00",
        ),
    ],
)
def test_a_rule_is_described_in_words(text: str, start: str | None, words: str) -> None:
    assert describe(parse_rrule(text, start), BERLIN) == words
