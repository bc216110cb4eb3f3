"""Times of `at` in the past, and changes of the zone: what is sent once is not sent again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reminderd.model import InDoubt, NotSent
from tests.support.clock import utc
from tests.support.world import World, hours, job, nominal

NO_ROUTE = NotSent("no route")


# -- appointments in the past ----------------------------------------------------------------------------


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


@pytest.mark.parametrize("name", ["a", "c"])
@pytest.mark.parametrize("times", [("09:00",), ("08:50", "09:00")], ids=["alone", "after another"])
def test_a_copy_made_while_down_repeats_nothing_however_many_messages_are_planned(
    world: World, name: str, times: tuple[str, ...]
) -> None:
    many = [f"+1415555{number:04}" for number in range(40)]
    world.load("b.yaml", job(at=nominal("09:00"), to=many))
    world.go_to("08:30")
    world.write(f"{name}.yaml", job(at=[nominal(time) for time in times], to=many))
    world.sleep_to("09:10")
    world.go_to("09:20")
    assert len(world.texts) == 40 * len(times)
    assert {row["state"] for row in world.rows("b")} == {"accepted"}


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
    world.plan()
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


# -- zones -----------------------------------------------------------------------------------------------


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
