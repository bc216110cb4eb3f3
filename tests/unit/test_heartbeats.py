"""Signs of life of the whole daemon: rows for what ran, and an address that is asked for while all is well."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from reminderd.gateway.port import LogUnavailable
from reminderd.model import InDoubt, NotSent
from reminderd.settings import Settings
from reminderd.store import Task
from tests.e2e.scripted_server import ScriptedServer, answer
from tests.support.machine import Machine, Start
from tests.support.world import ANNA, job

MINUTE = timedelta(minutes=1)
AT_NINE = job(at="2027-03-01T09:00", valid_for="12h")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer([answer(200)]) as here:
        yield here


def watched(machine: Machine, server: ScriptedServer) -> Machine:
    """Its daemon asks for the server each minute."""
    values = Settings.model_validate({"heartbeat": {"url": f"{server.url}/a-secret"}})
    machine.settings = machine.settings.model_copy(update={"heartbeat": values.heartbeat})
    machine.loaded().ask("reload")
    return machine


def pings(machine: Machine, server: ScriptedServer, minutes: int) -> int:
    """How often it was asked for while so much time passed."""

    def quiet() -> bool:
        return not machine.daemon._observers._heartbeats._asking

    machine.look()
    machine.until(quiet)
    before = len(server.requests)
    for _ in range(minutes):
        machine.clock.advance(MINUTE)
        machine.look()
        machine.until(quiet)
    return len(server.requests) - before


def test_the_address_is_asked_for_each_minute_while_all_is_well(start: Start, server: ScriptedServer) -> None:
    machine = watched(start(), server)
    assert pings(machine, server, 5) == 5
    assert {request.line for request in server.requests} == {"GET /a-secret HTTP/1.1"}
    (row,) = [row for task, row in machine.reports.heartbeats().items() if task == "loop"]
    assert row["status"] == "ok"


def test_it_is_not_asked_for_while_the_gateway_is_suspended(start: Start, server: ScriptedServer) -> None:
    machine = watched(start("2027-03-01 08:59", spec=AT_NINE), server)
    machine.gateway.moods[ANNA] = NotSent("401", suspend=True)
    machine.gateway.usable = False
    machine.clock.advance(MINUTE)
    machine.until(lambda: machine.daemon._dispatcher.suspended)
    assert pings(machine, server, 5) == 0
    machine.gateway.usable = True
    del machine.gateway.moods[ANNA]
    machine.clock.advance(5 * MINUTE)
    machine.until(lambda: machine.states() == [("09:00", "accepted")])
    assert pings(machine, server, 3) == 3


def test_it_is_not_asked_for_while_the_clock_cannot_be_believed(start: Start, server: ScriptedServer) -> None:
    machine = watched(start(), server)
    machine.clock.in_sync = False
    machine.jump(timedelta(hours=3))
    assert pings(machine, server, 5) == 0
    machine.settle()
    assert pings(machine, server, 3) == 3


def test_it_is_not_asked_for_while_the_state_takes_no_write(start: Start, server: ScriptedServer) -> None:
    machine = watched(start(), server)
    assert pings(machine, server, 1) == 1
    with closing(sqlite3.connect(machine.settings.state, timeout=10)) as other:
        other.execute("create trigger full before update on heartbeats begin select raise(abort, 'disk full'); end")
        assert pings(machine, server, 5) == 0
        other.execute("drop trigger full")
    assert pings(machine, server, 3) == 3


def test_that_it_fails_is_said_once_and_without_it(
    start: Start, server: ScriptedServer, capfd: pytest.CaptureFixture[str]
) -> None:
    server.steps = [answer(503)]
    machine = watched(start(), server)
    assert pings(machine, server, 4) == 4
    server.steps = [answer(204)]
    assert pings(machine, server, 2) == 2
    log = capfd.readouterr().err
    assert log.count("heartbeat.failed error=") == 1
    assert log.count("heartbeat.recovered") == 1
    assert "answered 503" in log
    assert "a-secret" not in log


def test_a_reload_is_a_run_that_fails_where_there_are_problems(start: Start) -> None:
    machine = start().loaded()
    machine.ask("reload")
    machine.until(lambda: status(machine, "reload") == "ok")
    assert machine.reports.heartbeats()["reload"]["detail"] == "1 job, 0 problems"
    (machine.settings.jobs[0] / "broken.yaml").write_text("schedule: nonsense\n")
    machine.ask("reload")
    machine.until(lambda: status(machine, "reload") == "failed")
    assert machine.reports.heartbeats()["reload"]["detail"] == "1 job, 3 problems"


def status(machine: Machine, task: str) -> str | None:
    row = machine.reports.heartbeats().get(task)
    return row["status"] if row else None


def test_a_look_into_plivos_log_is_a_run(start: Start) -> None:
    machine = start("2027-03-01 09:00", spec=AT_NINE)
    machine.gateway.moods[ANNA] = InDoubt("a time-out")
    machine.gateway.log_answers.append(LogUnavailable("503"))
    machine.until(lambda: status(machine, "reconcile") == "failed")
    assert machine.reports.heartbeats()["reconcile"]["detail"].endswith("1 left, 503")
    machine.gateway.lost_arrive = True
    machine.clock.advance(MINUTE)
    machine.until(lambda: status(machine, "reconcile") == "ok")
    assert machine.reports.heartbeats()["reconcile"]["detail"] == "1 looked up, 0 settled"


def test_what_a_dead_daemon_left_running_has_failed_at_the_next_start(start: Start) -> None:
    machine = start().loaded()
    machine.until(lambda: status(machine, "prune") == "ok")
    machine.stop()
    store = machine.open_store()
    store.heartbeats.begin(Task.RELOAD, machine.clock.now())
    store.close()
    machine.start()
    machine.loaded()
    assert status(machine, "reload") == "failed"
