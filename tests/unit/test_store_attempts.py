"""The way of an attempt: what a claim checks, when it begins, how it ends, and what a crash leaves."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from reminderd.model import Accepted, InDoubt, NotBegun, NotSent, Outcome, Refused
from reminderd.store import (
    Finished,
    Why,
)
from tests.support.clock import START
from tests.support.desk import EVERYBODY, HOUR, Desk, later
from tests.support.world import ANNA, BERT, CARA, SENDER, job

# -- claiming --------------------------------------------------------------------------------------------


def test_a_claim_has_all_that_sending_takes(desk: Desk) -> None:
    delivery = desk.owe()
    (claim,) = desk.claim()
    assert (claim.delivery_id, claim.number, claim.job, claim.phone) == (delivery, 1, "a", ANNA)
    assert (claim.sender, claim.text, claim.valid_until) == (SENDER, "Hello.", START + HOUR)
    assert desk.state(delivery) == "sending"


def test_what_is_claimed_is_not_claimed_again(desk: Desk) -> None:
    desk.owe()
    assert len(desk.claim()) == 1
    assert desk.claim() == []


def test_no_more_are_claimed_than_asked_for_and_the_earliest_deadline_comes_first(desk: Desk) -> None:
    desk.owe(ANNA, valid_for=3 * HOUR)
    desk.owe(BERT, valid_for=HOUR)
    desk.owe(CARA, valid_for=2 * HOUR)
    assert [claim.phone for claim in desk.claim(2)] == [BERT, CARA]
    assert [claim.phone for claim in desk.claim(2)] == [ANNA]


def test_a_phone_has_one_request_in_flight(desk: Desk) -> None:
    desk.owe(name="a")
    desk.owe(name="b")
    (first,) = desk.claim()
    assert desk.claim() == []
    desk.finish(first, Accepted("u"))
    assert len(desk.claim()) == 1


def test_not_before_its_time(desk: Desk) -> None:
    desk.owe(due=later(10))
    assert desk.claim(now=later(9.999)) == []
    assert len(desk.claim(now=later(10))) == 1


def test_not_with_less_than_five_seconds_of_validity_left(desk: Desk) -> None:
    desk.owe(valid_for=timedelta(seconds=60))
    assert desk.claim(now=later(55)) == []
    assert len(desk.claim(now=later(54.9))) == 1


def test_not_while_its_job_is_disabled(desk: Desk) -> None:
    desk.owe()
    desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=EVERYBODY, enabled=False))
    assert desk.claim() == []


def test_not_after_its_job_is_gone(desk: Desk) -> None:
    desk.owe()
    desk.world.delete("a.yaml")
    assert desk.claim() == []


def test_not_after_its_recipient_has_left(desk: Desk) -> None:
    desk.owe(ANNA)
    desk.owe(BERT)
    desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=[BERT]))
    assert [claim.phone for claim in desk.claim()] == [BERT]


def test_the_store_knows_when_something_can_be_claimed(desk: Desk) -> None:
    desk.owe(due=later(10), valid_for=timedelta(seconds=60))
    assert not desk.store.deliveries.claimable(START)
    assert desk.store.deliveries.next_pending(START) == later(10)
    assert desk.store.deliveries.claimable(later(10))
    assert desk.store.deliveries.next_pending(later(10)) == later(65)


# -- beginning -------------------------------------------------------------------------------------------


def test_a_claim_begins_once(desk: Desk) -> None:
    desk.owe()
    claim = desk.begin()
    assert desk.store.deliveries.begin([claim], START) == set()


def test_what_was_withdrawn_since_its_claim_does_not_begin(desk: Desk) -> None:
    delivery = desk.owe()
    (claim,) = desk.claim()
    desk.world.delete("a.yaml")
    assert desk.store.deliveries.begin([claim], START) == set()
    desk.finish(claim, NotBegun("withdrawn"))
    assert desk.state(delivery) == "cancelled"


def test_what_was_disabled_since_its_claim_does_not_begin_and_waits(desk: Desk) -> None:
    delivery = desk.owe()
    (claim,) = desk.claim()
    desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=EVERYBODY, enabled=False))
    assert desk.store.deliveries.begin([claim], START) == set()
    desk.finish(claim, NotBegun("disabled"))
    assert desk.state(delivery) == "pending"


def test_what_ran_out_of_validity_since_its_claim_does_not_begin_and_is_missed(desk: Desk) -> None:
    delivery = desk.owe(valid_for=timedelta(seconds=60))
    (claim,) = desk.claim()
    assert desk.store.deliveries.begin([claim], later(55)) == set()
    desk.finish(claim, NotBegun("late"), later(55))
    assert desk.state(delivery) == "missed"


def test_a_claim_that_was_settled_meanwhile_does_not_begin(desk: Desk) -> None:
    desk.owe()
    (claim,) = desk.claim()
    desk.store.deliveries.recover(START, timedelta(0))
    assert desk.store.deliveries.begin([claim], START) == set()


# -- ending ----------------------------------------------------------------------------------------------


NO_ROUTE = NotSent("no route")

ENDS = [
    (Accepted("u"), "accepted"),
    (Refused(400, "no"), "failed"),
    (InDoubt("reset"), "in_doubt"),
    (NO_ROUTE, "pending"),
    (NotSent("401", 401, suspend=True), "pending"),
]


@pytest.mark.parametrize(("outcome", "state"), ENDS, ids=[type(outcome).__name__ for outcome, _ in ENDS])
def test_each_outcome_leads_to_its_state(desk: Desk, outcome: Outcome, state: str) -> None:
    delivery = desk.owe()
    assert desk.send(outcome).state == state == desk.state(delivery)


@pytest.mark.parametrize(("outcome", "state"), ENDS, ids=[type(outcome).__name__ for outcome, _ in ENDS])
def test_each_outcome_of_what_was_withdrawn_meanwhile(desk: Desk, outcome: Outcome, state: str) -> None:
    delivery = desk.owe()
    claim = desk.begin()
    desk.world.delete("a.yaml")
    desk.finish(claim, outcome)
    assert desk.state(delivery) == ("cancelled" if state == "pending" else state)


def test_a_retry_waits_for_its_delay_with_jitter_and_then_they_are_used_up(desk: Desk) -> None:
    delivery = desk.owe(retry=[60])
    desk.finish(desk.begin(), NO_ROUTE, jitter=0.1)
    assert desk.store.deliveries.next_pending(START) == later(66)
    assert desk.send(NO_ROUTE, later(66)).state == "failed"
    assert desk.state(delivery) == "failed"


def test_what_concerns_the_account_spends_no_retry(desk: Desk) -> None:
    delivery = desk.owe(retry=[])
    for _ in range(5):
        assert desk.send(NotSent("402", 402, suspend=True)).state == "pending"
    row = desk.store.reports.delivery(delivery)
    assert row is not None
    assert (row["retries_used"], row["attempts"]) == (0, 5)


def test_a_retry_beyond_the_validity_is_missed(desk: Desk) -> None:
    desk.owe(retry=[3596])
    assert desk.send(NO_ROUTE).state == "missed"


def test_a_late_answer_proves_what_was_in_doubt(desk: Desk) -> None:
    delivery = desk.owe()
    claim = desk.begin()
    desk.store.deliveries.recover(START, timedelta(0))
    assert desk.state(delivery) == "in_doubt"
    desk.finish(claim, Accepted("u"))
    assert desk.state(delivery) == "accepted"
    assert desk.world.rows()[0]["message_uuid"] == "u"


@pytest.mark.parametrize("outcome", [NO_ROUTE, Refused(400, "no"), InDoubt("reset")])
def test_any_other_late_answer_changes_nothing(desk: Desk, outcome: Outcome) -> None:
    delivery = desk.owe()
    claim = desk.begin()
    desk.store.deliveries.recover(START, timedelta(0))
    desk.finish(claim, outcome)
    assert desk.state(delivery) == "in_doubt"


def test_a_late_acceptance_of_an_earlier_attempt_settles_what_waits_for_its_next(desk: Desk) -> None:
    delivery = desk.owe()
    claim = desk.begin()
    desk.finish(claim, InDoubt("time-out"))
    desk.store.doubts.not_sent(delivery, Why("the operator says so", "ops"), START)
    assert desk.state(delivery) == "pending"
    desk.finish(claim, Accepted("u"))
    assert desk.state(delivery) == "accepted"
    assert desk.claim() == []


def test_an_accepted_delivery_is_counted_once_in_its_occurrence(desk: Desk) -> None:
    desk.owe()
    claim = desk.begin()
    desk.finish(claim, Accepted("u"))
    desk.finish(claim, Accepted("u"))
    with closing(desk.raw()) as raw:
        assert raw.execute("select planned, accepted from report_occurrences").fetchall() == [(1, 1)]


# -- who owns a message_uuid -----------------------------------------------------------------------------


def take_from_log(desk: Desk, delivery: int, uuid: str) -> bool:
    doubt = desk.store.doubts.get(delivery)
    assert doubt is not None
    return desk.store.doubts.accept(doubt, uuid, "log", Why("found in Plivo's log"), START)


def test_a_uuid_of_the_log_that_an_answer_gives_to_another_goes_to_that_one(desk: Desk) -> None:
    first = desk.doubtful(ANNA)
    assert take_from_log(desk, first, "u")
    second = desk.owe(BERT)
    desk.send(Accepted("u"))
    assert (desk.state(first), desk.state(second)) == ("in_doubt", "accepted")
    with closing(desk.raw()) as raw:
        assert raw.execute("select sum(accepted) from report_occurrences").fetchone() == (1,)


def test_a_uuid_that_is_known_is_not_taken_from_the_log(desk: Desk) -> None:
    desk.owe(BERT)
    desk.send(Accepted("u"))
    first = desk.doubtful(ANNA)
    assert not take_from_log(desk, first, "u")
    assert desk.state(first) == "in_doubt"


def test_two_answers_with_one_uuid_are_both_accepted(desk: Desk) -> None:
    for phone in (ANNA, BERT):
        delivery = desk.owe(phone)
        desk.send(Accepted("u"))
        assert desk.state(delivery) == "accepted"


def test_two_answers_with_one_uuid_in_one_batch_are_both_accepted(desk: Desk) -> None:
    deliveries = [desk.owe(phone) for phone in (ANNA, BERT)]
    claims = desk.claim()
    desk.store.deliveries.begin(claims, START)
    batch = [Finished(claim, Accepted("u")) for claim in claims]
    settled = desk.store.deliveries.finish(batch, START, jitter=0, first_look=timedelta(0))
    assert [one.claim for one in settled] == claims
    assert [desk.state(delivery) for delivery in deliveries] == ["accepted", "accepted"]
    with closing(desk.raw()) as raw:
        assert raw.execute("select count(*) from report_attempts where message_uuid = 'u'").fetchone() == (1,)


def test_what_has_not_to_connect_begins_with_its_claim(desk: Desk) -> None:
    desk.owe(ANNA)
    desk.owe(BERT)
    first, second = desk.store.deliveries.claim(9, START, timedelta(seconds=90), ["t1", "t2"], 1)
    assert (first.begun, second.begun) == (True, False)
    assert desk.store.deliveries.recover(START, timedelta(0)) == (1, 1)
    assert (desk.state(first.delivery_id), desk.state(second.delivery_id)) == ("in_doubt", "pending")


def test_the_database_itself_refuses_an_illegal_move_and_records_each_legal_one(desk: Desk) -> None:
    delivery = desk.owe(ANNA)
    desk.send(Accepted("u"))
    with closing(desk.raw()) as raw:
        raw.execute("pragma foreign_keys = on")
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            raw.execute("update deliveries set state = 'failed' where id = ?", (delivery,))
        moves = raw.execute("select from_state, to_state from report_moves where delivery_id = ?", (delivery,))
        assert moves.fetchall() == [("", "pending"), ("pending", "sending"), ("sending", "accepted")]


def test_what_is_in_doubt_is_due_for_its_look_and_can_be_put_off(desk: Desk) -> None:
    delivery = desk.doubtful(ANNA)
    (doubt,) = desk.store.doubts.due(START)
    assert doubt.delivery_id == delivery
    desk.store.doubts.postpone([doubt], later(30))
    assert desk.store.doubts.due(later(29)) == []
    assert desk.store.doubts.next_due() == later(30)
    desk.store.doubts.looked(doubt, None, "in doubt: nothing yet", later(30))
    assert desk.store.doubts.next_due() is None
    assert desk.state(delivery) == "in_doubt"


def test_resend_spends_a_retry_and_stays_in_doubt_without_one(desk: Desk) -> None:
    delivery = desk.owe(retry=[60])
    for state in ("pending", "in_doubt"):
        desk.send(InDoubt("time-out"))
        doubt = desk.store.doubts.get(delivery)
        assert doubt is not None
        assert desk.store.doubts.resend(doubt, START) == state


# -- time, crashes ---------------------------------------------------------------------------------------


def test_what_is_pending_when_its_validity_is_over_is_missed(desk: Desk) -> None:
    delivery = desk.owe(valid_for=timedelta(seconds=60))
    assert desk.store.deliveries.expire(later(54.9)) == []
    assert desk.store.deliveries.expire(later(55)) == [(delivery, "a")]
    assert desk.state(delivery) == "missed"


def test_only_what_is_pending_expires(desk: Desk) -> None:
    desk.owe(ANNA)
    desk.begin()
    doubt = desk.doubtful(BERT)
    assert desk.store.deliveries.expire(START + 9 * HOUR) == []
    assert desk.state(doubt) == "in_doubt"


def test_after_a_crash_what_had_begun_is_in_doubt_and_what_had_not_is_pending(desk: Desk) -> None:
    begun, waiting = desk.owe(ANNA), desk.owe(BERT)
    claims = {claim.delivery_id: claim for claim in desk.claim()}
    desk.store.deliveries.begin([claims[begun]], START)
    assert desk.store.deliveries.recover(later(5), timedelta(0)) == (1, 1)
    assert (desk.state(begun), desk.state(waiting)) == ("in_doubt", "pending")
    assert desk.store.deliveries.recover(later(6), timedelta(0)) == (0, 0)


def test_after_a_crash_what_had_not_begun_and_is_too_late_is_missed(desk: Desk) -> None:
    delivery = desk.owe()
    desk.claim()
    desk.store.deliveries.recover(START + HOUR, timedelta(0))
    assert desk.state(delivery) == "missed"


def test_after_a_crash_what_had_not_begun_and_was_withdrawn_is_cancelled(desk: Desk) -> None:
    delivery = desk.owe()
    desk.claim()
    desk.world.delete("a.yaml")
    desk.store.deliveries.recover(START, timedelta(0))
    assert desk.state(delivery) == "cancelled"
