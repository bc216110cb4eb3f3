"""What is owed when jobs, files and time change. Every test is one line of docs/what-is-owed.md."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reminderd.model import Accepted, Defaults, InDoubt, NotSent
from reminderd.store import Refusal
from tests.support.clock import utc
from tests.support.world import ANNA, BERT, CARA, FOLDER, SENDER, World, job

DAY = "2027-03-01"
NO_ROUTE = NotSent("no route")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A daemon that runs, on 2027-03-01 at 08:00 UTC, without jobs."""
    here = World(tmp_path)
    here.sync()
    yield here
    here.kill()


def nominal(time: str, day: str = DAY) -> str:
    return f"{day}T{time}:00"


# -- the first load ---------------------------------------------------------------------------------------


def test_a_rule_owes_nothing_of_before_its_first_load(world: World) -> None:
    world.go_to("09:00:01")
    world.load("a.yaml", job(cron="0 * * * *", valid_for="2h"))
    world.go_to("10:30")
    assert world.states() == [(nominal("10:00"), "accepted")]


def test_an_interval_owes_nothing_of_before_its_first_load(world: World) -> None:
    world.load("a.yaml", job(every="1h", start="2027-02-01T00:30Z", valid_for="5h"))
    world.go_to("09:00")
    assert world.states() == [("2027-03-01T08:30:00Z", "accepted")]


