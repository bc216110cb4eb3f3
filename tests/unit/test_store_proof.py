"""What no carrier had may be sent again; once anything of Plivo's says that a carrier had it, nothing more is begun."""

from datetime import timedelta

import pytest

from reminderd.model import Accepted, InDoubt, NotBegun, Refused, State
from reminderd.store import Claim, Effect, Facts, Question, Refusal, Report
from tests.support.clock import START
from tests.support.desk import HOUR, Desk, later
from tests.unit.test_store_callbacks import (
    DELIVERED,
    EXPIRED,
    QUEUED,
    SENT,
    UNDELIVERED,
    attempt,
    call,
    retrying,
    row,
    sent_again,
)

READ = Report("read", None, True, True)
DATED = QUEUED._replace(facts=Facts(sent_at=later(1)))
CHARGED = EXPIRED._replace(facts=Facts(charged=5_000))
PRICED = QUEUED._replace(facts=Facts(charged=5_000))
FREE = EXPIRED._replace(facts=Facts(charged=0))
AGAINST = [SENT, DELIVERED, READ, UNDELIVERED, DATED, CHARGED]
AT = later(6)


def _judge(desk: Desk) -> State | None:
    ((question, _),) = desk.store.receipts.heard(9)
    noted = desk.store.receipts.note(question, EXPIRED, None, AT, try_again=True)
    return noted and noted.state


@pytest.mark.parametrize("sequence", [1, 3, None], ids=["before it", "after it", "unnumbered"])
@pytest.mark.parametrize("report", AGAINST, ids=lambda each: each.words)
def test_what_waits_to_be_sent_again_is_taken_back(desk: Desk, report: Report, sequence: int | None) -> None:
    first = sent_again(desk)
    assert call(desk, first, report, sequence, now=AT) is Effect.PROVED
    known = row(desk)
    assert (known["state"], known["evidence"], known["message_uuid"]) == ("accepted", "callback", "uuid-1")
    assert known["receipt_due_at"] is None
    assert known["receipt"].startswith("failed (420: it expired in Plivo's queue); Plivo also ") or sequence == 3
    assert desk.claim(now=later(600)) == []
    assert call(desk, first, report, sequence, now=later(7)) is Effect.REPEATED
    assert desk.store.receipts.heard(9) == [] or _judge(desk) is State.ACCEPTED


def test_a_later_word_for_good_replaces_the_one_that_was_wrong(desk: Desk) -> None:
    call(desk, sent_again(desk), DELIVERED, 3, now=AT)
    assert (row(desk)["receipt"], row(desk)["receipt_code"]) == ("delivered", None)


def test_what_plivo_repeats_or_prices_is_no_contradiction(desk: Desk) -> None:
    first = sent_again(desk)
    for report in (FREE, PRICED, EXPIRED):
        call(desk, first, report, 9, now=AT)
    assert (desk.state(1), row(desk)["proven_by"]) == ("pending", None)


def test_no_second_request_begins_once_the_first_was_sent_after_all(desk: Desk) -> None:
    first = sent_again(desk)
    (second,) = desk.claim(now=later(65))
    assert call(desk, first, SENT, 3, now=later(66)) is Effect.PROVED
    assert row(desk)["proven_by"] == first.attempt_id
    assert desk.store.deliveries.begin([second], later(66)) == set()
    assert desk.finish(second, NotBegun("withdrawn"), later(67)).state is State.ACCEPTED
    assert row(desk)["message_uuid"] == "uuid-1"
    assert row(desk)["receipt"] == f"{EXPIRED.words}; Plivo also reported it sent"


def test_a_second_message_that_had_begun_is_not_followed_by_a_third(desk: Desk) -> None:
    first = sent_again(desk)
    second = desk.begin(later(65))
    call(desk, first, DELIVERED, 3, now=later(66))
    desk.finish(second, Accepted("uuid-2"), later(67))
    assert row(desk)["message_uuid"] == "uuid-2"
    call(desk, second, EXPIRED, 2, "uuid-2", now=later(68))
    assert _judge(desk) is State.ACCEPTED
    assert row(desk)["receipt"].endswith("not sent again: Plivo also reported it delivered")


