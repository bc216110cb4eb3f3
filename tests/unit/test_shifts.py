"""Zone data that changes under a planned schedule: what moved is listed, nothing sent moves, nothing is lost."""

import shutil
import zoneinfo
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reminderd.clock import to_text
from reminderd.model import Limits
from reminderd.planner import Terms
from reminderd.recurrence import first_difference, forget_zones, rules_of
from tests.support.clock import START, utc
from tests.support.machine import Start
from tests.support.world import ANNA, BERT, World, job

Replace = Callable[[str], None]
SYSTEM = Path("/usr/share/zoneinfo")
NINE = {"cron": "0 9 * * *", "timezone": "Europe/Berlin"}


@pytest.fixture
def berlin_becomes(tmp_path: Path) -> Iterator[Replace]:
    """Give Europe/Berlin the rules of another zone, as an update of the zone data would."""
    folder = tmp_path / "zoneinfo"
    (folder / "Europe").mkdir(parents=True)
    path = zoneinfo.TZPATH

    def replace(other: str) -> None:
        draft = folder / "draft"
        shutil.copy(SYSTEM / other, draft)
        draft.replace(folder / "Europe" / "Berlin")

    replace("Europe/Berlin")
    zoneinfo.reset_tzpath(to=[str(folder), *path])
    forget_zones()
    yield replace
    zoneinfo.reset_tzpath(to=path)
    forget_zones()


def update(world: World) -> None:
    """The zone data was replaced, and the daemon started again."""
    forget_zones()
    world.restart()


def shifts(world: World) -> list[tuple[str, str, str, str]]:
    rows = world.store.reports.shifts(START - timedelta(days=1))
    return [(row["job"], row["nominal"], row["was_due_at"][:16], row["due_at"][:16]) for row in rows]


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[World]:
    """2027-03-01 07:30 UTC, half past eight in Berlin."""
    here = World(tmp_path, utc("2027-03-01 07:30"))
    here.sync()
    yield here
    here.kill()


def test_what_falls_behind_is_sent_while_it_is_valid(morning: World, berlin_becomes: Replace) -> None:
    morning.load("a.yaml", job(**NINE))
    berlin_becomes("Europe/Helsinki")  # an hour further: nine was half an hour ago
    update(morning)
    morning.go_to("12:00")
    assert morning.states("a") == [("2027-03-01T09:00:00", "accepted")]
    assert shifts(morning) == [("a", "2027-03-02T09:00:00", "2027-03-02T08:00", "2027-03-02T07:00")]


def test_what_falls_behind_and_is_no_longer_valid_is_recorded(morning: World, berlin_becomes: Replace) -> None:
    morning.load("a.yaml", job(**NINE, valid_for="10m"))
    berlin_becomes("Europe/Helsinki")
    update(morning)
    morning.go_to("12:00")
    assert morning.states("a") == [("2027-03-01T09:00:00", "missed")]


def test_what_was_sent_is_not_sent_again_when_its_time_comes_again(morning: World, berlin_becomes: Replace) -> None:
    morning.load("a.yaml", job(**NINE))
    morning.go_to("08:10")
    due = morning.only("a")["due_at"]
    berlin_becomes("Europe/Lisbon")  # an hour back: nine is at 09:00 UTC, in fifty minutes
    update(morning)
    morning.go_to("12:00")
    assert (morning.only("a")["state"], morning.only("a")["due_at"]) == ("accepted", due)
    assert len(morning.gateway.arrived) == 1


def test_the_end_of_daylight_saving_is_listed_from_the_first_day_that_moves(
    morning: World, berlin_becomes: Replace
) -> None:
    morning.load("a.yaml", job(**NINE))
    morning.load("utc.yaml", job(cron="0 9 * * *"))
    morning.load("hourly.yaml", job(every="1h", start="2027-03-01T00:00Z", timezone="Europe/Berlin"))
    berlin_becomes("Africa/Lagos")  # winter time for ever
    update(morning)
    assert shifts(morning) == [("a", "2027-03-28T09:00:00", "2027-03-28T07:00", "2027-03-28T08:00")]
    update(morning)
    assert len(shifts(morning)) == 1, "it is told once"


def test_an_appointment_that_falls_behind_is_kept(morning: World, berlin_becomes: Replace) -> None:
    spec = job(at=["2027-03-01T08:20", "2027-03-01T09:00", "2027-03-02T09:00"], timezone="Europe/Berlin")
    morning.load("a.yaml", spec)
    morning.go_to("07:35")
    berlin_becomes("Europe/Helsinki")
    update(morning)
    morning.go_to("2027-03-02 12:00")
    assert [state for _, state in morning.states("a")] == ["accepted"] * 3
    assert len(morning.gateway.arrived) == 3


def test_a_rule_by_the_clock_does_not_send_an_hours_worth_at_once(morning: World, berlin_becomes: Replace) -> None:
    morning.load("a.yaml", job(cron="*/10 * * * *", timezone="Europe/Berlin"))
    morning.go_to("07:41")
    sent = len(morning.gateway.arrived)
    berlin_becomes("Europe/Helsinki")
    update(morning)
    morning.tick()
    assert len(morning.gateway.arrived) == sent + 1
    states = [state for _, state in morning.states("a")]
    assert states.count("missed") == 5


def test_zone_data_that_is_replaced_while_the_daemon_runs_is_used_from_then_on(
    start: Start, berlin_becomes: Replace
) -> None:
    machine = start("2027-03-01 07:30", job(**NINE)).loaded()
    berlin_becomes("Europe/Helsinki")
    assert machine.ask("reload")["ok"]
    machine.until(lambda: [state for _, state in machine.states()] == ["accepted"])
    (row,) = machine.reports.shifts(START - timedelta(days=1))
    assert (row["job"], row["due_at"]) == ("a", to_text(utc("2027-03-02 07:00")))


def test_rules_are_compared_only_where_both_say_something() -> None:
    first = rules_of("Europe/Berlin", utc("2027-01-01 00:00"), utc("2027-02-01 00:00"))
    later = rules_of("Africa/Lagos", utc("2027-01-20 00:00"), utc("2027-12-01 00:00"))
    assert first_difference(first, later) is None
    both = rules_of("Europe/Berlin", utc("2027-01-01 00:00"), utc("2027-12-01 00:00"))
    assert first_difference(both, later) == utc("2027-03-28 01:00")
    assert first_difference(later, both) == utc("2027-03-28 01:00")
    assert both.offset(utc("2028-01-01 00:00")) is None


def test_what_falls_behind_keeps_to_the_limits(morning: World, berlin_becomes: Replace) -> None:
    morning.terms = Terms(Limits(per_occurrence=1))
    morning.load("a.yaml", job(**NINE, to=[ANNA, BERT]))
    berlin_becomes("Europe/Helsinki")
    update(morning)
    assert [state for _, state in morning.states("a")] == ["pending", "pending"]
    assert morning.holds() == ["limit"]
    assert morning.gateway.arrived == []
