"""What pauses, skips and holds keep from being sent, and what is sent when they end: the daemon runs all the time."""

import pytest

from reminderd.clock import from_text
from reminderd.model import NotSent
from tests.support.world import ANNA, BERT, World, job

NINE = "0 9 * * *"
NO_ROUTE = NotSent("no route to host")


@pytest.fixture
def rent(world: World) -> World:
    world.load("rent.yaml", job(cron="0 * * * *", to=[ANNA, BERT], valid_for="20m"))
    world.load("other.yaml", job(cron="30 * * * *", to=[ANNA], message="Another."))
    return world


def story(world: World, name: str) -> list[tuple[str, str, str]]:
    """(time of day, state, reason) of each row of a job."""
    return [(row["nominal"][11:16], row["state"], row["reason"]) for row in world.rows(name)]


def test_what_falls_into_a_pause_is_one_missed_row_that_says_by_whom_and_why(rent: World) -> None:
    rent.command("pause", job="rent", why="flood")
    rent.go_to("09:30")
    assert story(rent, "rent") == [("09:00", "missed", "paused by ops: flood")]
    assert [state for _, state, _ in story(rent, "other")] == ["accepted", "accepted"]
    rent.command("resume", job="rent")
    rent.go_to("10:01")
    assert [each[:2] for each in story(rent, "rent")] == [
        ("09:00", "missed"),
        ("10:00", "accepted"),
        ("10:00", "accepted"),
    ]


def test_a_pause_of_all_jobs_counts_also_for_those_that_come(rent: World) -> None:
    rent.command("pause", all=True, why="flood")
    rent.load("new.yaml", job(cron="45 8 * * *", to=[ANNA], message="New."))
    rent.go_to("09:31")
    assert rent.texts == []
    assert {row["reason"] for row in rent.rows()} == {"paused by ops: flood"}


def test_a_pause_survives_a_restart_and_a_deploy(rent: World) -> None:
    rent.command("pause", job="rent", why="flood")
    rent.restart()
    rent.load("rent.yaml", job(cron="0 * * * *", to=[ANNA], message="Reworded.", valid_for="20m"))
    rent.delete("other.yaml")
    rent.go_to("09:01")
    assert story(rent, "rent") == [("09:00", "missed", "paused by ops: flood")]
    rent.delete("rent.yaml")
    rent.go_to("09:30")
    rent.load("rent.yaml", job(cron="0 * * * *", to=[ANNA]))
    rent.go_to("10:01")
    assert rent.texts == []


@pytest.mark.parametrize("down", [False, True])
def test_a_pause_with_an_end_is_over_at_that_moment(rent: World, down: bool) -> None:
    rent.command("pause", job="rent", until="2027-03-01T09:00Z", why="flood")
    if down:
        rent.sleep_to("09:05")
    rent.go_to("09:06")
    assert [each[:2] for each in story(rent, "rent")] == [("09:00", "accepted"), ("09:00", "accepted")]
    assert rent.store.overrides.open_ones(rent.clock.now()) == []


def test_what_was_due_in_a_pause_is_not_sent_by_planning_after_it(rent: World) -> None:
    """The daemon dies in the pause and starts after its end."""
    rent.command("pause", job="rent", until="2027-03-01T09:01Z", why="flood")
    rent.sleep_to("09:05")
    rent.go_to("09:06")
    assert story(rent, "rent") == [("09:00", "missed", "paused by ops: flood")]


def test_what_waits_already_is_kept_back_and_sent_when_the_pause_ends(rent: World) -> None:
    rent.gateway.moods[ANNA] = NO_ROUTE
    rent.go_to("09:00:10")
    rent.command("pause", job="rent", why="flood")
    del rent.gateway.moods[ANNA]
    rent.go_to("09:10")
    assert sorted(each[1] for each in story(rent, "rent")) == ["accepted", "pending"]
    rent.command("resume", job="rent")
    rent.go_to("09:11")
    assert [each[1] for each in story(rent, "rent")] == ["accepted", "accepted"]


def test_what_waits_for_a_pause_is_sent_at_the_moment_of_its_end(rent: World) -> None:
    rent.gateway.moods[ANNA] = NO_ROUTE
    rent.go_to("09:00:10")
    rent.command("pause", job="rent", until="5m", why="flood")
    del rent.gateway.moods[ANNA]
    rent.go_to("09:30")
    assert [text[11:16] for text in rent.gateway.arrived_at][-2] == "09:05"


def test_a_skipped_occurrence_is_one_missed_row_and_the_others_are_sent(rent: World) -> None:
    rent.command("skip", job="rent", at="2027-03-01T09:00", why="holiday")
    rent.go_to("10:01")
    assert [each[:2] for each in story(rent, "rent")] == [
        ("09:00", "missed"),
        ("10:00", "accepted"),
        ("10:00", "accepted"),
    ]
    assert story(rent, "rent")[0][2] == "skipped by ops: holiday"


def test_a_skip_counts_also_when_it_is_planned_late(rent: World) -> None:
    rent.command("skip", job="rent", at="2027-03-01T09:00", why="holiday")
    rent.sleep_to("09:10")
    rent.go_to("09:11")
    assert story(rent, "rent") == [("09:00", "missed", "skipped by ops: holiday")]


def test_a_skip_that_is_taken_back_is_sent(rent: World) -> None:
    rent.command("skip", job="rent", at="2027-03-01T09:00", why="holiday")
    rent.command("resume", job="rent", at="2027-03-01T09:00")
    rent.go_to("09:01")
    assert [each[1] for each in story(rent, "rent")] == ["accepted", "accepted"]


