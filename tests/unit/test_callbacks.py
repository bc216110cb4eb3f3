"""What Plivo says by itself, in a small world: what it proves, what follows, and what is left alone."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reminderd.gateway.port import Details, MessageState
from reminderd.model import InDoubt, Intent, NotSent, Refused
from reminderd.store import Written
from tests.support.clock import utc
from tests.support.world import ANNA, BERT, SENDER, World, job, nominal

M = timedelta(minutes=1)
SENT, DELIVERED = Details(MessageState.SENT), Details(MessageState.DELIVERED)
EXPIRED, OPTED_OUT = Details(MessageState.FAILED, 420), Details(MessageState.FAILED, 200)
UNDELIVERED = Details(MessageState.UNDELIVERED, 420)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """As elsewhere, but Plivo is asked for reports, as late as where it reports by itself."""
    here = World(tmp_path, receipts=(15 * M, 60 * M))
    here.sync()
    yield here
    here.kill()


def send(world: World, *, phone: str = ANNA, until: str = "09:00", **keys: Any) -> str:
    """A job that sends to one person at 09:00; the token of its first attempt."""
    world.load("a.yaml", job(to=[phone], at=nominal("09:00"), valid_for="2h", **keys))
    world.go_to(until)
    return token(world)


def token(world: World, number: int = 1) -> str:
    attempts = world.store.reports.attempts(world.rows("a")[0]["id"])
    return next(str(each["token"]) for each in attempts if each["number"] == number)


def test_what_a_callback_made_final_is_never_asked_about(world: World) -> None:
    first = send(world)
    assert world.call_back(first, SENT, 2) == "counted"
    assert world.call_back(first, DELIVERED, 3) == "counted"
    world.go_to("12:00")
    assert world.gateway.asked == []
    assert world.only()["receipt"] == "delivered"


def test_what_has_no_final_report_after_a_quarter_of_an_hour_is_asked_about(world: World) -> None:
    world.call_back(send(world), SENT, 2)
    world.go_to("09:14:59")
    assert world.gateway.asked == []
    world.go_to("09:15")
    assert len(world.gateway.asked) == 1
    assert world.only()["receipt"] == "delivered"


def test_a_stranger_s_token_is_unknown_and_other_numbers_are_strange(world: World) -> None:
    first = send(world)
    assert world.call_back("nobody's", DELIVERED) == "unknown"
    ours, theirs = SENDER.lstrip("+"), "14155559999"
    for details in (DELIVERED._replace(phone=theirs), DELIVERED._replace(sender=theirs)):
        assert world.call_back(first, details) == "strange"
    assert world.only()["receipt"] is None
    assert world.call_back(first, DELIVERED._replace(phone=ANNA.lstrip("+"), sender=ours)) == "counted"


def test_a_phone_that_plivo_writes_in_another_form_is_the_same(world: World) -> None:
    world.gateway.script.append(InDoubt("time-out"))
    first = send(world)
    assert world.call_back(first, SENT._replace(phone="0014155550101")) == "counted"
    assert world.only()["state"] == "accepted"


def test_a_doubt_that_a_callback_settles_is_not_looked_up(world: World) -> None:
    world.gateway.script.append(InDoubt("time-out"))
    first = send(world)
    assert world.only()["state"] == "in_doubt"
    assert world.call_back(first, SENT) == "counted"
    assert world.only()["state"] == "accepted"
    assert world.reconciler.next_wake() is None


def test_what_failed_for_a_reason_that_passes_is_sent_again_as_if_it_had_been_asked_about(world: World) -> None:
    first = send(world, on_undelivered="retry", retry=["10m"])
    world.call_back(first, EXPIRED, 2)
    world.call_back(first, EXPIRED, 2)
    world.tick()
    assert world.only()["state"] == "pending"
    world.go_to("09:10")
    assert len(world.gateway.arrived) == 2
    assert world.call_back(first, EXPIRED, 2) == "repeated"
    world.call_back(token(world, 2), DELIVERED, 3)
    world.go_to("11:00")
    assert len(world.gateway.arrived) == 2
    assert (world.only()["state"], world.only()["receipt"]) == ("accepted", "delivered")


@pytest.mark.parametrize("keys", [{}, {"on_undelivered": "fail"}], ids=["default", "fail"])
def test_nothing_is_sent_again_unless_the_job_says_so(world: World, keys: dict[str, str]) -> None:
    world.call_back(send(world, **keys), EXPIRED, 2)
    world.go_to("11:00")
    assert len(world.gateway.arrived) == 1
    assert world.only()["receipt"] == "failed (420: it expired in Plivo's queue)"


def test_what_a_carrier_had_is_never_sent_again(world: World) -> None:
    world.call_back(send(world, on_undelivered="retry", retry=["10m"]), UNDELIVERED, 3)
    world.go_to("11:00")
    assert len(world.gateway.arrived) == 1


def test_an_early_failure_is_judged_when_the_attempt_has_ended(world: World) -> None:
    """The callback comes before the answer, which never comes."""
    world.load("a.yaml", job(to=[ANNA], at=nominal("09:00"), valid_for="2h", on_undelivered="retry", retry=["10m"]))
    world.clock.go_to(world._moment("09:00"))
    world.plan()
    (claim,) = world.store.deliveries.claim(1, world.clock.now(), timedelta(seconds=90), ["t-1"], 1)
    world.gateway.deliver(claim)
    assert world.call_back("t-1", EXPIRED, 2) == "counted"
    world.collector.advance(world.clock.now())
    assert world.only()["state"] == "sending"
    world.kill()
    world.start()
    world.sync()
    assert world.only()["state"] == "accepted"
    world.go_to("09:10")
    assert [request.text for request in world.gateway.arrived] == ["Hello.", "Hello."]
    assert world.only()["state"] == "accepted"


def test_an_opt_out_that_a_callback_tells_is_kept_and_what_waits_is_cancelled(world: World) -> None:
    first = send(world)
    world.load("b.yaml", job(to=[ANNA], at=nominal("10:00"), valid_for="2h"))
    world.call_back(first, OPTED_OUT, 2)
    world.tick()
    assert world.store.opt_outs.covers(ANNA, SENDER)
    world.go_to("10:00")
    assert world.states("b") == [(nominal("10:00"), "cancelled")]


def test_an_opt_out_counts_also_where_the_delivery_was_given_up(world: World) -> None:
    world.gateway.script.append(Refused(400, "no"))
    first = send(world)
    world.call_back(first, OPTED_OUT, 2)
    world.tick()
    assert world.only()["state"] == "failed"
    assert world.store.opt_outs.covers(ANNA, SENDER)


@pytest.mark.parametrize(("second", "stays_out"), [(59, True), (None, True), (3, False)])
def test_a_start_is_not_undone_by_a_report_of_an_older_message(
    world: World, second: int | None, stays_out: bool
) -> None:
    """It may come hours later. A start of unknown time, or of before the message, ends nothing that Plivo says."""
    first = send(world)
    at = None if second is None else utc(f"2027-03-01 {'08:59' if second == 59 else '09:00'}:{second:02}")
    world.go_to("09:01")
    world.store.inbound.record(Written("one", ANNA, SENDER, "START", Intent.START, 0, at), world.clock.now())
    for sequence in (2, 3):
        world.call_back(first, OPTED_OUT, sequence)
        world.tick()
        assert world.store.opt_outs.covers(ANNA, SENDER) is stays_out


def test_while_something_holds_facts_are_kept_and_nothing_follows(world: World) -> None:
    """The daemon judges nothing while the origin or the clock is on hold; proof counts all the same."""
    world.gateway.script.append(InDoubt("time-out"))
    first = send(world, on_undelivered="retry", retry=["10m"])
    assert world.call_back(first, EXPIRED, 2) == "counted"
    assert (world.only()["state"], world.only()["receipt"]) == ("accepted", "failed (420: it expired in Plivo's queue)")
    world.store.receipts.forgo_retries()  # as the hold on a state that may be older does
    world.go_to("11:00")
    assert world.gateway.arrived == []


def test_a_proven_message_is_not_owed_under_another_name(world: World) -> None:
    world.gateway.script.append(NotSent("no route"))
    first = send(world, retry=[])
    assert world.only()["state"] == "failed"
    world.call_back(first, SENT)
    world.rename("a.yaml", "b.yaml")
    world.go_to("09:30")
    assert world.gateway.arrived == []
    assert world.states("b") == [(nominal("09:00"), "missed")]


def test_what_plivo_only_confirmed_counts_like_a_row_of_its_log(world: World) -> None:
    world.gateway.script.append(InDoubt("time-out"))
    first = send(world)
    late = SENT._replace(queued_at=world.clock.now() + timedelta(hours=1))
    assert world.call_back(first, late, proven=False) == "strange"
    assert world.call_back(first, SENT, proven=False) == "strange", "it does not say when"
    assert world.call_back(first, SENT._replace(queued_at=world.clock.now()), proven=False) == "counted"
    (attempt,) = world.store.reports.attempts(world.only()["id"])
    assert (attempt["outcome"], attempt["uuid_from"], world.only()["state"]) == ("in_doubt", "log", "accepted")


def test_others_are_not_disturbed(world: World) -> None:
    first = send(world)
    world.load("b.yaml", job(to=[BERT], at=nominal("09:00"), valid_for="2h"))
    world.tick()
    world.call_back(first, DELIVERED, 3)
    assert [row["receipt"] for row in world.rows("b")] == [None]
