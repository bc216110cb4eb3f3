"""Single deliveries that an operator keeps back: until when, for whom, and how they are let go."""

import pytest

from reminderd.model import InDoubt, State
from reminderd.store import Refusal
from tests.support.clock import START
from tests.support.desk import EVERYBODY, HOUR, Desk, later
from tests.support.world import ANNA, BERT, job


def held_by(desk: Desk, delivery: int) -> int | None:
    row = desk.store.reports.delivery(delivery)
    assert row is not None
    number: int | None = row["hold_id"]
    return number


def test_a_held_delivery_names_its_hold_until_it_is_released(desk: Desk) -> None:
    held, other = desk.owe(ANNA), desk.owe(BERT)
    assert desk.store.operations.hold(held, None, "ops", "wrong text?", START)
    (hold,) = desk.store.holds.open_ones()
    assert (hold.kind, hold.key, hold.opened_by, hold.until) == ("delivery", str(held), "ops", None)
    assert hold.reason == f"delivery {held} of a is held by ops: wrong text?"
    assert (held_by(desk, held), held_by(desk, other)) == (hold.id, None)
    assert desk.store.operations.release(held, "ops", later(60)) is State.PENDING
    assert desk.store.holds.open_ones() == []
    assert held_by(desk, held) is None


def test_several_deliveries_are_held_each_by_its_own_hold(desk: Desk) -> None:
    deliveries = [desk.owe(ANNA), desk.owe(BERT)]
    for each in deliveries:
        desk.store.operations.hold(each, None, "ops", "look first", START)
    assert [hold.key for hold in desk.store.holds.open_ones()] == [str(each) for each in deliveries]


def test_holding_again_changes_the_reason_and_the_end(desk: Desk) -> None:
    delivery = desk.owe(ANNA)
    desk.store.operations.hold(delivery, None, "ops", "first", START)
    assert not desk.store.operations.hold(delivery, later(60), "anna", "second", START)
    (hold,) = desk.store.holds.open_ones()
    assert (hold.opened_by, hold.until, hold.detail["why"]) == ("anna", later(60), "second")


def test_a_hold_with_an_end_releases_by_itself(desk: Desk) -> None:
    delivery = desk.owe(ANNA)
    desk.store.operations.hold(delivery, later(60), "ops", "a minute", START)
    assert desk.store.holds.next_end() == later(60)
    assert desk.store.holds.end_due(later(59)) == []
    assert [hold.key for hold in desk.store.holds.end_due(later(60))] == [str(delivery)]
    assert (desk.state(delivery), held_by(desk, delivery)) == ("pending", None)


def test_a_hold_ends_with_its_delivery(desk: Desk) -> None:
    delivery = desk.owe(ANNA)
    desk.store.operations.hold(delivery, None, "ops", "look first", START)
    assert desk.store.holds.end_due(later(1)) == []
    desk.store.operations.cancel(delivery, "ops", later(2))
    assert len(desk.store.holds.end_due(later(3))) == 1
    assert desk.store.holds.open_ones() == []


def test_a_hold_outlasts_a_job_that_goes_and_comes_back(desk: Desk) -> None:
    delivery = desk.owe(ANNA)
    desk.store.operations.hold(delivery, None, "ops", "look first", START)
    desk.world.delete("a.yaml")
    assert desk.state(delivery) == "cancelled"
    assert desk.store.holds.end_due(later(1)) == []
    desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=EVERYBODY))
    assert (desk.state(delivery), held_by(desk, delivery) is None) == ("pending", False)


def test_retry_takes_a_delivery_out_of_its_hold(desk: Desk) -> None:
    delivery = desk.owe(ANNA)
    desk.store.operations.hold(delivery, None, "ops", "look first", START)
    desk.store.deliveries.expire(START + HOUR)
    desk.store.operations.retry(delivery, None, "ops", START + HOUR)
    assert held_by(desk, delivery) is None
    assert len(desk.store.holds.end_due(START + HOUR)) == 1


@pytest.mark.parametrize("state", ["sending", "in_doubt", "cancelled"])
def test_only_what_is_pending_can_be_held(desk: Desk, state: str) -> None:
    delivery = desk.owe(ANNA)
    if state == "sending":
        desk.begin()
    elif state == "in_doubt":
        desk.send(InDoubt("reset"))
    else:
        desk.store.operations.cancel(delivery, "ops", START)
    with pytest.raises(Refusal, match=f"delivery {delivery} is {state}; only what is pending can be held"):
        desk.store.operations.hold(delivery, None, "ops", "look first", START)


def test_what_is_not_held_cannot_be_released(desk: Desk) -> None:
    delivery = desk.owe(ANNA)
    with pytest.raises(Refusal, match=f"delivery {delivery} is not held, it is pending"):
        desk.store.operations.release(delivery, "ops", START)


def test_holds_of_one_kind_are_told_apart_by_their_keys(desk: Desk) -> None:
    holds = desk.store.holds
    assert holds.open("limit", "too many", {}, START, key="a 09:00")
    assert holds.open("limit", "too many", {}, START, key="b 09:00")
    assert not holds.open("limit", "even more", {}, START, key="a 09:00")
    assert [(hold.key, hold.reason) for hold in holds.open_ones()] == [
        ("a 09:00", "even more"),
        ("b 09:00", "too many"),
    ]