def test_a_message_goes_out_at_its_time_and_not_before(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00"))
    world.go_to("08:59:59")
    assert world.rows() == []
    world.go_to("09:00")
    assert world.states() == [(nominal("09:00"), "accepted")]
    assert world.rows()[0]["due_at"] == "2027-03-01T09:00:00.000Z"


def test_a_typo_mended_before_its_time_is_mended(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00", message="Tge rent is due."))
    world.go_to("08:59:59")
    world.load("a.yaml", job(at="2027-03-01T09:00", message="The rent is due."))
    world.go_to("09:30")
    assert world.texts == ["The rent is due."]


def test_the_text_is_frozen_when_it_is_planned(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00", message="First."))
    world.gateway.script.append(NO_ROUTE)
    world.go_to("09:00:30")
    world.load("a.yaml", job(at="2027-03-01T09:00", message="Second."))
    world.go_to("09:30")
    assert world.texts == ["First."]
    assert world.only()["text"] == "First."


# -- absence, disabling -----------------------------------------------------------------------------------


def test_a_rule_passes_over_time_in_which_its_job_was_absent_for_over_a_minute(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *"))
    world.go_to("08:59")
    world.delete("a.yaml")
    world.go_to("09:00:01")
    world.load("a.yaml", job(cron="0 9 * * *"))
    world.go_to("10:00")
    assert world.rows() == []


def test_a_rule_owes_what_fell_in_an_absence_of_a_minute_or_less(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *"))
    world.go_to("08:59:30")
    world.delete("a.yaml")
    world.go_to("09:00:30")
    world.load("a.yaml", job(cron="0 9 * * *"))
    world.go_to("10:00")
    assert world.states() == [(nominal("09:00"), "accepted")]


def test_a_rule_that_comes_back_reworded_owes_what_fell_in_a_brief_absence(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *", message="First."))
    world.go_to("08:59:55")
    world.delete("a.yaml")
    world.go_to("09:00:05")
    world.load("a.yaml", job(cron="0 9 * * *", message="Second."))
    world.go_to("10:00")
    assert world.texts == ["Second."]


def test_a_brief_absence_never_sends_again_what_was_sent(world: World) -> None:
    world.load("a.yaml", job(cron="* * * * *", message="First."))
    world.go_to("08:00:59")
    world.go_to("08:01:00")
    world.delete("a.yaml")
    world.load("a.yaml", job(cron="* * * * *", message="Second."))
    world.go_to("08:01:30")
    assert world.texts == ["First."]


def test_a_rule_passes_over_time_in_which_it_was_disabled(world: World) -> None:
    world.load("a.yaml", job(cron="*/30 * * * *", valid_for="5h"))
    world.go_to("08:45")
    world.load("a.yaml", job(cron="*/30 * * * *", valid_for="5h", enabled=False))
    world.go_to("10:15")
    world.load("a.yaml", job(cron="*/30 * * * *", valid_for="5h"))
    world.go_to("10:45")
    assert world.states() == [(nominal("08:30"), "accepted"), (nominal("10:30"), "accepted")]


def test_a_rule_disabled_for_ten_seconds_passes_over_them_too(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *"))
    world.go_to("08:59:55")
    world.load("a.yaml", job(cron="0 9 * * *", enabled=False))
    world.go_to("09:00:05")
    world.load("a.yaml", job(cron="0 9 * * *"))
    world.go_to("10:00")
    assert world.rows() == []


def test_a_disabled_rule_is_not_caught_up_after_downtime(world: World) -> None:
    world.load("a.yaml", job(cron="0 * * * *", enabled=False, valid_for="5h", catch_up="all"))
    world.sleep_to("11:30")
    world.load("a.yaml", job(cron="0 * * * *", valid_for="5h", catch_up="all"))
    world.go_to("11:45")
    assert world.rows() == []


def test_what_waits_for_a_retry_stays_while_its_job_is_disabled_and_goes_on_after(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00"))
    world.gateway.script.append(NO_ROUTE)
    world.go_to("09:00:30")
    world.load("a.yaml", job(at="2027-03-01T09:00", enabled=False))
    world.go_to("09:10")
    assert world.states() == [(nominal("09:00"), "pending")]
    world.load("a.yaml", job(at="2027-03-01T09:00"))
    world.go_to("09:11")
    assert world.states() == [(nominal("09:00"), "accepted")]


def test_an_appointment_of_a_disabled_job_is_missed_with_that_reason(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00", enabled=False))
    world.go_to("09:10")
    assert world.only()["state"] == "missed"
    assert "disabled" in world.only()["reason"]
    world.load("a.yaml", job(at="2027-03-01T09:00"))
    world.go_to("09:20")
    assert world.states() == [(nominal("09:00"), "missed")]


# -- downtime and catch_up --------------------------------------------------------------------------------

RULES = {
    "cron": lambda **keys: job(cron="0 * * * *", **keys),
    "every": lambda **keys: job(every="1h", start="2027-01-01T00:00Z", **keys),
}


@pytest.fixture(params=sorted(RULES))
def rule(request: pytest.FixtureRequest) -> str:
    """The kind of an hourly rule."""
    return str(request.param)


def hours(world: World) -> list[tuple[str, str]]:
    return [(row["nominal"][11:16], row["state"]) for row in world.rows()]


def test_latest_sends_the_last_that_fell_while_down_and_sums_up_the_rest(world: World, rule: str) -> None:
    world.load("a.yaml", RULES[rule](valid_for="5h"))
    world.go_to("08:30")
    world.sleep_to("12:30")
    assert hours(world) == [("11:00", "missed"), ("12:00", "accepted")]
    assert world.rows()[0]["reason"].startswith("3 occurrences up to 2027-03-01T11:00:00")


def test_latest_sends_nothing_where_the_last_is_no_longer_valid(world: World, rule: str) -> None:
    world.load("a.yaml", RULES[rule](valid_for="20m"))
    world.go_to("08:30")
    world.sleep_to("12:30")
    assert hours(world) == [("12:00", "missed")]
    assert "4 occurrences" in world.only()["reason"]
    assert world.texts == []


def test_all_sends_every_one_that_is_still_valid_and_sums_up_the_rest(world: World, rule: str) -> None:
    world.load("a.yaml", RULES[rule](valid_for="2h", catch_up="all"))
    world.go_to("08:30")
    world.sleep_to("12:30")
    assert hours(world) == [("10:00", "missed"), ("11:00", "accepted"), ("12:00", "accepted")]
    assert "2 occurrences" in world.rows()[0]["reason"]


def test_none_sends_nothing_that_fell_while_down(world: World, rule: str) -> None:
    world.load("a.yaml", RULES[rule](valid_for="5h", catch_up="none"))
    world.go_to("08:30")
    world.sleep_to("12:30")
    assert hours(world) == [("12:00", "missed")]
    world.go_to("13:00")
    assert hours(world) == [("12:00", "missed"), ("13:00", "accepted")]


def test_what_falls_when_the_daemon_wakes_up_is_on_time(world: World, rule: str) -> None:
    world.load("a.yaml", RULES[rule](catch_up="none"))
    world.sleep_to("09:00")
    assert hours(world) == [("09:00", "accepted")]


def test_one_occurrence_that_was_missed_is_summed_up_as_one(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *", catch_up="none"))
    world.sleep_to("09:30")
    assert world.only()["reason"].startswith("1 occurrence up to")


def test_there_is_one_summary_for_each_job_and_each_gap(world: World) -> None:
    world.load("a.yaml", job(cron="0 * * * *", catch_up="none"))
    world.load("b.yaml", job(cron="0 * * * *", catch_up="none"))
    for time in ("10:30", "13:30"):
        world.sleep_to(time)
    assert world.states("a") == [(nominal("10:00"), "missed"), (nominal("13:00"), "missed")]
    assert world.states("b") == world.states("a")
    counts = [row["reason"].split(" ")[0] for row in world.rows("a")]
    assert counts == ["2", "3"]


def test_starting_twice_owes_nothing_twice(world: World) -> None:
    world.load("a.yaml", job(cron="0 * * * *", catch_up="all", valid_for="2h"))
    world.sleep_to("11:30")
    before = world.states()
    world.restart()
    world.tick()
    assert world.states() == before
    assert len(world.texts) == 2


def test_a_short_stop_with_nothing_due_leaves_no_trace(world: World) -> None:
    world.load("a.yaml", job(cron="0 * * * *"))
    world.sleep_to("08:30")
    assert world.rows() == []


def test_each_time_of_a_list_is_an_appointment_and_caught_up_while_valid(world: World) -> None:
    times = [nominal(time) for time in ("09:00", "10:00", "11:00")]
    world.load("a.yaml", job(at=times, valid_for="2h"))
    world.go_to("08:30")
    world.sleep_to("11:30")
    assert hours(world) == [("09:00", "missed"), ("10:00", "accepted"), ("11:00", "accepted")]
    assert world.rows()[0]["reason"].startswith("2h30m late")


def test_appointments_that_fell_while_down_are_missed_with_catch_up_none(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), catch_up="none"))
    world.sleep_to("09:10")
    assert world.only()["state"] == "missed"
    assert "catch_up: none" in world.only()["reason"]


def test_a_five_year_outage_of_a_job_by_the_minute_gives_one_summary_and_one_message(world: World) -> None:
    world.load("a.yaml", job(cron="* * * * *"))
    world.sleep_to("2032-03-01 09:00:30")
    assert [state for _, state in world.states()] == ["missed", "accepted"]
    assert world.rows()[0]["reason"].startswith("10000 or more occurrences up to 2032-03-01T08:59:00")


# -- edits while the daemon is down -----------------------------------------------------------------------


def test_a_rule_edited_while_the_daemon_was_down_is_owed_from_when_the_daemon_was_last_alive(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *", valid_for="5h"))
    world.go_to("08:30")
    world.write("a.yaml", job(cron="15 8,9 * * *", valid_for="5h", catch_up="all"))
    world.sleep_to("10:00")
    assert hours(world) == [("09:15", "accepted")]


def test_a_rule_first_seen_at_a_start_owes_nothing_of_before(world: World) -> None:
    world.go_to("08:30")
    world.write("a.yaml", job(cron="0 9 * * *", valid_for="5h"))
    world.sleep_to("10:00")
    assert world.rows() == []


def test_a_rule_enabled_while_the_daemon_was_down_owes_nothing_of_before(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *", valid_for="5h", enabled=False))
    world.write("a.yaml", job(cron="0 9 * * *", valid_for="5h"))
    world.sleep_to("10:00")
    assert world.rows() == []


def test_a_default_zone_changed_while_the_daemon_was_down_does_not_reach_back_beyond_it(world: World) -> None:
    world.load("a.yaml", job(cron="0 * * * *", valid_for="2d", catch_up="all"))
    world.go_to("08:30")
    world.defaults = Defaults("Europe/Berlin", SENDER)
    world.sleep_to("10:30")
    assert [row["nominal"] for row in world.rows()] == [nominal("10:00"), nominal("11:00")]


def test_a_default_zone_changed_on_the_fly_owes_nothing_of_before(world: World) -> None:
    world.load("a.yaml", job(cron="0 * * * *", valid_for="2d", catch_up="all"))
    world.go_to("08:30")
    world.defaults = Defaults("Europe/Berlin", SENDER)
    world.syncer.configure(world.defaults)
    world.sync()
    world.go_to("09:30")
    assert [row["nominal"] for row in world.rows()] == [nominal("10:00")]


# -- appointments in the past -----------------------------------------------------------------------------


def test_a_new_appointment_in_the_past_is_sent_while_it_is_valid(world: World) -> None:
    world.load("a.yaml", job(at=nominal("07:30")))
    world.tick()
    assert world.states() == [(nominal("07:30"), "accepted")]


def test_a_new_appointment_in_the_past_is_missed_with_the_reason_when_it_is_not_valid(world: World) -> None:
    world.load("a.yaml", job(at="2027-02-01T07:30"))
    world.tick()
    assert world.only()["state"] == "missed"
    assert world.only()["reason"] == "4w30m late when it was planned, and valid for 1h"


def test_an_appointment_moved_into_the_past_is_sent_while_it_is_valid(world: World) -> None:
    world.load("a.yaml", job(at=nominal("12:00")))
    world.go_to("08:30")
    world.load("a.yaml", job(at=nominal("08:20")))
    world.go_to("13:00")
    assert world.states() == [(nominal("08:20"), "accepted")]


def test_an_appointment_moved_to_later_after_it_was_sent_is_another_one(world: World) -> None:
    world.load("a.yaml", job(at=nominal("08:10")))
    world.go_to("08:20")
    world.load("a.yaml", job(at=nominal("08:40")))
    world.go_to("09:00")
    assert hours(world) == [("08:10", "accepted"), ("08:40", "accepted")]


def test_a_past_appointment_is_not_repeated_under_another_name(world: World) -> None:
    world.load("a.yaml", job(at=nominal("08:10")))
    world.go_to("08:20")
    world.rename("a.yaml", "b.yaml")
    world.go_to("08:30")
    assert world.texts == ["Hello."]
    assert world.only("b")["state"] == "missed"
    assert "is accepted as delivery 1 of job a" in world.only("b")["reason"]


def test_a_past_appointment_in_another_notation_is_not_repeated(world: World) -> None:
    world.load("a.yaml", job(at=nominal("08:10"), timezone="UTC"))
    world.go_to("08:20")
    world.load("a.yaml", job(at="2027-03-01T09:10+01:00", timezone="UTC"))
    world.go_to("08:30")
    assert world.texts == ["Hello."]


def test_a_copy_of_a_file_does_not_repeat_a_past_appointment(world: World) -> None:
    world.load("a.yaml", job(at=nominal("08:10")))
    world.go_to("08:20")
    world.load("b.yaml", job(at=nominal("08:10")))
    world.go_to("08:30")
    assert world.texts == ["Hello."]


def test_a_copy_with_another_text_is_another_message(world: World) -> None:
    world.load("a.yaml", job(at=nominal("08:10"), message="First."))
    world.go_to("08:20")
    world.load("b.yaml", job(at=nominal("08:10"), message="Second."))
    world.go_to("08:30")
    assert world.texts == ["First.", "Second."]


def test_two_jobs_that_were_there_before_their_time_both_send_the_same_words(world: World) -> None:
    world.load("a.yaml", job(at=nominal("08:10")))
    world.load("b.yaml", job(at=nominal("08:10")))
    world.go_to("08:30")
    assert world.texts == ["Hello.", "Hello."]


def test_a_renamed_appointment_is_not_sent_again_while_the_old_one_is_in_doubt(world: World) -> None:
    world.load("a.yaml", job(at=nominal("08:10")))
    world.gateway.script.append(InDoubt("read time-out"))
    world.go_to("08:11")
    world.rename("a.yaml", "b.yaml")
    world.go_to("08:30")
    assert world.only("a")["state"] == "in_doubt"
    assert world.only("b")["state"] == "missed"
    assert "in_doubt" in world.only("b")["reason"]


def test_a_renamed_appointment_is_not_sent_again_while_the_old_request_is_under_way(world: World) -> None:
    world.load("a.yaml", job(at=nominal("08:10")))
    world.clock.go_to(utc("2027-03-01 08:10"))
    world._plan(world.clock.now())
    now = world.clock.now()
    claims = world.store.deliveries.claim(1, now, timedelta(seconds=90), ["token"])
    world.store.deliveries.begin(claims, now)
    world.rename("a.yaml", "b.yaml")
    world.tick()
    assert world.only("b")["state"] == "missed"


def test_a_renamed_appointment_goes_out_where_the_old_one_only_waited_for_its_retry(world: World) -> None:
    world.load("a.yaml", job(at=nominal("08:10")))
    world.gateway.script.append(NO_ROUTE)
    world.go_to("08:10:30")
    world.rename("a.yaml", "b.yaml")
    world.go_to("08:30")
    assert world.only("a")["state"] == "cancelled"
    assert world.only("b")["state"] == "accepted"
    assert world.texts == ["Hello."]


# -- files: renamed, reworded, gone and back --------------------------------------------------------------


def test_a_rename_that_keeps_the_name_sends_nothing_again(world: World) -> None:
    world.load("a.yaml", job(name="rent", at=nominal("08:10")))
    world.go_to("08:20")
    world.rename("a.yaml", "b.yaml")
    world.go_to("08:30")
    assert world.states() == [(nominal("08:10"), "accepted")]
    assert world.syncer.running["rent"].source.file == f"{FOLDER}/b.yaml"


def test_a_rename_that_keeps_the_name_leaves_what_is_pending_alone(world: World) -> None:
    world.load("a.yaml", job(name="rent", at=nominal("08:10")))
    world.gateway.script.append(NO_ROUTE)
    world.go_to("08:10:30")
    world.rename("a.yaml", "b.yaml")
    world.go_to("08:30")
    assert world.moves(1) == [
        ("", "pending"),
        ("pending", "sending"),
        ("sending", "pending"),
        ("pending", "sending"),
        ("sending", "accepted"),
    ]


def test_a_rule_in_a_renamed_file_without_a_name_starts_anew(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *"))
    world.go_to("09:10")
    world.rename("a.yaml", "b.yaml")
    world.go_to("2027-03-02 09:10")
    assert world.states("a") == [(nominal("09:00"), "accepted")]
    assert world.states("b") == [(nominal("09:00", "2027-03-02"), "accepted")]


def test_a_text_reworded_after_it_was_sent_is_not_sent_again(world: World) -> None:
    world.load("a.yaml", job(at=nominal("08:10"), message="First."))
    world.load("b.yaml", job(cron="10 8 * * *", message="First."))
    world.go_to("08:20")
    world.load("a.yaml", job(at=nominal("08:10"), message="Second."))
    world.load("b.yaml", job(cron="10 8 * * *", message="Second."))
    world.go_to("08:30")
    world.restart()
    world.go_to("08:40")
    assert world.texts == ["First.", "First."]


def test_a_file_that_goes_and_comes_back_sends_nothing_again(world: World) -> None:
    world.load("a.yaml", job(at=nominal("08:10")))
    world.load("b.yaml", job(cron="10 8 * * *"))
    world.go_to("08:20")
    texts = dict(world.files)
    for seconds in (5, 300):
        world.delete("a.yaml", "b.yaml")
        world.clock.advance(timedelta(seconds=seconds))
        world.tick()
        world.files = dict(texts)
        world.sync()
        world.tick()
    assert world.texts == ["Hello.", "Hello."]


# -- what is removed --------------------------------------------------------------------------------------


def waiting(world: World, **keys: object) -> None:
    """A job `a` for Anna and Bert, due at 09:00, whose messages wait for their first retry."""
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA, BERT], **keys))
    world.gateway.script.extend([NO_ROUTE, NO_ROUTE])
    world.go_to("09:00:30")
    assert [state for _, state in world.states()] == ["pending", "pending"]


def test_what_is_pending_of_a_removed_job_is_cancelled(world: World) -> None:
    waiting(world)
    world.delete("a.yaml")
    world.go_to("09:30")
    assert {row["state"] for row in world.rows()} == {"cancelled"}
    assert {row["reason"] for row in world.rows()} == {"its job is no longer declared"}
    assert world.texts == []


def test_it_is_pending_again_when_its_job_returns_while_it_is_valid(world: World) -> None:
    waiting(world)
    world.delete("a.yaml")
    world.go_to("09:30")
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA, BERT]))
    world.go_to("09:40")
    assert [state for _, state in world.states()] == ["accepted", "accepted"]
    assert world.moves(1)[3:5] == [("pending", "cancelled"), ("cancelled", "pending")]


def test_it_stays_cancelled_when_its_job_returns_too_late(world: World) -> None:
    waiting(world)
    world.delete("a.yaml")
    world.go_to("10:00")
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA, BERT]))
    world.go_to("10:30")
    assert {row["state"] for row in world.rows()} == {"cancelled"}


def test_what_is_pending_for_a_removed_recipient_is_cancelled_and_returns_with_the_recipient(world: World) -> None:
    waiting(world)
    world.load("a.yaml", job(at=nominal("09:00"), to=[BERT]))
    world.go_to("09:10")
    assert {row["phone"]: row["state"] for row in world.rows()} == {ANNA: "cancelled", BERT: "accepted"}
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA, BERT]))
    world.go_to("09:20")
    assert {row["phone"]: row["state"] for row in world.rows()} == {ANNA: "accepted", BERT: "accepted"}
    assert len(world.texts) == 2


