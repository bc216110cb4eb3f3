"""What people write for a schedule and its zone, and what they are told when it cannot be used."""

from datetime import UTC, datetime, timedelta

import pytest

from reminderd.model import At, Cron, DstFold, DstGap, Every
from reminderd.recurrence import ScheduleError, describe, parse_at, parse_cron, parse_every, parse_zone

BERLIN = "Europe/Berlin"


def at_error(text: str, zone: str = BERLIN) -> ScheduleError:
    with pytest.raises(ScheduleError) as caught:
        parse_at([text], zone)
    return caught.value


def cron_error(text: str) -> ScheduleError:
    with pytest.raises(ScheduleError) as caught:
        parse_cron(text)
    return caught.value


def zone_error(text: str) -> ScheduleError:
    with pytest.raises(ScheduleError) as caught:
        parse_zone(text)
    return caught.value


# --- zones ---


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT"])
def test_an_iana_name_is_a_zone(name: str) -> None:
    assert parse_zone(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " UTC",
        "Europe",
        "Europe/",
        "../Europe/Berlin",
        "/usr/share/zoneinfo/UTC",
        "tzdata.zi",
        "a" * 5000,
        "UTC\0",
        "\udc80",
        "+02:00",
    ],
)
def test_what_names_no_zone_is_refused(name: str) -> None:
    assert "unknown time zone" in zone_error(name).message


@pytest.mark.parametrize("name", ["localtime", "posixrules", "Factory", "posix/Europe/Berlin", "right/UTC"])
def test_files_of_the_machine_that_are_no_iana_names_are_refused(name: str) -> None:
    assert "unknown time zone" in zone_error(name).message


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("singapore", "Asia/Singapore"),
    ],
)
def test_a_misspelt_zone_is_answered_with_the_one_that_was_meant(name: str, meant: str) -> None:
    assert zone_error(name).hint == f"did you mean {meant!r}?"


def test_an_abbreviation_is_told_to_be_ambiguous() -> None:
    assert "abbreviations" in zone_error("CEST").hint


# --- at ---


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("2026-11-22T09:00", "2026-11-22T09:00:00"),
        ("2026-11-22 09:00", "2026-11-22T09:00:00"),
        ("2026-11-22 09:00:30", "2026-11-22T09:00:30"),
        ("2026-11-22T09:00Z", "2026-11-22T09:00:00Z"),
        ("2026-11-22T09:00+02:00", "2026-11-22T07:00:00Z"),
        ("2026-11-22T09:00:00+0200", "2026-11-22T07:00:00Z"),
        ("2026-11-22 09:00 -05:30", "2026-11-22T14:30:00Z"),
        ("2026-01-01T00:30+14:00", "2025-12-31T10:30:00Z"),
        (" 2026-11-22T09:00\n", "2026-11-22T09:00:00"),
    ],
)
def test_a_moment_gets_its_normal_notation(text: str, normal: str) -> None:
    assert parse_at([text], BERLIN) == At((normal,))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "20261122T0900",
        "2026-11-22x09:00",
        "2026-11-22T09",
        "2026-11-22T9:00",
        "2026-11-22T24:00",
        "2026-11-22T09:60",
        "2026-11-22T09:00:60",
        "2026-11-22T09:00:00.5",
        "2026-11-22T09:00 CET",
        "2026-11-22T09:00+25:00",
        "2026-W13-7T09:00",
        "1234567890",
        "٢٠٢٦-١١-٢٢T٠٩:٠٠",
        "2026-11-22T09:00Z" + "0" * 5000,
    ],
)
def test_what_is_not_a_moment_is_refused_with_the_notation(text: str) -> None:
    error = at_error(text)
    assert "is not a time" in error.message
    assert "YYYY-MM-DDTHH:MM" in error.hint
    assert len(error.message) < 100


def test_a_date_alone_is_told_to_lack_a_time_of_day() -> None:
    assert at_error("2026-11-22").hint == "write 2026-11-22T09:00"


@pytest.mark.parametrize("text", ["2026-02-30T09:00", "2026-13-01T09:00", "2026-00-10T09:00Z"])
def test_a_date_outside_the_calendar_is_refused(text: str) -> None:
    assert at_error(text).message == f"{text[:10]} is not in the calendar"


@pytest.mark.parametrize("text", ["0001-01-01T00:00", "1969-12-31T23:59Z", "9999-12-31T23:59"])
def test_a_year_out_of_reach_is_refused(text: str) -> None:
    assert at_error(text).hint == "use 1970 to 2199"


def test_a_time_that_clocks_skip_is_refused_with_the_facts() -> None:
    error = at_error("2027-03-28T02:30")
    assert error.message == ("02:30 does not exist on 2027-03-28 in Europe/Berlin: clocks go from 02:00 to 03:00")
    assert error.hint == "write 03:00, or give an offset, like 2027-03-28T02:30+01:00, or say dst_gap: end or later"


def test_a_time_on_a_day_that_a_zone_skipped_is_refused_with_both_dates() -> None:
    error = at_error("2011-12-30T12:00", "Pacific/Apia")
    assert "clocks go from 2011-12-30 00:00 to 2011-12-31 00:00" in error.message


def test_a_time_that_comes_twice_is_refused_with_both_ways_to_write_it() -> None:
    error = at_error("2026-10-25T02:30")
    assert error.message.startswith("02:30 comes twice on 2026-10-25 in Europe/Berlin")
    assert "2026-10-25T02:30+02:00" in error.hint
    assert "2026-10-25T02:30+01:00" in error.hint


def test_the_ways_that_the_hints_offer_are_accepted() -> None:
    assert parse_at(["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"], BERLIN) == At(
        ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")
    )


