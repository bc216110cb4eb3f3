"""Reports on accepted messages, as the state keeps them: guarded, beside the state, and sent again at most once each."""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest

from reminderd.model import Accepted, InDoubt, NotSent, State
from reminderd.store import Question, Report, Why
from tests.support.clock import START
from tests.support.desk import EVERYBODY, HOUR, Desk, later
from tests.support.world import ANNA, BERT, SENDER, job

MINUTE = timedelta(minutes=1)
EXPIRED = Report("failed (420: it expired in Plivo's queue)", 420)


def accepted(desk: Desk, *, on_undelivered: str = "retry", **keys: Any) -> Question:
    """An accepted message; the question about it."""
    delivery = desk.owe(**keys)
    with closing(desk.raw()) as raw:
        raw.execute("update deliveries set on_undelivered = ? where id = ?", [on_undelivered, delivery])
    desk.send(Accepted(f"uuid-{delivery}"))
    return question(desk)


def question(desk: Desk, now: datetime = START + MINUTE) -> Question:
    (due,) = desk.store.receipts.due(now, 9)
    return due


def row(desk: Desk, delivery: int = 1) -> dict[str, Any]:
    found = desk.store.reports.delivery(delivery)
    assert found is not None
    return found


def note(desk: Desk, asked: Question, report: Report = EXPIRED, now: datetime = START + MINUTE) -> State | None:
    noted = desk.store.receipts.note(asked, report, None, now, try_again=True)
    return noted.state if noted else None


def test_what_is_accepted_is_asked_about_after_its_first_delay(desk: Desk) -> None:
    asked = accepted(desk)
    assert desk.store.receipts.next_due() == START + MINUTE
    assert desk.store.receipts.due(START + MINUTE - timedelta(milliseconds=1), 9) == []
    assert (asked.delivery_id, asked.message_uuid, asked.phone, asked.sender) == (1, "uuid-1", ANNA, SENDER)
    assert (asked.sent_at, asked.receipt) == (START, None)


def test_nobody_asks_about_what_has_no_name_or_was_not_accepted(desk: Desk) -> None:
    for name in ("a", "b"):
        desk.owe(name=name)
        desk.send(Accepted("the same"))
    desk.owe(BERT)
    desk.send(NotSent("no route"))
    assert [each.delivery_id for each in desk.store.receipts.due(later(9999), 9)] == [1]


def test_at_most_so_many_are_due_at_once_the_oldest_first(desk: Desk) -> None:
    for number, phone in enumerate(EVERYBODY):
        desk.owe(phone)
        desk.send(Accepted(f"uuid-{number}"), later(number))
    due = desk.store.receipts.due(later(9999), 2)
    assert [each.message_uuid for each in due] == ["uuid-0", "uuid-1"]


def test_a_late_answer_and_the_log_s_proof_are_asked_about_too(desk: Desk) -> None:
    desk.owe(ANNA)
    claim = desk.begin()
    desk.finish(claim, InDoubt("time-out"))
    desk.finish(claim, Accepted("late"))
    desk.doubtful(BERT)
    (doubt,) = desk.store.doubts.unproven([BERT])
    desk.store.doubts.accept(doubt, "found", "log", Why("found in Plivo's log"), START)
    assert {each.message_uuid for each in desk.store.receipts.due(START + MINUTE, 9)} == {"late", "found"}


def test_a_report_is_a_fact_beside_the_state(desk: Desk) -> None:
    asked = accepted(desk)
    desk.store.receipts.note(asked, Report("sent"), START + 5 * MINUTE, START + MINUTE)
    known = row(desk)
    assert (known["state"], known["receipt"], known["receipt_code"]) == ("accepted", "sent", None)
    assert known["receipt_at"] == "2027-03-01T08:01:00.000Z"
    assert desk.store.receipts.next_due() == START + 5 * MINUTE
    asked = question(desk, START + 5 * MINUTE)
    assert asked.receipt == "sent"
    desk.store.receipts.note(asked, Report("undelivered (30: spam detected)", 30), None, START + 5 * MINUTE)
    assert (row(desk)["receipt"], row(desk)["receipt_code"]) == ("undelivered (30: spam detected)", 30)
    assert desk.store.receipts.next_due() is None
    (attempt,) = desk.store.reports.attempts(1)
    assert (attempt["receipt"], attempt["receipt_code"]) == ("undelivered (30: spam detected)", 30)
    assert len(desk.store.reports.moves(1)) == 3, "no move was made"


def test_what_failed_before_any_carrier_is_pending_again_and_spends_a_retry(desk: Desk) -> None:
    asked = accepted(desk, retry=[60, 120])
    assert note(desk, asked) is State.PENDING
    known = row(desk)
    assert (known["state"], known["retries_used"], known["not_before"]) == ("pending", 1, "2027-03-01T08:02:00.000Z")
    assert [known[name] for name in ("message_uuid", "receipt", "receipt_code", "receipt_due_at")] == [None] * 4
    (attempt,) = desk.store.reports.attempts(1)
    assert (attempt["message_uuid"], attempt["receipt"], attempt["receipt_code"]) == ("uuid-1", EXPIRED.words, 420)
    last = desk.store.reports.moves(1)[-1]
    assert (last["from_state"], last["to_state"], last["evidence"]) == ("accepted", "pending", "receipt: uuid-1")
    assert "420" in last["reason"]
    assert desk.world.store.reports.history()[0]["state"] == "pending"