def test_what_an_operator_cancelled_does_not_return_with_its_job(world: World) -> None:
    waiting(world)
    world.command("cancel", ids=[1, 2])
    world.delete("a.yaml")
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA, BERT]))
    world.go_to("09:30")
    assert {row["state"] for row in world.rows()} == {"cancelled"}


def test_a_recipient_added_after_the_time_gets_the_message_while_it_is_valid(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA]))
    world.go_to("09:10")
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA, CARA]))
    world.go_to("09:20")
    assert {row["phone"]: row["state"] for row in world.rows()} == {ANNA: "accepted", CARA: "accepted"}


def test_a_job_removed_while_its_request_is_under_way_is_cancelled_when_it_did_not_arrive(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00")))
    world.clock.go_to(utc("2027-03-01 09:00"))
    world._plan(world.clock.now())
    world.die_in_a_request(begun=False)
    world.delete("a.yaml")
    world.go_to("09:30")
    assert world.only()["state"] == "cancelled"
    assert world.texts == []


# -- zones ------------------------------------------------------------------------------------------------


@pytest.fixture
def night(tmp_path: Path) -> Iterator[World]:
    """A daemon that runs, early enough for nine o'clock to come everywhere in turn."""
    here = World(tmp_path, utc("2027-03-01 01:00"))
    here.sync()
    yield here
    here.kill()


@pytest.mark.parametrize("schedule", [{"cron": "0 9 * * *"}, {"at": nominal("09:00")}], ids=["cron", "at"])
def test_a_change_of_the_zone_never_sends_the_same_nine_o_clock_twice(night: World, schedule: dict[str, str]) -> None:
    world = night
    world.load("a.yaml", job(timezone="Asia/Kolkata", **schedule))
    world.go_to("03:45")  # 09:15 in Kolkata
    assert world.texts == ["Hello."]
    world.load("a.yaml", job(timezone="Europe/Berlin", **schedule))
    world.go_to("08:15")  # 09:15 in Berlin
    world.load("a.yaml", job(timezone="Asia/Kolkata", **schedule))
    world.go_to("16:00")
    assert world.states() == [(nominal("09:00"), "accepted")]


def test_after_a_change_of_the_zone_the_rule_goes_on_there(night: World) -> None:
    world = night
    world.load("a.yaml", job(timezone="Asia/Kolkata", cron="0 9 * * *"))
    world.go_to("03:45")
    world.load("a.yaml", job(timezone="Europe/Berlin", cron="0 9 * * *"))
    world.go_to("2027-03-02 15:00")
    assert [(row["nominal"], row["due_at"][:16]) for row in world.rows()] == [
        (nominal("09:00"), "2027-03-01T03:30"),
        (nominal("09:00", "2027-03-02"), "2027-03-02T08:00"),
    ]


def test_new_rules_of_a_zone_that_put_nine_o_clock_an_hour_later_do_not_send_it_again(night: World) -> None:
    world = night
    # As if tzdata had moved a zone's clocks: what was planned at 05:00 UTC as 09:00 falls on 06:00 UTC now.
    world.load("a.yaml", job(timezone="Etc/GMT-4", cron="0 9 * * *"))
    world.go_to("05:30")
    world.load("a.yaml", job(timezone="Etc/GMT-3", cron="0 9 * * *"))
    world.go_to("10:00")
    assert world.states() == [(nominal("09:00"), "accepted")]
    assert world.only()["due_at"] == "2027-03-01T05:00:00.000Z"


def test_both_passes_of_a_repeated_hour_are_different_occurrences_of_an_hourly_rule(tmp_path: Path) -> None:
    world = World(tmp_path, utc("2027-10-30 23:30"))
    world.sync()
    world.load("a.yaml", job(timezone="Europe/Berlin", cron="0 * * * *"))
    world.go_to("2027-10-31 01:30")
    assert world.states() == [
        ("2027-10-31T02:00:00", "accepted"),
        ("2027-10-31T02:00:00 fold=1", "accepted"),
    ]
    world.kill()


# -- validity and texts -----------------------------------------------------------------------------------


def test_what_cannot_be_sent_within_its_validity_is_missed(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), valid_for="10m"))
    world.gateway.script.extend([NO_ROUTE] * 4)
    world.go_to("09:30")
    assert world.only()["state"] == "missed"
    assert world.only()["attempts"] == 3  # at 09:00, 09:01 and 09:06; the next would be too late


