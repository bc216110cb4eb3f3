"""What is owed after the daemon was down, and what `catch_up` says to it."""

import pytest

from reminderd.model import Defaults
from tests.support.clock import utc
from tests.support.world import SENDER, World, hours, job, nominal

# -- downtime and catch_up -------------------------------------------------------------------------------


RULES = {
    "cron": lambda **keys: job(cron="0 * * * *", **keys),
    "every": lambda **keys: job(every="1h", start="2027-01-01T00:00Z", **keys),
}


@pytest.fixture(params=sorted(RULES))
def rule(request: pytest.FixtureRequest) -> str:
    """The kind of an hourly rule."""
    return str(request.param)


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


# -- edits while the daemon is down ----------------------------------------------------------------------


def test_a_rule_edited_while_the_daemon_was_down_is_owed_from_when_the_daemon_was_last_alive(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *", valid_for="5h"))
    world.go_to("08:30")
    world.write("a.yaml", job(cron="15 8,9 * * *", valid_for="5h", catch_up="all"))
    world.sleep_to("10:00")
    assert hours(world) == [("09:15", "accepted")]


def test_a_daemon_that_dies_before_it_has_caught_up_leaves_that_to_the_next_also_for_an_edited_rule(
    world: World,
) -> None:
    world.load("a.yaml", job(cron="*/10 * * * *", catch_up="all"))
    world.go_to("08:05")
    world.stop()
    for time in ("08:32", "08:34"):
        world.clock.go_to(utc(f"2027-03-01 {time}"))
        world.start()
        world.sync()  # the files are loaded; it is killed before it plans
        world.kill()
    world.write("a.yaml", job(cron="*/10 * * * *", catch_up="all", message="Edited."))
    world.start()
    world.sync()
    world.tick()
    assert [nominal[11:16] for nominal, _ in world.states()] == ["08:10", "08:20", "08:30"]


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
