"""What Plivo says by itself, as the state takes it: ordered, owned, proof where it is proof, and never a second message."""

import re
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest

from reminderd.model import Accepted, InDoubt, NotBegun, NotSent, Outcome, Refused, State
from reminderd.store import Callback, Claim, Effect, Facts, Finished, Refusal, Report, Why
from tests.support.clock import START
from tests.support.desk import EVERYBODY, HOUR, Desk, later
from tests.support.world import ANNA, BERT, job

MINUTE = timedelta(minutes=1)
QUEUED, SENT = Report("queued"), Report("sent")
DELIVERED = Report("delivered", None, True, True)
UNDELIVERED = Report("undelivered (30: spam detected)", 30, True)
EXPIRED = Report("failed (420: it expired in Plivo's queue)", 420, True)


def call(
    desk: Desk,
    claim: Claim,
    report: Report = SENT,
    sequence: int | None = 1,
    uuid: str = "uuid-1",
    *,
    proven: bool = True,
    now: datetime = START,
) -> Effect:
    return desk.store.callbacks.take(
        claim.attempt_id, Callback(uuid, report, sequence, proven), START + 15 * MINUTE, now
    )


def row(desk: Desk, delivery: int = 1) -> dict[str, Any]:
    with closing(desk.raw()) as raw:
        cursor = raw.execute("select * from deliveries where id = ?", [delivery])
        return dict(zip([each[0] for each in cursor.description], cursor.fetchone(), strict=True))


def attempt(desk: Desk, claim: Claim) -> dict[str, Any]:
    with closing(desk.raw()) as raw:
        cursor = raw.execute("select * from attempts where id = ?", [claim.attempt_id])
        return dict(zip([each[0] for each in cursor.description], cursor.fetchone(), strict=True))


def accepted(desk: Desk, uuid: str = "uuid-1", phone: str = ANNA) -> Claim:
    desk.owe(phone)
    claim = desk.begin()
    desk.finish(claim, Accepted(uuid))
    return claim


def doubtful(desk: Desk, phone: str = ANNA) -> Claim:
    desk.owe(phone)
    claim = desk.begin()
    desk.finish(claim, InDoubt("time-out"))
    return claim


# -- order ------------------------------------------------------------------------------------------------


def test_a_token_finds_its_attempt_and_no_other_does(desk: Desk) -> None:
    claim = accepted(desk)
    found = desk.store.callbacks.addressed(claim.token)
    assert found is not None
    assert (found.attempt_id, found.delivery_id, found.phone, found.job) == (claim.attempt_id, 1, ANNA, "a")
    assert desk.store.callbacks.addressed("nobody's") is None


def test_reports_are_facts_of_the_attempt_and_beside_the_state(desk: Desk) -> None:
    claim = accepted(desk)
    facts = Facts(2, 13_000, "310", "012", START, later(2))
    assert call(desk, claim, QUEUED, 1) is Effect.NOTED
    assert call(desk, claim, SENT._replace(facts=facts), 2, now=later(2)) is Effect.NOTED
    known = row(desk)
    assert (known["state"], known["receipt"], known["receipt_at"]) == ("accepted", "sent", "2027-03-01T08:00:02.000Z")
    assert known["receipt_due_at"] is not None, "what is not for good is asked about later"
    assert call(desk, claim, DELIVERED, 3, now=later(3)) is Effect.NOTED
    known, kept = row(desk), attempt(desk, claim)
    assert (known["receipt"], known["receipt_due_at"]) == ("delivered", None)
    assert (kept["receipt"], kept["receipt_stage"], kept["callbacks"], kept["callback_sequence"]) == (
        *("delivered", "final", 3, 3),
    )
    assert [kept[name] for name in ("parts", "charged", "mcc", "mnc")] == [2, 13_000, "310", "012"]
    assert kept["sent_at"] == "2027-03-01T08:00:02.000Z", "what a later report does not say stays known"
    assert len(desk.store.reports.moves(1)) == 3, "no move was made"


def test_the_order_is_that_of_the_sequence_and_not_of_arrival(desk: Desk) -> None:
    claim = accepted(desk)
    assert call(desk, claim, DELIVERED, 3) is Effect.NOTED
    assert call(desk, claim, QUEUED, 1) is Effect.REPEATED
    assert call(desk, claim, SENT, 2) is Effect.REPEATED
    assert (row(desk)["receipt"], attempt(desk, claim)["callbacks"]) == ("delivered", 3)