def test_what_waits_while_its_validity_ends_is_missed(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), valid_for="10m"))
    world.gateway.usable = False
    world.gateway.script.append(NotSent("401", suspend=True))
    world.go_to("09:09:54")
    assert world.only()["state"] == "pending"
    world.go_to("09:09:55")
    assert world.only()["state"] == "missed"


def test_retries_are_used_up_and_then_it_failed(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), retry=["10s", "20s"]))
    world.gateway.script.extend([NO_ROUTE] * 3)
    world.go_to("09:30")
    assert (world.only()["state"], world.only()["attempts"]) == ("failed", 3)


def test_planning_that_comes_late_misses_what_has_less_than_five_seconds_left(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), valid_for="1m"))
    world.load("b.yaml", job(at="2027-03-01T09:00:01", valid_for="1m", to=[BERT]))
    world.clock.go_to(utc("2027-03-01 09:00:55"))
    world.tick()
    assert [row["state"] for row in world.rows()] == ["missed", "accepted"]


def test_a_message_is_told_how_long_it_may_live(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), valid_for="10m"))
    world.load("b.yaml", job(at=nominal("09:00"), valid_for="2d", to=[BERT]))
    world.go_to("09:00")
    assert sorted(request.message_expiry or 0 for request in world.gateway.arrived) == [600, 10_799]


