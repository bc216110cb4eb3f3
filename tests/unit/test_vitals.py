"""What systemd is told, note by note."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reminderd.daemon.systemd import notify, takes
from reminderd.daemon.vitals import Standing, Vitals
from reminderd.store import Store
from reminderd.telemetry import Figures
from tests.support.daemon import Notes
from tests.support.sandbox import Frozen

CALM = Standing(3, datetime(2027, 1, 2, 8, tzinfo=UTC), 0, 0, 0, None, taken=True)
PATIENCE = takes(90)


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Notes]:
    made = Notes()
    monkeypatch.setenv("NOTIFY_SOCKET", made.address)
    yield made
    made.close()


class Told:
    """Vitals with a standing that is set by hand; `since()` is what was told since it was asked last."""

    def __init__(self, notes: Notes) -> None:
        self.now = CALM
        self.clock = Frozen()
        self.vitals = Vitals(lambda: self.now, Figures(self.clock), self.clock)
        self._notes, self._seen = notes, 0

    def pass_done(self) -> None:
        """One that is over more than a second after the one before."""
        self.clock.passed += 1.1
        self.vitals.pass_done()

    def since(self) -> list[str]:
        lines = self._notes.lines()
        new, self._seen = lines[self._seen :], len(lines)
        return new


@pytest.fixture
def told(notes: Notes) -> Told:
    return Told(notes)


@pytest.fixture
def loaded(told: Told) -> Told:
    told.vitals.ready()
    told.since()
    return told


def full() -> sqlite3.Error:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def test_a_start_asks_for_patience_with_each_pass_and_is_ready_once(told: Told) -> None:
    told.pass_done()
    assert told.since() == ["WATCHDOG=1", PATIENCE]
    told.vitals.pass_failed(full(), 1)
    assert told.since()[:2] == ["WATCHDOG=1", PATIENCE]
    told.vitals.ready()
    assert told.since() == ["READY=1", "STATUS=3 jobs, next due 2027-01-02T08:00:00.000Z, 0 waiting"]
    told.pass_done()
    assert told.since() == ["WATCHDOG=1"]


def test_passes_of_one_second_feed_once_and_the_status_follows_every_other_second(loaded: Told) -> None:
    loaded.pass_done()
    loaded.vitals.pass_done()
    assert loaded.since() == ["WATCHDOG=1"]
    loaded.pass_done()
    assert loaded.since() == ["WATCHDOG=1", "STATUS=3 jobs, next due 2027-01-02T08:00:00.000Z, 0 waiting"]


def test_what_needs_somebody_is_in_the_status(loaded: Told) -> None:
    loaded.now = Standing(1, None, 7, 2, 1, "no credit (402)\nREADY=1", taken=True)
    loaded.vitals.tell()
    loaded.pass_done()
    assert loaded.since() == [
        "WATCHDOG=1",
        "STATUS=1 job, next due never, 7 waiting, 2 problems, 1 hold, gateway suspended: no credit (402) READY=1",
    ]


def test_a_failing_disk_feeds_the_watchdog_and_a_defect_does_not(loaded: Told) -> None:
    loaded.vitals.pass_failed(full(), 3)
    fed, status = loaded.since()
    assert fed == "WATCHDOG=1"
    assert status.startswith("STATUS=the state cannot be used, nothing goes out: database or disk is full; free space")
    loaded.vitals.pass_failed(KeyError("a"), 4)
    (status,) = loaded.since()
    assert status.startswith("STATUS=4 in a row of the loop's passes met a defect, KeyError")
    loaded.pass_done()
    assert loaded.since() == ["WATCHDOG=1", "STATUS=3 jobs, next due 2027-01-02T08:00:00.000Z, 0 waiting"]


def test_a_reload_is_over_when_the_files_of_all_who_asked_run(loaded: Told) -> None:
    loaded.vitals.reloading()
    assert [line.partition("=")[0] for line in loaded.since()] == ["RELOADING", "MONOTONIC_USEC", "STATUS"]
    loaded.vitals.reloading()
    loaded.vitals.read_anew()
    loaded.since()
    loaded.pass_done()
    assert loaded.since() == ["WATCHDOG=1"]
    loaded.vitals.read_anew()
    loaded.now = replace(CALM, taken=False)  # a long list is planned to its end first
    loaded.pass_done()
    assert loaded.since() == ["WATCHDOG=1"]
    loaded.now = CALM
    loaded.pass_done()
    assert "READY=1" in loaded.since()
    loaded.pass_done()
    assert loaded.since() == ["WATCHDOG=1"]


def test_nobody_waits_for_a_reload_on_a_failing_disk_or_among_defects(loaded: Told) -> None:
    for error, status in ((full(), "the state cannot be used"), (KeyError("a"), "1 in a row")):
        loaded.vitals.reloading()
        loaded.since()
        loaded.vitals.pass_failed(error, 1)
        lines = loaded.since()
        assert lines[0] == "READY=1"
        assert lines[-1].startswith(f"STATUS={status}")
        loaded.vitals.pass_failed(error, 2)
        assert "READY=1" not in loaded.since()


def test_nobody_waits_for_ever_for_files_that_are_not_read(loaded: Told) -> None:
    loaded.vitals.reloading()
    loaded.since()
    for _ in range(70):
        loaded.pass_done()
    assert set(loaded.since()) == {"WATCHDOG=1"}
    for _ in range(5):
        loaded.pass_done()
    lines = loaded.since()
    assert lines.count("READY=1") == 1
    assert lines[-1].startswith("STATUS=files as they are now do not run yet; 3 jobs")
    loaded.vitals.read_anew()
    loaded.vitals.tell()
    loaded.pass_done()
    assert loaded.since()[-1].startswith("STATUS=3 jobs")


def test_nobody_waits_for_a_clock_that_cannot_be_believed(told: Told) -> None:
    told.vitals.held("the clock cannot be believed")
    assert told.since()[0] == "READY=1"
    told.pass_done()
    assert told.since() == ["WATCHDOG=1"]


def test_a_stop_asks_for_the_time_that_requests_may_take(loaded: Told) -> None:
    loaded.vitals.stopping(2, 90)
    assert loaded.since() == ["STOPPING=1", takes(180), "STATUS=stopping: 2 requests under way"]
    loaded.vitals.reloading()
    loaded.pass_done()
    assert loaded.since() == ["WATCHDOG=1"]


def test_a_ready_that_is_lost_is_told_again(notes: Notes, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "@nobody-listens-here")
    told.vitals.ready()
    monkeypatch.setenv("NOTIFY_SOCKET", notes.address)
    told.pass_done()
    assert "READY=1" in told.since()


def test_without_systemd_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("", "nonsense"):
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        assert notify("READY=1")
    monkeypatch.delenv("NOTIFY_SOCKET")
    assert notify("READY=1")


def test_a_note_is_one_line(notes: Notes) -> None:
    assert notify("STATUS=a\nb\x00c\udcffd")
    assert notes.lines() == ["STATUS=a b c d"]


def test_waiting_is_counted_from_the_rows(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "state.db", create=True)
    assert store.conditions.waiting() == 0
    store.close()
