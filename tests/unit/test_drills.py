"""`test-send` in the state: what it owes, and what it leaves alone."""

from datetime import timedelta
from typing import Any

import pytest

from reminderd.commands import Commands
from reminderd.model import InDoubt, NotSent
from reminderd.store import Refusal
from tests.support.world import ANNA, BERT, CARA, World, job

PEOPLE = [{"phone": ANNA, "name": "Anna"}, {"phone": BERT, "name": "Bert", "key": "boss"}]


@pytest.fixture
def rent(world: World) -> World:
    world.load("rent.yaml", job(cron="0 9 * * *", to=PEOPLE, message="Hello {{ recipient.name }}."))
    return world


def drill(world: World, **keys: Any) -> dict[str, Any]:
    """Ask for a test, and let the daemon run; its row."""
    number = world.command("test-send", job="rent", phone=CARA, **keys)["delivery"]
    world.tick()
    row = world.store.reports.delivery(number)
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("as_", "name"), [(None, "Anna"), ("boss", "Bert"), ("Bert", "Bert"), (BERT, "Bert"), ("+1 415 555 0101", "Anna")]
)
def test_the_text_is_that_of_the_first_recipient_or_of_the_one_named(rent: World, as_: str | None, name: str) -> None:
    row = drill(rent, **{"as": as_})
    assert (row["state"], row["text"], row["phone"], row["drill"]) == ("accepted", f"[TEST] Hello {name}.", CARA, 1)
    assert [request.phone for request in rent.gateway.arrived] == [CARA]


def test_it_leaves_cursors_and_occurrences_of_the_job_as_they_are(rent: World) -> None:
    before = rent.store.jobs.cursors()
    row = drill(rent)
    assert row["nominal"] == "drill 2027-03-01T08:00:00.000Z"
    assert rent.store.jobs.cursors() == before
    assert rent.store.reports.last_results()["rent"]["state"] is None
    rent.go_to("09:01")
    assert [(each["nominal"][11:16], each["state"]) for each in rent.rows() if not each["drill"]] == [
        ("09:00", "accepted"),
        ("09:00", "accepted"),
    ]


def test_a_catch_up_does_not_meet_it(rent: World) -> None:
    drill(rent)
    rent.sleep_to("09:30")
    assert [row["drill"] for row in rent.rows()].count(1) == 1
    assert len(rent.rows()) == 3


def test_a_new_version_of_the_job_does_not_withdraw_it(rent: World) -> None:
    rent.gateway.moods[CARA] = NotSent("401", 401, suspend=True)
    row = drill(rent)
    rent.load("rent.yaml", job(cron="0 9 * * *", to=[ANNA]))
    assert rent.store.reports.delivery(row["id"])["state"] == "pending"  # type: ignore[index]


def test_it_is_not_tried_again(rent: World) -> None:
    rent.gateway.moods[CARA] = NotSent("no route")
    row = drill(rent)
    assert row["state"] == "failed"
    with pytest.raises(Refusal, match="was a test; send another: reminderd test-send rent --to PHONE"):
        rent.command("retry", ids=[row["id"]])


def test_it_can_be_in_doubt_like_every_message(rent: World) -> None:
    rent.gateway.moods[CARA] = InDoubt("reset")
    row = drill(rent)
    assert row["state"] == "in_doubt"
    rent.command("resolve", id=row["id"], sent=True)
    assert rent.store.reports.counts()["accepted"] == 1


def test_it_is_given_up_after_ten_minutes(rent: World) -> None:
    rent.gateway.usable = False
    rent.gateway.moods[CARA] = NotSent("401", 401, suspend=True)
    number = drill(rent)["id"]
    rent.go_to("08:11")
    assert rent.store.reports.delivery(number)["state"] == "missed"  # type: ignore[index]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"job": "rent"}, "--to needs a phone number"),
        ({"job": "rent", "phone": "12"}, "--to: the phone number does not begin with"),
        ({"phone": CARA}, "name the job"),
        ({"job": "rnt", "phone": CARA}, "did you mean 'rent'"),
        ({"job": "rent", "phone": CARA, "as": "Dora"}, "no recipient with the phone, key or name 'Dora'"),
        ({"job": "long", "phone": CARA}, r"with \[TEST\] the text takes 1608 units; at most 1600 can be sent"),
        ({"job": "wrong", "phone": CARA}, "the text cannot be rendered"),
    ],
)
def test_a_test_that_makes_no_sense_is_refused(rent: World, request_: dict[str, Any], said: str) -> None:
    rent.load("long.yaml", job(cron="0 9 * * *", to=[ANNA], message="a" * 1599))
    rent.load(
        "wrong.yaml",
        job(cron="5 8,9 * * *", to=[ANNA], message="{{ vars.w[due_at.hour - 8] }}", vars={"w": ["Eight."]}),
    )
    rent.clock.advance(timedelta(minutes=30))  # its next occurrence is the one of nine
    with pytest.raises(Refusal, match=said):
        rent.command("test-send", **request_)
    assert rent.rows() == []


def test_whoever_has_opted_out_gets_no_test(rent: World) -> None:
    rent.command("opt-out add", phone=CARA)
    with pytest.raises(Refusal, match="has opted out"):
        rent.command("test-send", job="rent", phone=CARA)


def test_the_same_test_in_the_same_moment_is_one(rent: World) -> None:
    rent.command("test-send", job="rent", phone=CARA)
    for _ in range(2):
        with pytest.raises(Refusal, match="asked for in this moment"):
            rent.command("test-send", job="rent", phone=CARA)
        rent.clock.advance(timedelta(seconds=4))
    rent.command("test-send", job="rent", phone=BERT)
    assert len(rent.rows()) == 2
    rent.command("test-send", job="rent", phone=CARA)
    assert len(rent.rows()) == 3


def test_without_a_daemon_there_is_no_test(rent: World) -> None:
    with pytest.raises(Refusal, match="no daemon runs"):
        Commands(rent.store).perform({"command": "test-send", "job": "rent", "phone": CARA}, "ops", rent.clock.now())
