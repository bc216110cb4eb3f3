"""The whole daemon in one process: what its loop does around its start and its end."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest

from reminderd.daemon import Daemon
from reminderd.gateway.port import LogUnavailable, SendRequest
from reminderd.model import InDoubt, NotSent, Outcome
from tests.support.machine import Machine, Start
from tests.support.sandbox import wait_until
from tests.support.world import ANNA, BERT, job

MINUTE = timedelta(minutes=1)

AT_NINE = job(at="2027-03-01T09:00", valid_for="3h", retry=["1m"])


def test_a_job_that_was_removed_while_the_daemon_was_down_sends_nothing_any_more(start: Start) -> None:
    machine = start("2027-03-01 09:00", spec=AT_NINE)
    machine.gateway.script.append(NotSent("no route"))
    machine.until(lambda: machine.states() == [("09:00", "pending")])
    machine.stop()
    (machine.settings.jobs[0] / "a.yaml").unlink()
    machine.clock.advance(5 * MINUTE)
    machine.start()
    machine.until(lambda: machine.states() != [("09:00", "pending")])
    assert machine.states() == [("09:00", "cancelled")]
    assert machine.gateway.arrived == []


def test_what_was_due_and_not_planned_yet_when_a_daemon_ended_is_owed_also_if_its_job_is_changed_then(
    start: Start,
) -> None:
    spec = {**job(every="1m", start="2027-03-01T00:00"), "catch_up": "all", "valid_for": "3h"}
    machine = start("2027-03-01 08:00", spec=spec).loaded()
    machine.stop()
    machine.clock.advance(45 * MINUTE)
    _end_after_the_first_plan(machine)
    (machine.settings.jobs[0] / "a.yaml").write_text(json.dumps({**spec, "message": "Other words."}))
    machine.start()
    machine.until(lambda: machine.daemon._caught_up)
    assert [nominal for nominal, _ in machine.states() if nominal > "08:00"] == [f"08:{at:02}" for at in range(1, 46)]


def _end_after_the_first_plan(machine: Machine) -> None:
    """One more life of the daemon, which ends when it has planned a chunk, and not all that is due."""
    store = machine.open_store()
    known = len(store.reports.history(limit=0))
    settings = machine.settings
    daemon = Daemon(settings, store, machine.clock, lambda _: machine.gateway, lambda: (settings, []), machine.place())
    daemon.start()

    def planned() -> int:
        return len(store.reports.history(limit=0)) - known

    def has_planned() -> bool:
        daemon.tick()
        return planned() > 0

    wait_until(has_planned)
    assert planned() < 45
    daemon.close()
    store.close()


def test_a_daemon_that_stops_waits_for_its_requests_without_spinning(start: Start) -> None:
    machine = start("2027-03-01 09:00", spec=job(at="2027-03-01T09:00", valid_for="3h", to=[ANNA, BERT]))
    machine.gateway.script.append(InDoubt("a time-out"))
    machine.gateway.log_answers.extend([LogUnavailable("busy")] * 9)
    answered = threading.Event()
    machine.gateway.send = _slow_for_bert(machine, answered)  # type: ignore[method-assign,assignment]
    machine.until(lambda: sorted(state for _, state in machine.states()) == ["in_doubt", "sending"])
    machine.daemon._inbox.post(machine.daemon._stop)
    machine.clock.advance(MINUTE)
    machine.look()
    before = time.process_time()
    time.sleep(0.5)
    spent = time.process_time() - before
    answered.set()
    assert spent < 0.2


def _slow_for_bert(machine: Machine, answered: threading.Event) -> Callable[[SendRequest, Callable[[], bool]], Outcome]:
    send = machine.gateway.send

    def slow(request: SendRequest, begin: Callable[[], bool]) -> Outcome:
        if request.phone == BERT:
            begin()
            answered.wait(10)
            return InDoubt("a time-out")
        return send(request, begin)

    return slow


def test_what_no_thread_can_send_is_sent_when_there_are_threads_again(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = start("2027-03-01 08:59", spec=AT_NINE).loaded()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", _refuse)
        machine.clock.advance(MINUTE)
        machine.look()
        machine.until(lambda: len(machine.reports.attempts(1)) > 1)
    machine.until(lambda: machine.states() == [("09:00", "accepted")])


def test_a_look_that_no_thread_can_take_is_taken_when_there_are_threads_again(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = start("2027-03-01 09:00", spec=AT_NINE)
    machine.gateway.script.append(InDoubt("a time-out"))
    machine.gateway.lost_arrive = True
    begin, refused = threading.Thread.start, threading.Event()

    def refuse_workers(thread: threading.Thread) -> None:
        if thread.name == "worker":
            refused.set()
            _refuse(thread)
        begin(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse_workers)
        machine.until(refused.is_set)
        machine.until(lambda: machine.states() == [("09:00", "in_doubt")])
    machine.until(lambda: machine.states() == [("09:00", "accepted")])


def _refuse(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_daemon_that_cannot_record_what_ended_stops_all_the_same(start: Start) -> None:
    machine = start("2027-03-01 09:00", spec=job(at="2027-03-01T09:00", valid_for="3h", to=[BERT]))
    answered = threading.Event()
    machine.gateway.send = _slow_for_bert(machine, answered)  # type: ignore[method-assign,assignment]
    machine.until(lambda: machine.states() == [("09:00", "sending")])
    with closing(sqlite3.connect(machine.settings.state, timeout=10)) as other:
        other.execute("create trigger full before update on attempts begin select raise(abort, 'disk full'); end")
        machine.daemon._inbox.post(machine.daemon._stop)
        machine.look()
        answered.set()
        machine.clock.advance(2 * MINUTE)
        machine.thread.join(10)
        assert not machine.thread.is_alive()
        other.execute("drop trigger full")
    assert machine.states() == [("09:00", "sending")]
