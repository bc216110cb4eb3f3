"""`why` says what keeps a pending delivery: its switched-off job, the gateway, or a time that has not come."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from reminderd.cli.why import print_story
from reminderd.model import NotSent
from reminderd.story import story_of
from tests.support.clock import utc
from tests.support.world import ANNA, SENDER, World, job


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, utc("2027-03-01 08:00"))
    made.sync()
    return made


def story(world: World) -> dict[str, Any]:
    found = story_of(world.store.reports, world.only()["id"], world.clock.now())
    assert found is not None
    return found


def told(world: World) -> str:
    import click

    command = click.Command("why", callback=lambda: print_story(story(world)))
    return CliRunner().invoke(command).output


def test_a_job_that_is_switched_off(world: World) -> None:
    rent = job(cron="0 9 * * *", retry=["10m"])
    world.load("rent.yaml", rent)
    world.gateway.script += [NotSent("connection refused")]
    world.go_to("09:01")
    world.load("rent.yaml", {**rent, "enabled": False})
    (kept,) = story(world)["kept_back"]
    assert kept["why"] == "its job is switched off"
    assert kept["end_with"] == "enabled: true in jobs.d/rent.yaml:1"


def test_a_gateway_that_is_suspended(world: World) -> None:
    world.load("rent.yaml", job(cron="0 9 * * *"))
    world.gateway.script += [NotSent("402", 402, suspend=True, retry_after=timedelta(hours=1))]
    world.go_to("09:01")
    (kept,) = story(world)["kept_back"]
    assert kept["why"].startswith("the gateway is suspended: ")


def test_a_time_that_has_not_come(world: World) -> None:
    world.load("rent.yaml", job(cron="0 9 * * *", quiet_hours="08:30-10:00"))
    world.go_to("09:01")
    assert "goes out      not before 2027-03-01 10:00:00 UTC" in told(world)


def test_who_opted_out_of_what_and_how_that_ends(world: World) -> None:
    world.load("rent.yaml", job(cron="0 9 * * *"))
    world.store.opt_outs.add(ANNA, SENDER, "plivo", "plivo", "Plivo reports error 200", world.clock.now())
    world.go_to("09:01")
    assert world.only()["reason"] == "opted out"
    assert f"of messages from {SENDER}, by plivo: Plivo reports error 200" in told(world)
    assert f"reminderd opt-out remove {ANNA} --sender {SENDER}" in told(world)


def test_a_hold_that_is_over_stays_in_the_story(world: World) -> None:
    world.load("rent.yaml", job(cron="0 9 * * *", retry=["10m"]))
    world.gateway.script += [NotSent("connection refused")]
    world.go_to("09:01")
    delivery = world.only()["id"]
    world.command("hold", ids=[delivery], why="look first")
    world.go_to("09:30")
    world.command("release", ids=[delivery])
    world.go_to("09:31")
    assert world.only()["state"] == "accepted"
    assert "look first" in told(world)
    assert "off hold              hold 1 approved by ops" in told(world)