def test_what_comes_twice_changes_nothing(desk: Desk) -> None:
    claim = accepted(desk)
    call(desk, claim, SENT, 2, now=later(1))
    assert call(desk, claim, SENT, 2, now=later(9)) is Effect.REPEATED
    assert row(desk)["receipt_at"] == "2027-03-01T08:00:01.000Z"


def test_nothing_for_good_gives_way_to_an_earlier_report_whatever_its_number(desk: Desk) -> None:
    claim = accepted(desk)
    call(desk, claim, DELIVERED, 3)
    for report, sequence in ((SENT, 9), (UNDELIVERED, 2), (UNDELIVERED, None), (QUEUED, None), (EXPIRED, 3)):
        assert call(desk, claim, report, sequence) is Effect.REPEATED
    assert row(desk)["receipt"] == "delivered"
    assert call(desk, claim, Report("read", None, True, True), 4) is Effect.NOTED
    assert row(desk)["receipt"] == "read"


def test_without_numbers_a_message_only_comes_further(desk: Desk) -> None:
    claim = accepted(desk)
    assert call(desk, claim, SENT, None) is Effect.NOTED
    assert call(desk, claim, QUEUED, None) is Effect.REPEATED
    assert call(desk, claim, UNDELIVERED, None) is Effect.NOTED
    assert (row(desk)["receipt"], row(desk)["receipt_code"]) == ("undelivered (30: spam detected)", 30)


def test_an_answer_that_plivo_gave_before_a_callback_does_not_undo_it(desk: Desk) -> None:
    claim = accepted(desk)
    (asked,) = desk.store.receipts.due(START + MINUTE, 9)
    call(desk, claim, SENT, 2)
    assert desk.store.receipts.note(asked, Report("queued"), START + HOUR, later(61)) is not None
    assert row(desk)["receipt"] == "sent"
    call(desk, claim, DELIVERED, 3)
    for late in (Report("sent"), EXPIRED, Report("none; no final report within 1d")):
        assert desk.store.receipts.note(asked, late, None, later(62), try_again=True) is None
    assert (row(desk)["state"], row(desk)["receipt"]) == ("accepted", "delivered")


# -- proof ------------------------------------------------------------------------------------------------


def test_it_settles_what_is_in_doubt_at_once(desk: Desk) -> None:
    claim = doubtful(desk)
    assert call(desk, claim, QUEUED) is Effect.PROVED
    known = row(desk)
    assert (known["state"], known["message_uuid"], known["receipt"]) == ("accepted", "uuid-1", "queued")
    assert (known["evidence"], known["who"], known["reconcile_at"]) == ("callback", "daemon", None)
    assert known["receipt_due_at"] == "2027-03-01T08:15:00.000Z"
    assert (attempt(desk, claim)["uuid_from"], attempt(desk, claim)["outcome"]) == ("callback", "in_doubt")
    assert desk.store.doubts.unproven([ANNA]) == []


def test_a_report_for_good_settles_a_doubt_and_plivo_is_not_asked(desk: Desk) -> None:
    assert call(desk, doubtful(desk), DELIVERED, 3) is Effect.PROVED
    assert (row(desk)["state"], row(desk)["receipt"], row(desk)["receipt_due_at"]) == ("accepted", "delivered", None)


def test_a_late_callback_takes_what_waits_for_its_retry_back(desk: Desk) -> None:
    desk.owe()
    first = desk.begin()
    desk.finish(first, NotSent("no route"))
    assert desk.state(1) == "pending"
    assert call(desk, first) is Effect.PROVED
    assert (desk.state(1), row(desk)["evidence"]) == ("accepted", "callback")
    assert desk.claim(now=later(120)) == []


