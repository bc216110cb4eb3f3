import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import utc
from tests.support.desk import Desk
from tests.support.machine import SIGNALS, Machine, Start
from tests.support.world import World, job

_HOURLY = job(cron="0 * * * *")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A daemon that runs, on 2027-03-01 at 08:00 UTC, without jobs."""
    here = World(tmp_path)
    here.sync()
    yield here
    here.kill()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A state with the jobs `a` and `b`, at the same time, and nothing owed."""
    here = Desk(tmp_path)
    yield here
    here.world.kill()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a machine with one job, and wait until it is loaded."""
    handlers = [signal.getsignal(each) for each in SIGNALS]
    machines: list[Machine] = []

    def begin(now: str = "2027-03-01 08:30", spec: dict[str, Any] = _HOURLY) -> Machine:
        machines.append(Machine(tmp_path, utc(now), spec))
        return machines[0]

    yield begin
    for machine in machines:
        machine.stop()
    for each, handler in zip(SIGNALS, handlers, strict=True):
        signal.signal(each, handler)
