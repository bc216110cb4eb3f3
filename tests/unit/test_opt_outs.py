"""Who has opted out gets nothing more, whatever state the delivery is in; who opts in again gets what comes then."""

from datetime import timedelta

import pytest

from reminderd.model import InDoubt, NotBegun, NotSent, State
from reminderd.store import Refusal, Why
from tests.support.clock import START
from tests.support.desk import EVERYBODY, HOUR, Desk, later
from tests.support.world import ANNA, BERT, SENDER, job


def opt_out(desk: Desk, phone: str = ANNA, sender: str = "") -> list[int]:
    return [each.id for each in desk.store.opt_outs.add(phone, sender, "ops", "operator", "asked", START)]


def reason(desk: Desk, delivery: int) -> str:
    row = desk.store.reports.delivery(delivery)
    assert row is not None
    return str(row["reason"])


def test_what_is_pending_is_cancelled_and_says_so(desk: Desk) -> None:
    to_anna, to_bert = desk.owe(ANNA), desk.owe(BERT)
    assert opt_out(desk) == [to_anna]
    assert (desk.state(to_anna), desk.state(to_bert)) == ("cancelled", "pending")
    (move,) = [row for row in desk.store.reports.moves(to_anna) if row["to_state"] == "cancelled"]
    assert (move["reason"], move["who"], move["evidence"]) == ("opted out", "ops", "operator")


@pytest.mark.parametrize(("sender", "cancelled"), [("", True), (SENDER, True), ("+14155550199", False)])
def test_an_opt_out_of_one_sender_leaves_the_others(desk: Desk, sender: str, cancelled: bool) -> None:
    delivery = desk.owe(ANNA)
    assert opt_out(desk, sender=sender) == ([delivery] if cancelled else [])
    assert desk.store.opt_outs.covers(ANNA, SENDER) is cancelled


def test_the_first_opt_out_is_kept(desk: Desk) -> None:
    opt_out(desk)
    desk.store.opt_outs.add(ANNA, "", "daemon", "plivo", "error 200", later(60))
    (row,) = desk.store.opt_outs.of(ANNA)
    assert (row["who"], row["source"], row["why"]) == ("ops", "operator", "asked")


@pytest.mark.parametrize("outcome", [NotSent("no route"), NotBegun("late"), NotSent("401", 401, suspend=True)])
def test_what_is_being_sent_is_not_tried_again(desk: Desk, outcome: NotSent | NotBegun) -> None:
    desk.owe(ANNA)
    claim = desk.begin()
    assert opt_out(desk) == []
    settled = desk.finish(claim, outcome)
    assert settled.state is State.CANCELLED
    assert settled.reason.startswith("opted out (not ")


def test_what_is_in_doubt_is_not_sent_again_by_anybody_s_word(desk: Desk) -> None:
    first, second = desk.doubtful(ANNA), desk.doubtful(BERT)
    opt_out(desk, ANNA)
    opt_out(desk, BERT)
    assert desk.store.doubts.not_sent(first, Why("an operator says so", "ops"), START) is State.CANCELLED
    doubt = desk.store.doubts.get(second)
    assert doubt is not None
    assert desk.store.doubts.resend(doubt, START) is State.CANCELLED
    assert reason(desk, first) == "opted out (an operator says so)"


def test_a_claim_that_dies_does_not_go_back_to_pending(desk: Desk) -> None:
    delivery = desk.owe(ANNA)
    desk.claim()
    opt_out(desk)
    assert desk.store.deliveries.recover(START, timedelta(0)) == (1, 0)
    assert desk.state(delivery) == "cancelled"


def test_retry_is_refused_until_they_want_messages_again(desk: Desk) -> None:
    delivery = desk.owe(ANNA)
    desk.store.deliveries.expire(START + HOUR)
    opt_out(desk)
    with pytest.raises(Refusal, match=r"has opted out.*reminderd opt-out remove PHONE"):
        desk.store.operations.retry(delivery, None, "ops", START + HOUR)
    assert desk.store.opt_outs.remove(ANNA, "")
    desk.store.operations.retry(delivery, None, "ops", START + HOUR)
    assert desk.state(delivery) == "pending"


def test_a_job_that_returns_does_not_revive_what_goes_to_somebody_who_has_opted_out(desk: Desk) -> None:
    deliveries = [desk.owe(ANNA), desk.owe(BERT)]
    desk.world.delete("a.yaml")
    opt_out(desk)
    desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=EVERYBODY))
    assert [desk.state(each) for each in deliveries] == ["cancelled", "pending"]


def test_who_wants_messages_again_does_not_get_what_was_cancelled(desk: Desk) -> None:
    files = job(cron="0 0 1 1 *", to=EVERYBODY)
    pending, withdrawn = desk.owe(ANNA), desk.owe(ANNA, name="b")
    desk.world.delete("b.yaml")
    opt_out(desk)
    assert desk.store.opt_outs.remove(ANNA, "")
    assert not desk.store.opt_outs.remove(ANNA, "")
    desk.world.load("b.yaml", files)
    desk.world.load("a.yaml", {**files, "description": "Changed."})
    assert [desk.state(each) for each in (pending, withdrawn)] == ["cancelled", "cancelled"]
    later_one = desk.owe(ANNA, nominal="2027-03-01T09:00:00")
    assert desk.state(later_one) == "pending"


def test_what_is_proven_to_have_arrived_is_accepted_all_the_same(desk: Desk) -> None:
    desk.owe(ANNA)
    desk.send(InDoubt("reset"))
    opt_out(desk)
    (doubt,) = desk.store.doubts.due(START)
    assert desk.store.doubts.accept(doubt, None, "log", Why("the log has it"), START)
    assert desk.state(doubt.delivery_id) == "accepted"


# -- one number, with and without its plus sign ------------------------------------------------------------


@pytest.mark.parametrize(("said", "used"), [("14155550100", SENDER), (SENDER, "14155550100"), ("+12345", "12345")])
def test_a_sender_is_the_same_with_and_without_its_plus_sign(desk: Desk, said: str, used: str) -> None:
    daily = job(cron="0 9 * * *", to=[ANNA], sender=used)
    desk.world.load("c.yaml", daily)
    desk.world.go_to("09:00")
    desk.world.gateway.moods[ANNA] = NotSent("no route")
    desk.world.go_to("2027-03-02 09:00")
    (pending,) = [row["id"] for row in desk.world.rows("c") if row["state"] == "pending"]
    assert opt_out(desk, sender=said) == [pending]
    assert desk.store.opt_outs.covers(ANNA, used)
    assert desk.store.reports.opt_outs_of(ANNA, used)
    with pytest.raises(Refusal, match="has opted out"):
        desk.world.command("test-send", job="c", phone=ANNA)
    desk.world.go_to("2027-03-03 09:00")
    assert [row["state"] for row in desk.world.rows("c")] == ["accepted", "cancelled", "cancelled"]
    assert desk.world.command("opt-out remove", phone=ANNA, sender=used)["still"] == []
    assert not desk.store.opt_outs.covers(ANNA, used)


def test_what_is_pending_of_a_number_written_without_plus_is_not_claimed(desk: Desk) -> None:
    """Also where the opt-out came while nobody looked at what is pending."""
    desk.owe(ANNA)
    with desk.store.together():
        desk.store._connection.execute(
            "insert into opt_outs (phone, sender, since, who, source, why) values (:phone, :sender, '', '', 'inbound', '')",
            {"phone": ANNA, "sender": SENDER[1:]},
        )
    assert desk.store.deliveries.claim(9, START, HOUR, ["t"] * 9) == []