@pytest.mark.parametrize("text", ["2027-03-28T01:59:59", "2027-03-28T03:00", "2026-10-25T01:59", "2026-10-25T03:00"])
def test_times_beside_a_gap_and_a_repeated_hour_are_accepted(text: str) -> None:
    assert len(parse_at([text], BERLIN).times) == 1


def test_the_same_instant_in_two_notations_is_refused_at_the_second() -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_at(["2026-11-22T09:00", "2026-11-23T09:00", "2026-11-22T08:00Z"], BERLIN)
    assert caught.value.index == 2
    assert "2026-11-22T09:00" in caught.value.message


def test_an_error_in_a_list_names_its_item() -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_at(["2026-11-22T09:00", "noon"], BERLIN)
    assert caught.value.index == 1


def test_an_empty_list_of_times_is_refused() -> None:
    with pytest.raises(ScheduleError, match="no time"):
        parse_at([], BERLIN)


# --- cron ---


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("0 9 * * *", "0 9 * * *"),
        ("  0\t9 * * mon-fri ", "0 9 * * MON-FRI"),
        ("@daily", "0 0 * * *"),
        ("@Midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("0 9 L * *", "0 9 L * *"),
        ("0 9 29 2 *", "0 9 29 2 *"),
        ("0 9 * 2 MON#5", "0 9 * 2 MON#5"),
    ],
)
def test_an_expression_gets_its_normal_notation(text: str, expression: str) -> None:
    assert parse_cron(text) == Cron(expression)


@pytest.mark.parametrize(
    ("text", "field", "hint"),
    [
        ("60 9 * * *", "minute field '60'", "0 to 59"),
        ("0 25 * * *", "hour field '25'", "0 to 23"),
        ("0 9 32 * *", "day-of-month field '32'", "1 to 31"),
        ("0 9 * 13 *", "month field '13'", "1 to 12"),
        ("0 9 * * FRI-MON", "day-of-week field 'FRI-MON'", "from low to high"),
        ("0 9 ? * *", "day-of-month field '?'", "write * instead of ?"),
        ("*/0 9 * * *", "minute field '*/0'", "0 to 59"),
    ],
)
def test_a_bad_field_is_named_with_what_it_takes(text: str, field: str, hint: str) -> None:
    error = cron_error(text)
    assert field in error.message
    assert hint in error.hint


@pytest.mark.parametrize("text", ["0 0 30 2 *", "0 0 31 2,4,6 *", "0 0 */30 2 SUN#5"])
def test_an_expression_that_never_comes_is_refused(text: str) -> None:
    assert "never comes" in cron_error(text).message


def test_reboot_is_refused_with_the_reason() -> None:
    assert "restart" in cron_error("@reboot").message


def test_an_unknown_alias_is_answered_with_the_known_ones() -> None:
    assert "@daily" in cron_error("@dayly").hint


@pytest.mark.parametrize(("text", "number"), [("", 0), ("* * * *", 4), ("0 30 9 * * *", 6), ("0 0 9 * * * 2026", 7)])
def test_any_other_number_of_fields_is_refused(text: str, number: int) -> None:
    assert cron_error(text).message.endswith(f"not {number}")


def test_six_fields_are_pointed_to_every() -> None:
    assert "every" in cron_error("0 30 9 * * *").hint


def test_an_endless_expression_is_refused() -> None:
    assert "500 characters" in cron_error("1," * 5000 + "1 * * * *").message


# --- every ---


def test_an_interval_counts_from_its_start_in_utc() -> None:
    every = parse_every(timedelta(hours=2), "2026-11-22T09:00", BERLIN)
    assert every == Every(timedelta(hours=2), datetime(2026, 11, 22, 8, tzinfo=UTC))


@pytest.mark.parametrize("interval", [timedelta(0), timedelta(seconds=-5), timedelta(milliseconds=1500)])
def test_an_interval_of_no_whole_seconds_is_refused(interval: timedelta) -> None:
    with pytest.raises(ScheduleError, match="whole seconds"):
        parse_every(interval, "2026-11-22T09:00", BERLIN)


def test_a_start_in_a_gap_is_refused_without_an_index() -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_every(timedelta(days=1), "2027-03-28T02:30", BERLIN)
    assert caught.value.index is None


# --- in words ---


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (parse_cron("@daily"), "At 00:00 every day (Europe/Berlin)"),
        (parse_every(timedelta(hours=2), "2026-11-22T08:00Z", BERLIN), "every 2h from 2026-11-22 08:00 UTC"),
        (parse_at(["2026-11-22T08:00:05Z"], BERLIN), "once at 2026-11-22 09:00:05 (Europe/Berlin)"),
        (
            parse_at(["2027-01-03T12:00", "2026-11-22T09:00", "2026-12-01T09:00"], BERLIN),
            "3 times, from 2026-11-22 09:00 to 2027-01-03 12:00 (Europe/Berlin)",
        ),
        (parse_at(["2027-03-28T02:15"], BERLIN, DstGap.LATER), "once at 2027-03-28 03:15 (Europe/Berlin)"),
        (
            parse_at(["2027-03-28T02:15", "2027-04-01T09:00"], BERLIN, DstGap.SKIP),
            "once at 2027-04-01 09:00 (Europe/Berlin)",
        ),
        (parse_at(["2027-10-31T02:30"], BERLIN, None, DstFold.BOTH), "twice at 2027-10-31 02:30 (Europe/Berlin)"),
    ],
)
def test_a_schedule_is_described_in_words(schedule: At | Cron | Every, words: str) -> None:
    assert describe(schedule, BERLIN) == words
