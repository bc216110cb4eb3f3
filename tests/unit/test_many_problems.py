"""Thousands of files that are all broken: the loop takes them over without a pause that anybody would notice."""

import io
from pathlib import Path

import pytest

from reminderd.jobs import Scan
from reminderd.model import Defaults, Problem
from reminderd.planner import Planner
from reminderd.store import Store
from reminderd.sync import Syncer
from reminderd.telemetry import configure
from tests.support.clock import START

MANY = 20_000


class Lines(io.StringIO):
    """A log that counts how often it is written to."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


def broken(number: int) -> Scan:
    """Files with a problem each, as one scan finds them."""
    return Scan({}, tuple(Problem(f"jobs.d/j{each:06}.yaml", 2, 18, "schedule", "is wrong") for each in range(number)))


@pytest.mark.timeout(30)  # comparing each with each would take minutes
def test_thousands_of_problems_are_told_once_each_in_one_write(tmp_path: Path) -> None:
    log = Lines()
    configure("text", "info", log)
    store = Store.open(tmp_path / "state.db", create=True)
    syncer = Syncer(store, Planner(), Defaults())
    try:
        syncer.sync(broken(MANY), START, START)
        log.truncate(0)
        log.writes = 0
        syncer.sync(broken(MANY + 2), START, START)
        assert [row["file"] for row in store.reports.problems()] == [each.file for each in broken(MANY + 2).problems]
    finally:
        store.close()
    told = log.getvalue()
    assert told.count("catalog.problem") == 2
    assert log.writes == 1
