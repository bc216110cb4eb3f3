"""What operators may do to a delivery, and in which state of it."""

import pytest

from reminderd.clock import from_text
from reminderd.gateway.port import LogUnavailable
from reminderd.model import Accepted, InDoubt, LogRow, Refused
from reminderd.store import (
    Claim,
    Refusal,
)
from tests.support.clock import START
from tests.support.desk import EVERYBODY, HOUR, Desk
from tests.support.world import ANNA, BERT, SENDER, job

UUID = "5b40a428-bfc7-4daf-9d06-726c558bf3b8"


def settle(desk: Desk, state: str) -> int:
    """A delivery in this state."""
    delivery = desk.owe(retry=[])
    match state:
        case "sending":
            desk.begin()
        case "accepted":
            desk.send(Accepted("u"))
        case "failed":
            desk.send(Refused(400, "no"))
        case "in_doubt":
            desk.send(InDoubt("reset"))
        case "missed":
            desk.store.deliveries.expire(START + HOUR)
        case "cancelled":
            desk.store.operations.cancel(delivery, "ops", START)
    assert desk.state(delivery) == state
    return delivery


@pytest.mark.parametrize("state", ["failed", "missed"])
def test_retry_sends_what_failed_or_was_missed_with_a_new_validity(desk: Desk, state: str) -> None:
    delivery = settle(desk, state)
    assert desk.store.operations.retry(delivery, None, "ops", START + 2 * HOUR) == START + 3 * HOUR
    assert desk.send(Accepted("u2"), START + 2 * HOUR).state == "accepted"
    (last,) = [row for row in desk.store.reports.moves(delivery) if row["reason"] == "retried by an operator"]
    assert (last["who"], last["evidence"]) == ("ops", "operator")


@pytest.mark.parametrize("state", ["pending", "sending", "accepted", "in_doubt", "cancelled"])
def test_retry_refuses_everything_else(desk: Desk, state: str) -> None:
    delivery = settle(desk, state)
    with pytest.raises(Refusal, match=f"delivery {delivery} is {state}"):
        desk.store.operations.retry(delivery, None, "ops", START)
    assert desk.state(delivery) == state


def test_retry_refuses_what_its_job_no_longer_wants(desk: Desk) -> None:
    delivery = settle(desk, "failed")
    desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=EVERYBODY, enabled=False))
    with pytest.raises(Refusal, match="disabled"):
        desk.store.operations.retry(delivery, None, "ops", START)
    desk.world.delete("a.yaml")
    with pytest.raises(Refusal, match="no longer declared"):
        desk.store.operations.retry(delivery, None, "ops", START)


def test_retry_refuses_what_goes_to_somebody_who_has_left_the_job(desk: Desk) -> None:
    delivery = settle(desk, "failed")
    desk.world.load("a.yaml", job(cron="0 0 1 1 *", to=[BERT]))
    with pytest.raises(Refusal, match="its recipient is no longer in the job"):
        desk.store.operations.retry(delivery, None, "ops", START)


@pytest.mark.parametrize("state", ["sending", "accepted", "failed", "in_doubt", "missed", "cancelled"])
def test_cancel_refuses_what_is_not_pending(desk: Desk, state: str) -> None:
    delivery = settle(desk, state)
    with pytest.raises(Refusal, match=f"delivery {delivery} is {state}"):
        desk.store.operations.cancel(delivery, "ops", START)


@pytest.mark.parametrize("state", ["pending", "sending", "accepted", "failed", "missed", "cancelled"])
def test_resolve_refuses_what_is_not_in_doubt(desk: Desk, state: str) -> None:
    delivery = settle(desk, state)
    for sent in (True, False):
        with pytest.raises(Refusal, match="nothing to resolve"):
            desk.world.command("resolve", id=delivery, sent=sent)


def test_a_delivery_that_does_not_exist_is_refused(desk: Desk) -> None:
    for command in ("retry", "cancel"):
        with pytest.raises(Refusal, match="there is no delivery 99"):
            desk.world.command(command, ids=[99])


