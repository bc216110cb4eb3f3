"""What must hold at the end of a run, however often the daemon died in it: found in the state and at Plivo alone."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from reminderd.model import BIRTHS, MOVES, State
from tests.support.deaths import Mortal

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Owed:
    """One delivery that a scenario owes: its job, its nominal time of day, and its phone; none for a summary row.

    ends: the states in which it may end; the first one is its end when nobody dies. most: how often Plivo may take it
    at the most. said_sent: an operator may have said that it was sent. through: states that it passes
    when nobody dies. provable: the log can tell whose message it has. fades: its row may be pruned, or its phone forgotten,
    and nothing else goes to that phone at that time.
    """

    job: str
    time: str
    phone: str | None
    ends: tuple[State, ...]
    most: int = 1
    said_sent: bool = False
    provable: bool = True
    through: tuple[State, ...] = ()
    fades: bool = False

    @property
    def key(self) -> tuple[str, str, str | None]:
        return self.job, self.time, self.phone


# What runs again must leave these as they are.
_LASTING = (
    *("jobs", "cursors", "unfinished", "occurrences", "deliveries", "attempts", "moves"),
    *("holds", "overrides", "opt_outs", "inbound", "actions", "gateway"),
)


class Judge:
    """Collects what is wrong with a world at its end.

    taken: how often Plivo took each delivery, by its id. thorough: look at another start too.
    """

    def __init__(self, world: Mortal, owed: tuple[Owed, ...], taken: Mapping[int, int], thorough: bool) -> None:
        self._world = world
        self._owed = {one.key: one for one in owed}
        self._taken = taken
        self._thorough = thorough
        self._rows = {self._key(row): row for row in world.rows()}
        self._died = len(world.lives) > 1

    def violations(self) -> list[str]:
        """All of them, as sentences; the daemon has run once more afterwards."""
        parts = (
            self._rows_are_those_owed,
            self._ends,
            self._once,
            self._counts,
            self._moves,
            self._doubts,
            self._state,
        )
        found = [said for part in parts for said in part()]
        return sorted(self._world.misdeeds) + found + list(self._runs_again())

    def _rows_are_those_owed(self) -> Iterator[str]:
        if len(self._rows) != len(self._world.rows()):
            yield "two deliveries for one job, time and phone"
        for key in self._owed.keys() - self._rows.keys():
            if not self._owed[key].fades:
                yield f"owed without a row: {key}"
        for key in self._rows.keys() - self._owed.keys():
            yield f"a row that nobody owes: {key}"

    def _ends(self) -> Iterator[str]:
        for key, owed in self._owed.items():
            if (row := self._rows.get(key)) is None:
                continue
            ends = owed.ends if self._died else owed.ends[:1]
            if row["state"] not in ends:
                yield f"{key} ended {row['state']}: {row['reason']}"
            passed = {move["to_state"] for move in self._moves_of(row)}
            if not self._died and not passed.issuperset(owed.through):
                yield f"{key} did not pass {owed.through}"
            taken = self._taken.get(row["id"], 0)
            if taken and row["state"] != State.ACCEPTED and owed.provable and not self._has_a_rival(row):
                yield f"{key} was taken by Plivo, whose log can be read, and ended {row['state']}"
            if not taken and row["state"] == State.ACCEPTED and not owed.said_sent:
                yield f"{key} is accepted, and Plivo does not have it"

    def _has_a_rival(self, row: Row) -> bool:
        """Whether what the log has could as well be another's, that is in doubt too and was not taken."""
        rivals = [other for other in self._rows.values() if other["phone"] == row["phone"]]
        return row["state"] == State.IN_DOUBT and any(
            other["state"] == State.IN_DOUBT and not self._taken.get(other["id"]) for other in rivals
        )

    def _once(self) -> Iterator[str]:
        for key, owed in self._owed.items():
            if (row := self._rows.get(key)) is None:
                continue
            taken, words = self._taken.get(row["id"], 0), sum(map(_is_a_word, self._moves_of(row)))
            if taken > min(owed.most, 1 + words):
                yield f"{key} was taken {taken} times, and {words} words were given to send it again"
        unknown = sum(self._taken.values()) - sum(self._taken.get(row["id"], 0) for row in self._rows.values())
        for key, owed in self._owed.items():
            if owed.fades and key not in self._rows:
                arrived = sum(request.phone == owed.phone for request in self._world.gateway.arrived)
                unknown -= arrived
                if arrived > owed.most:
                    yield f"{key}, of which no row is left, was taken {arrived} times"
        if unknown:
            yield f"{unknown} messages at Plivo belong to no delivery"

    def _counts(self) -> Iterator[str]:
        counts, planned = self._world.store.reports.counts(), self._world.planned()
        if sum(counts.values()) != planned:
            yield f"{planned} are planned, and {counts} are there"
        for state, number in counts.items():
            if len(self._world.store.reports.history(states=[state], limit=0)) != number:
                yield f"the history does not show all that are {state}"

    def _moves(self) -> Iterator[str]:
        for key, row in self._rows.items():
            moves = [(move["from_state"], move["to_state"]) for move in self._moves_of(row)]
            if moves[0][0] != "" or moves[0][1] not in BIRTHS:
                yield f"{key} was born {moves[0]}"
            if any(State(after) not in MOVES[State(before)] for before, after in moves[1:]):
                yield f"{key} made an illegal move: {moves}"
            if any(one[1] != other[0] for one, other in pairwise(moves)) or moves[-1][1] != row["state"]:
                yield f"the moves of {key} do not join: {moves}, {row['state']}"

    def _doubts(self) -> Iterator[str]:
        for key, row in self._rows.items():
            for attempt in self._world.store.reports.attempts(row["id"]):
                if attempt["outcome"] == "in_doubt" and attempt["begun_at"] is None:
                    yield f"{key} came in doubt without a beginning"
                if attempt["outcome"] is None or attempt["finished_at"] is None:
                    yield f"attempt {attempt['number']} of {key} has no end"
                if attempt["message_uuid"] and not attempt["begun_at"]:
                    yield f"{key} was sent without a beginning"

    def _state(self) -> Iterator[str]:
        with closing(sqlite3.connect(self._world.path)) as reader:
            if (said := reader.execute("pragma integrity_check").fetchall()) != [("ok",)]:
                yield f"the state is damaged: {said}"
            if said := reader.execute("pragma foreign_key_check").fetchall():
                yield f"rows point to nothing: {said}"
            for table in ("attempts", "deliveries"):
                uuids = reader.execute(f"select message_uuid from {table} where message_uuid is not null").fetchall()
                if again := [uuid for uuid, times in Counter(uuids).items() if times > 1]:
                    yield f"one message_uuid for several {table}: {again}"

    def _runs_again(self) -> Iterator[str]:
        before = _everything(self._world)
        self._world.sync()
        self._world.tick()
        if _everything(self._world) != before:
            yield "what ran again changed something"
        if self._thorough:
            self._world.restart()
            self._world.tick()
        if _everything(self._world) != before:
            yield "what was started again changed something"

    def _key(self, row: Row) -> tuple[str, str, str | None]:
        """What the row was owed as, also where its phone is forgotten."""
        job, time, phone = _key(row)
        if row["erased"] == "forgotten":
            phone = next((one.phone for one in self._owed.values() if one.fades and one.key[:2] == (job, time)), phone)
        return job, time, phone

    def _moves_of(self, row: Row) -> list[Row]:
        return self._world.store.reports.moves(row["id"])


def _key(row: Row) -> tuple[str, str, str | None]:
    return row["job"], row["nominal"][11:16], row["phone"]


def _is_a_word(move: Row) -> bool:
    """Whether this move is somebody's word to send again: an operator's, or the job's own after a doubt or a bad report."""
    before = (State.IN_DOUBT, State.FAILED, State.MISSED, State.ACCEPTED)
    return move["to_state"] == State.PENDING and move["from_state"] in before


def _everything(world: Mortal) -> list[list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(world.path)) as reader:
        return [reader.execute(f"select * from {table}").fetchall() for table in _LASTING]
