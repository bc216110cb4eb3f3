"""What becomes of accepted messages: when Plivo is asked, what is made of its answers, and what is sent again."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reminderd.gateway.port import Details, DetailsUnavailable, MessageState
from reminderd.model import Accepted, InDoubt, NotSent
from reminderd.reconciler.receipts import BATCH, ask, next_question
from reminderd.telemetry import Event
from tests.support.clock import START, utc
from tests.support.world import ANNA, BERT, CARA, SENDER, World, job, nominal

M = timedelta(minutes=1)
DELAYS = (M, 5 * M, 15 * M, 60 * M, 360 * M, 1440 * M)
SENT, DELIVERED = Details(MessageState.SENT), Details(MessageState.DELIVERED)
EXPIRED = Details(MessageState.FAILED, 420)
OPTED_OUT = Details(MessageState.FAILED, 200)
BUSY = DetailsUnavailable("429: too many requests", timedelta(seconds=90), pause=True)
Told = list[tuple[str, dict[str, Any]]]
UNKNOWN = DetailsUnavailable("404: not found", unknown=True)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """As elsewhere, but Plivo is asked for reports."""
    here = World(tmp_path, receipts=DELAYS)
    here.sync()
    yield here
    here.kill()


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Iterator[Told]:
    """The events, with their fields, as they come."""
    logger = logging.getLogger("reminderd")
    events: Told = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            events.append((record.getMessage(), getattr(record, "fields", {})))

    listener = Listener()
    before = logger.level
    logger.addHandler(listener)
    logger.setLevel(logging.DEBUG)
    yield events
    logger.setLevel(before)
    logger.removeHandler(listener)


def send(world: World, *fates: Details | DetailsUnavailable, phone: str = ANNA, **keys: Any) -> None:
    """A job that sends to one person at 09:00; what its messages come to."""
    world.gateway.fates[phone] = fates
    world.load("a.yaml", job(to=[phone], at=nominal("09:00"), valid_for="2h", **keys))


def receipt(world: World) -> str | None:
    found = world.store.reports.delivery(world.rows()[0]["id"])
    assert found is not None
    words: str | None = found["receipt"]
    return words


# -- when Plivo is asked ----------------------------------------------------------------------------------


def test_a_delivered_message_is_asked_about_once(world: World) -> None:
    send(world, DELIVERED)
    world.go_to("09:00:59")
    assert world.gateway.asked == []
    world.go_to("2027-03-03 09:00")
    assert len(world.gateway.asked) == 1
    assert (world.only()["state"], receipt(world)) == ("accepted", "delivered")


def test_a_message_on_its_way_is_asked_about_at_each_delay_until_it_is_there(world: World) -> None:
    send(world, SENT)
    for passed, times in (("09:01", 1), ("09:04:59", 1), ("09:05", 2), ("09:15", 3), ("10:00", 4)):
        world.go_to(passed)
        assert len(world.gateway.asked) == times, passed
    assert receipt(world) == "sent"
    world.gateway.fates[ANNA] = (DELIVERED,)
    world.go_to("2027-03-03 09:00")
    assert len(world.gateway.asked) == 5
    assert receipt(world) == "delivered"


def test_after_a_day_it_ends_with_what_is_known(world: World, told: Told) -> None:
    send(world, SENT)
    world.go_to("2027-03-04 09:00")
    assert len(world.gateway.asked) == len(DELAYS)
    assert receipt(world) == "sent; no final report within 1d"
    assert [fields["receipt"] for event, fields in told if event == Event.RECEIPT_MISSING] == [receipt(world)]


def test_a_message_that_plivo_does_not_know_is_asked_about_until_the_day_is_over(world: World) -> None:
    send(world, UNKNOWN)
    world.go_to("09:01")
    assert receipt(world) == "none yet: Plivo has no message of this name, 404: not found"
    world.go_to("2027-03-04 09:00")
    assert receipt(world) == ("none; no final report within 1d (Plivo has no message of this name, 404: not found)")
    assert world.only()["state"] == "accepted"


def test_what_was_known_stays_known_where_an_answer_cannot_be_used(world: World) -> None:
    send(world, SENT)
    world.go_to("09:01")
    world.gateway.fates[ANNA] = (DetailsUnavailable("200: no JSON object"),)
    world.go_to("10:00")
    assert receipt(world) == "sent"


def test_nobody_is_asked_about_while_the_gateway_is_suspended(world: World) -> None:
    send(world, DELIVERED)
    world.load("b.yaml", job(to=[BERT], at="2027-03-01T09:00:30", valid_for="2h"))
    world.gateway.moods[BERT] = NotSent("402", 402, suspend=True)
    world.gateway.usable = False
    world.go_to("09:10")
    assert world.gateway.asked == []
    world.gateway.usable = True
    del world.gateway.moods[BERT]
    world.go_to("09:30")
    world.go_to("10:00")
    assert len(world.gateway.asked) == 2


def test_who_answers_that_it_is_too_much_is_left_alone_for_as_long_as_it_asks(world: World, told: Told) -> None:
    send(world, BUSY)
    world.go_to("09:02:29")
    assert len(world.gateway.asked) == 1
    assert receipt(world) is None
    world.go_to("09:02:30")
    assert len(world.gateway.asked) == 2
    world.gateway.fates[ANNA] = (DELIVERED,)
    world.go_to("10:00")
    assert receipt(world) == "delivered"
    assert [event for event, _ in told if event == Event.RECEIPT_UNAVAILABLE] == [Event.RECEIPT_UNAVAILABLE] * 2


def test_a_service_that_is_away_is_asked_less_and_less_often(world: World) -> None:
    send(world, DetailsUnavailable("connection refused", pause=True))
    world.go_to("12:00")
    assert 8 <= len(world.gateway.asked) <= 18


def test_what_cannot_be_asked_about_now_is_asked_about_when_it_can_even_after_a_day(world: World) -> None:
    send(world, DetailsUnavailable("connection refused", pause=True))
    world.go_to("2027-03-03 09:00")
    world.gateway.fates[ANNA] = (DELIVERED,)
    world.go_to("2027-03-03 10:00")
    assert receipt(world) == "delivered"


def test_one_answer_that_makes_no_sense_keeps_nobody_else_waiting(world: World) -> None:
    world.gateway.fates[ANNA] = (DetailsUnavailable("500: oh"),)
    world.load("a.yaml", job(to=[ANNA, BERT], at=nominal("09:00")))
    world.go_to("09:01:30")
    assert [row["receipt"] for row in world.rows()] == [
        "none yet: Plivo's answer cannot be used, 500: oh",
        "delivered",
    ]


def test_a_bounded_number_is_asked_about_at_once_with_a_rest_between(world: World) -> None:
    people = [f"+141555502{number:02}" for number in range(25)]
    world.load("a.yaml", job(to=people, at=nominal("09:00")))
    world.go_to("09:01:00.500")
    assert len(world.gateway.asked) == BATCH
    world.go_to("09:01:01.500")
    assert len(world.gateway.asked) == 2 * BATCH
    world.go_to("09:01:02.500")
    assert len(world.gateway.asked) == len(set(world.gateway.asked)) == 25


def test_without_delays_nobody_is_ever_asked_about(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sync()
    send(world, DELIVERED)
    world.gateway.script.append(InDoubt("a time-out"))
    world.gateway.lost_arrive = True
    world.go_to("2027-03-03 09:00")
    assert world.only()["state"] == "accepted"
    assert world.gateway.asked == []
    assert world.store.receipts.next_due() is None
    world.kill()


def test_what_was_due_while_nobody_ran_is_asked_about_at_the_start(world: World) -> None:
    send(world, SENT)
    world.go_to("09:01")
    world.sleep_to("2027-03-03 12:00")
    assert len(world.gateway.asked) == 2
    assert receipt(world) == "sent; no final report within 1d"


@pytest.mark.parametrize(
    ("passed", "then"),
    [(0, 1), (1, 5), (4.9, 5), (5, 15), (1439, 1440), (1440, None), (9999, None)],
)
def test_the_next_question_is_counted_from_the_request(passed: float, then: float | None) -> None:
    found = next_question(START, DELAYS, START + passed * M)
    assert found == (None if then is None else START + then * M)


def test_asking_ends_at_the_first_answer_that_speaks_of_everybody(world: World) -> None:
    world.gateway.fates[BERT] = (BUSY,)
    world.load("a.yaml", job(to=[ANNA, BERT, CARA], at=nominal("09:00")))
    world.go_to("09:00")
    answers = ask(world.gateway, world.store.receipts.due(utc("2027-03-01 10:00"), 9))
    assert [question.phone for question, _ in answers.found] == [ANNA]
    assert answers.unavailable == BUSY
    assert len(world.gateway.asked) == 2


# -- what is made of the answers --------------------------------------------------------------------------


def test_what_no_carrier_delivered_is_shown_and_stays_accepted(world: World, told: Told) -> None:
    send(world, Details(MessageState.UNDELIVERED, 30), on_undelivered="retry", retry=["1m"])
    world.go_to("11:00")
    assert (world.only()["state"], receipt(world)) == ("accepted", "undelivered (30: spam detected)")
    assert world.texts == ["Hello."]
    (fields,) = [fields for event, fields in told if event == Event.RECEIPT_UNDELIVERED]
    assert (fields["receipt"], fields["to"]) == ("undelivered (30: spam detected)", "…0101")


def test_a_code_that_speaks_of_the_account_is_an_error_told_once_for_many(world: World, told: Told) -> None:
    for phone in (ANNA, BERT):
        world.gateway.fates[phone] = (Details(MessageState.FAILED, 450),)
    world.load("a.yaml", job(to=[ANNA, BERT], at=nominal("09:00")))
    world.go_to("09:10")
    (fields,) = [fields for event, fields in told if event == Event.RECEIPT_ACCOUNT]
    assert fields == {"code": 450, "meaning": "the country is not permitted for this account"}


def test_who_has_said_stop_gets_nothing_more_from_that_sender(world: World, told: Told) -> None:
    send(world, OPTED_OUT)
    world.load("later.yaml", job(to=[ANNA], at="2027-03-01T09:00:30", message="Later.", retry=["1h"], valid_for="3h"))
    world.gateway.script.extend([Accepted("uuid-a"), NotSent("no route")])
    world.go_to("09:30")
    (opted_out,) = world.store.opt_outs.of(ANNA)
    assert (opted_out["sender"], opted_out["source"], opted_out["who"]) == (SENDER, "plivo", "plivo")
    assert [(row["job"], row["state"]) for row in world.rows()] == [("a", "accepted"), ("later", "cancelled")]
    assert Event.OPT_OUT_ADDED in [event for event, _ in told]


def test_nothing_of_a_report_shows_a_number_or_a_text(world: World, told: Told) -> None:
    send(world, OPTED_OUT, message="A secret.")
    world.go_to("09:30")
    said = [field for event, fields in told if event.startswith(("receipt.", "opt_out.")) for field in fields.values()]
    assert said
    assert not [each for each in said if "4155550101" in str(each) or "secret" in str(each)]


def test_the_next_settings_hold_for_what_waits(world: World) -> None:
    send(world, SENT)
    world.go_to("09:01")
    world.collector.configure(world.gateway, ())
    world.go_to("12:00")
    assert len(world.gateway.asked) == 1
    assert world.store.receipts.next_due() is None


# -- sending again ----------------------------------------------------------------------------------------


def test_what_expired_at_plivo_is_sent_again_once_and_only_once(world: World, told: Told) -> None:
    send(world, EXPIRED, DELIVERED, on_undelivered="retry", retry=["1m", "1m"])
    world.go_to("2027-03-03 09:00")
    assert world.texts == ["Hello."] * 2
    assert world.gateway.arrived_at == ["2027-03-01T09:00:00.000Z", "2027-03-01T09:02:00.000Z"]
    assert (world.only()["state"], receipt(world)) == ("accepted", "delivered")
    assert [attempt["receipt"] for attempt in world.store.reports.attempts(1)] == [
        "failed (420: it expired in Plivo's queue)",
        "delivered",
    ]
    assert ("accepted", "pending") in world.moves(1)
    reasons = [fields["reason"] for event, fields in told if event == Event.DELIVERY_RETRYING]
    assert reasons == ["Plivo's report: failed (420: it expired in Plivo's queue)"]


def test_what_fails_every_time_ends_when_its_retries_are_used_up(world: World) -> None:
    send(world, EXPIRED, on_undelivered="retry", retry=["1m", "1m"])
    world.go_to("2027-03-03 09:00")
    assert len(world.texts) == 3
    assert world.only()["state"] == "accepted"
    assert receipt(world) == "failed (420: it expired in Plivo's queue); not sent again: retries used up"


@pytest.mark.parametrize(
    "fate",
    [
        SENT,
        UNKNOWN,
        Details(MessageState.QUEUED),
        Details(MessageState.UNDELIVERED, 420),
        Details(MessageState.REJECTED, 420),
        Details(MessageState.FAILED, 450),
        Details(MessageState.FAILED, 30),
        Details(MessageState.FAILED, 777),
        Details(MessageState.FAILED),
        Details(MessageState.SENT, 420),
    ],
    ids=str,
)
def test_nothing_is_sent_again_that_may_have_reached_a_carrier_or_would_fail_again(
    world: World, fate: Details | DetailsUnavailable
) -> None:
    send(world, fate, on_undelivered="retry", retry=["1m", "1m"])
    world.go_to("2027-03-03 09:00")
    assert world.texts == ["Hello."]
    assert world.only()["state"] == "accepted"


def test_a_retry_waits_for_its_delay_and_goes_no_further_than_validity(world: World) -> None:
    send(world, EXPIRED, on_undelivered="retry", retry=["3h"])
    world.go_to("2027-03-03 09:00")
    assert world.texts == ["Hello."]
    assert receipt(world) == (
        "failed (420: it expired in Plivo's queue); not sent again: its validity is over before the next try"
    )


def test_quiet_hours_do_not_make_a_message_valid_again_that_is_over(world: World) -> None:
    world.gateway.fates[ANNA] = (SENT,)
    keys: dict[str, Any] = {"quiet_hours": "21:00-08:00", "on_undelivered": "retry", "retry": ["1m"]}
    world.load("a.yaml", job(to=[ANNA], at=nominal("20:00"), valid_for="2h", **keys))
    world.go_to("21:30")
    world.gateway.fates[ANNA] = (EXPIRED,)
    world.go_to("2027-03-03 09:00")
    assert world.texts == ["Hello."]
    assert world.only()["state"] == "accepted"


def test_a_retry_that_falls_into_quiet_hours_waits_for_their_end(world: World) -> None:
    world.gateway.fates[ANNA] = (EXPIRED, DELIVERED)
    keys: dict[str, Any] = {"quiet_hours": "21:00-08:00", "on_undelivered": "retry", "retry": ["30m"]}
    world.load("a.yaml", job(to=[ANNA], at=nominal("20:45"), valid_for="2h", **keys))
    world.go_to("2027-03-03 09:00")
    assert world.gateway.arrived_at == ["2027-03-01T20:45:00.000Z", "2027-03-02T08:00:00.000Z"]
    assert world.only()["state"] == "accepted"


def test_who_leaves_the_job_before_the_retry_gets_none(world: World) -> None:
    send(world, EXPIRED, on_undelivered="retry", retry=["5m"])
    world.go_to("09:02")
    assert world.only()["state"] == "pending"
    world.delete("a.yaml")
    world.go_to("11:00")
    assert world.texts == ["Hello."]
    assert world.only()["state"] == "cancelled"


def test_a_death_after_the_report_sends_no_third_message(world: World) -> None:
    """The report and the move are one commit; a daemon that starts again knows of both, and asks about the second."""
    send(world, EXPIRED, DELIVERED, on_undelivered="retry", retry=["1m", "1m"])
    world.go_to("09:01")
    world.restart()
    world.go_to("09:02")
    assert len(world.texts) == 2
    world.restart()
    world.go_to("2027-03-03 09:00")
    assert len(world.texts) == 2
    assert receipt(world) == "delivered"


def test_a_death_in_the_second_request_leaves_a_doubt_and_no_third_message(world: World) -> None:
    send(world, EXPIRED, on_undelivered="retry", retry=["1m", "1m", "1m"])
    world.go_to("09:01:59")
    world.clock.go_to(utc("2027-03-01 09:02"))
    world.die_in_a_request()
    world.sync()
    world.go_to("2027-03-03 09:00")
    assert world.texts == ["Hello."]
    assert world.only()["state"] == "in_doubt"
