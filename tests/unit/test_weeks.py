"""What is counted of a stretch of time."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from reminderd.gateway.port import Details, MessageState
from reminderd.model import InDoubt, NotSent, State
from reminderd.store.view import open_view_beside
from reminderd.store.weeks import Counted, Spend
from tests.support.clock import utc
from tests.support.world import ANNA, BERT, CARA, World, job

_SINCE, _UNTIL = utc("2027-03-01 00:00"), utc("2027-03-08 00:00")


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[World]:
    """A daemon that asks Plivo for its reports, a minute after each message."""
    here = World(tmp_path, receipts=(timedelta(minutes=1),))
    here.sync()
    yield here
    here.kill()


def _count(world: World) -> Counted:
    view = open_view_beside(world.path)
    try:
        return view.weeks.count(_SINCE, _UNTIL)
    finally:
        view.close()


def test_what_was_due_in_it_is_counted_by_the_state_it_is_in(world: World) -> None:
    world.gateway.moods = {BERT: InDoubt("reset")}
    world.load("a.yaml", job(at="2027-03-01T09:00", to=[ANNA, BERT]))
    world.load("b.yaml", job(at="2027-03-08T00:00"))
    world.go_to("09:01")
    counted = _count(world)
    assert {state: n for state, n in counted.states.items() if n} == {State.ACCEPTED: 1, State.IN_DOUBT: 1}
    world.go_to("2027-03-08 00:01")
    assert sum(_count(world).states.values()) == 2  # midnight belongs to the next week


def test_a_test_is_no_result_and_what_was_skipped_is_counted_apart(world: World) -> None:
    world.load("a.yaml", job(cron="0 * * * *", valid_for="10m", catch_up="latest"))
    world.command("test-send", job="a", phone=CARA)
    world.go_to("09:00")
    world.sleep_to("13:30")
    counted = _count(world)
    assert counted.skipped > 0
    assert sum(counted.states.values()) + counted.skipped == 5


def test_reports_are_counted_by_their_word_and_bad_ones_by_their_code(asking: World) -> None:
    asking.gateway.fates = {BERT: (Details(MessageState.UNDELIVERED, 30),), CARA: (Details(MessageState.SENT),)}
    asking.load("a.yaml", job(at="2027-03-01T09:00", to=[ANNA, BERT, CARA]))
    asking.go_to("09:05")
    counted = _count(asking)
    assert counted.receipts == {"delivered": 1, "undelivered": 1, "sent": 1}
    assert counted.bad == {("undelivered", 30): 1}
    assert [(area.accepted, area.undelivered) for area in counted.areas] == [(3, 1)]


def test_lateness_begins_where_quiet_hours_end_and_counts_the_pauses_of_retries(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00", quiet_hours="08:30-10:00", valid_for="5h"))
    world.go_to("10:01")
    assert _count(world).late == {0: 1}
    world.gateway.script.append(NotSent("refused"))
    world.load("b.yaml", job(at="2027-03-01T11:00", valid_for="5h"))
    world.go_to("11:30")
    late = _count(world).late
    assert late[0] == 1
    (tenths,) = late.keys() - {0}
    assert 540 <= tenths <= 720  # the first pause is a minute, give or take a fifth


def test_what_somebody_held_is_not_late(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00", to=[ANNA, BERT], valid_for="5h"))
    world.clock.go_to(utc("2027-03-01 09:00"))
    world.plan()
    held = world.rows()[0]["id"]
    world.command("hold", ids=[held], why="to be looked at")
    world.go_to("09:30")
    world.command("release", ids=[held])
    world.go_to("09:31")
    counted = _count(world)
    assert (counted.states[State.ACCEPTED], counted.late) == (2, {0: 1})


def test_what_plivo_took_costs_its_price_or_its_segments(world: World) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00", to=[ANNA, BERT], message="x" * 200))
    world.go_to("09:01")
    assert _count(world).spend == Spend(other_segments=4, other_messages=2)
    with closing(sqlite3.connect(world.path)) as raw, raw:
        raw.execute("update attempts set charged = 15000, parts = 2 where delivery_id = 1")
    assert _count(world).spend == Spend(15000, 1, 2, 1)