def test_a_text_that_cannot_be_rendered_fails_and_disturbs_nobody_else(world: World) -> None:
    tides = {"message": "High tide: {{ vars.tides[due_at.day] }}.", "vars": {"tides": ["never", "at noon"]}}
    world.load("a.yaml", job(cron="0 9 * * *", **tides))
    world.load("b.yaml", job(cron="0 9 * * *", to=[BERT]))
    world.go_to("2027-03-02 09:30")
    assert [state for _, state in world.states("a")] == ["accepted", "failed"]
    assert "cannot be rendered" in world.rows("a")[-1]["reason"]
    assert [state for _, state in world.states("b")] == ["accepted", "accepted"]


def test_a_job_without_a_sender_fails_visibly(tmp_path: Path) -> None:
    world = World(tmp_path, defaults=Defaults("UTC", None))
    world.load("a.yaml", job(at=nominal("09:00")))
    assert any("no sender" in problem for problem in world.problems())
    world.go_to("09:10")
    assert world.only()["state"] == "failed"
    world.kill()


def test_different_texts_for_one_phone_with_keys_are_different_deliveries(world: World) -> None:
    people = [{"phone": ANNA, "key": "tom"}, {"phone": ANNA, "key": "tim"}]
    world.load("a.yaml", job(at=nominal("09:00"), to=people, message="Pick up {{ recipient.key }}."))
    world.go_to("09:10")
    assert len(world.rows()) == 2
    assert {row["state"] for row in world.rows()} == {"accepted"}


