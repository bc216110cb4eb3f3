"""Plivo's callbacks and the whole daemon's own loop: taken while something holds, judged when nothing does."""

from datetime import timedelta

from reminderd.gateway.callbacks import StatusReport
from reminderd.gateway.port import Details, MessageState
from reminderd.model import InDoubt
from reminderd.reconciler import Result
from tests.support.machine import PATIENCE, Machine, Start
from tests.support.world import job

AT_NINE = job(at="2027-03-01T09:00", valid_for="3h", retry=["1m"], on_undelivered="retry")
EXPIRED = Details(MessageState.FAILED, 420)


def say(machine: Machine, details: Details, sequence: int = 2) -> Result:
    """Plivo reports of the first attempt; what came of it, from another thread than the loop's."""
    (delivery,) = machine.reports.history(limit=0)
    token = machine.reports.attempts(delivery["id"])[0]["token"]
    future = machine.daemon._arrivals.take(StatusReport(token, f"uuid-{token}", details, sequence))
    return future.result(PATIENCE)


def in_doubt(start: Start) -> Machine:
    machine = start("2027-03-01 09:00", spec=AT_NINE)
    machine.gateway.script.append(InDoubt("time-out"))
    machine.until(lambda: machine.states() == [("09:00", "in_doubt")])
    return machine


def test_the_loop_is_woken_takes_it_and_does_what_follows(start: Start) -> None:
    machine = in_doubt(start)
    assert say(machine, EXPIRED) is Result.COUNTED
    machine.until(lambda: machine.states() == [("09:00", "pending")])
    assert machine.reports.moves(1)[-1]["evidence"].startswith("receipt: ")


def test_while_the_clock_is_on_hold_proof_counts_and_nothing_follows(start: Start) -> None:
    machine = in_doubt(start)
    machine.clock.in_sync = False
    machine.jump(timedelta(minutes=30))
    assert set(machine.holds) == {"clock"}
    assert say(machine, EXPIRED) is Result.COUNTED
    machine.look()
    assert machine.states() == [("09:00", "accepted")]
    (row,) = machine.reports.history()
    assert (row["receipt"], row["receipt_code"]) == ("failed (420: it expired in Plivo's queue)", 420)
    machine.settle()
    machine.until(lambda: machine.states() == [("09:00", "pending")])


def test_what_was_heard_before_a_stop_is_judged_after_the_start(start: Start) -> None:
    machine = in_doubt(start)
    machine.clock.in_sync = False
    machine.jump(timedelta(minutes=30))
    say(machine, EXPIRED)
    machine.stop()
    machine.start()
    assert machine.states() == [("09:00", "accepted")]
    machine.settle()
    machine.until(lambda: machine.states() == [("09:00", "pending")])
