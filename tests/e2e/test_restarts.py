"""A daemon that keeps dying, as systemd starts it again: with its runtime directory kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Home
from tests.support.sandbox import SandboxProcess


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    with SandboxProcess(tmp_path) as sandbox:
        environment = {**sandbox.environment, "RUNTIME_DIRECTORY": f"{runtime}:/run/other"}
        with Home(tmp_path / "home", environment) as here:
            yield here


def waits(home: Home) -> bool:
    return any(line.startswith("STATUS=died 2 times in a row") for line in home.notes.lines())


def test_the_second_death_makes_the_next_start_wait_and_a_stop_is_obeyed_meanwhile(home: Home, tmp_path: Path) -> None:
    for _ in range(2):
        home.start()
        home.kill()
    assert not waits(home)
    home.launch()
    home.until(lambda: waits(home), "it does not wait")
    assert "EXTEND_TIMEOUT_USEC=95000000" in home.notes.lines()
    assert home.stop() == 0
    assert "daemon.delayed failures=2 again_in=5s until=" in home.log()
    assert list((tmp_path / "runtime").iterdir()) == []
    home.start()  # at once: the operator meant the stop
    assert home.log().count("daemon.delayed") == 1
    assert home.stop() == 0


def test_a_start_that_waits_goes_on_afterwards(home: Home) -> None:
    for _ in range(2):
        home.start()
        home.kill()
    home.start()
    assert waits(home)
    assert home.stop() == 0