def test_the_same_phone_and_text_twice_is_one_delivery(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA, ANNA]))
    world.go_to("09:10")
    assert world.texts == ["Hello."]
    assert len(world.rows()) == 1


# -- broken files -----------------------------------------------------------------------------------------


def test_a_broken_file_keeps_its_last_good_version_running_across_a_restart(world: World) -> None:
    world.load("a.yaml", job(cron="0 * * * *"))
    world.files[f"{FOLDER}/a.yaml"] = "schedule: {cron: nonsense}\n"
    world.sync()
    world.go_to("09:30")
    world.sleep_to("10:30")
    assert hours(world) == [("09:00", "accepted"), ("10:00", "accepted")]
    assert world.problems() != []


def test_a_broken_file_never_disturbs_the_others(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00")))
    world.files[f"{FOLDER}/b.yaml"] = ""
    world.sync()
    world.go_to("09:30")
    assert world.states() == [(nominal("09:00"), "accepted")]


def test_mending_a_broken_file_sends_nothing_again(world: World) -> None:
    good = job(at=[nominal("09:00"), nominal("10:00")])
    world.load("a.yaml", good)
    world.go_to("09:30")
    world.files[f"{FOLDER}/a.yaml"] = "nonsense: ["
    world.sync()
    world.go_to("09:40")
    world.load("a.yaml", good)
    world.go_to("10:30")
    assert hours(world) == [("09:00", "accepted"), ("10:00", "accepted")]


def test_an_unreadable_directory_is_never_a_deletion(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00")))
    world.unreadable.add(FOLDER)
    world.sync()
    world.restart()
    world.go_to("09:30")
    assert world.states() == [(nominal("09:00"), "accepted")]


def test_a_file_with_comments_only_has_no_jobs_any_more(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00")))
    world.files[f"{FOLDER}/a.yaml"] = "# nothing for now\n"
    world.sync()
    world.go_to("09:30")
    assert world.rows() == []
    assert world.problems() == []


def test_of_two_files_that_claim_one_name_the_one_that_ran_first_keeps_running(world: World) -> None:
    world.load("b.yaml", job(name="rent", at=nominal("09:00"), message="From b."))
    world.load("a.yaml", job(name="rent", at=nominal("09:00"), message="From a."))
    assert any("already declared in jobs.d/b.yaml" in problem for problem in world.problems())
    world.restart()
    world.go_to("09:30")
    assert world.texts == ["From b."]


def test_when_the_first_of_two_claimants_goes_the_other_takes_over_without_repeating(world: World) -> None:
    world.load("b.yaml", job(name="rent", at=nominal("09:00"), message="From b."))
    world.load("a.yaml", job(name="rent", at=nominal("09:00"), message="From a."))
    world.go_to("09:30")
    world.delete("b.yaml")
    world.go_to("09:40")
    assert world.texts == ["From b."]
    assert world.problems() == []


# -- the guard against mass removal -----------------------------------------------------------------------

TEN = [f"job-{number}" for number in range(10)]


def load_many(world: World, names: list[str] = TEN) -> None:
    for name in names:
        world.write(f"{name}.yaml", job(cron="0 9 * * *", message=f"From {name}.", valid_for="1d"))
    world.sync()


def files(names: list[str]) -> list[str]:
    return [f"{name}.yaml" for name in names]


def approve(world: World) -> None:
    (hold,) = world.store.holds.open_ones()
    world.command("approve", hold=hold.id)


def test_a_removal_of_more_than_half_of_ten_jobs_is_on_hold_and_they_go_on(world: World) -> None:
    load_many(world)
    world.go_to("08:30")
    synced = world.delete(*files(TEN[:6]))
    assert synced.held == set(TEN[:6])
    assert world.holds() == ["removal"]
    world.go_to("09:30")
    assert len(world.texts) == 10


def test_a_removal_of_half_of_ten_jobs_is_believed(world: World) -> None:
    load_many(world)
    world.delete(*files(TEN[:5]))
    assert world.holds() == []
    assert set(world.syncer.running) == set(TEN[5:])


def test_nine_jobs_may_all_go(world: World) -> None:
    load_many(world, TEN[:9])
    world.delete(*files(TEN[:9]))
    assert world.holds() == []
    assert not world.syncer.running


def test_removals_one_by_one_are_measured_against_ten_minutes_ago(world: World) -> None:
    load_many(world)
    for number, name in enumerate(TEN[:7]):
        world.delete(f"{name}.yaml")
        assert (number < 5) == (world.holds() == []), number
        world.go_to(world.clock.now() + timedelta(minutes=1))
    assert set(world.syncer.running) == set(TEN[5:])


def test_removals_spread_over_hours_are_believed(world: World) -> None:
    load_many(world)
    for name in TEN[:9]:
        world.delete(f"{name}.yaml")
        world.go_to(world.clock.now() + timedelta(minutes=11))
    assert world.holds() == []
    assert set(world.syncer.running) == {TEN[9]}


def test_a_hold_ends_when_the_files_come_back(world: World) -> None:
    load_many(world)
    texts = dict(world.files)
    world.delete(*files(TEN))
    world.go_to("08:20")
    world.files = texts
    world.sync()
    assert world.holds() == []
    world.go_to("09:30")
    assert len(world.texts) == 10


def test_a_hold_does_not_wear_off_by_time_or_restarts(world: World) -> None:
    load_many(world)
    world.delete(*files(TEN))
    for time in ("08:15", "08:40"):
        world.go_to(time)
        world.restart()
    assert world.holds() == ["removal"]
    world.go_to("09:30")
    assert len(world.texts) == 10


def test_a_mass_removal_while_the_daemon_was_down_is_on_hold_too(world: World) -> None:
    load_many(world)
    for name in TEN[:8]:
        del world.files[f"{FOLDER}/{name}.yaml"]
    world.sleep_to("08:59")
    assert world.holds() == ["removal"]
    world.go_to("09:30")
    assert len(world.texts) == 10


def test_an_approved_removal_is_carried_out(world: World) -> None:
    load_many(world)
    world.delete(*files(TEN[:8]))
    world.go_to("08:20")
    approve(world)
    world.go_to("08:20:01")
    world.sync()
    assert set(world.syncer.running) == set(TEN[8:])
    world.go_to("08:20:31")
    world.sync()
    assert world.holds() == []
    world.go_to("09:30")
    assert len(world.texts) == 2


def test_a_removal_approved_while_the_daemon_was_down_is_carried_out_at_its_start(world: World) -> None:
    load_many(world)
    world.delete(*files(TEN[:8]))
    approve(world)
    world.sleep_to("08:20")
    assert set(world.syncer.running) == set(TEN[8:])


def test_after_an_approval_the_count_begins_anew(world: World) -> None:
    load_many(world)
    world.delete(*files(TEN[:6]))
    world.go_to("08:01")
    approve(world)
    world.go_to("08:01:01")
    world.sync()
    world.go_to("08:02")
    world.delete(f"{TEN[6]}.yaml")
    assert world.holds() == []
    assert set(world.syncer.running) == set(TEN[7:])


def test_an_approval_covers_only_what_the_hold_named(world: World) -> None:
    load_many(world)
    world.delete(*files(TEN[:8]))
    approve(world)
    del world.files[f"{FOLDER}/{TEN[8]}.yaml"], world.files[f"{FOLDER}/{TEN[9]}.yaml"]
    world.go_to("08:01")
    world.sync()
    assert set(world.syncer.running) <= set(TEN[8:])


def test_a_hold_that_is_approved_twice_is_refused_the_second_time(world: World) -> None:
    load_many(world)
    world.delete(*files(TEN))
    approve(world)
    with pytest.raises(Refusal, match="no open hold 1"):
        world.command("approve", hold=1)


def test_new_jobs_beside_a_removal_do_not_hide_it(world: World) -> None:
    load_many(world)
    for name in TEN:
        del world.files[f"{FOLDER}/{name}.yaml"]
    load_many(world, [f"new-{number}" for number in range(30)])
    assert world.holds() == ["removal"]
    world.sync()
    assert world.holds() == ["removal"]


def test_jobs_that_were_added_a_moment_before_do_not_hide_a_removal(world: World) -> None:
    load_many(world)
    world.go_to("08:30")
    load_many(world, [f"new-{number}" for number in range(30)])
    world.go_to("08:31")
    world.delete(*files(TEN))
    assert world.holds() == ["removal"]


@pytest.mark.parametrize("again", [False, True], ids=["at once", "after a restart"])
@pytest.mark.parametrize("schedule", [{"cron": "0 9 * * *"}, {"at": nominal("09:00")}], ids=["cron", "at"])
def test_held_jobs_do_not_repeat_what_their_renamed_twins_send(
    world: World, schedule: dict[str, str], again: bool
) -> None:
    for name in TEN:
        world.write(f"{name}.yaml", job(message=f"From {name}.", **schedule))
    world.sync()
    for name in TEN:
        world.files[f"{FOLDER}/2027-{name}.yaml"] = world.files.pop(f"{FOLDER}/{name}.yaml")
    world.go_to("08:30")
    world.sync()
    assert world.holds() == ["removal"]
    if again:
        world.restart()
    world.go_to("09:30")
    assert sorted(world.texts) == [f"From {name}." for name in TEN]
    assert {row["state"] for row in world.rows("job-0")} == {"missed"}
    assert {row["state"] for row in world.rows("2027-job-0")} == {"accepted"}


# -- an operator's word -----------------------------------------------------------------------------------


def test_what_was_missed_is_sent_after_all_when_an_operator_retries_it(world: World) -> None:
    world.load("a.yaml", job(at="2027-02-01T09:00"))
    world.tick()
    world.command("retry", ids=[1])
    world.go_to("08:10")
    assert world.only()["state"] == "accepted"


def test_an_accepted_message_cannot_be_retried(world: World) -> None:
    world.load("a.yaml", job(at=nominal("07:30")))
    world.gateway.script.append(Accepted("uuid-1"))
    world.tick()
    with pytest.raises(Refusal, match="delivery 1 is accepted"):
        world.command("retry", ids=[1])
