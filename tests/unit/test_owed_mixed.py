"""Single times beside rules in one job: each is owed in its own way, and what falls on one instant goes out once."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import utc
from tests.support.world import ANNA, World

DAILY = {"cron": "0 9 * * *"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, utc("2027-03-01 08:00"))
    made.sync()
    return made


def mixed(*rules: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"schedule": list(rules), "to": [ANNA], "message": "Hello.", **keys}


def sent(world: World) -> list[str]:
    return [at[:16] for at in world.gateway.arrived_at]


def test_both_go_out(world: World) -> None:
    world.load("both.yaml", mixed(DAILY, {"at": "2027-03-01T10:30"}))
    world.go_to("2027-03-02 12:00")
    assert sent(world) == ["2027-03-01T09:00", "2027-03-01T10:30", "2027-03-02T09:00"]


def test_a_single_time_that_is_past_when_it_is_first_seen_is_still_sent_or_missed_visibly(world: World) -> None:
    world.load("both.yaml", mixed(DAILY, {"at": ["2027-03-01T07:30", "2027-02-01T07:30"]}))
    world.go_to("08:30")
    assert [(row["nominal"], row["state"]) for row in world.rows()] == [
        ("2027-02-01T07:30:00", "missed"),
        ("2027-03-01T07:30:00", "accepted"),
    ]


def test_a_rules_time_that_was_past_is_not_owed(world: World) -> None:
    world.load("both.yaml", mixed({"cron": "30 7 * * *"}, {"at": "2027-03-01T08:10"}))
    world.go_to("09:00")
    assert sent(world) == ["2027-03-01T08:10"]


@pytest.mark.parametrize("at", ["2027-03-02T09:00", "2027-03-02T09:00Z", "2027-03-02T10:00+01:00"])
def test_what_falls_on_one_instant_goes_out_once(world: World, at: str) -> None:
    world.load("both.yaml", mixed(DAILY, {"at": at}))
    world.go_to("2027-03-02 12:00")
    assert sent(world) == ["2027-03-01T09:00", "2027-03-02T09:00"]


def test_an_edit_repeats_no_single_time_and_loses_no_rules(world: World) -> None:
    world.load("both.yaml", mixed(DAILY, {"at": "2027-03-01T08:30"}))
    world.go_to("08:45")
    world.load("both.yaml", mixed(DAILY, {"at": ["2027-03-01T08:30", "2027-03-01T08:20"]}, message="New."))
    world.go_to("10:00")
    assert list(zip(sent(world), world.texts, strict=True)) == [
        ("2027-03-01T08:30", "Hello."),
        ("2027-03-01T08:45", "New."),
        ("2027-03-01T09:00", "New."),
    ]


def test_each_is_caught_up_by_its_own_rule(world: World) -> None:
    hourly = {"cron": "0 * * * *"}
    world.load("both.yaml", mixed(hourly, {"at": ["2027-03-01T08:20", "2027-03-01T10:40"]}, valid_for="3h"))
    world.go_to("08:10")
    world.sleep_to("10:50")
    world.go_to("10:51")
    assert [(row["nominal"][11:16], row["state"]) for row in world.rows()] == [
        ("08:20", "accepted"),
        ("09:00", "missed"),
        ("10:00", "accepted"),
        ("10:40", "accepted"),
    ]


def test_a_restart_goes_on_where_each_was(world: World) -> None:
    world.load("both.yaml", mixed(DAILY, {"at": "2027-03-01T08:30"}))
    world.go_to("08:45")
    world.restart()
    world.go_to("10:00")
    assert sent(world) == ["2027-03-01T08:30", "2027-03-01T09:00"]
