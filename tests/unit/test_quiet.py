"""Quiet hours and splay: when a message that is due may go out, and how long it is valid then."""

from datetime import timedelta
from pathlib import Path

import pytest

from reminderd.model import Defaults, NotSent, QuietHours
from reminderd.store import Claim
from tests.support.clock import utc
from tests.support.world import ANNA, BERT, SENDER, World, job

NIGHT = {"quiet_hours": "21:00-08:00"}
NEW_YORKER = {"phone": BERT, "timezone": "America/New_York"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, utc("2027-03-01 12:00"))
    made.sync()
    return made


def sent(world: World) -> list[str]:
    return [at[:16] for at in world.gateway.arrived_at]


def test_what_falls_into_quiet_hours_goes_out_at_their_end(world: World) -> None:
    world.load("late.yaml", job(cron="30 22 * * *", valid_for="30m", **NIGHT))
    world.go_to("2027-03-02 07:59")
    assert sent(world) == []
    assert [row["state"] for row in world.rows()] == ["pending"]
    world.go_to("2027-03-02 12:00")
    assert sent(world) == ["2027-03-02T08:00"]


def test_its_validity_counts_from_their_end(world: World) -> None:
    world.load("late.yaml", job(cron="30 22 * * *", valid_for="30m", **NIGHT))
    world.go_to("2027-03-01 23:00")
    assert world.only()["valid_until"][:16] == "2027-03-02T08:30"
    world.sleep_to("2027-03-02 08:20")
    assert world.only()["state"] == "accepted"


def test_it_is_missed_when_that_is_over_too(world: World) -> None:
    world.load("late.yaml", job(cron="30 22 * * *", valid_for="30m", **NIGHT))
    world.go_to("2027-03-01 22:00")
    world.sleep_to("2027-03-02 08:40")
    assert [row["state"] for row in world.rows()] == ["missed"]
    assert sent(world) == []


def test_what_fell_into_quiet_hours_while_nobody_ran_is_caught_up_when_they_end(world: World) -> None:
    world.load("late.yaml", job(cron="30 22 * * *", valid_for="30m", **NIGHT))
    world.go_to("2027-03-01 22:00")
    world.sleep_to("2027-03-02 03:00")
    world.go_to("2027-03-02 09:00")
    assert sent(world) == ["2027-03-02T08:00"]


def test_dropped_is_a_recorded_miss_and_sends_nothing(world: World) -> None:
    world.load("late.yaml", job(cron="30 22 * * *", on_quiet="drop", **NIGHT))
    world.go_to("2027-03-02 12:00")
    assert world.only()["state"] == "missed"
    assert world.only()["reason"] == "it fell into the recipient's quiet hours, 21:00-08:00 (on_quiet: drop)"


def test_the_night_is_the_recipients(world: World) -> None:
    world.load(
        "late.yaml", job(cron="0 5 * * *", to=[ANNA, NEW_YORKER], timezone="Europe/Berlin", valid_for="2h", **NIGHT)
    )
    world.go_to("2027-03-02 23:00")
    # 04:00 UTC is 05:00 in Berlin and 23:00 in New York; their mornings begin at 07:00 and 13:00 UTC.
    assert [(row["phone"], at) for row, at in zip(world.rows(), sent(world), strict=True)] == [
        (ANNA, "2027-03-02T07:00"),
        (BERT, "2027-03-02T13:00"),
    ]


def test_the_settings_hold_where_a_job_says_nothing_and_none_overrules_them(tmp_path: Path) -> None:
    world = World(tmp_path, utc("2027-03-01 12:00"), Defaults("UTC", SENDER, QuietHours(21 * 60, 8 * 60)))
    world.sync()
    world.load("late.yaml", job(cron="30 22 * * *"))
    world.load("alarm.yaml", job(cron="30 22 * * *", quiet_hours="none", message="Disk full."))
    world.go_to("2027-03-02 12:00")
    assert list(zip(world.texts, sent(world), strict=True)) == [
        ("Disk full.", "2027-03-01T22:30"),
        ("Hello.", "2027-03-02T08:00"),
    ]


def test_a_retry_does_not_ring_at_night_either(world: World) -> None:
    world.load("late.yaml", job(cron="58 20 * * *", retry=["5m"], valid_for="30m", **NIGHT))
    world.gateway.script += [NotSent("connection refused")]
    world.go_to("2027-03-02 12:00")
    assert sent(world) == ["2027-03-02T08:00"]
    assert world.only()["attempts"] == 2


def test_a_retry_that_would_fall_into_the_night_is_given_up_with_drop(world: World) -> None:
    world.load("late.yaml", job(cron="58 20 * * *", retry=["5m"], valid_for="30m", on_quiet="drop", **NIGHT))
    world.gateway.script += [NotSent("connection refused")]
    world.go_to("2027-03-02 12:00")
    assert sent(world) == []
    assert world.only()["state"] == "missed"
    assert world.only()["reason"] == "the recipient's quiet hours began, 21:00-08:00 (on_quiet: drop)"


def test_plivo_is_told_to_give_up_when_the_night_begins(world: World) -> None:
    world.load("late.yaml", job(at="2027-03-01T20:50", valid_for="2h", **NIGHT))
    world.go_to("20:49")
    world.clock.go_to(utc("2027-03-01 20:50"))
    world.plan()
    (claim,) = world.store.deliveries.claim(9, world.clock.now(), timedelta(seconds=90), ["token"])
    assert claim.valid_until == utc("2027-03-01 21:00")


