"""What is in doubt, when things happen around it that nobody expects."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from reminderd.model import Accepted, InDoubt, LogRow, NotSent, digits
from reminderd.reconciler import Findings, foreign_rows
from reminderd.store import Why
from tests.support.clock import utc
from tests.support.world import ANNA, BERT, SENDER, World, job, nominal


def test_a_doubt_is_about_the_attempt_that_began_not_about_a_later_one_that_did_not(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), valid_for="2h"))
    world.gateway.script.extend([InDoubt("a time-out"), NotSent("no route")])
    world.go_to("09:00")
    world.command("resolve", id=1, force=True)
    world.tick()
    (doubt,) = world.store.doubts.unproven([ANNA])
    world.store.doubts.accept(doubt, "uuid-1", "log", Why("found in Plivo's log"), world.clock.now())
    assert world.only()["state"] == "accepted"
    world.gateway.script.append(Accepted("uuid-1"))
    world.load("b.yaml", job(at=nominal("09:01"), to=[BERT]))
    world.go_to("09:30")
    assert [row["state"] for row in world.rows()] == ["in_doubt", "accepted"]
    found = world.store.doubts.get(1)
    assert found is not None
    assert found.attempt_id == doubt.attempt_id


def test_a_look_that_ends_after_an_operator_s_word_changes_nothing(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), valid_for="2h", on_doubt="resend", retry=["1m"]))
    world.gateway.script.append(InDoubt("a time-out"))
    look = last_look(world)
    world.command("resolve", id=1, sent=True)
    look()
    assert world.only()["state"] == "accepted"


def test_a_look_at_one_attempt_says_nothing_about_the_next(world: World) -> None:
    world.load("a.yaml", job(at=nominal("09:00"), valid_for="2h", on_doubt="resend", retry=["1m"]))
    world.gateway.script.append(InDoubt("a time-out"))
    look = last_look(world)
    world.command("resolve", id=1, force=True)
    world.gateway.script.append(InDoubt("a time-out"))
    world.gateway.lost_arrive = True
    world.tick()
    look()
    world.tick()
    assert world.only()["state"] == "in_doubt"
    assert world.texts == ["Hello."]


def last_look(world: World) -> Callable[[], None]:
    """Wait until the last look into the log is under way; what returns lets it end."""
    world.go_to("09:14:59")
    begun: list[Callable[[], None]] = []

    def run(work: Callable[[], Findings], done: Callable[[Findings], None], _: Callable[[], None]) -> None:
        findings = work()
        begun.append(lambda: done(findings))

    world.reconciler._run = run
    world.clock.go_to(utc("2027-03-01 09:15:30"))
    world.tick()
    (look,) = begun
    return look


@pytest.mark.parametrize(("messages", "strange"), [(1, 0), (2, 0), (3, 0), (4, 1), (5, 2)])
def test_only_messages_beyond_what_is_in_doubt_are_anothers(world: World, messages: int, strange: int) -> None:
    """Three requests to one person were cut off, and a fourth message is owed."""
    world.load("a.yaml", job(every="1m", start="2027-03-01T00:00", valid_for="2h"))
    world.clock.advance(timedelta(minutes=4))
    world.plan()
    for _ in range(3):
        world.die_in_a_request()
        world.clock.advance(timedelta(seconds=1))
    now = world.clock.now()
    rows = [LogRow(f"uuid-{number}", now, digits(SENDER), digits(ANNA), 1, "sent") for number in range(messages)]
    owed = world.store.deliveries.owed_before(now + timedelta(seconds=1))
    assert len(owed) == 1
    assert len(foreign_rows(world.store, owed, rows)) == strange