def test_a_report_that_comes_twice_sends_again_once(desk: Desk) -> None:
    asked = accepted(desk, retry=[60, 60])
    assert note(desk, asked) is State.PENDING
    assert note(desk, asked) is None
    desk.send(Accepted("uuid-2"), later(120))
    assert note(desk, asked) is None, "it is about the first message, which is not this delivery's any more"
    assert (row(desk)["state"], row(desk)["message_uuid"], row(desk)["retries_used"]) == ("accepted", "uuid-2", 1)
    assert row(desk)["receipt"] is None
    assert [each["receipt"] for each in desk.store.reports.attempts(1)] == [EXPIRED.words, None]


def test_the_second_message_is_asked_about_as_the_first_was(desk: Desk) -> None:
    note(desk, accepted(desk))
    desk.send(Accepted("uuid-2"), later(120))
    asked = question(desk, later(180))
    assert (asked.message_uuid, asked.sent_at, asked.receipt) == ("uuid-2", later(120), None)


def test_nobody_is_sent_a_message_again_unless_the_job_says_so(desk: Desk) -> None:
    assert note(desk, accepted(desk, on_undelivered="fail")) is State.ACCEPTED
    assert row(desk)["receipt"] == EXPIRED.words


@pytest.mark.parametrize("retry", [[], [7200]], ids=["no retries", "validity over"])
def test_a_message_is_not_sent_again_without_retries_or_validity_left(desk: Desk, retry: list[int]) -> None:
    assert note(desk, accepted(desk, retry=retry, valid_for=HOUR)) is State.ACCEPTED
    why = "its validity is over before the next try" if retry else "retries used up"
    assert row(desk)["receipt"] == f"{EXPIRED.words}; not sent again: {why}"


@pytest.mark.parametrize("what", ["removed", "disabled", "left", "opted out", "opted out of the sender"])
def test_a_message_is_not_sent_again_to_who_wants_none(desk: Desk, what: str) -> None:
    asked = accepted(desk)
    match what:
        case "removed":
            desk.world.delete("a.yaml")
        case "disabled":
            desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=EVERYBODY, enabled=False))
        case "left":
            desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=[BERT]))
        case "opted out":
            desk.store.opt_outs.add(ANNA, "", "ops", "operator", "asked", START)
        case _:
            desk.store.opt_outs.add(ANNA, SENDER, "ops", "operator", "asked", START)
    assert note(desk, asked) is State.ACCEPTED
    assert "not sent again: " in row(desk)["receipt"]


def test_a_message_whose_name_came_from_the_log_is_not_sent_again(desk: Desk) -> None:
    """The name may be another message's; then the first one may have arrived."""
    delivery = desk.doubtful(ANNA)
    with closing(desk.raw()) as raw:
        raw.execute("update deliveries set on_undelivered = 'retry'")
    (doubt,) = desk.store.doubts.unproven([ANNA])
    desk.store.doubts.accept(doubt, "found", "log", Why("found in Plivo's log"), START)
    assert note(desk, question(desk)) is State.ACCEPTED
    assert "Plivo's own answer" in row(desk, delivery)["receipt"]


def test_a_name_that_was_another_s_takes_its_report_away(desk: Desk) -> None:
    delivery = desk.doubtful(ANNA)
    (doubt,) = desk.store.doubts.unproven([ANNA])
    desk.store.doubts.accept(doubt, "found", "log", Why("found in Plivo's log"), START)
    asked = question(desk)
    desk.store.receipts.note(asked, Report("delivered"), START + 5 * MINUTE, START)
    desk.owe(BERT)
    desk.send(Accepted("found"))
    known = row(desk, delivery)
    assert (known["state"], known["receipt"], known["receipt_due_at"]) == ("in_doubt", None, None)
    assert [attempt["receipt"] for attempt in desk.store.reports.attempts(delivery)] == [None]
    assert desk.store.receipts.note(asked, Report("delivered"), None, START) is None


def test_nobody_asks_any_more_where_the_settings_say_so(desk: Desk) -> None:
    asked = accepted(desk)
    desk.store.receipts.note(asked, Report("sent"), START + HOUR, START)
    desk.store.receipts.ask_no_more()
    assert desk.store.receipts.next_due() is None
    assert row(desk)["receipt"] == "sent"


def test_a_state_that_may_be_old_sends_nothing_again(desk: Desk) -> None:
    asked = accepted(desk)
    desk.store.receipts.forgo_retries()
    assert note(desk, asked) is State.ACCEPTED


def test_an_occurrence_counts_what_is_accepted_now(desk: Desk) -> None:
    asked = accepted(desk)

    def counted() -> int:
        with closing(desk.raw()) as raw:
            (number,) = raw.execute("select accepted from report_occurrences").fetchone()
        return int(number)

    assert counted() == 1
    note(desk, asked)
    assert counted() == 0
    desk.send(Accepted("uuid-2"), later(120))
    assert counted() == 1
