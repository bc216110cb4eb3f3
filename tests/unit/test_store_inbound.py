"""What people write keeps the opt-outs in step: each text counts once, a stop whenever it comes, a start only after it."""

from datetime import datetime, timedelta

import pytest

from reminderd.model import InDoubt, Intent, NotSent, State
from reminderd.store import Refusal, Upshot, Why, Written
from reminderd.store.inbound import LONGEST_TEXT
from tests.support.clock import START
from tests.support.desk import EVERYBODY, Desk, later
from tests.support.world import ANNA, BERT, SENDER, job

OTHER_SENDER = "+14155550199"
STOP, BEGIN = Intent.STOP, Intent.START
DAY = timedelta(days=1)


def hear(
    desk: Desk,
    intent: Intent,
    uuid: str,
    *,
    sender: str = SENDER,
    phone: str = ANNA,
    at: datetime = START,
    written_at: datetime | None = None,
    text: str = "…",
) -> Upshot | None:
    return desk.store.inbound.record(Written(uuid, phone, sender, text, intent, 0, written_at), at)


def is_out(desk: Desk, sender: str = SENDER, phone: str = ANNA) -> bool:
    return desk.store.opt_outs.covers(phone, sender)


def results(desk: Desk) -> list[str]:
    return [row["result"] for row in desk.store.reports.inbound()][::-1]


def test_a_stop_cancels_what_is_pending_from_that_sender(desk: Desk) -> None:
    to_anna, to_bert = desk.owe(ANNA), desk.owe(BERT)
    heard = hear(desk, STOP, "one")
    assert heard is not None
    assert heard.changed
    assert [each.id for each in heard.cancelled] == [to_anna]
    assert (desk.state(to_anna), desk.state(to_bert)) == ("cancelled", "pending")
    (row,) = desk.store.opt_outs.of(ANNA)
    assert (row["sender"], row["who"], row["source"]) == (SENDER, "recipient", "inbound")
    (move,) = [row for row in desk.store.reports.moves(to_anna) if row["to_state"] == "cancelled"]
    assert (move["reason"], move["who"], move["evidence"]) == ("opted out", "recipient", "inbound")
    assert results(desk) == [f"opted out; cancelled: delivery {to_anna}"]


def test_a_stop_to_another_number_leaves_it(desk: Desk) -> None:
    delivery = desk.owe(ANNA)
    assert hear(desk, STOP, "one", sender=OTHER_SENDER) == Upshot("opted out", changed=True)
    assert desk.state(delivery) == "pending"
    assert not is_out(desk)
    assert is_out(desk, OTHER_SENDER)


def test_a_start_ends_it_and_revives_nothing(desk: Desk) -> None:
    first = desk.owe(ANNA)
    desk.world.delete("a.yaml")  # withdrawn: it would come back with its job
    hear(desk, STOP, "one")
    heard = hear(desk, BEGIN, "two", at=later(60), written_at=later(50))
    assert heard == Upshot("gets messages again", changed=True)
    assert not is_out(desk)
    desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=EVERYBODY))
    assert desk.state(first) == "cancelled"
    assert desk.state(desk.owe(ANNA, nominal="2027-03-01T09:00:00")) == "pending"


def test_a_text_that_comes_again_changes_nothing(desk: Desk) -> None:
    hear(desk, STOP, "one")
    hear(desk, BEGIN, "two", at=later(60), written_at=later(50))
    delivery = desk.owe(ANNA)
    assert hear(desk, STOP, "one", at=later(120)) is None
    assert not is_out(desk)
    assert desk.state(delivery) == "pending"
    hear(desk, STOP, "three", at=later(180))
    assert hear(desk, BEGIN, "two", at=later(240), written_at=later(230)) is None
    assert is_out(desk)
    assert len(results(desk)) == 3


def test_a_stop_counts_however_late_it_comes(desk: Desk) -> None:
    """It may have been written before the start; nobody knows, and no message is the lesser harm."""
    hear(desk, BEGIN, "two", written_at=START)
    hear(desk, STOP, "one", at=later(3600))
    assert is_out(desk)


@pytest.mark.parametrize("written_at", [None, later(-1), later(-90)])
def test_a_start_that_may_be_older_than_the_stop_does_not_count(desk: Desk, written_at: datetime | None) -> None:
    hear(desk, STOP, "one")
    hear(desk, BEGIN, "two", at=later(60), written_at=written_at)
    assert is_out(desk)
    assert results(desk)[-1] == "still opted out: it may have been written before they stopped messages"
    hear(desk, BEGIN, "three", at=later(120), written_at=later(110))
    assert not is_out(desk)


