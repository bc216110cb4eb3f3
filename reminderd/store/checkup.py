"""A look at a state's file from outside: how it is kept, and whether it is whole. Changes nothing."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from reminderd.store.connection import _check_header, _connect_read_only, _newer, refuse_empty

SQLITE_VERSION = sqlite3.sqlite_version
_STEPS = 100_000  # of SQLite's machine between two looks at the clock


class Checkup(NamedTuple):
    """size, log: bytes of the file and of the write-ahead log beside it. journal: how the file says it is written, "wal" or
    "delete". damage: None for none. whole: whether all of it was looked at in the time there was. newer: migrations of a newer
    program."""

    size: int
    log: int
    journal: str
    damage: str | None
    whole: bool
    newer: tuple[str, ...]


def check_up(path: Path, seconds: float) -> Checkup:
    """Look at the state for at most so long. Raises StateError for what is no state, or cannot be read, and OSError."""
    _check_header(path)
    refuse_empty(path)
    with path.open("rb") as file:
        header = file.read(20)
    journal = "wal" if header[18:19] == b"\2" else "delete"
    beside = path.with_name(path.name + "-wal")
    log = beside.stat().st_size if beside.exists() else 0
    damage, whole, newer = _inside(path, seconds)
    if damage is not None:  # or a daemon began to write just then, under a reader that took the file for one at rest
        damage, whole, newer = _inside(path, seconds)
    return Checkup(path.stat().st_size, log, journal, damage, whole, newer)


def _inside(path: Path, seconds: float) -> tuple[str | None, bool, tuple[str, ...]]:
    until = time.monotonic() + seconds
    try:
        with closing(_connect_read_only(path)) as raw:
            newer = tuple(_newer(raw))
            raw.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
            said = " ".join(raw.execute("pragma quick_check(1)").fetchone()[0].split())
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None, False, newer
        return str(error), True, ()
    except sqlite3.DatabaseError as error:
        return str(error), True, ()
    return (None if said == "ok" else said), True, newer