def test_an_appointment_in_a_pause_is_missed_with_the_reason(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00", to=[ANNA]))
    world.command("pause", job="a", why="flood")
    world.go_to("09:01")
    assert story(world, "a") == [("09:00", "missed", "paused by ops: flood")]
    world.command("resume", job="a")
    world.go_to("09:30")
    assert len(world.rows()) == 1


def test_a_skip_in_each_recipient_s_own_zone_counts_in_all_of_them(world: World) -> None:
    people = [{"phone": ANNA, "timezone": "Europe/Berlin"}, {"phone": BERT, "timezone": "America/New_York"}]
    world.load("a.yaml", job(cron=NINE, to=people, timezone="recipient"))
    answer = world.command("skip", job="a", at="2027-03-02T09:00", why="holiday")
    assert answer["due_at"] == {
        "Europe/Berlin": "2027-03-02T08:00:00.000Z",
        "America/New_York": "2027-03-02T14:00:00.000Z",
    }
    world.go_to("2027-03-02 15:00")
    assert "2027-03-02" not in {text[:10] for text in world.gateway.arrived_at}


# -- holds ------------------------------------------------------------------------------------------------


def test_a_held_delivery_is_not_sent_and_is_missed_when_its_validity_is_over(rent: World) -> None:
    rent.gateway.moods[ANNA] = NO_ROUTE
    rent.go_to("09:00:10")
    (waiting,) = [row["id"] for row in rent.rows("rent") if row["state"] == "pending"]
    rent.command("hold", ids=[waiting], why="ask first")
    del rent.gateway.moods[ANNA]
    rent.go_to("09:21")
    (row,) = [row for row in rent.rows("rent") if row["id"] == waiting]
    assert row["state"] == "missed"
    assert row["reason"] == "its validity was over before it could be sent; it was on hold (delivery)"
    assert rent.holds() == []


def test_a_hold_with_an_end_lets_it_go_at_that_moment(rent: World) -> None:
    rent.gateway.moods[ANNA] = NO_ROUTE
    rent.go_to("09:00:10")
    (waiting,) = [row["id"] for row in rent.rows("rent") if row["state"] == "pending"]
    rent.command("hold", ids=[waiting], until="5m", why="ask first")
    del rent.gateway.moods[ANNA]
    rent.go_to("09:21")
    (row,) = [row for row in rent.rows("rent") if row["id"] == waiting]
    assert (row["state"], row["updated_at"][11:16]) == ("accepted", "09:05")


def test_approving_the_hold_of_a_delivery_releases_it(rent: World) -> None:
    rent.gateway.moods[ANNA] = NO_ROUTE
    rent.go_to("09:00:10")
    (waiting,) = [row["id"] for row in rent.rows("rent") if row["state"] == "pending"]
    rent.command("hold", ids=[waiting], why="ask first")
    del rent.gateway.moods[ANNA]
    (hold,) = rent.store.holds.open_ones()
    assert rent.command("approve", hold=hold.id)["released"] == 1
    rent.go_to("09:05")
    assert [row["state"] for row in rent.rows("rent")] == ["accepted", "accepted"]


def test_approving_a_limit_lets_all_of_its_deliveries_go(world: World) -> None:
    world.load("a.yaml", job(cron=NINE, to=[ANNA, BERT], limits={"per_occurrence": 1}))
    world.go_to("09:01")
    assert {row["state"] for row in world.rows()} == {"pending"}
    (hold,) = world.store.holds.open_ones()
    assert hold.kind == "limit"
    assert world.command("approve", hold=hold.id)["released"] == 2
    world.go_to("09:02")
    assert {row["state"] for row in world.rows()} == {"accepted"}


# -- opt-outs ---------------------------------------------------------------------------------------------


def test_who_has_opted_out_gets_a_cancelled_row_from_then_on(rent: World) -> None:
    rent.command("opt-out add", phone=ANNA)
    rent.go_to("09:31")
    assert {(row["phone"], row["state"]) for row in rent.rows()} == {(ANNA, "cancelled"), (BERT, "accepted")}
    assert {row["reason"] for row in rent.rows() if row["phone"] == ANNA} == {"opted out"}
    rent.command("opt-out remove", phone=ANNA)
    rent.go_to("10:01")
    assert [row["state"] for row in rent.rows("rent")][-2:] == ["accepted", "accepted"]


def test_an_opt_out_between_claim_and_request_keeps_it_from_being_sent(rent: World) -> None:
    rent.go_to("08:59")
    rent.clock.go_to(from_text("2027-03-01T09:00:00.000Z"))
    rent.plan()
    now = rent.clock.now()
    claims = rent.store.deliveries.claim(9, now, rent.limits.deadline, [f"t{number}" for number in range(9)])
    assert len(claims) == 2
    rent.command("opt-out add", phone=ANNA)
    begun = rent.store.deliveries.begin(claims, now)
    assert [claim.phone for claim in claims if claim.attempt_id in begun] == [BERT]


def test_a_drill_passes_by_a_pause_and_a_disabled_job(rent: World) -> None:
    rent.load("off.yaml", job(cron=NINE, to=[ANNA], enabled=False))
    rent.command("pause", all=True, why="flood")
    for name in ("rent", "off"):
        rent.command("test-send", job=name, phone=BERT)
        rent.go_to(rent.clock.now())
    assert [row["state"] for row in rent.rows() if row["drill"]] == ["accepted", "accepted"]
