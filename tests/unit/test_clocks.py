"""A wall clock that lies, and the whole daemon on it: its own loop, files on disk, time that the test moves."""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

from reminderd.model import InDoubt, NotSent
from tests.support.clock import utc
from tests.support.machine import Machine, Start
from tests.support.world import job

MINUTE = timedelta(minutes=1)
AT_NINE = job(at="2027-03-01T09:00", valid_for="3h")


def test_time_that_only_passes_is_served(start: Start) -> None:
    machine = start().loaded()
    machine.clock.advance(31 * MINUTE)
    machine.until(lambda: machine.states() == [("09:00", "accepted")])
    assert machine.holds == {}


def test_a_jump_forward_stops_planning_until_the_clock_is_synchronised(start: Start) -> None:
    machine = start().loaded()
    machine.clock.in_sync = False
    machine.jump(45 * MINUTE)
    assert machine.states() == []
    assert set(machine.holds) == {"clock"}
    machine.clock.advance(timedelta(hours=2))
    machine.look()
    assert machine.states() == []
    machine.settle()
    machine.until(lambda: machine.states()[-1:] == [("11:00", "accepted")])
    assert machine.states() == [("10:00", "missed"), ("11:00", "accepted")]


def test_a_jump_that_is_taken_back_leaves_no_trace(start: Start) -> None:
    machine = start().loaded()
    machine.clock.in_sync = False
    machine.jump(timedelta(days=365))
    machine.jump(-timedelta(days=365))
    machine.settle()
    machine.clock.advance(30 * MINUTE)
    machine.until(lambda: machine.states() == [("09:00", "accepted")])


def test_a_synchronised_clock_that_jumped_is_believed_after_a_moment(start: Start) -> None:
    machine = start().loaded()
    machine.jump(45 * MINUTE)
    assert set(machine.holds) == {"clock"}
    machine.settle()
    machine.until(lambda: machine.states() == [("09:00", "accepted")])


def test_a_jump_can_be_approved(start: Start) -> None:
    machine = start().loaded()
    machine.clock.in_sync = False
    machine.jump(45 * MINUTE)
    assert machine.ask("approve", hold=machine.holds["clock"])["ok"]
    machine.until(lambda: machine.states() == [("09:00", "accepted")])
    assert machine.holds == {}


def test_a_jump_gives_no_backlog_beyond_catch_up_and_validity(start: Start) -> None:
    machine = start(spec=job(cron="*/5 * * * *", valid_for="1m")).loaded()
    machine.jump(timedelta(days=20, minutes=2))
    machine.settle()
    machine.until(lambda: machine.states() != [])
    assert [state for _, state in machine.states()] == ["missed"]
    assert machine.gateway.arrived == []


def test_four_minutes_are_no_jump(start: Start) -> None:
    machine = start("2027-03-01 08:58").loaded()
    machine.jump(4 * MINUTE)
    machine.until(lambda: machine.states() == [("09:00", "accepted")])
    assert machine.holds == {}


def test_a_jump_gives_up_nothing_that_waits(start: Start) -> None:
    machine = start("2027-03-01 09:00", spec=job(at="2027-03-01T09:00", valid_for="30m"))
    machine.gateway.script.append(NotSent("no route"))
    machine.until(lambda: machine.states() == [("09:00", "pending")])
    machine.clock.in_sync = False
    machine.jump(timedelta(days=3))
    assert machine.states() == [("09:00", "pending")]
    machine.jump(-timedelta(days=3))
    machine.clock.advance(2 * MINUTE)
    machine.settle()
    machine.until(lambda: machine.states() == [("09:00", "accepted")])


def test_a_jump_back_repeats_nothing_and_approving_it_rewinds_the_cursors(start: Start) -> None:
    machine = start("2027-03-01 10:50").loaded()
    machine.clock.advance(11 * MINUTE)
    sent = [("11:00", "accepted")]
    machine.until(lambda: machine.states() == sent)
    machine.jump(-90 * MINUTE)
    machine.settle()
    assert set(machine.holds) == {"cursor"}
    machine.clock.advance(30 * MINUTE)  # 10:01, which the cursor has passed
    machine.look()
    assert machine.states() == sent
    assert machine.ask("approve", hold=machine.holds["cursor"])["ok"]
    for hour in ("11:01", "12:01"):
        machine.clock.go_to(utc(f"2027-03-01 {hour}"))
        machine.look()
    machine.until(lambda: machine.states() == [("11:00", "accepted"), ("12:00", "accepted")])
    assert len(machine.gateway.arrived) == 2


