"""Limits: what would exceed one is on hold, visible, until it is approved; a standing limit is the job's own."""

from pathlib import Path

import pytest

from reminderd.model import Limits
from reminderd.planner import Terms
from reminderd.store import Hold
from reminderd.store.conditions import Conditions
from tests.support.clock import utc
from tests.support.world import ANNA, BERT, CARA, World, job

EVERYBODY = [ANNA, BERT, CARA]


def a_world(folder: Path, limits: Limits, price: float | None = None) -> World:
    world = World(folder, utc("2027-03-01 08:00"))
    world.terms = world.planner.terms = Terms(limits, price)
    world.sync()
    return world


@pytest.fixture
def two_at_once(tmp_path: Path) -> World:
    return a_world(tmp_path, Limits(per_occurrence=2))


def hold(world: World) -> Hold:
    (found,) = world.store.holds.open_ones()
    return found


def counts(world: World) -> dict[str, int]:
    return world.store.reports.counts()


def test_an_occurrence_with_too_many_deliveries_waits_as_a_whole(two_at_once: World) -> None:
    two_at_once.load("all.yaml", job(cron="0 9 * * *", to=EVERYBODY))
    two_at_once.load("few.yaml", job(cron="0 9 * * *", to=[ANNA, BERT], message="Few."))
    two_at_once.go_to("09:30")
    assert two_at_once.texts == ["Few.", "Few."]
    assert counts(two_at_once) == {"accepted": 2, "pending": 3}
    assert hold(two_at_once).kind == "limit"
    assert hold(two_at_once).reason == "job all at 2027-03-01T09:00:00: 3 deliveries at once, per_occurrence is 2"


def test_a_long_list_that_is_planned_in_parts_waits_as_a_whole_too(two_at_once: World) -> None:
    two_at_once.chunk = 2
    two_at_once.load("all.yaml", job(cron="0 9 * * *", to=EVERYBODY))
    two_at_once.go_to("09:30")
    assert counts(two_at_once) == {"pending": 3}
    assert two_at_once.holds() == ["limit"]


def test_what_is_not_approved_in_time_is_missed_and_says_why(two_at_once: World) -> None:
    two_at_once.load("all.yaml", job(cron="0 9 * * *", to=EVERYBODY, valid_for="30m"))
    two_at_once.go_to("10:00")
    assert {(row["state"], row["reason"]) for row in two_at_once.rows()} == {
        ("missed", "its validity was over before it could be sent; it was on hold (limit)")
    }


def test_the_jobs_own_limit_is_its_standing_one(two_at_once: World) -> None:
    two_at_once.load("all.yaml", job(cron="0 9 * * *", to=EVERYBODY, limits={"per_occurrence": 3}))
    two_at_once.go_to("09:30")
    assert counts(two_at_once) == {"accepted": 3}
    assert two_at_once.holds() == []


def test_a_job_may_have_so_many_in_a_day(tmp_path: Path) -> None:
    world = a_world(tmp_path, Limits(per_job_and_day=4))
    world.load("hourly.yaml", job(cron="0 * * * *", to=[ANNA, BERT], valid_for="5m"))
    world.load("other.yaml", job(cron="0 * * * *", to=[CARA], valid_for="5m", message="Other."))
    world.go_to("11:01")
    assert [text for text in world.texts if text == "Hello."] == ["Hello."] * 4
    assert hold(world).reason == (
        "job hourly at 2027-03-01T11:00:00: 6 deliveries of the job in 24 hours, per_job_and_day is 4"
    )


def test_the_next_day_counts_anew(tmp_path: Path) -> None:
    world = a_world(tmp_path, Limits(per_job_and_day=2))
    world.load("daily.yaml", job(cron="0 9 * * *", to=[ANNA, BERT]))
    world.go_to("2027-03-04 12:00")
    assert counts(world) == {"accepted": 8}


