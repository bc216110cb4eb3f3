"""An occurrence with many recipients is planned in parts, and to its end whatever comes between."""

from datetime import timedelta
from pathlib import Path

import pytest

from reminderd.model import Limits
from reminderd.planner import Terms
from tests.support.clock import utc
from tests.support.world import ANNA, World, job

PEOPLE = [f"+1415555{number:04}" for number in range(200, 300)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, utc("2027-03-01 08:00"))
    made.sync()
    return made


def plan_once(world: World) -> int:
    """One chunk; how many occurrences or parts of them it had."""
    now = world.clock.now()
    plan = world.planner.plan(now, world.awake_since, world.chunk)
    world.store.deliveries.add(plan, now)
    world.planner.committed(plan)
    return len(plan.occurrences)


def test_each_recipient_gets_one(world: World) -> None:
    world.load("all.yaml", job(cron="0 9 * * *", to=PEOPLE))
    world.go_to("10:00")
    assert sorted(request.phone for request in world.gateway.arrived) == PEOPLE
    assert world.planned() == 100


def test_a_short_list_does_not_wait_for_a_long_one(world: World) -> None:
    world.load("all.yaml", job(cron="0 9 * * *", to=PEOPLE))
    world.load("one.yaml", job(cron="1 9 * * *", to=[ANNA], message="Alarm!"))
    world.clock.go_to(utc("2027-03-01 09:01"))
    assert plan_once(world) == 2
    assert [row["job"] for row in world.rows("one")] == ["one"]
    assert 0 < len(world.rows("all")) < 100


def test_the_cursor_waits_right_before_it(world: World) -> None:
    world.load("all.yaml", job(cron="0 9 * * *", to=PEOPLE))
    world.clock.go_to(utc("2027-03-01 09:00"))
    plan_once(world)
    assert world.cursor("all") == utc("2027-03-01 09:00") - timedelta(milliseconds=1)
    assert world.store.jobs.unfinished() == {("all", "UTC"): "2027-03-01T09:00:00"}
    world.plan()
    assert world.cursor("all") == utc("2027-03-01 09:00")
    assert world.store.jobs.unfinished() == {}


@pytest.mark.parametrize("catch_up", ["latest", "all", "none"])
def test_who_dies_in_the_middle_plans_the_rest_after_the_start(world: World, catch_up: str) -> None:
    world.load("all.yaml", job(cron="0 9 * * *", to=PEOPLE, catch_up=catch_up))
    world.clock.go_to(utc("2027-03-01 09:00"))
    plan_once(world)
    world.kill()
    world.clock.go_to(utc("2027-03-01 09:05"))
    world.start()
    world.sync()
    world.go_to("10:30")
    assert sorted(request.phone for request in world.gateway.arrived) == PEOPLE
    assert {row["state"] for row in world.rows()} == {"accepted"}


def test_the_rest_is_missed_visibly_when_it_is_too_late_for_it(world: World) -> None:
    world.load("all.yaml", job(cron="0 9 * * *", to=PEOPLE, catch_up="none", valid_for="30m"))
    world.clock.go_to(utc("2027-03-01 09:00"))
    plan_once(world)
    begun = len(world.rows())
    world.kill()
    world.clock.go_to(utc("2027-03-01 10:00"))
    world.start()
    world.sync()
    world.go_to("10:30")
    assert 0 < begun < 100
    assert len(world.rows()) == 100
    assert {row["state"] for row in world.rows()} == {"missed"}


def test_an_edit_while_it_is_dead_loses_nobody_and_repeats_nothing(world: World) -> None:
    world.load("all.yaml", job(cron="0 9 * * *", to=PEOPLE))
    world.clock.go_to(utc("2027-03-01 09:00"))
    plan_once(world)
    world.kill()
    world.write("all.yaml", job(cron="0 9 * * *", to=PEOPLE, message="New words."))
    world.clock.go_to(utc("2027-03-01 09:05"))
    world.start()
    world.sync()
    world.go_to("10:30")
    assert sorted(request.phone for request in world.gateway.arrived) == PEOPLE
    assert set(world.texts) == {"Hello.", "New words."}


def test_a_job_that_is_disabled_in_the_middle_goes_no_further(world: World) -> None:
    world.load("all.yaml", job(cron="0 9 * * *", to=PEOPLE))
    world.clock.go_to(utc("2027-03-01 09:00"))
    plan_once(world)
    begun = len(world.rows())
    world.kill()
    world.write("all.yaml", job(cron="0 9 * * *", to=PEOPLE, enabled=False))
    world.start()
    world.sync()
    world.go_to("10:30")
    assert len(world.rows()) == begun
    assert {row["state"] for row in world.rows()} == {"missed"}


def test_what_is_approved_while_parts_are_missing_is_approved_as_a_whole(world: World) -> None:
    world.planner.terms = Terms(Limits(per_occurrence=50))
    world.load("all.yaml", job(cron="0 9 * * *", to=PEOPLE))
    world.clock.go_to(utc("2027-03-01 09:00"))
    plan_once(world)
    (hold,) = world.store.holds.open_ones()
    world.command("approve", hold=hold.id)
    world.go_to("10:00")
    assert sorted(request.phone for request in world.gateway.arrived) == PEOPLE
    assert world.holds() == []


def test_what_is_cancelled_while_parts_are_missing_lets_the_rest_through_to_no_one(world: World) -> None:
    world.planner.terms = Terms(Limits(per_occurrence=50))
    world.load("all.yaml", job(cron="0 9 * * *", to=PEOPLE))
    world.clock.go_to(utc("2027-03-01 09:00"))
    plan_once(world)
    world.command("cancel", ids=[row["id"] for row in world.rows()])
    world.go_to("10:30")
    assert (world.gateway.arrived, world.holds()) == ([], [])
    assert {row["state"] for row in world.rows()} == {"cancelled", "missed"}


def test_a_job_that_goes_in_the_middle_and_comes_back_in_time_goes_on(world: World) -> None:
    world.load("all.yaml", job(cron="0 9 * * *", to=PEOPLE, catch_up="none"))
    world.clock.go_to(utc("2027-03-01 09:00"))
    plan_once(world)
    world.kill()
    kept, world.files = world.files, {}
    world.start()
    world.sync()
    world.tick()
    world.clock.advance(timedelta(seconds=30))
    world.files = kept
    world.sync()
    world.go_to("10:30")
    assert sorted(request.phone for request in world.gateway.arrived) == PEOPLE


def test_who_comes_and_goes_in_the_middle_is_counted_in_and_out(world: World) -> None:
    world.load("all.yaml", job(cron="0 9 * * *", to=PEOPLE))
    world.clock.go_to(utc("2027-03-01 09:00"))
    plan_once(world)
    world.kill()
    world.write("all.yaml", job(cron="0 9 * * *", to=[*PEOPLE[1:50], ANNA, *PEOPLE[50:]]))
    world.start()
    world.sync()
    world.go_to("10:30")
    assert sorted(request.phone for request in world.gateway.arrived) == sorted([ANNA, *PEOPLE[1:]])


def test_a_pause_in_the_middle_keeps_all_of_it_until_it_ends(world: World) -> None:
    world.load("all.yaml", job(cron="0 9 * * *", to=PEOPLE))
    world.clock.go_to(utc("2027-03-01 09:00"))
    plan_once(world)
    world.command("pause", job="all", why="flood")
    world.restart()
    world.go_to("09:30")
    assert world.gateway.arrived == []
    world.command("resume", job="all")
    world.go_to("10:30")
    assert sorted(request.phone for request in world.gateway.arrived) == PEOPLE
    assert len(world.rows()) == 100
