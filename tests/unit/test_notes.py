"""What a review is told of beyond the problems: few notes, each at its place, and none that keeps a file from loading."""

from datetime import datetime

import pytest

from reminderd.jobs import parse_file
from reminderd.jobs.catalog import assemble
from reminderd.jobs.reader import Scan
from reminderd.model import Defaults, Limits, ParsedFile, Review
from tests.support.clock import utc

NOW = utc("2026-11-29 12:00")
USUAL = Limits(1000)
TWO = "to: [+14155550100, +14155550101]\n"
PLAIN = "schedule: {cron: 0 9 * * *}\nto: +14155550100\nmessage: Hello\n"


def parsed(text: str, now: datetime = NOW, limits: Limits = USUAL) -> ParsedFile:
    found = parse_file("rent.yaml", text.encode(), Defaults(), review=Review(now, limits))
    assert found.problems == ()
    assert len(found.jobs) == 1
    return found


def notes(text: str, now: datetime = NOW, limits: Limits = USUAL) -> list[str]:
    return [str(note) for note in parsed(text, now, limits).warnings]


def test_a_usual_job_has_no_notes() -> None:
    assert notes(PLAIN) == []


def test_two_fields_for_days_mean_either_of_them() -> None:
    (note,) = notes(PLAIN.replace("0 9 * * *", "0 9 1-7 * MON"))
    assert note.startswith("rent.yaml:1:18: schedule.cron: comes on each day that fits '1-7' and also on each")
    assert notes(PLAIN.replace("0 9 * * *", "'0 9 */2 * MON'")) == []


def test_a_job_whose_times_are_all_past_sends_nothing() -> None:
    (note,) = notes(PLAIN.replace("cron: 0 9 * * *", "at: [2026-11-27T09:00, 2026-11-28T09:00]"))
    assert note.startswith("rent.yaml:1:11: schedule: all its times are past")
    assert notes(PLAIN.replace("cron: 0 9 * * *", "at: [2026-11-28T09:00, 2026-11-30T09:00]")) == []


def test_a_time_that_is_past_and_still_valid_is_sent_at_once() -> None:
    text = PLAIN.replace("cron: 0 9 * * *", "at: [2026-11-28T09:00, 2026-11-29T11:30]")
    (note,) = notes(text)
    assert note.startswith(
        "rent.yaml:1:16: schedule.at: 2026-11-29T11:30:00 is past, and is sent at once when the file is"
    )
    assert "all its times are past" in notes(text + "valid_for: 10m\n")[0]
    assert len(notes(text.replace("]", ", 2026-12-01T09:00]"))) == 1
    assert notes(PLAIN.replace("0 9 * * *", "30 11 * * *")) == []


def test_quiet_hours_that_drop_every_message() -> None:
    text = PLAIN + 'quiet_hours: "21:00-10:00"\non_quiet: drop\n'
    (note,) = notes(text)
    assert note.startswith("rent.yaml:5:11: on_quiet: all its next times fall into the quiet hours 21:00-10:00 of UTC")
    assert notes(text.replace("drop", "wait")) == []
    assert notes(text.replace("0 9 * * *", "'0 9,12 * * *'")) == []
    assert notes(text + "splay: 3h\n") == []


def test_a_job_that_comes_often_may_come_many_times_in_one_night() -> None:
    text = PLAIN.replace("0 9 * * *", "'*/15 * * * *'") + 'quiet_hours: "21:00-10:00"\non_quiet: drop\n'
    assert notes(text, utc("2026-11-29 22:00")) == []
    assert len(notes(text.replace("'*/15 * * * *'", "'*/15 0-5 * * *'"), utc("2026-11-29 22:00"))) == 1


def test_quiet_hours_are_looked_at_in_the_zone_of_each_recipient() -> None:
    people = "[+14155550100, {phone: +14155550101, timezone: Asia/Tokyo}]"
    text = PLAIN.replace("+14155550100", people) + 'quiet_hours: "17:00-19:00"\non_quiet: drop\n'
    (note,) = notes(text)
    assert "17:00-19:00 of Asia/Tokyo" in note


def test_a_retry_that_comes_when_the_message_is_no_longer_valid() -> None:
    (note,) = notes(PLAIN + "retry: [1m, 10m, 50m]\nvalid_for: 1h\n")
    assert note.startswith("rent.yaml:4:18: retry[2]: would come 1h1m after the first attempt")
    assert notes(PLAIN + "valid_for: 10m\n") == []  # the retries that nobody wrote are no slip
    assert notes(PLAIN + "retry: [1m, 10m]\nvalid_for: 1h\n") == []