def test_a_hold_of_cursors_ends_by_itself_when_time_has_caught_up(start: Start) -> None:
    machine = start("2027-03-01 08:50").loaded()
    machine.clock.advance(11 * MINUTE)
    machine.until(lambda: machine.states() == [("09:00", "accepted")])
    machine.jump(timedelta(minutes=-20))
    machine.settle()
    assert set(machine.holds) == {"cursor"}
    machine.clock.advance(21 * MINUTE)
    machine.stop()
    machine.start()
    machine.until(lambda: machine.holds == {})
    assert machine.states() == [("09:00", "accepted")]


def test_a_year_before_the_program_s_own_plans_nothing_until_the_clock_is_right(start: Start) -> None:
    machine = start("1970-01-01 08:30")
    machine.clock.in_sync = False
    machine.until(lambda: "clock" in machine.holds)
    machine.clock.advance(timedelta(hours=2))
    machine.look()
    assert machine.states() == []
    machine.jump(utc("2027-03-01 08:59") - machine.clock.now())
    machine.settle()
    machine.loaded()
    machine.clock.advance(MINUTE)
    machine.until(lambda: machine.states() == [("09:00", "accepted")])


def test_a_hold_of_the_clock_outlives_a_restart(start: Start) -> None:
    machine = start("2027-03-01 09:00", spec=job(at="2027-03-01T09:00", valid_for="3h", retry=["10s", "10s"]))
    machine.gateway.script.append(NotSent("no route"))
    machine.until(lambda: machine.states() == [("09:00", "pending")])
    machine.clock.in_sync = False
    machine.jump(30 * MINUTE)
    machine.stop()
    machine.start()
    machine.clock.advance(MINUTE)
    machine.look()
    assert machine.states() == [("09:00", "pending")]
    machine.settle()
    machine.until(lambda: machine.states() == [("09:00", "accepted")])


def test_what_was_written_while_the_clock_ran_ahead_does_not_wait_for_that_time(start: Start) -> None:
    machine = start("2027-06-01 09:00", spec=job(at="2027-03-01T09:00", valid_for="200d"))
    machine.gateway.usable = False
    machine.gateway.script.append(NotSent("401", 401, suspend=True))
    machine.until(lambda: machine.states() == [("09:00", "pending")])
    machine.stop()
    machine.clock.jump(utc("2027-03-01 09:30") - machine.clock.now())
    machine.gateway.usable = True
    machine.start()
    machine.settle()
    machine.until(lambda: machine.states() == [("09:00", "accepted")])


def test_what_was_planned_while_the_clock_ran_ahead_still_waits_for_its_own_time(start: Start) -> None:
    machine = start("2027-06-01 09:00", spec=job(at="2027-06-01T09:00"))
    machine.gateway.script.append(NotSent("no route"))
    machine.until(lambda: machine.states() == [("09:00", "pending")])
    machine.stop()
    machine.clock.jump(utc("2027-03-01 09:30") - machine.clock.now())
    machine.start()
    machine.settle()
    machine.until(lambda: machine.reports.daemon()["catalog_loaded_at"] < "2027-04")
    machine.look()
    assert machine.states() == [("09:00", "pending")]
    assert machine.gateway.arrived == []


def test_a_jump_is_not_forgotten_when_its_hold_cannot_be_written(start: Start) -> None:
    machine = start().loaded()
    machine.clock.in_sync = False
    with closing(sqlite3.connect(machine.settings.state)) as other:
        other.execute("pragma synchronous = off")
        other.execute("create trigger full before insert on holds begin select raise(abort, 'disk full'); end")
        other.commit()
        machine.jump(timedelta(days=1))
        other.execute("drop trigger full")
        other.commit()
    machine.until(lambda: set(machine.holds) == {"clock"})
    assert machine.states() == []