OUTCOMES = [
    Accepted("uuid-1"),
    InDoubt("time-out"),
    NotSent("no route"),
    NotSent("402", 402, suspend=True),
    Refused(400, "no"),
    NotBegun("too late"),
]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("report", [QUEUED, DELIVERED, UNDELIVERED], ids=lambda each: each.words)
def test_a_callback_before_the_end_of_its_attempt_counts_whatever_that_end_says(
    desk: Desk, outcome: Outcome, report: Report
) -> None:
    desk.owe(retry=[])
    claim = desk.begin()
    assert call(desk, claim, report) is Effect.PROVED
    assert (desk.state(1), row(desk)["proven_by"]) == ("sending", claim.attempt_id)
    assert desk.finish(claim, outcome).state is State.ACCEPTED
    known, kept = row(desk), attempt(desk, claim)
    assert (known["message_uuid"], known["receipt"], known["proven_by"]) == ("uuid-1", report.words, None)
    assert (known["receipt_due_at"] is None) is report.final
    assert known["evidence"] == ("answer" if isinstance(outcome, Accepted) else "callback")
    assert (kept["message_uuid"], kept["uuid_from"]) == ("uuid-1", "callback")
    assert desk.claim(now=later(600)) == []


@pytest.mark.parametrize("begun", [True, False])
def test_a_claim_that_died_after_its_callback_is_accepted(desk: Desk, begun: bool) -> None:
    desk.owe()
    claim = desk.begin() if begun else desk.claim()[0]
    call(desk, claim, SENT)
    assert desk.store.deliveries.recover(later(200), timedelta(0), MINUTE) == (0, 0)
    known = row(desk)
    assert (known["state"], known["evidence"], known["message_uuid"]) == ("accepted", "callback", "uuid-1")
    assert known["receipt_due_at"] is not None


def test_a_commit_of_a_claim_that_seemed_to_fail_does_not_undo_its_proof(desk: Desk) -> None:
    desk.owe()
    (claim,) = desk.claim()
    call(desk, claim, SENT)
    desk.store.deliveries.let_go([], later(1))
    assert desk.state(1) == "accepted"


def test_no_second_request_begins_once_the_first_is_proven(desk: Desk) -> None:
    desk.owe()
    first = desk.begin()
    desk.finish(first, NotSent("no route"))
    (second,) = desk.claim(now=later(60))
    assert call(desk, first, SENT) is Effect.PROVED
    assert desk.state(1) == "sending"
    assert desk.store.deliveries.begin([second], later(61)) == set()
    assert desk.finish(second, NotBegun("withdrawn"), later(61)).state is State.ACCEPTED
    assert (row(desk)["message_uuid"], row(desk)["receipt"]) == ("uuid-1", "sent")
    assert attempt(desk, second)["message_uuid"] is None


def test_a_second_request_that_had_begun_keeps_its_own_name(desk: Desk) -> None:
    """Both are messages then, and the state says so."""
    desk.owe()
    first = desk.begin()
    desk.finish(first, NotSent("no route"))
    (second,) = desk.claim(now=later(60))
    desk.store.deliveries.begin([second], later(60))
    call(desk, first, SENT)
    assert desk.finish(second, Accepted("uuid-2"), later(61)).state is State.ACCEPTED
    assert (row(desk)["message_uuid"], row(desk)["proven_by"], row(desk)["receipt"]) == ("uuid-2", None, None)
    assert [attempt(desk, each)["message_uuid"] for each in (first, second)] == ["uuid-1", "uuid-2"]
    assert call(desk, first, DELIVERED, 2) is Effect.NOTED
    assert row(desk)["receipt"] is None, "it is the report of the other message"


def test_a_late_answer_finds_what_a_callback_settled(desk: Desk) -> None:
    claim = doubtful(desk)
    call(desk, claim, SENT)
    assert desk.finish(claim, Accepted("uuid-1"), later(5)).state is State.ACCEPTED
    assert (row(desk)["receipt"], attempt(desk, claim)["uuid_from"]) == ("sent", "callback")


# -- where it cannot be accepted any more -------------------------------------------------------------------


def failed(desk: Desk) -> Claim:
    desk.owe(retry=[])
    claim = desk.begin()
    desk.finish(claim, NotSent("no route"))
    assert desk.state(1) == "failed"
    return claim


def test_what_has_failed_stays_so_with_the_fact_and_is_not_sent_again_by_mistake(desk: Desk) -> None:
    claim = failed(desk)
    assert call(desk, claim, DELIVERED, 3) is Effect.PROVED
    assert (desk.state(1), attempt(desk, claim)["receipt"]) == ("failed", "delivered")
    with pytest.raises(Refusal, match=r"Plivo took its attempt 1, and reports: delivered"):
        desk.store.operations.retry(1, None, "ops", later(5))


