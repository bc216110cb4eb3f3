"""What a job owes from its first load on: absence, disabling, validity, texts and an operator's word."""

from pathlib import Path

import pytest

from reminderd.model import Accepted, Defaults, NotSent
from reminderd.store import Refusal
from tests.support.clock import utc
from tests.support.world import ANNA, BERT, World, job, nominal

NO_ROUTE = NotSent("no route")


# -- the first load --------------------------------------------------------------------------------------


def test_a_rule_owes_nothing_of_before_its_first_load(world: World) -> None:
    world.go_to("09:00:01")
    world.load("a.yaml", job(cron="0 * * * *", valid_for="2h"))
    world.go_to("10:30")
    assert world.states() == [(nominal("10:00"), "accepted")]


def test_an_interval_owes_nothing_of_before_its_first_load(world: World) -> None:
    world.load("a.yaml", job(every="1h", start="2027-02-01T00:30Z", valid_for="5h"))
    world.go_to("09:00")
    assert world.states() == [("2027-03-01T08:30:00Z", "accepted")]


def test_a_message_goes_out_at_its_time_and_not_before(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00"))
    world.go_to("08:59:59")
    assert world.rows() == []
    world.go_to("09:00")
    assert world.states() == [(nominal("09:00"), "accepted")]
    assert world.rows()[0]["due_at"] == "2027-03-01T09:00:00.000Z"


def test_a_typo_mended_before_its_time_is_mended(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00", message="Tge rent is due."))
    world.go_to("08:59:59")
    world.load("a.yaml", job(at="2027-03-01T09:00", message="The rent is due."))
    world.go_to("09:30")
    assert world.texts == ["The rent is due."]


def test_the_text_is_frozen_when_it_is_planned(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00", message="First."))
    world.gateway.script.append(NO_ROUTE)
    world.go_to("09:00:30")
    world.load("a.yaml", job(at="2027-03-01T09:00", message="Second."))
    world.go_to("09:30")
    assert world.texts == ["First."]
    assert world.only()["text"] == "First."


# -- absence, disabling ----------------------------------------------------------------------------------


def test_a_rule_passes_over_time_in_which_its_job_was_absent_for_over_a_minute(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *"))
    world.go_to("08:59")
    world.delete("a.yaml")
    world.go_to("09:00:01")
    world.load("a.yaml", job(cron="0 9 * * *"))
    world.go_to("10:00")
    assert world.rows() == []


def test_a_rule_owes_what_fell_in_an_absence_of_a_minute_or_less(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *"))
    world.go_to("08:59:30")
    world.delete("a.yaml")
    world.go_to("09:00:30")
    world.load("a.yaml", job(cron="0 9 * * *"))
    world.go_to("10:00")
    assert world.states() == [(nominal("09:00"), "accepted")]


def test_a_rule_that_comes_back_reworded_owes_what_fell_in_a_brief_absence(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *", message="First."))
    world.go_to("08:59:55")
    world.delete("a.yaml")
    world.go_to("09:00:05")
    world.load("a.yaml", job(cron="0 9 * * *", message="Second."))
    world.go_to("10:00")
    assert world.texts == ["Second."]


def test_a_brief_absence_never_sends_again_what_was_sent(world: World) -> None:
    world.load("a.yaml", job(cron="* * * * *", message="First."))
    world.go_to("08:00:59")
    world.go_to("08:01:00")
    world.delete("a.yaml")
    world.load("a.yaml", job(cron="* * * * *", message="Second."))
    world.go_to("08:01:30")
    assert world.texts == ["First."]


def test_a_rule_passes_over_time_in_which_it_was_disabled(world: World) -> None:
    world.load("a.yaml", job(cron="*/30 * * * *", valid_for="5h"))
    world.go_to("08:45")
    world.load("a.yaml", job(cron="*/30 * * * *", valid_for="5h", enabled=False))
    world.go_to("10:15")
    world.load("a.yaml", job(cron="*/30 * * * *", valid_for="5h"))
    world.go_to("10:45")
    assert world.states() == [(nominal("08:30"), "accepted"), (nominal("10:30"), "accepted")]


def test_a_rule_disabled_for_ten_seconds_passes_over_them_too(world: World) -> None:
    world.load("a.yaml", job(cron="0 9 * * *"))
    world.go_to("08:59:55")
    world.load("a.yaml", job(cron="0 9 * * *", enabled=False))
    world.go_to("09:00:05")
    world.load("a.yaml", job(cron="0 9 * * *"))
    world.go_to("10:00")
    assert world.rows() == []


def test_a_disabled_rule_is_not_caught_up_after_downtime(world: World) -> None:
    world.load("a.yaml", job(cron="0 * * * *", enabled=False, valid_for="5h", catch_up="all"))
    world.sleep_to("11:30")
    world.load("a.yaml", job(cron="0 * * * *", valid_for="5h", catch_up="all"))
    world.go_to("11:45")
    assert world.rows() == []


def test_what_waits_for_a_retry_stays_while_its_job_is_disabled_and_goes_on_after(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00"))
    world.gateway.script.append(NO_ROUTE)
    world.go_to("09:00:30")
    world.load("a.yaml", job(at="2027-03-01T09:00", enabled=False))
    world.go_to("09:10")
    assert world.states() == [(nominal("09:00"), "pending")]
    world.load("a.yaml", job(at="2027-03-01T09:00"))
    world.go_to("09:11")
    assert world.states() == [(nominal("09:00"), "accepted")]


def test_an_appointment_of_a_disabled_job_is_missed_with_that_reason(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00", enabled=False))
    world.go_to("09:10")
    assert world.only()["state"] == "missed"
    assert "disabled" in world.only()["reason"]
    world.load("a.yaml", job(at="2027-03-01T09:00"))
    world.go_to("09:20")
    assert world.states() == [(nominal("09:00"), "missed")]


# -- validity and texts ----------------------------------------------------------------------------------


def test_what_cannot_be_sent_within_its_validity_is_missed(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), valid_for="10m"))
    world.gateway.script.extend([NO_ROUTE] * 4)
    world.go_to("09:30")
    assert world.only()["state"] == "missed"
    assert world.only()["attempts"] == 3  # at 09:00, 09:01 and 09:06; the next would be too late


def test_what_waits_while_its_validity_ends_is_missed(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), valid_for="10m"))
    world.gateway.usable = False
    world.gateway.script.append(NotSent("401", suspend=True))
    world.go_to("09:09:54")
    assert world.only()["state"] == "pending"
    world.go_to("09:09:55")
    assert world.only()["state"] == "missed"


def test_retries_are_used_up_and_then_it_failed(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), retry=["10s", "20s"]))
    world.gateway.script.extend([NO_ROUTE] * 3)
    world.go_to("09:30")
    assert (world.only()["state"], world.only()["attempts"]) == ("failed", 3)


def test_planning_that_comes_late_misses_what_has_less_than_five_seconds_left(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), valid_for="1m"))
    world.load("b.yaml", job(at="2027-03-01T09:00:01", valid_for="1m", to=[BERT]))
    world.clock.go_to(utc("2027-03-01 09:00:55"))
    world.tick()
    assert [row["state"] for row in world.rows()] == ["missed", "accepted"]


