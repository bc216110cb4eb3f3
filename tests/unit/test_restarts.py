"""Growing pauses between the starts of a daemon that keeps dying."""

import json
from pathlib import Path

import pytest

from reminderd.daemon.restarts import Restarts
from tests.support.sandbox import Frozen


class Deaths:
    """Starts in one runtime directory, on a clock that is moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, Frozen()

    def start(self) -> Restarts:
        restarts = Restarts(self.folder, self.clock)
        assert restarts.wait()
        return restarts

    def note(self) -> dict[str, object]:
        found: dict[str, object] = json.loads((self.folder / "deaths.json").read_text())
        return found


@pytest.fixture
def deaths(tmp_path: Path) -> Deaths:
    return Deaths(tmp_path)


def test_the_first_starts_do_not_wait_and_each_death_is_counted(deaths: Deaths) -> None:
    deaths.start()
    assert deaths.note() == {"deaths": 0, "since": 0.0}
    deaths.clock.passed = 599
    deaths.start()
    assert deaths.note() == {"deaths": 1, "since": 599}


def test_who_was_well_for_ten_minutes_begins_again(deaths: Deaths) -> None:
    (deaths.folder / "deaths.json").write_text('{"deaths": 7, "since": 100}')
    deaths.clock.passed = 701
    deaths.start()
    assert deaths.note() == {"deaths": 1, "since": 701}


def test_who_ends_because_he_was_told_to_has_not_died(deaths: Deaths) -> None:
    deaths.start()
    deaths.start().ended_well()
    assert list(deaths.folder.iterdir()) == []
    deaths.start()
    assert deaths.note() == {"deaths": 0, "since": 0.0}


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"deaths": null, "since": 1}', '{"deaths": 3}', "\x00"])
def test_a_note_that_makes_no_sense_is_one_death(deaths: Deaths, damaged: str) -> None:
    (deaths.folder / "deaths.json").write_text(damaged)
    deaths.start()
    assert deaths.note() == {"deaths": 1, "since": 0.0}


def test_without_a_runtime_directory_nothing_is_counted(tmp_path: Path) -> None:
    for environ in ({}, {"RUNTIME_DIRECTORY": ""}):
        restarts = Restarts.under_systemd(environ, Frozen())
        assert restarts.wait()
        restarts.ended_well()


def test_one_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    restarts = Restarts(tmp_path / "gone", Frozen())
    assert restarts.wait()
    restarts.ended_well()