def test_of_what_was_said_more_than_a_day_ago_a_start_is_newer_in_any_case(desk: Desk) -> None:
    hear(desk, STOP, "one")
    hear(desk, BEGIN, "two", at=START + DAY)
    assert is_out(desk)
    hear(desk, BEGIN, "three", at=START + DAY * 1.1)
    assert not is_out(desk)


def test_plivo_s_time_has_whole_seconds(desk: Desk) -> None:
    hear(desk, STOP, "one", at=later(0.4))
    hear(desk, BEGIN, "two", at=later(0.9), written_at=START)
    assert not is_out(desk)


def test_a_start_ends_what_plivo_reported(desk: Desk) -> None:
    desk.store.opt_outs.add(ANNA, SENDER, "plivo", "plivo", "error 200", START)
    hear(desk, BEGIN, "one", at=later(60), written_at=later(50))
    assert not is_out(desk)


@pytest.mark.parametrize("sender", ["", SENDER, SENDER[1:]])
def test_what_an_operator_said_stays(desk: Desk, sender: str) -> None:
    desk.command("opt-out add", phone=ANNA, sender=sender, why="asked")
    hear(desk, STOP, "one")
    hear(desk, BEGIN, "two", at=later(60), written_at=later(50))
    assert is_out(desk)
    assert results(desk)[-1] == "still opted out: an operator has said so"


def test_who_takes_an_opt_out_back_hears_that_they_wrote_stop(desk: Desk) -> None:
    desk.command("opt-out add", phone=ANNA, sender=SENDER, why="asked")
    assert desk.command("opt-out remove", phone=ANNA, sender=SENDER)["stopped_at"] is None
    desk.command("opt-out add", phone=ANNA, sender=SENDER, why="asked")
    hear(desk, STOP, "one", at=later(60))
    assert hear(desk, Intent.OTHER, "two", at=later(70)) == Upshot("for people to read")
    answer = desk.command("opt-out remove", phone=ANNA, sender=SENDER[1:])
    assert answer["stopped_at"] == "2027-03-01T08:01:00.000Z"
    hear(desk, BEGIN, "three", at=later(80), written_at=later(80))
    desk.command("opt-out add", phone=ANNA, sender=SENDER, why="asked")
    assert desk.command("opt-out remove", phone=ANNA, sender=SENDER)["stopped_at"] is None


def test_a_start_of_who_has_not_opted_out_changes_nothing(desk: Desk) -> None:
    delivery = desk.owe(ANNA)
    assert hear(desk, BEGIN, "one") == Upshot("had not opted out")
    assert desk.state(delivery) == "pending"


@pytest.mark.parametrize(
    ("intent", "result"), [(Intent.HELP, "Plivo answers by itself"), (Intent.OTHER, "for people to read")]
)
def test_other_texts_are_kept_and_change_nothing(desk: Desk, intent: Intent, result: str) -> None:
    delivery = desk.owe(ANNA)
    assert hear(desk, intent, "one", text="Où? 🙂 \u202e") == Upshot(result)
    (row,) = desk.store.reports.inbound()
    assert (row["text"], row["intent"], row["result"]) == ("Où? 🙂 \u202e", intent, result)
    assert desk.state(delivery) == "pending"
    assert desk.store.opt_outs.of(ANNA) == []


def test_a_text_is_kept_up_to_a_bound(desk: Desk) -> None:
    hear(desk, Intent.OTHER, "one", text="x" * 5000)
    assert len(desk.store.reports.inbound()[0]["text"]) == LONGEST_TEXT


def test_what_is_under_way_or_in_doubt_is_not_sent_again(desk: Desk) -> None:
    doubtful = desk.doubtful(BERT)
    desk.owe(ANNA)
    claim = desk.begin()
    for phone in (ANNA, BERT):
        heard = hear(desk, STOP, f"stop of {phone}", phone=phone)
        assert heard is not None
        assert heard.cancelled == ()
    assert desk.finish(claim, NotSent("no route")).state is State.CANCELLED
    assert desk.store.doubts.not_sent(doubtful, Why("an operator says so", "ops"), START) is State.CANCELLED


def test_a_stop_between_claim_and_beginning_keeps_the_request_from_going_out(desk: Desk) -> None:
    desk.owe(ANNA)
    (claim,) = desk.claim()
    hear(desk, STOP, "one")
    assert desk.store.deliveries.begin([claim], START) == set()