def test_catching_up_with_everything_may_be_a_flood() -> None:
    text = PLAIN.replace("0 9 * * *", "'*/5 9 * * *'") + "catch_up: all\n"
    (note,) = notes(text)
    assert note.startswith("rent.yaml:4:11: catch_up: after a downtime up to 12 messages go to each recipient at once")
    assert notes(text + "valid_for: 15m\n") == []


def test_a_list_beyond_the_limit_waits_each_time() -> None:
    text = TWO + "schedule: {cron: 0 9 * * *}\nmessage: Hello\n"
    (note,) = notes(text, limits=Limits(1))
    assert note.startswith("rent.yaml:1:5: to: 2 recipients are more than the limit of 1 messages")
    assert notes(text, limits=Limits(2)) == []
    assert notes(text + "limits: {per_occurrence: 2}\n", limits=Limits(1)) == []
    assert len(notes(text + "limits: {per_occurrence: 1}\n")) == 1


def test_a_character_that_makes_a_text_longer_is_noted_where_it_is_written() -> None:
    (note,) = notes(PLAIN.replace("Hello", f"It’s {'so ' * 30}"))
    assert note.startswith("rent.yaml:3:12: message: the ’ at 1:3 makes this 2 segments instead of 1")


def test_each_of_several_rules_is_looked_at() -> None:
    rules = "[{cron: 0 9 * * *}, {cron: 0 9 1-7 * MON}]"
    (note,) = notes(PLAIN.replace("{cron: 0 9 * * *}", rules))
    assert note.startswith("rent.yaml:1:38: schedule[1].cron: ")
    (note,) = notes(PLAIN.replace("{cron: 0 9 * * *}", "[{cron: 0 9 1-7 * MON}]"))
    assert note.startswith("rent.yaml:1:19: schedule")


def test_a_job_that_is_switched_off_has_no_notes() -> None:
    assert notes(PLAIN.replace("0 9 * * *", "0 9 1-7 * MON") + "enabled: false\n") == []


@pytest.mark.parametrize("text", [PLAIN, PLAIN.replace("0 9 * * *", "0 9 1-7 * MON")])
def test_without_a_review_there_are_no_notes_and_the_same_job(text: str) -> None:
    plain = parse_file("rent.yaml", text.encode(), Defaults())
    assert plain == (parsed(text).jobs, (), ())


def test_the_catalog_has_the_notes_of_all_files_beside_their_jobs() -> None:
    noted = parsed(PLAIN.replace("0 9 * * *", "0 9 1-7 * MON"))
    catalog = assemble(Scan({"rent.yaml": noted, "rant.yaml": ParsedFile((), ())}), {})
    assert set(catalog.jobs) == {"rent"}
    assert (catalog.problems, catalog.warnings) == ((), noted.warnings)


def test_each_coming_time_that_clocks_skip_or_repeat_is_told_with_its_date() -> None:
    text = PLAIN.replace("0 9 * * *", "30 2 * * *") + "timezone: Europe/Berlin\n"
    repeated, skipped = notes(text)
    assert skipped.startswith(
        "rent.yaml:1:18: schedule.cron: 02:30 Europe/Berlin does not exist on 2027-03-28: sends at 03:00, if that"
    )
    assert repeated.startswith(
        "rent.yaml:1:18: schedule.cron: 02:30 Europe/Berlin comes twice on 2027-10-31: sends at the first, if that"
    )


def test_clocks_are_looked_at_in_the_zone_of_each_recipient_and_each_rule() -> None:
    people = "[{phone: +14155550100, timezone: Europe/Berlin}, {phone: +14155550101, timezone: America/Havana}]"
    rules = "[{cron: 0 9 * * *}, {rrule: FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=28;BYHOUR=2;BYMINUTE=30}]"
    text = f"schedule: {rules}\ntimezone: recipient\nto: {people}\nmessage: Hello\n"
    (note,) = notes(text)
    assert note.startswith("rent.yaml:1:39: schedule[1].rrule: 02:30 Europe/Berlin does not exist on 2027-03-28: sends")
    assert note.endswith("say what is meant with dst_gap, or choose another hour")


def test_clocks_are_not_told_of_where_the_rule_says_what_is_meant() -> None:
    rule = "{rrule: FREQ=DAILY;BYHOUR=2;BYMINUTE=30}"
    text = PLAIN.replace("{cron: 0 9 * * *}", rule) + "timezone: Europe/Berlin\n"
    assert len(notes(text)) == 2
    (repeated,) = notes(text.replace("30}", "30, dst_gap: end}"))
    assert "comes twice on 2027-10-31" in repeated
    assert repeated.endswith("with dst_fold, or choose another hour")
    (skipped,) = notes(text.replace("30}", "30, dst_fold: both}"))
    assert "does not exist on 2027-03-28" in skipped
    both = text.replace("30}", "30, dst_gap: later, dst_fold: first}")
    assert notes(both) == []
    assert notes(both.replace("schedule: {", "schedule: [{").replace("first}", "first}]")) == []
    assert (
        notes(PLAIN.replace("cron: 0 9 * * *", "at: 2027-03-28T02:30, dst_gap: later") + "timezone: Europe/Berlin\n")
        == []
    )