def test_a_message_is_told_how_long_it_may_live(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), valid_for="10m"))
    world.load("b.yaml", job(at=nominal("09:00"), valid_for="2d", to=[BERT]))
    world.go_to("09:00")
    assert sorted(request.message_expiry or 0 for request in world.gateway.arrived) == [600, 10_799]


def test_a_text_that_cannot_be_rendered_fails_and_disturbs_nobody_else(world: World) -> None:
    tide = "High tide: {{ vars.tides[due_at.day] }}."
    world.load("a.yaml", job(cron="0 9 * * *", message=tide, vars={"tides": ["never", "at noon"]}))
    world.load("b.yaml", job(cron="0 9 * * *", to=[BERT]))
    world.go_to("2027-03-02 09:30")
    assert [state for _, state in world.states("a")] == ["accepted", "failed"]
    assert "cannot be rendered" in world.rows("a")[-1]["reason"]
    assert [state for _, state in world.states("b")] == ["accepted", "accepted"]


def test_a_job_without_a_sender_fails_visibly(tmp_path: Path) -> None:
    world = World(tmp_path, defaults=Defaults("UTC", None))
    world.load("a.yaml", job(at=nominal("09:00")))
    assert any("no sender" in problem for problem in world.problems())
    world.go_to("09:10")
    assert world.only()["state"] == "failed"
    world.kill()


def test_different_texts_for_one_phone_with_keys_are_different_deliveries(world: World) -> None:
    people = [{"phone": ANNA, "key": "tom"}, {"phone": ANNA, "key": "tim"}]
    world.load("a.yaml", job(at=nominal("09:00"), to=people, message="Pick up {{ recipient.key }}."))
    world.go_to("09:10")
    assert len(world.rows()) == 2
    assert {row["state"] for row in world.rows()} == {"accepted"}


def test_the_same_phone_and_text_twice_is_one_delivery(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), to=[ANNA, ANNA]))
    world.go_to("09:10")
    assert world.texts == ["Hello."]
    assert len(world.rows()) == 1


# -- an operator's word ----------------------------------------------------------------------------------


def test_what_was_missed_is_sent_after_all_when_an_operator_retries_it(world: World) -> None:
    world.load("a.yaml", job(at="2027-02-01T09:00"))
    world.tick()
    world.command("retry", ids=[1])
    world.go_to("08:10")
    assert world.only()["state"] == "accepted"


def test_an_accepted_message_cannot_be_retried(world: World) -> None:
    world.load("a.yaml", job(at=nominal("07:30")))
    world.gateway.script.append(Accepted("uuid-1"))
    world.tick()
    with pytest.raises(Refusal, match="delivery 1 is accepted"):
        world.command("retry", ids=[1])