def test_a_message_that_arrived_all_the_same_is_accepted(desk: Desk) -> None:
    desk.owe(ANNA)
    desk.send(InDoubt("reset"))
    hear(desk, STOP, "one")
    (doubt,) = desk.store.doubts.due(START)
    assert desk.store.doubts.accept(doubt, None, "log", Why("the log has it"), START)
    assert desk.state(doubt.delivery_id) == "accepted"


def test_many_cancelled_ones_are_named_in_part(desk: Desk) -> None:
    ids = [desk.owe(ANNA, nominal=f"2027-03-01T{hour:02}:00:00") for hour in range(12)]
    hear(desk, STOP, "one")
    assert results(desk) == [f"opted out; cancelled: deliveries {', '.join(map(str, ids[:10]))} and 2 more"]


# -- what is no longer kept --------------------------------------------------------------------------------


def test_texts_go_first_and_then_the_rows_and_none_counts_again(desk: Desk) -> None:
    hear(desk, STOP, "one", text="Stop!")
    hear(desk, Intent.OTHER, "two", at=later(3600), text="Hello?")
    assert desk.store.inbound.empty_texts(later(60), 10) == 1
    assert desk.store.inbound.empty_texts(later(60), 10) == 0
    assert [row["text"] for row in desk.store.reports.inbound()] == ["Hello?", None]
    assert desk.store.inbound.prune(later(60), 10) == 1
    assert desk.store.inbound.prune(later(7200), 10) == 0, "the newest row of a table stays"
    assert [row["message_uuid"] for row in desk.store.reports.inbound()] == ["two"]
    desk.store.opt_outs.remove(ANNA, SENDER)
    assert hear(desk, STOP, "one", at=later(7200)) is None
    assert not is_out(desk)


def test_a_round_goes_in_steps(desk: Desk) -> None:
    for number in range(5):
        hear(desk, Intent.OTHER, str(number), at=later(number))
    assert [desk.store.inbound.empty_texts(later(9), 3) for _ in range(3)] == [3, 2, 0]
    assert [desk.store.inbound.prune(later(9), 3) for _ in range(3)] == [3, 1, 0]


def test_retry_of_what_was_cancelled_is_refused(desk: Desk) -> None:
    delivery = desk.owe(ANNA)
    hear(desk, STOP, "one")
    hear(desk, BEGIN, "two", at=later(60), written_at=later(50))
    with pytest.raises(Refusal):
        desk.command("retry", ids=[delivery])


# -- stops that came late ---------------------------------------------------------------------------------


def test_a_stop_that_came_late_does_not_outlast_a_start_that_was_written_after_it(desk: Desk) -> None:
    """Both were written while nobody listened; Plivo is asked for their times."""
    hear(desk, STOP, "stop", at=later(60))
    assert hear(desk, STOP, "stop", at=later(60), written_at=later(0)) is None
    assert is_out(desk), "it counts as before"
    heard = hear(desk, BEGIN, "start", at=later(61), written_at=later(2))
    assert heard == Upshot("gets messages again", changed=True)
    assert not is_out(desk)


@pytest.mark.parametrize("written", [None, 3], ids=["nobody knows when", "later"])
def test_a_stop_that_may_be_the_later_word_stays(desk: Desk, written: int | None) -> None:
    hear(desk, STOP, "stop", at=later(60), written_at=None if written is None else later(written))
    heard = hear(desk, BEGIN, "start", at=later(61), written_at=later(2))
    assert heard is not None
    assert heard.result.startswith("still opted out")
    assert is_out(desk)


def test_a_start_between_two_stops_ends_neither(desk: Desk) -> None:
    """The opt-out is as old as the first of them, and the second is their last word."""
    hear(desk, STOP, "one", at=later(1), written_at=later(0))
    hear(desk, STOP, "two", at=later(20), written_at=later(19))
    heard = hear(desk, BEGIN, "start", at=later(21), written_at=later(10))
    assert heard is not None
    assert heard.result.startswith("still opted out")
    assert is_out(desk)


def test_when_a_stop_was_written_is_kept_once(desk: Desk) -> None:
    hear(desk, STOP, "stop", at=later(60))
    for second in (5, 9):
        hear(desk, STOP, "stop", at=later(61), written_at=later(second))
    assert [row["written_at"] for row in desk.store.reports.inbound()] == ["2027-03-01T08:00:05.000Z"]