def test_one_recipient_may_get_so_many_in_a_day_over_all_jobs(tmp_path: Path) -> None:
    world = a_world(tmp_path, Limits(per_recipient_and_day=2))
    for number in range(3):
        world.load(f"job-{number}.yaml", job(cron=f"{number} 9 * * *", to=[ANNA, BERT][: 2 - number // 2], message="x"))
    world.go_to("09:30")
    assert counts(world) == {"accepted": 4, "pending": 1}
    assert "too many messages to 1 of its recipients in 24 hours, per_recipient_and_day is 2" in hold(world).reason


def test_a_day_may_cost_so_much(tmp_path: Path) -> None:
    world = a_world(tmp_path, Limits(spend_per_day=0.05), price=0.01)
    world.load("dear.yaml", job(cron="0 9 * * *", to=[ANNA], message="x" * 460))
    world.load("late.yaml", job(cron="5 9 * * *", to=[ANNA, BERT], message="x"))
    world.go_to("09:30")
    assert counts(world) == {"accepted": 1, "pending": 2} or counts(world) == {"accepted": 2, "pending": 1}
    assert "would cost more than spend_per_day, 0.05" in hold(world).reason


def test_a_restart_keeps_the_hold(two_at_once: World) -> None:
    two_at_once.load("all.yaml", job(cron="0 9 * * *", to=EVERYBODY))
    two_at_once.go_to("09:10")
    two_at_once.restart()
    two_at_once.go_to("09:20")
    assert counts(two_at_once) == {"pending": 3}
    assert two_at_once.texts == []


def test_each_zone_of_an_occurrence_counts_at_its_own_time(tmp_path: Path) -> None:
    world = a_world(tmp_path, Limits(per_job_and_day=3))
    world.chunk = 2
    zones = {ANNA: "UTC", BERT: "Atlantic/Reykjavik", CARA: "Atlantic/Azores"}
    people = [{"phone": phone, "timezone": zone} for phone, zone in zones.items()]
    world.load("all.yaml", job(cron="0 9 * * *", to=people, timezone="recipient"))
    world.go_to("2027-03-03 12:00")
    assert (counts(world), world.holds()) == ({"accepted": 9}, [])


def test_a_zone_that_exceeds_the_limit_of_a_day_waits(tmp_path: Path) -> None:
    world = a_world(tmp_path, Limits(per_job_and_day=2))
    zones = {ANNA: "UTC", BERT: "Atlantic/Reykjavik", CARA: "Atlantic/Azores"}
    people = [{"phone": phone, "timezone": zone} for phone, zone in zones.items()]
    world.load("all.yaml", job(cron="0 9 * * *", to=people, timezone="recipient", valid_for="2h"))
    world.go_to("10:30")
    assert counts(world) == {"accepted": 2, "pending": 1}
    assert (
        hold(world).reason
        == "job all at 2027-03-01T09:00:00: 3 deliveries of the job in 24 hours, per_job_and_day is 2"
    )


def test_what_costs_too_much_is_held_also_where_it_is_planned_in_parts(tmp_path: Path) -> None:
    world = a_world(tmp_path, Limits(spend_per_day=0.05), price=0.01)
    world.chunk = 3
    everybody = [f"+1415555{number:04}" for number in range(200, 209)]
    world.load("all.yaml", job(cron="0 9 * * *", to=everybody))
    world.go_to("09:10")
    assert counts(world) == {"accepted": 5, "pending": 4}
    world.command("approve", hold=hold(world).id)
    world.go_to("09:20")
    assert counts(world) == {"accepted": 9}


def test_a_hold_whose_deliveries_were_all_withdrawn_asks_nobody_and_is_there_for_what_comes_back(
    two_at_once: World,
) -> None:
    conditions = Conditions(two_at_once.store.reports._db)
    body = job(cron="0 9 * * *", to=EVERYBODY, valid_for="2h")
    two_at_once.load("all.yaml", body)
    two_at_once.go_to("09:10")
    assert conditions.holds() == {"limit": 1}
    two_at_once.delete("all.yaml")
    two_at_once.go_to("09:20")
    assert (counts(two_at_once), conditions.holds()) == ({"cancelled": 3}, {})
    (row,) = two_at_once.store.reports.holds()
    assert row["idle"]
    two_at_once.load("all.yaml", body)
    two_at_once.go_to("09:30")
    assert (counts(two_at_once), conditions.holds()) == ({"pending": 3}, {"limit": 1})
    assert two_at_once.texts == []
    two_at_once.delete("all.yaml")
    two_at_once.go_to("11:30")
    assert two_at_once.holds() == []
