"""`timezone: recipient`: each recipient's own nine o'clock, once, wherever they move."""

from pathlib import Path

import pytest

from tests.support.clock import utc
from tests.support.world import ANNA, BERT, CARA, World, job


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, utc("2027-02-28 22:00"))
    made.sync()
    return made


def people(**zones: str) -> list[dict[str, str]]:
    phones = {"anna": ANNA, "bert": BERT, "cara": CARA}
    return [{"phone": phones[name], "name": name, "timezone": zone} for name, zone in zones.items()]


def nine(**zones: str) -> dict[str, object]:
    return job(cron="0 9 * * *", to=people(**zones), timezone="recipient", message="{{ due_at.strftime('%H:%M') }}")


def sent(world: World) -> list[tuple[str, str]]:
    return [
        (request.phone, at[:16]) for request, at in zip(world.gateway.arrived, world.gateway.arrived_at, strict=True)
    ]


def test_each_gets_theirs_at_their_own_nine(world: World) -> None:
    world.load("tea.yaml", nine(anna="Asia/Tokyo", bert="Europe/Berlin", cara="America/New_York"))
    world.go_to("2027-03-01 23:59")
    assert sent(world) == [(ANNA, "2027-03-01T00:00"), (BERT, "2027-03-01T08:00"), (CARA, "2027-03-01T14:00")]
    assert world.texts == ["09:00"] * 3
    assert {row["nominal"] for row in world.rows()} == {"2027-03-01T09:00:00"}, "one occurrence, in three zones"
    assert [(row["zone"], row["due_at"][11:16]) for row in world.rows()] == [
        ("Asia/Tokyo", "00:00"),
        ("Europe/Berlin", "08:00"),
        ("America/New_York", "14:00"),
    ]


def test_who_moves_west_on_the_day_does_not_get_it_twice(world: World) -> None:
    world.load("tea.yaml", nine(anna="Europe/Berlin"))
    world.go_to("2027-03-01 10:00")
    world.load("tea.yaml", nine(anna="America/New_York"))
    world.go_to("2027-03-02 15:00")
    assert sent(world) == [(ANNA, "2027-03-01T08:00"), (ANNA, "2027-03-02T14:00")]


def test_a_new_zone_is_owed_from_when_it_came(world: World) -> None:
    world.load("tea.yaml", nine(anna="America/New_York"))
    world.go_to("2027-03-01 10:00")
    world.load("tea.yaml", nine(anna="America/New_York", bert="Asia/Tokyo"))
    world.go_to("2027-03-02 00:00")
    assert sent(world) == [(ANNA, "2027-03-01T14:00"), (BERT, "2027-03-02T00:00")]


def test_each_zone_is_caught_up_for_itself(world: World) -> None:
    world.load("tea.yaml", nine(anna="Europe/Berlin", bert="America/New_York") | {"valid_for": "2h"})
    world.go_to("2027-03-01 07:00")
    world.sleep_to("2027-03-01 15:30")
    assert sent(world) == [(BERT, "2027-03-01T15:30")]
    missed = [row for row in world.rows() if row["state"] == "missed"]
    assert [(row["zone"], row["phone"]) for row in missed] == [("Europe/Berlin", None)]
    assert "(Europe/Berlin) passed while the daemon was not running" in missed[0]["reason"]


def test_an_appointment_is_meant_in_each_ones_zone_too(world: World) -> None:
    appointment = job(
        at="2027-03-01T09:00", to=people(anna="Europe/Berlin", bert="America/New_York"), timezone="recipient"
    )
    world.load("call.yaml", appointment)
    world.go_to("2027-03-01 23:00")
    assert sent(world) == [(ANNA, "2027-03-01T08:00"), (BERT, "2027-03-01T14:00")]


def test_a_restart_between_two_zones_repeats_nothing(world: World) -> None:
    world.load("tea.yaml", nine(anna="Europe/Berlin", bert="America/New_York"))
    world.go_to("2027-03-01 08:00")
    world.restart()
    world.go_to("2027-03-01 23:00")
    assert [phone for phone, _ in sent(world)] == [ANNA, BERT]


def test_a_pause_that_begins_between_two_zones_is_recorded_for_the_later_one(world: World) -> None:
    world.load("tea.yaml", nine(anna="Europe/Berlin", bert="America/New_York"))
    world.go_to("2027-03-01 10:00")
    world.command("pause", job="tea", until="2027-03-01T20:00Z", why="flood")
    world.go_to("2027-03-01 23:00")
    assert sent(world) == [(ANNA, "2027-03-01T08:00")]
    assert [(row["zone"], row["state"]) for row in world.rows()] == [
        ("Europe/Berlin", "accepted"),
        ("America/New_York", "missed"),
    ]
    assert world.rows()[-1]["reason"] == "paused by ops: flood"


def test_what_is_not_caught_up_is_recorded_in_each_zone(world: World) -> None:
    world.load("tea.yaml", nine(anna="Europe/Berlin", bert="America/New_York"))
    world.go_to("2027-03-01 07:00")
    world.sleep_to("2027-03-01 23:00")
    assert sent(world) == []
    assert sorted((row["zone"], row["state"]) for row in world.rows()) == [
        ("America/New_York", "missed"),
        ("Europe/Berlin", "missed"),
    ]


def test_what_was_sent_in_one_zone_is_still_recorded_as_not_caught_up_in_another(world: World) -> None:
    world.load("tea.yaml", nine(anna="Europe/Berlin", bert="America/New_York"))
    world.go_to("2027-03-01 10:00")
    world.sleep_to("2027-03-01 23:00")
    assert [(row["zone"], row["state"]) for row in world.rows()] == [
        ("Europe/Berlin", "accepted"),
        ("America/New_York", "missed"),
    ]
