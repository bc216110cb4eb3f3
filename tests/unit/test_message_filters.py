"""The filters that people need: dates, times, spans, ordinals and money."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from reminderd.message import render
from reminderd.model import Recipient
from tests.unit.test_message_render import ANN, DUE_AT, error, job, text

NAIVE = datetime.fromisoformat("2026-12-24T18:00")
TOKYO = Recipient("+81312345678", name="Aki", timezone="Asia/Tokyo")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("{{ due_at | date }}", "2026-11-22"),
        ("{{ due_at | time }}", "09:05"),
        ("{{ due_at | datetime }}", "2026-11-22 09:05"),
        ("{{ due_at | date('%-d %B') }}", "22 November"),
        ("{{ due_at | time('%-I:%M %p') }}", "9:05 AM"),
        ("{{ due_at | datetime('%a %d.%m. %H:%M') }}", "Sun 22.11. 09:05"),
        ("{{ '2026-12-24' | date }}", "2026-12-24"),
        ("{{ '2026-12-24' | date('%A') }}", "Thursday"),
        ("{{ '2026-12-24T18:00' | date }} {{ '2026-12-24T18:00' | time }}", "2026-12-24 18:00"),
        ("{{ '2026-12-24 18:00:30' | datetime }}", "2026-12-24 18:00"),
        ("{{ ' 2026-12-24T18:00 ' | time }}", "18:00"),
        ("{{ '2026-12-24T18:00Z' | datetime }}", "2026-12-24 19:00"),
        ("{{ '2026-12-24T23:30-05:00' | datetime }}", "2026-12-25 05:30"),
        ("{{ '18:00' | time('%-I %p') }}", "6 PM"),
        ("{{ due_at.date() | date }} {{ due_at.time() | time }}", "2026-11-22 09:05"),
        ("{{ due_at.isoformat() | time }}", "09:05"),
    ],
)
def test_dates_and_times_read_alike_in_all_languages_unless_a_format_is_given(message: str, expected: str) -> None:
    assert text(message) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NAIVE, "2026-12-24 18:00"),
        (datetime(2026, 12, 24, 18, tzinfo=ZoneInfo("America/New_York")), "2026-12-25 00:00"),
    ],
)
def test_times_with_a_zone_are_shown_in_that_of_the_recipient_others_as_they_are(value: object, expected: str) -> None:
    assert text("{{ vars.when | datetime }}", when=value) == expected


def test_a_recipient_with_a_zone_sees_times_in_it() -> None:
    message = "{{ due_at | time }} {{ '2026-11-22T00:00Z' | time }} {{ '2026-11-22T10:00' | time }}"
    assert render(job(message), TOKYO, DUE_AT).text == "17:05 09:00 10:00"


def test_due_at_itself_is_in_the_zone_of_the_recipient_where_the_schedule_is() -> None:
    message = "{{ due_at.strftime('%H:%M') }}"
    assert render(job(message), TOKYO, DUE_AT).text == "09:05"
    assert render(replace(job(message), recipient_zones=True), TOKYO, DUE_AT).text == "17:05"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("{{ 'soon' | date }}", "the text is not a date or time"),
        ("{{ '' | time }}", "the text is not a date or time"),
        ("{{ '24.12.2026' | date }}", "the text is not a date or time"),
        ("{{ '2026-02-30' | date }}", "there is no such date or time"),
        ("{{ '2026-12-24T25:00' | time }}", "there is no such date or time"),
        ("{{ '2026-12-24' | time }}", "a date has no time of day"),
        ("{{ '18:00' | date }}", "a time of day has no date"),
        ("{{ '2026-12-24' | datetime }}", "a date with its time is needed here"),
        ("{{ '18:00' | datetime }}", "a date with its time is needed here"),
        ("{{ 20261224 | date }}", "a date or time is needed here, not a number"),
        ("{{ vars.nothing | date }}", "a date or time is needed here, not null"),
        ("{{ vars.names | time }}", "a date or time is needed here, not a list"),
        ("{{ due_at | date('%Q') }}", "strftime does not know"),
        ("{{ due_at | time('%0999999d') }}", "strftime does not know"),
        ("{{ due_at | datetime('%c' * 9) }}", "a number is needed here"),
        ("{{ due_at | date(5) }}", "text is needed here"),
        (
            "{{ due_at | date('x' ~ '%c' ~ vars.long ~ vars.long ~ vars.long ~ vars.long ~ vars.long ~ vars.long) }}",
            "256",
        ),
        ("{{ '0001-01-01T00:00+14:00' | time }}", "time cannot be applied to text"),
        ("{{ '9999-12-31T23:00-14:00' | datetime }}", "datetime cannot be applied to text"),
    ],
)
def test_what_is_no_date_or_time_is_told(message: str, expected: str) -> None:
    assert expected in error(message).message


def test_a_value_that_is_no_date_is_not_repeated() -> None:
    caught = error("{{ vars.secret | date }}", secret="+14155550123")
    assert "555" not in caught.message + caught.hint


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (timedelta(hours=3), "3 hours"),
        (timedelta(days=2, hours=5), "2 days"),
        (timedelta(hours=25, minutes=59), "1 day 1 hour"),
        (7200, "2 hours"),
        (5400, "1 hour 30 minutes"),
        (90, "1 minute 30 seconds"),
        (1, "1 second"),
        (0, "0 seconds"),
        (0.5, "0 seconds"),
        (-7200, "2 hours ago"),
        ("2026-11-22", "today"),
        ("2026-11-23", "tomorrow"),
        ("2026-11-21", "yesterday"),
        ("2026-11-24", "in 2 days"),
        ("2026-11-19", "3 days ago"),
        (date(2026, 12, 22), "in 30 days"),
        ("2026-11-22T12:05", "in 3 hours"),
        ("2026-11-24T09:05", "in 2 days"),
        ("2026-11-22T08:05Z", "now"),
        ("2026-11-22T08:05:59Z", "in 59 seconds"),
        ("2026-11-22T07:05Z", "1 hour ago"),
        (NAIVE.replace(month=11, day=22, hour=10, minute=35), "in 1 hour 30 minutes"),
    ],
)
def test_spans_and_what_is_to_come_read_as_people_say_them(value: object, expected: str) -> None:
    assert text("{{ vars.v | humanize }}", v=value) == expected


def test_a_span_over_a_change_to_daylight_saving_time_counts_hours() -> None:
    due_at = datetime(2026, 3, 28, 11, tzinfo=ZoneInfo("UTC"))  # 12:00 in Berlin; the clocks are put forward at night
    assert render(job("{{ '2026-03-29T12:00' | humanize }}"), ANN, due_at).text == "in 23 hours"


def test_a_time_without_a_zone_is_counted_to_as_one_of_the_schedule_whoever_reads_it() -> None:
    due_at = datetime(2027, 12, 22, 8, tzinfo=ZoneInfo("UTC"))  # 09:00 in Berlin, the job's zone
    written = job("{{ '2027-12-22T12:00' | humanize }}, {{ '2027-12-22T11:00Z' | humanize }}")
    assert render(written, ANN, due_at).text == "in 3 hours, in 3 hours"
    assert render(written, TOKYO, due_at).text == "in 3 hours, in 3 hours"
    own_noon = replace(written, recipient_zones=True)
    nine_in_tokyo = datetime(2027, 12, 22, 0, tzinfo=ZoneInfo("UTC"))
    assert render(own_noon, TOKYO, nine_in_tokyo).text == "in 3 hours, in 11 hours"


def test_a_day_is_counted_in_the_zone_of_the_recipient() -> None:
    late = datetime(2026, 11, 22, 20, tzinfo=ZoneInfo("UTC"))  # already the 23rd in Tokyo
    assert render(job("{{ '2026-11-23' | humanize }}"), TOKYO, late).text == "today"
    assert render(job("{{ '2026-11-23' | humanize }}"), ANN, late).text == "tomorrow"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (time(18), "a time of day alone"),
        ("soon", "not a date or time"),
        (True, "not true or false"),
        (1e300, "humanize cannot be applied to a number"),
        (float("nan"), "humanize cannot be applied to a number"),
        ([1], "a date or time is needed here"),
    ],
)
def test_what_cannot_be_counted_to_is_told(value: object, expected: str) -> None:
    assert expected in error("{{ vars.v | humanize }}", v=value).message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st")),
        *((112, "112th"), (101, "101st"), (0, "0th"), (-1, "-1st"), ("22", "22nd"), (3.0, "3rd")),
    ],
)
def test_ordinals(value: object, expected: str) -> None:
    assert text("{{ vars.v | ordinal }}", v=value) == expected


@pytest.mark.parametrize("value", [1.5, "1.5", "first", "", None, True, [1], 10**15, float("inf"), 10**400])
def test_what_has_no_ordinal_is_told(value: object) -> None:
    assert "number" in error("{{ vars.v | ordinal }}", v=value).message


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1234.5 | money", "1,234.50"),
        ("1234.5 | money('EUR')", "1,234.50 EUR"),
        ("'640.00' | money", "640.00"),
        ("'640.1' | money('USD')", "640.10 USD"),
        ("1234567 | money", "1,234,567.00"),
        ("1234567.891 | money('€', thousands='.', decimal=',')", "1.234.567,89 €"),
        ("1234.5 | money(thousands=' ')", "1 234.50"),
        ("1234.5 | money(thousands='')", "1234.50"),
        ("1500 | money('JPY', 0)", "1,500 JPY"),
        ("2.675 | money", "2.68"),
        ("0.005 | money", "0.01"),
        ("-1234.5 | money", "-1,234.50"),
        ("-0.001 | money", "0.00"),
        ("(0.1 + 0.2) | money", "0.30"),
        ("' 12.3456 ' | money(digits=3)", "12.346"),
        ("99999999999999.5 | money(digits=6)", "99,999,999,999,999.500000"),
    ],
)
def test_money_has_two_digits_and_separators(expression: str, expected: str) -> None:
    assert text(f"{{{{ {expression} }}}}") == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'1,234.50' | money", "the text is not a number"),
        ("'12 EUR' | money", "the text is not a number"),
        ("'1e9' | money", "the text is not a number"),
        ("'١٢' | money", "the text is not a number"),
        ("'' | money", "the text is not a number"),
        ("'1' * 99 | money", "a number is needed here"),
        ("vars.long | money", "the text is not a number"),
        ("vars.nothing | money", "a number is needed here, not null"),
        ("vars.yes | money", "a number is needed here, not true or false"),
        ("vars.names | money", "a number is needed here, not a list"),
        ("1e300 | money", "the number is too large"),
        ("1e15 | money", "the number is too large"),
        ("1 | money(digits=7)", "money has 0 to 6 digits"),
        ("1 | money(digits=-1)", "money has 0 to 6 digits"),
        ("1 | money(digits='2')", "a whole number is needed here"),
        ("1 | money(vars.long)", "a currency of more than 12 characters"),
        ("1 | money(thousands=vars.long)", "a separator of more than 3 characters"),
        ("1 | money(5)", "text is needed here"),
        ("1 | money(colour='red')", "money cannot be applied to a number"),
    ],
)
def test_what_is_no_money_is_told(expression: str, expected: str) -> None:
    assert expected in error(f"{{{{ {expression} }}}}").message