def test_what_has_failed_twice_over_may_be_sent_again_by_an_operator(desk: Desk) -> None:
    call(desk, failed(desk), EXPIRED, 3)
    desk.store.operations.retry(1, None, "ops", later(5))
    (claim,) = desk.claim(now=later(6))
    assert desk.store.deliveries.begin([claim], later(6)) == {claim.attempt_id}


def test_what_was_cancelled_does_not_come_back_with_its_job(desk: Desk) -> None:
    desk.owe(retry=[60])
    claim = desk.begin()
    desk.finish(claim, NotSent("no route"))
    desk.world.delete("a.yaml")
    assert desk.state(1) == "cancelled"
    assert call(desk, claim, SENT) is Effect.PROVED
    desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=EVERYBODY))
    assert desk.state(1) == "cancelled"


# -- sent again -------------------------------------------------------------------------------------------


def retrying(desk: Desk) -> None:
    """One that is sent again if no carrier has it."""
    desk.owe(retry=[60, 60])
    with closing(desk.raw()) as raw:
        raw.execute("update deliveries set on_undelivered = 'retry'")


def sent_again(desk: Desk) -> Claim:
    """A message that no carrier had, sent again by its job's word; the first attempt. Its delivery waits for its retry."""
    retrying(desk)
    claim = desk.begin()
    desk.finish(claim, Accepted("uuid-1"))
    assert call(desk, claim, EXPIRED, 2) is Effect.NOTED
    ((question, code),) = desk.store.receipts.heard(9)
    assert (question.message_uuid, code, question.receipt) == ("uuid-1", 420, EXPIRED.words)
    noted = desk.store.receipts.note(question, EXPIRED, None, later(5), try_again=True)
    assert noted is not None
    assert noted.state is State.PENDING
    assert desk.store.receipts.heard(9) == []
    return claim


def test_what_no_carrier_had_is_sent_again_once_however_often_plivo_says_so(desk: Desk) -> None:
    first = sent_again(desk)
    for report, sequence in ((EXPIRED, 2), (QUEUED, 1), (EXPIRED, None), (QUEUED, 3)):
        assert call(desk, first, report, sequence, now=later(6)) is Effect.REPEATED
    assert (desk.state(1), row(desk)["proven_by"]) == ("pending", None)
    (second,) = desk.claim(now=later(65))
    call(desk, first, EXPIRED, 2, now=later(66))
    assert desk.store.deliveries.begin([second], later(66)) == {second.attempt_id}
    assert desk.finish(second, InDoubt("time-out"), later(67)).state is State.IN_DOUBT
    assert call(desk, first, EXPIRED, 2, now=later(68)) is Effect.REPEATED
    assert desk.state(1) == "in_doubt", "the first message proves nothing of the second"
    assert call(desk, second, SENT, 1, "uuid-2", now=later(69)) is Effect.PROVED
    assert (desk.state(1), row(desk)["message_uuid"], row(desk)["receipt"]) == ("accepted", "uuid-2", "sent")


def test_what_failed_before_its_answer_came_is_judged_when_it_is_accepted(desk: Desk) -> None:
    desk.owe()
    claim = desk.begin()
    call(desk, claim, EXPIRED, 2)
    assert desk.store.receipts.heard(9) == [], "first its attempt ends"
    desk.finish(claim, Accepted("uuid-1"))
    assert [each.question.message_uuid for each in desk.store.receipts.heard(9)] == ["uuid-1"]
    assert desk.store.receipts.next_due() is None


def test_a_state_that_may_be_old_sends_nothing_again_by_a_callback(desk: Desk) -> None:
    desk.owe()
    with closing(desk.raw()) as raw:
        raw.execute("update deliveries set on_undelivered = 'retry'")
    claim = desk.begin()
    desk.finish(claim, InDoubt("time-out"))
    desk.store.receipts.forgo_retries()
    call(desk, claim, EXPIRED, 2)
    ((question, _),) = desk.store.receipts.heard(9)
    noted = desk.store.receipts.note(question, EXPIRED, None, later(5), try_again=True)
    assert noted is not None
    assert noted.state is State.ACCEPTED


# -- whose it is ------------------------------------------------------------------------------------------


def test_a_name_that_is_another_attempt_s_is_strange(desk: Desk) -> None:
    accepted(desk, "uuid-1")
    claim = doubtful(desk, BERT)
    assert call(desk, claim, DELIVERED, 3, "uuid-1") is Effect.STRANGE
    assert (desk.state(2), row(desk, 1)["receipt"], attempt(desk, claim)["callbacks"]) == ("in_doubt", None, 0)