def test_nothing_begins_in_the_last_moments_before_the_night(world: World) -> None:
    world.load("late.yaml", job(at="2027-03-01T20:59:58", valid_for="2h", **NIGHT))
    world.go_to("2027-03-01 21:30")
    assert sent(world) == []
    world.go_to("2027-03-02 09:00")
    assert sent(world) == ["2027-03-02T08:00"]


def test_a_message_does_not_wait_for_night_after_night(world: World) -> None:
    world.load("late.yaml", job(at="2027-03-01T20:30", valid_for="14h", retry=["1h"] * 100, **NIGHT))
    world.gateway.moods[ANNA] = NotSent("connection refused")
    world.go_to("2027-03-05 12:00")
    assert world.only()["state"] in ("missed", "failed")
    assert world.only()["valid_until"] < "2027-03-04T12:00"


def test_an_operators_retry_waits_for_the_morning(world: World) -> None:
    world.load("late.yaml", job(cron="30 22 * * *", on_quiet="drop", **NIGHT))
    world.go_to("2027-03-01 23:00")
    answer = world.command("retry", ids=[world.only()["id"]], valid_for="1h")
    assert list(answer["retried"].values()) == ["2027-03-02T09:00:00.000Z"]
    world.go_to("2027-03-02 12:00")
    assert sent(world) == ["2027-03-02T08:00"]


def test_splay_spreads_the_recipients_and_each_keeps_their_distance(world: World) -> None:
    people = [f"+141555501{number:02}" for number in range(40)]
    world.load("many.yaml", job(cron="0 13 * * *", to=people, splay="10m"))
    world.go_to("2027-03-02 14:00")
    first, second = sent(world)[:40], sent(world)[40:]
    assert len({at[11:] for at in first}) > 5
    assert all("13:00" <= at[11:] < "13:10" for at in first)
    assert [at[11:] for at in first] == [at[11:] for at in second], "the same way each time"


def test_with_splay_validity_counts_from_each_ones_own_time(world: World) -> None:
    people = [f"+141555501{number:02}" for number in range(40)]
    world.load("many.yaml", job(cron="0 13 * * *", to=people, splay="10m", valid_for="1m"))
    world.go_to("2027-03-01 14:00")
    assert len(sent(world)) == 40
    assert {row["state"] for row in world.rows()} == {"accepted"}


def test_what_quiet_hours_moved_is_not_given_up_by_those_who_look_first(world: World) -> None:
    """The daemon was down over the whole night; what waited is looked at before it is expired."""
    world.load("late.yaml", job(at="2027-03-01T20:50", valid_for="20m", retry=["1m"] * 9, **NIGHT))
    world.gateway.script += [NotSent("connection refused")] * 5
    world.go_to("20:52")
    world.gateway.script.clear()
    world.sleep_to("2027-03-02 08:10")
    assert world.only()["state"] == "accepted"


def test_what_was_planned_while_the_clock_ran_ahead_keeps_the_quiet_hours_of_the_true_time(world: World) -> None:
    world.clock.go_to(utc("2027-03-05 22:00"))  # days ahead of the true time
    world.load("late.yaml", job(cron="30 22 * * *", valid_for="2h", **NIGHT))
    world.clock.go_to(utc("2027-03-05 22:30"))
    world.plan()
    now = utc("2027-03-01 23:00")  # the true time
    world.clock.jump(now - world.clock.now())
    world.store.health.forget_future(now, now + timedelta(minutes=5))
    world.syncer.note_alive(now)
    world.go_to("2027-03-07 00:00")
    assert sent(world) == ["2027-03-06T08:00"]


def test_what_was_over_before_quiet_hours_began_is_missed_whoever_looked(world: World) -> None:
    world.gateway.moods[ANNA] = NotSent("no route")
    world.load("soon.yaml", job(cron="30 20 * * *", valid_for="20m", retry=["10m"], **NIGHT))
    world.go_to("2027-03-01 20:31")
    world.gateway.moods.clear()
    world.sleep_to("2027-03-01 22:00")
    world.go_to("2027-03-02 12:00")
    assert (world.only()["state"], sent(world)) == ("missed", [])


@pytest.fixture
def evening(world: World) -> World:
    """At eight seconds before nine one message waits, and may go out."""
    world.load("late.yaml", job(at="2027-03-01T20:30", valid_for="2h", **NIGHT))
    world.clock.go_to(utc("2027-03-01 20:59:52"))
    world.plan()
    return world


def claim(world: World) -> list[Claim]:
    return world.store.deliveries.claim(1, world.clock.now(), timedelta(seconds=90), ["a-token"])


def test_nothing_is_claimed_in_the_last_seconds_before_quiet_hours_whoever_moved_it(evening: World) -> None:
    evening.clock.go_to(utc("2027-03-01 20:59:55"))
    assert claim(evening) == []
    evening.clock.go_to(utc("2027-03-02 03:00"))
    assert claim(evening) == []


def test_what_is_claimed_does_not_begin_when_quiet_hours_have_come(evening: World) -> None:
    claims = claim(evening)
    assert len(claims) == 1
    evening.clock.go_to(utc("2027-03-01 20:59:56"))
    assert evening.store.deliveries.begin(claims, evening.clock.now()) == set()


def test_plivo_is_to_drop_it_when_quiet_hours_begin(evening: World) -> None:
    assert [each.valid_until for each in claim(evening)] == [utc("2027-03-01 21:00")]