def test_of_several_retries_with_one_refused_none_is_done(desk: Desk) -> None:
    failed, pending = settle(desk, "failed"), desk.owe(BERT)
    with pytest.raises(Refusal):
        desk.world.command("retry", ids=[failed, pending])
    assert desk.state(failed) == "failed"


def test_resolve_sent_with_a_uuid_of_another_is_refused(desk: Desk) -> None:
    desk.owe(BERT)
    desk.send(Accepted(UUID))
    delivery = desk.doubtful(ANNA)
    for force in (False, True):
        with pytest.raises(Refusal, match="belongs to another"):
            desk.world.command("resolve", id=delivery, sent=True, uuid=UUID, force=force)
    assert desk.state(delivery) == "in_doubt"


@pytest.mark.parametrize("word", ["u", "yes", f"{UUID}0", UUID.replace("-", ""), "--force", "📨"])
def test_resolve_sent_takes_only_what_looks_like_a_message_uuid(desk: Desk, word: str) -> None:
    delivery = desk.doubtful(ANNA)
    for force in (False, True):
        with pytest.raises(Refusal, match=r"is not a message_uuid; one looks like"):
            desk.world.command("resolve", id=delivery, sent=True, uuid=word, force=force)
    assert desk.state(delivery) == "in_doubt"


def test_resolve_sent_refuses_a_message_that_the_log_does_not_have(desk: Desk) -> None:
    delivery = desk.doubtful(ANNA)
    with pytest.raises(Refusal, match=f"has no message {UUID} of the time of delivery {delivery};.*--force"):
        desk.world.command("resolve", id=delivery, sent=True, uuid=UUID)
    desk.world.command("resolve", id=delivery, sent=True, uuid=UUID, force=True)
    assert desk.state(delivery) == "accepted"


@pytest.mark.parametrize("known", [LogUnavailable("500"), "unreadable rows"])
def test_where_the_log_cannot_be_read_an_operator_s_word_stands(desk: Desk, known: LogUnavailable | str) -> None:
    delivery = desk.doubtful(ANNA)
    if isinstance(known, LogUnavailable):
        desk.world.gateway.log_answers.append(known)
    desk.world.gateway.skipped = 1
    desk.world.command("resolve", id=delivery, sent=True, uuid=UUID)
    assert desk.state(delivery) == "accepted"


@pytest.mark.parametrize(("phone", "taken"), [(ANNA, True), (f"{ANNA[:-4]}XXXX", True), (BERT, False)])
def test_resolve_sent_refuses_a_message_to_somebody_else(desk: Desk, phone: str, taken: bool) -> None:
    delivery = desk.doubtful(ANNA)
    (attempt,) = desk.store.reports.attempts(delivery)
    row = LogRow(UUID, from_text(attempt["begun_at"]), SENDER[1:], phone[1:], 1, "sent")
    desk.world.gateway.rows.append(row)
    if taken:
        desk.world.command("resolve", id=delivery, sent=True, uuid=UUID.upper())
    else:
        with pytest.raises(Refusal, match=f"the message {UUID} cannot be delivery {delivery}"):
            desk.world.command("resolve", id=delivery, sent=True, uuid=UUID)
    assert desk.state(delivery) == ("accepted" if taken else "in_doubt")


def test_resolve_not_sent_looks_at_the_log_first(desk: Desk) -> None:
    delivery = desk.doubtful(ANNA)
    desk.world.gateway.deliver(desk_claim(desk, delivery))
    with pytest.raises(Refusal, match="has a message that can be delivery"):
        desk.world.command("resolve", id=delivery, sent=False)
    desk.world.command("resolve", id=delivery, sent=False, force=True)
    assert desk.state(delivery) == "pending"


def desk_claim(desk: Desk, delivery: int) -> Claim:
    (attempt,) = desk.store.reports.attempts(delivery)
    return Claim(delivery, attempt["id"], 1, attempt["token"], "a", ANNA, SENDER, "Hello.", START + HOUR)