def test_another_name_for_an_attempt_that_has_one_is_strange(desk: Desk) -> None:
    claim = accepted(desk, "uuid-1")
    assert call(desk, claim, DELIVERED, 3, "uuid-2") is Effect.STRANGE
    assert row(desk)["receipt"] is None


def found_in_the_log(desk: Desk, phone: str = ANNA, uuid: str = "uuid-1") -> Claim:
    claim = doubtful(desk, phone)
    (doubt,) = desk.store.doubts.unproven([phone])
    assert desk.store.doubts.accept(doubt, uuid, "log", Why("found in Plivo's log"), START)
    return claim


def test_a_callback_takes_its_name_back_from_whoever_had_it_from_the_log(desk: Desk) -> None:
    wrong = found_in_the_log(desk, ANNA)
    right = doubtful(desk, BERT)
    assert call(desk, right, SENT) is Effect.PROVED
    assert (desk.state(1), desk.state(2)) == ("in_doubt", "accepted")
    assert attempt(desk, wrong)["message_uuid"] is None
    last = desk.store.reports.moves(1)[-1]
    assert (last["to_state"], last["evidence"]) == ("in_doubt", "callback")


def test_a_callback_corrects_the_name_that_the_log_gave(desk: Desk) -> None:
    claim = found_in_the_log(desk, ANNA, "uuid-of-another")
    assert call(desk, claim, DELIVERED, 3) is Effect.NOTED
    known = row(desk)
    assert (known["state"], known["message_uuid"], known["receipt"]) == ("accepted", "uuid-1", "delivered")
    assert desk.store.doubts.known_uuids(["uuid-of-another"]) == set()


def test_a_callback_makes_a_name_from_the_log_plivo_s_own(desk: Desk) -> None:
    claim = found_in_the_log(desk)
    call(desk, claim, SENT)
    assert attempt(desk, claim)["uuid_from"] == "callback"


def test_an_operator_s_word_without_a_name_gets_one(desk: Desk) -> None:
    claim = doubtful(desk)
    doubt = desk.store.doubts.get(1)
    assert doubt is not None
    desk.store.doubts.accept(doubt, None, "operator", Why("seen", "ops", "operator", claim.attempt_id), START)
    assert call(desk, claim, DELIVERED, 3) is Effect.NOTED
    assert (row(desk)["message_uuid"], row(desk)["receipt"]) == ("uuid-1", "delivered")


def test_what_plivo_only_confirmed_takes_nothing_from_anybody(desk: Desk) -> None:
    found_in_the_log(desk, ANNA)
    claim = doubtful(desk, BERT)
    assert call(desk, claim, SENT, None, proven=False) is Effect.STRANGE
    assert call(desk, claim, SENT, None, "uuid-2", proven=False) is Effect.PROVED
    assert (desk.state(2), attempt(desk, claim)["uuid_from"]) == ("accepted", "log")
    assert call(desk, claim, SENT, None, "uuid-3", proven=False) is Effect.STRANGE


def test_a_message_of_somebody_who_was_forgotten_is_nobody_else_s(desk: Desk) -> None:
    first = accepted(desk, "uuid-old")
    desk.store.forgetting.forget(ANNA, re.compile(re.escape(ANNA)), "ops", START + 2 * HOUR)
    assert call(desk, first, DELIVERED, 3, "uuid-old") is Effect.STRANGE
    assert call(desk, doubtful(desk, BERT), DELIVERED, 3, "uuid-old") is Effect.STRANGE
    assert desk.state(2) == "in_doubt"


def test_one_attempt_in_a_batch_is_proven_and_the_others_go_their_way(desk: Desk) -> None:
    for phone in EVERYBODY:
        desk.owe(phone)
    claims = desk.claim()
    desk.store.deliveries.begin(claims, START)
    call(desk, claims[1], SENT, uuid="uuid-b")
    outcomes: list[Outcome] = [Accepted("uuid-a"), InDoubt("time-out"), NotSent("no route")]
    finished = [Finished(claim, outcome) for claim, outcome in zip(claims, outcomes, strict=True)]
    settled = desk.store.deliveries.finish(finished, later(1), jitter=0, first_look=timedelta(0), first_receipt=MINUTE)
    assert [one.state for one in settled] == ["accepted", "accepted", "pending"]