def test_all_times_that_one_change_of_clocks_touches_are_one_note() -> None:
    text = PLAIN.replace("0 9 * * *", "'0,15,45 2 * * SUN'") + "timezone: Europe/Berlin\n"
    repeated, skipped = notes(text)
    assert "02:00 Europe/Berlin does not exist on 2027-03-28: sends at 03:00, and likewise 02:15, 02:45, if" in skipped
    assert (
        "02:00 Europe/Berlin comes twice on 2027-10-31: sends at the first, and likewise 02:15, 02:45, if" in repeated
    )


def test_a_time_or_date_that_except_leaves_out_for_nothing() -> None:
    rule = "cron: 0 9 * * MON-FRI, except: [2027-03-15T09:00, 2027-03-15T10:00, 2027-03-19, 2027-03-20]"
    time, day = notes(PLAIN.replace("cron: 0 9 * * *", rule))
    assert time.startswith("rent.yaml:1:62: schedule.except[1]: 2027-03-15T10:00 leaves out nothing, the rule does not")
    assert time.endswith("on that day it comes at 09:00")
    assert day.startswith("rent.yaml:1:92: schedule.except[3]: 2027-03-20 leaves out nothing")
    assert day.endswith("on that day it does not come at all")


@pytest.mark.parametrize(
    "exceptions",
    [
        "2026-11-01T10:00",  # past
        "2029-03-15T10:00",  # too far ahead to be certain of
        "2027-03-20..2027-03-21",  # a weekend off, whatever would come
        "2027-03-15T09:00Z",
        "2027-03-15T10:00+01:00",
        "2027-03-15",
    ],
)
def test_what_except_leaves_out_or_may_leave_out_is_not_noted(exceptions: str) -> None:
    assert notes(PLAIN.replace("cron: 0 9 * * *", f"cron: 0 9 * * MON-FRI, except: {exceptions}")) == []


def test_a_date_that_is_left_out_so_that_nothing_moves_there_is_no_slip() -> None:
    rule = "cron: 0 9 * * MON-FRI, holidays: DE-BE, on_holiday: after, except: {}"
    assert notes(PLAIN.replace("cron: 0 9 * * *", rule.format("2027-03-20"))) == []
    assert len(notes(PLAIN.replace("cron: 0 9 * * *", rule.format("2027-03-15T10:00")))) == 1


def test_except_is_looked_at_in_the_zone_of_each_recipient() -> None:
    people = "[{phone: +14155550100, timezone: Europe/Berlin}, {phone: +14155550101, timezone: Asia/Tokyo}]"
    text = f"schedule: {{cron: 0 9 * * *, except: TIME}}\ntimezone: recipient\nto: {people}\nmessage: Hello\n"
    assert notes(text.replace("TIME", "2027-03-15T09:00")) == []
    assert notes(text.replace("TIME", "2027-03-15T00:00Z")) == []  # nine o'clock in Tokyo
    assert len(notes(text.replace("TIME", "2027-03-15T01:00Z"))) == 1


def test_more_than_a_hundred_messages_a_day_may_be_a_slip_of_the_unit() -> None:
    every_second = "every: 1s, from: '2026-01-01T00:00Z'"
    (note,) = notes(PLAIN.replace("cron: 0 9 * * *", every_second))
    assert note.startswith(
        "rent.yaml:1:11: schedule: sends each recipient up to 86,400 messages a day, if that is meant"
    )
    (note,) = notes(TWO + PLAIN.replace("to: +14155550100\n", "").replace("0 9 * * *", "'*/5 * * * *'"))
    assert note.endswith("up to 288 messages a day, if that is meant, write limits: {per_job_and_day: 576}")
    assert notes(PLAIN.replace("0 9 * * *", "'*/15 * * * *'")) == []
    assert notes(PLAIN.replace("0 9 * * *", "'*/5 * * * *'") + "limits: {per_job_and_day: 288}\n") == []
    assert len(notes(PLAIN.replace("0 9 * * *", "'*/5 * * * *'") + "limits: {per_job_and_day: 287}\n")) == 1
    assert len(notes(PLAIN.replace("{cron: 0 9 * * *}", "[{cron: '*/20 * * * *'}, {cron: '1-55 9 * * *'}]"))) == 1
