"""The same walks, in which what has ended is pruned or forgotten at any moment: the page, which never forgets anything, still
says what is owed, tried and sent."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from reminderd.store.memory import FORGOTTEN
from tests.property.reference import Key
from tests.property.test_reference_walk import PHONES, Walk, drawn, walk

# Jobs that went are heard of by the guard against mass removal for so long.
GUARDED = timedelta(minutes=11)
NOW = timedelta(0)


class PrunedWalk(Walk):
    """gone: what was pruned, as it was. eager: all that can go does before the files are looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.gone: dict[Key, tuple[str, int, int]] = {}
        self.eager: str | None = None

    @initialize(eager=drawn(None, "texts", "rows", "rows"))
    def hurry(self, eager: str | None) -> None:
        self.eager = eager

    def _sync(self) -> None:
        if self.eager == "texts":
            self.empty_texts(0, 100)
        elif self.eager == "rows":
            self.prune(0, 100)
        super()._sync()

    def real(self) -> dict[Key, tuple[str, int, int]]:
        kept = {key: row for key, row in super().real().items() if not key[2].startswith(FORGOTTEN)}
        assert kept.keys().isdisjoint(self.gone), "what was pruned is owed anew"
        return {**self.gone, **kept}

    def _some(self, data: st.DataObject, *states: str) -> Key | None:
        """One that operators can still name, and whose text is there where they need it."""
        ended = ("failed", "missed", "cancelled")
        emptied = {key for key, row in self._rows().items() if row["erased"] and row["state"] in ended}
        rows = self.page.rows
        found = sorted(key for key, row in rows.items() if row.state in states and key not in {*self.gone, *emptied})
        return data.draw(st.sampled_from(found)) if found else None

    def _rows(self) -> dict[Key, dict[str, object]]:
        return {(row["job"], row["nominal"], row["phone"] or row["recipient"]): row for row in self.world.rows()}

    @rule(age=drawn(0, 0, 60, 600, 3600), steps=drawn(1, 2, 100))
    def empty_texts(self, age: int, steps: int) -> None:
        before = self.world.clock.now() - timedelta(seconds=age)
        for _ in range(steps):
            self.world.store.retention.empty_texts(before, 2)
            self.world.store.inbound.empty_texts(before, 2)
        self.world.store.retention.empty_definitions(self.world.clock.now() - GUARDED)

    @rule(age=drawn(0, 0, 60, 600, 3600), steps=drawn(1, 2, 100))
    def prune(self, age: int, steps: int) -> None:
        """Some of it, or all."""
        known, before = self.real(), self.world.clock.now() - timedelta(seconds=age)
        retention = self.world.store.retention
        for _ in range(steps):
            retention.prune(before, 2, witnesses=NOW)
            self.world.store.inbound.prune(before, 2)
        retention.prune_empty(before, 0, 1_000_000)
        retention.prune_rest(self.world.clock.now() - GUARDED, self.world.clock.now(), 100)
        left = super().real().keys()
        self.gone |= {key: was for key, was in known.items() if key not in left}
        jobs = self.world.store.jobs.known()
        self.page.jobs = {name: job for name, job in self.page.jobs.items() if name in jobs}

    @rule(phone=drawn(*PHONES))
    def forget(self, phone: str) -> None:
        """All that names somebody, unless Plivo's log must still be asked by their number."""
        known = self.real()
        if not self._perform("forget", phone=phone):
            assert any(row.tried > row.sent for row in self.page.rows.values())
            return
        for key in [key for key in known if key[2] == phone and key not in self.gone]:
            row = self.page.rows[key]
            row.state, row.withdrawn = "cancelled" if row.state == "pending" else row.state, False
            self.gone[key] = (row.state, *known[key][1:])

    @invariant()
    def the_sums_and_the_references_are_right(self) -> None:
        assert sum(self.world.store.reports.counts().values()) == self.world.planned()
        with closing(sqlite3.connect(self.world.path)) as reader:
            assert reader.execute("pragma foreign_key_check").fetchall() == []


def test_pruning_at_any_moment_changes_nothing_that_is_owed_or_sent() -> None:
    walk(60, 25, PrunedWalk)


@pytest.mark.nightly
def test_pruning_at_any_moment_changes_nothing_that_is_owed_or_sent_at_length() -> None:
    walk(1_500, 50, PrunedWalk)
