"""The daemon's own loop on a disk that fails."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from io import StringIO

import pytest

from reminderd.store import StateFailure
from reminderd.telemetry import configure
from tests.support.disks import FULL, Fault, FaultyConnection
from tests.support.machine import Machine, Start
from tests.support.world import job
from tests.unit.conftest import start

__all__ = ["start"]

AT_NINE = job(at=["2027-03-01T09:00", "2027-03-01T10:00"], valid_for="3h", retry=["1m"])
MINUTE = timedelta(minutes=1)


@pytest.fixture
def log() -> Iterator[StringIO]:
    stream = StringIO()
    configure("text", "info", stream)
    yield stream
    configure("text", "info")


def on_a_faulty_disk(machine: Machine, **kind: object) -> Fault:
    connection = machine.store._connection
    fault = Fault(says=FULL, **kind)  # type: ignore[arg-type]
    connection.raw = FaultyConnection(connection.raw, fault)  # type: ignore[assignment]
    return fault


def look(machine: Machine) -> None:
    with suppress(StateFailure):
        machine.look()


def test_a_read_that_fails_between_two_passes_does_not_end_the_daemon(start: Start, log: StringIO) -> None:
    machine = start("2027-03-01 08:59", spec=AT_NINE).loaded()
    on_a_faulty_disk(machine, first=1, times=3, among=("select min(",))
    machine.clock.advance(MINUTE)
    machine.until(lambda: "daemon.recovered" in log.getvalue())
    machine.until(lambda: machine.states() == [("09:00", "accepted")])
    assert "daemon.failed where=state" in log.getvalue()
    assert machine.thread.is_alive()


@pytest.mark.parametrize("first", [1, 3, 5, 8, 12, 18, 26])
def test_wherever_the_disk_fails_the_loop_sends_once(start: Start, log: StringIO, first: int) -> None:
    machine = start("2027-03-01 08:59", spec=AT_NINE).loaded()
    fault = on_a_faulty_disk(machine, first=first, times=4)
    machine.clock.advance(MINUTE)
    while fault.seen < first + 4:
        look(machine)
    machine.until(lambda: machine.states() == [("09:00", "accepted")])
    machine.until(lambda: "daemon.recovered" in log.getvalue())
    machine.clock.advance(60 * MINUTE)
    machine.until(lambda: machine.states() == [("09:00", "accepted"), ("10:00", "accepted")])
    assert len(machine.gateway.arrived) == 2


def test_an_approval_whose_effect_failed_takes_effect_all_the_same(start: Start) -> None:
    machine = start("2027-03-01 08:30", spec=job(cron="0 * * * *")).loaded()
    machine.stop()
    machine.clock.jump(timedelta(days=30))
    machine.start()
    machine.settle()
    machine.until(lambda: machine.reports.daemon()["alive_at"] > "2027-03-30")
    machine.stop()
    machine.clock.jump(-timedelta(days=30))
    machine.start()
    machine.settle()
    machine.until(lambda: "cursor" in machine.holds)
    # The approval itself needs two reads of the holds and jobs; what fails comes after its commit.
    fault = on_a_faulty_disk(machine, first=1, times=1, among=("select job, zone, planned_until from cursors",))
    with suppress(StateFailure):
        machine.ask("approve", hold=machine.holds["cursor"])
    assert fault.seen > 0
    assert machine.holds == {}
    before = len(machine.states())
    machine.clock.advance(31 * MINUTE)
    machine.until(lambda: len(machine.states()) > before)
