"""The documented views of the state, read as anybody may read them, and what was found in them as one value."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.torture.record import Record

Row = dict[str, Any]
VIEWS = ("deliveries", "attempts", "moves", "occurrences", "holds", "actions", "inbound")


@dataclass(frozen=True, slots=True)
class State:
    """The rows of the views, by id, and what SQLite says of the file."""

    deliveries: tuple[Row, ...]
    attempts: tuple[Row, ...]
    moves: tuple[Row, ...]
    occurrences: tuple[Row, ...]
    holds: tuple[Row, ...]
    actions: tuple[Row, ...]
    integrity: tuple[str, ...]
    inbound: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the judge judges by. again: the state after one more start and stop. log: of all daemons.

    alerts: rows of their view. told: `NAME STATE`, what somebody heard of them.
    """

    state: State
    again: State
    ledger: tuple[Mapping[str, Any], ...]
    ledger_again: int
    record: Record
    log: str
    sandbox_errors: str
    alerts: tuple[Row, ...] = ()
    told: tuple[str, ...] = ()


def read(path: Path) -> State:
    """The whole state."""
    with closing(_connect(path)) as database:
        database.execute("begin")  # all views at one moment
        views = {name: tuple(_rows(database, f"select * from report_{name} order by id")) for name in VIEWS}
        integrity = [row[0] for row in database.execute("pragma integrity_check")]
        orphans = [f"a row of {row[0]} refers to nothing" for row in database.execute("pragma foreign_key_check")]
    return State(**views, integrity=(*integrity, *orphans))


def query(path: Path, sql: str) -> list[Row]:
    """The rows of one query; none while there is no state yet."""
    if not path.exists():
        return []
    with closing(_connect(path)) as database:
        return list(_rows(database, sql))


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
    database.row_factory = sqlite3.Row
    return database


def _rows(database: sqlite3.Connection, sql: str) -> Iterable[Row]:
    return (dict(row) for row in database.execute(sql))