def test_a_probe_that_ends_in_a_wrong_time_is_repeated_in_the_right_one(start: Start) -> None:
    machine = start("2027-03-01 09:00", spec=AT_NINE)
    probe = Slow(machine.gateway.probe)
    machine.gateway.probe = probe  # type: ignore[method-assign]
    machine.gateway.usable = False
    machine.gateway.script.append(NotSent("401", suspend=True))
    machine.until(lambda: machine.reports.gateway()["reason"] is not None)
    machine.clock.advance(timedelta(seconds=10))
    machine.until(probe.called.is_set)
    _end_in_a_wrong_time(machine, probe)
    machine.gateway.usable = True
    machine.clock.advance(timedelta(minutes=6))
    machine.until(lambda: machine.states() == [("09:00", "accepted")])


def test_a_look_that_ends_in_a_wrong_time_is_repeated_in_the_right_one(start: Start) -> None:
    machine = start("2027-03-01 09:00", spec=AT_NINE)
    log = Slow(machine.gateway.log)
    machine.gateway.log = log  # type: ignore[method-assign]
    machine.gateway.script.append(InDoubt("a time-out"))
    machine.until(log.called.is_set)
    _end_in_a_wrong_time(machine, log)
    log.called.clear()
    machine.clock.advance(timedelta(minutes=6))
    machine.until(log.called.is_set)


class Slow:
    """A question to the gateway that waits for its answer."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask
        self.called, self.answer = threading.Event(), threading.Event()

    def __call__(self, **arguments: Any) -> Any:
        self.called.set()
        assert self.answer.wait(20)
        return self._ask(**arguments)


def _end_in_a_wrong_time(machine: Machine, question: Slow) -> None:
    machine.clock.in_sync = False
    machine.clock.jump(timedelta(days=1))
    question.answer.set()
    time.sleep(0.2)
    machine.look()
    machine.jump(-timedelta(days=1))
    machine.settle()


# -- a clock that moved while the daemon was down ----------------------------------------------------------


def down(start: Start) -> Machine:
    """A daemon that ran until 08:30 and is stopped; the clock is not synchronised."""
    machine = start(spec=AT_NINE).loaded()
    machine.clock.in_sync = False
    machine.stop()
    return machine


def test_a_jump_while_the_daemon_was_down_is_seen_at_its_start(start: Start) -> None:
    machine = down(start)
    machine.clock.jump(45 * MINUTE)
    machine.start()
    machine.until(lambda: set(machine.holds) == {"clock"})
    assert machine.states() == []
    machine.jump(-45 * MINUTE)
    machine.settle()
    machine.clock.advance(30 * MINUTE)
    machine.until(lambda: machine.states() == [("09:00", "accepted")])


def test_a_jump_before_the_start_can_be_approved(start: Start) -> None:
    machine = down(start)
    machine.clock.jump(45 * MINUTE)
    machine.start()
    machine.until(lambda: set(machine.holds) == {"clock"})
    machine.ask("approve", hold=machine.holds["clock"])
    machine.until(lambda: machine.states() == [("09:00", "accepted")])
    assert machine.holds == {}


def test_a_pause_of_the_daemon_or_of_the_machine_is_no_jump(start: Start) -> None:
    machine = down(start)
    machine.clock.advance(45 * MINUTE)
    machine.start()
    machine.until(lambda: machine.states() == [("09:00", "accepted")])
    assert machine.holds == {}


def test_a_reboot_with_the_right_time_is_no_jump(start: Start) -> None:
    machine = down(start)
    machine.clock.reboot(shows=utc("2027-03-01 09:15"))
    machine.start()
    machine.until(lambda: machine.states() == [("09:00", "accepted")])
    assert machine.holds == {}


def test_a_reboot_into_the_past_is_held_until_the_clock_is_right(start: Start) -> None:
    machine = down(start)
    machine.clock.reboot(shows=utc("2026-06-01 00:00"))
    machine.start()
    machine.until(lambda: set(machine.holds) == {"clock"})
    machine.jump(utc("2027-03-01 09:15") - machine.clock.now())
    machine.settle()
    machine.until(lambda: machine.states() == [("09:00", "accepted")])


def test_a_daemon_that_is_killed_on_hold_still_knows_the_time_of_before(start: Start) -> None:
    machine = start(spec=AT_NINE).loaded()
    machine.clock.in_sync = False
    machine.jump(45 * MINUTE)
    machine.stop()
    machine.start()
    machine.until(lambda: set(machine.holds) == {"clock"})
    machine.jump(-45 * MINUTE)
    machine.settle()
    machine.clock.advance(30 * MINUTE)
    machine.until(lambda: machine.states() == [("09:00", "accepted")])
