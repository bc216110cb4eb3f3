"""The daemon prunes by itself: with its start and each hour, a little at a time, and never while something is held."""

from datetime import timedelta
from pathlib import Path

import pytest

from reminderd.daemon.pruning import Pruning
from reminderd.gateway.port import LogUnavailable
from reminderd.settings import RetentionSettings
from reminderd.store import StateFailure, Store
from tests.support.clock import utc
from tests.support.machine import Machine, Start
from tests.support.world import ANNA, BERT, World, job

DAY = timedelta(days=1)
TWICE = job(at=["2027-03-01T09:00", "2027-03-05T09:00"], to=[ANNA], message="Twice.")


def again(machine: Machine, after: timedelta) -> None:
    """It is stopped for so long."""
    machine.stop()
    machine.clock.advance(after)
    machine.start()


def texts(machine: Machine) -> list[str | None]:
    return [row["text"] for row in machine.reports.history(limit=0)[::-1]]


def sent_twice(start: Start) -> Machine:
    machine = start("2027-03-01 09:00", spec=TWICE)
    machine.until(lambda: machine.states() == [("09:00", "accepted")])
    machine.clock.advance(4 * DAY)
    machine.until(lambda: machine.states() == [("09:00", "accepted")] * 2)

    def reported() -> bool:
        machine.clock.advance(timedelta(minutes=1))
        return all(row["receipt"] == "delivered" for row in machine.reports.history(limit=0))

    machine.until(reported)
    return machine


def test_texts_go_after_thirty_days_and_deliveries_after_four_hundred(start: Start) -> None:
    machine = sent_twice(start)
    again(machine, 27 * DAY)
    machine.until(lambda: texts(machine) == [None, "Twice."])
    assert [row["phone"] for row in machine.reports.history(limit=0)] == [ANNA] * 2
    again(machine, 370 * DAY)
    machine.until(lambda: texts(machine) == [None])
    assert [row["due_at"][:10] for row in machine.reports.history(limit=0)] == ["2027-03-05"]
    again(machine, 900 * DAY)
    machine.look()
    assert machine.holds == {}, "the state knows what this host began last"
    assert len(machine.gateway.arrived) == 2


def test_nothing_goes_while_the_clock_is_not_believed(start: Start) -> None:
    machine = sent_twice(start)
    machine.jump(900 * DAY)
    assert list(machine.holds) == ["clock"]
    machine.daemon._pruning.begin()
    for _ in range(5):
        machine.look()
    assert texts(machine) == ["Twice.", "Twice."]


def test_nothing_goes_from_a_state_that_may_be_an_older_one(start: Start) -> None:
    machine = sent_twice(start)
    machine.stop()
    machine.host = "named elsewhere"
    machine.clock.advance(900 * DAY)
    machine.start()
    machine.until(lambda: "restored" in machine.holds)
    for _ in range(5):
        machine.look()
    assert texts(machine) == ["Twice.", "Twice."]
    machine.ask("approve", hold=machine.holds["restored"])
    machine.until(lambda: texts(machine) == [None])


def test_what_is_kept_for_ever_stays(start: Start) -> None:
    machine = sent_twice(start)
    machine.settings = machine.settings.model_copy(
        update={"retention": RetentionSettings.model_validate({"text": "forever", "deliveries": "forever"})}
    )
    again(machine, 3000 * DAY)
    for _ in range(20):
        machine.look()
    assert not machine.daemon._pruning.busy
    assert texts(machine) == ["Twice.", "Twice."]


def test_one_step_takes_a_few_rows_only(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sync()
    people = [f"+141555{number:05}" for number in range(120)]
    world.load("a.yaml", job(at="2027-03-01T08:10", to=people))
    world.go_to("08:11")
    pruning = Pruning(world.store, RetentionSettings(), world.clock)
    steps = []
    while pruning.busy:
        pruning.advance(utc("2027-06-01 00:00"))
        steps.append(sum(row["text"] is None for row in world.rows()))
    assert steps[:3] == [50, 100, 120]
    assert steps[-1] == 120


def test_a_round_that_fails_is_over_and_the_next_one_does_the_rest(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sync()
    world.load("a.yaml", job(at="2027-03-01T08:10", to=[ANNA, BERT]))
    world.go_to("08:11")
    pruning = Pruning(world.store, RetentionSettings(), world.clock)
    world.store.close()
    with pytest.raises(StateFailure, match="closed"):
        pruning.advance(utc("2027-06-01 00:00"))
    assert not pruning.busy
    store = Store.open(world.path)
    pruning = Pruning(store, RetentionSettings(), world.clock)
    pruning.advance(utc("2027-06-01 00:00"))
    assert [row["text"] for row in store.reports.history()] == [None, None]
    store.close()


def test_a_log_that_cannot_be_read_at_the_start_keeps_nothing_for_ever(start: Start) -> None:
    """Plivo's log is asked first where something is owed from before; then the mark's word stands."""
    machine = sent_twice(start)
    machine.gateway.log_answers.extend([LogUnavailable("busy")] * 3)
    again(machine, 31 * DAY)
    machine.until(lambda: texts(machine) == [None, None])