def test_a_doubt_about_the_second_message_ends_with_the_first(desk: Desk) -> None:
    first = sent_again(desk)
    desk.finish(desk.begin(later(65)), InDoubt("time-out"), later(66))
    assert call(desk, first, DELIVERED, 3, now=later(67)) is Effect.PROVED
    assert (desk.state(1), row(desk)["message_uuid"], row(desk)["reconcile_at"]) == ("accepted", "uuid-1", None)


def test_an_operator_s_retry_is_turned_away_too(desk: Desk) -> None:
    first = sent_again(desk)
    desk.finish(desk.begin(later(65)), Refused(400, "no"), later(66))
    assert call(desk, first, SENT, 1, now=later(67)) is Effect.PROVED
    assert desk.state(1) == "failed"
    with pytest.raises(Refusal, match="Plivo also reported it sent"):
        desk.store.operations.retry(1, None, "ops", later(68))


# -- said before it failed --------------------------------------------------------------------------------


def _accepted(desk: Desk) -> Claim:
    retrying(desk)
    claim = desk.begin()
    desk.finish(claim, Accepted("uuid-1"))
    return claim


@pytest.mark.parametrize("report", AGAINST, ids=lambda each: each.words)
def test_what_a_carrier_had_is_not_sent_again_though_it_failed_later(desk: Desk, report: Report) -> None:
    claim = _accepted(desk)
    call(desk, claim, report, 2)
    call(desk, claim, EXPIRED, 4)
    assert _judge(desk) is State.ACCEPTED
    known = row(desk)
    assert known["receipt"].startswith(f"{EXPIRED.words}; not sent again: Plivo also ")
    assert attempt(desk, claim)["receipt"] == known["receipt"]
    assert desk.claim(now=later(600)) == []


@pytest.mark.parametrize("report", [QUEUED, PRICED, FREE], ids=["queued", "priced", "free"])
def test_what_no_carrier_had_is_sent_again(desk: Desk, report: Report) -> None:
    claim = _accepted(desk)
    call(desk, claim, report, 1)
    call(desk, claim, EXPIRED, 4)
    assert _judge(desk) is State.PENDING


# -- when asked -------------------------------------------------------------------------------------------


def _asked(desk: Desk) -> Question:
    (question,) = desk.store.receipts.due(START + timedelta(minutes=1), 9)
    return question


@pytest.mark.parametrize("facts", [Facts(charged=5_000), Facts(sent_at=later(1))], ids=["charged", "sent"])
def test_an_answer_that_contradicts_itself_sends_nothing_again(desk: Desk, facts: Facts) -> None:
    _accepted(desk)
    noted = desk.store.receipts.note(_asked(desk), EXPIRED._replace(facts=facts), None, AT, try_again=True)
    assert noted is not None
    assert noted.state is State.ACCEPTED
    assert "not sent again: Plivo also " in noted.words


def test_an_answer_that_it_failed_does_not_undo_one_that_it_was_sent(desk: Desk) -> None:
    _accepted(desk)
    asked = _asked(desk)
    desk.store.receipts.note(asked, SENT, START + HOUR, AT)
    noted = desk.store.receipts.note(asked, EXPIRED, None, later(60), try_again=True)
    assert noted is not None
    assert noted.words == f"{EXPIRED.words}; not sent again: Plivo also reported it sent"


def test_an_answer_that_was_under_way_takes_back_what_waits_to_be_sent_again(desk: Desk) -> None:
    claim = _accepted(desk)
    asked = _asked(desk)
    call(desk, claim, EXPIRED, 2)
    assert _judge(desk) is State.PENDING
    assert desk.store.receipts.note(asked, DELIVERED, None, AT) is None
    known = row(desk)
    assert (known["state"], known["evidence"]) == ("accepted", "receipt: uuid-1")
    assert known["receipt"] == f"{EXPIRED.words}; Plivo also reported it delivered"
    assert desk.claim(now=later(600)) == []
