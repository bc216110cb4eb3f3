"""Opening the state and running transactions on it: the only home of sqlite3.

The journal is a WAL with synchronous=FULL: a commit is on the disk when it returns, and readers (status, an operator's
sqlite3 shell) never hold up the writer. SQLite before 3.51.3 can corrupt a WAL that two connections write or checkpoint
at the same time; exactly one connection writes here, and readers open the file read-only, which cannot checkpoint
(docs/decisions/0003-state-in-sqlite.md).
"""

import errno
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from reminderd.store.failures import advice, may_pass

APPLICATION_ID = 0x72656D64  # "remd", in the file's header

Row = dict[str, Any]

NEWEST_MIGRATION = "m0005_receipts_and_reminders"

_BUSY_SECONDS = 5.0


class StateError(Exception):
    """The state cannot be used. The message says what, where, and what to do next."""


class StateUnavailable(StateError):
    """The state cannot be used now, and may be later as it is: its disk fails, or another process holds it."""


class StateMissing(StateError):
    """There is no state at this path."""


_FREE_SPACE = "free space on its disk"
# What a disk, or a machine at its limits, may say of a file with which nothing is wrong.
_MAY_PASS = {
    errno.ENOSPC: _FREE_SPACE,
    errno.EDQUOT: _FREE_SPACE,
    errno.EROFS: "make its disk writable again",
    errno.EIO: "its disk fails: see the kernel's log",
    errno.ESTALE: "mount its disk again",
    errno.EMFILE: "let the process open more files",
    errno.ENFILE: "close files of other programs",
    errno.ENOMEM: "give the machine memory",
}


def unusable(what: str, error: OSError) -> StateError:
    """What to raise where the system refuses a file of the state: StateUnavailable if that may pass."""
    message = f"{what}: {error.strerror}"
    do = _MAY_PASS.get(error.errno or 0)
    return StateUnavailable(f"{message}; {do}") if do else StateError(message)


class Connection:
    """One connection to a state. Not for several threads at once."""

    def __init__(self, raw: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self.raw = raw
        self._depth = 0

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction, immediate; a nested call joins the outer one. An exception rolls the whole back."""
        if self._depth:
            yield
            return
        self._roll_back()  # what is left where a rollback failed too
        self.raw.execute("begin immediate")
        self._depth = 1
        try:
            yield
            self.raw.execute("commit")
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._depth = 0

    def _roll_back(self) -> None:
        if self.raw.in_transaction:  # SQLite has already rolled back after some disk errors
            self.raw.execute("rollback")

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> int:
        """Run one statement inside `write()`; returns the number of rows it changed."""
        return self.raw.execute(sql, parameters or {}).rowcount

    def insert(self, sql: str, parameters: Mapping[str, object]) -> int:
        """Run one INSERT inside `write()`; returns the new row's id."""
        row_id = self.raw.execute(sql, parameters).lastrowid
        assert row_id is not None
        return row_id

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        """All rows of a SELECT, read at once so that no read transaction stays open."""
        cursor = self.raw.execute(sql, parameters or {})
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, sql: str, parameters: Mapping[str, object] | None = None) -> Row | None:
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def value(self, sql: str, parameters: Mapping[str, object] | None = None) -> Any:
        """The first column of the first row, or None."""
        row = self.raw.execute(sql, parameters or {}).fetchone()
        return row[0] if row else None

    def shrink_log(self) -> None:
        """Take the write-ahead log into the file and empty it, where that can be done: it gives room on a full disk."""
        with suppress(sqlite3.Error):
            self.raw.execute("pragma wal_checkpoint(truncate)")

    def close(self) -> None:
        self.raw.close()


def listed(values: Sequence[object]) -> tuple[str, dict[str, object]]:
    """Placeholders for `in (...)`, and their values."""
    named = {f"v{position}": value for position, value in enumerate(values)}
    return ", ".join(f":{name}" for name in named), named


def listed_rows(rows: Sequence[Sequence[object]]) -> tuple[str, dict[str, object]]:
    """Placeholders for the rows of one `values (...), (...)`, and their values."""
    width = len(rows[0])
    _, named = listed([value for row in rows for value in row])
    names = [f":{name}" for name in named]
    groups = (names[start : start + width] for start in range(0, len(names), width))
    return ", ".join(f"({', '.join(group)})" for group in groups), named


def state_exists(path: Path) -> bool:
    """Whether anything lies at `path`; raises StateError where nobody may look."""
    try:
        return path.exists()
    except OSError as error:
        raise unusable(f"the state {path} cannot be read", error) from error


def open_state(path: Path, *, create: bool = False) -> Connection:
    """The writing connection; the caller holds the state's lock. Only `create=True` makes a new file."""
    if not state_exists(path):
        if not create:
            raise StateMissing(f"there is no state at {path}; `reminderd run` creates it")
        if not path.parent.is_dir():
            raise StateError(f"the directory {path.parent} does not exist; create it, or set `state` to another path")
        return _reported(path, lambda: _create(path))
    _check_header(path)
    return _reported(path, lambda: _open(path))


def _reported(path: Path, opened: Callable[[], Connection]) -> Connection:
    try:
        return opened()
    except OSError as error:
        raise unusable(f"the state {path} cannot be opened", error) from error
    except sqlite3.DatabaseError as error:
        if may_pass(error):
            raise StateUnavailable(f"the state {path} cannot be opened: {error}; {advice(error)}") from error
        raise StateError(f"the state {path} cannot be opened: {error}; nothing was changed in it") from error


def _create(path: Path) -> Connection:
    """A new state appears whole, so that an empty file in its place is never ours."""
    path = Path(os.path.realpath(path))
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        # It holds people's texts and numbers; SQLite gives the log beside it the same rights.
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        _open(draft).close()
        draft.replace(path)
        _flush(path.parent)
    finally:
        for suffix in ("", "-wal", "-shm"):
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)
    return _open(path)


def _open(path: Path) -> Connection:
    from reminderd.store.schema import migrate  # sqlite-utils takes a while to import, and readers need none of it

    if path.stat().st_size:
        _check_whole(path)
    raw = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False)
    connection = Connection(raw, path)
    _prepare(connection)
    migrate(connection)
    return connection


def be_careless(connection: Connection) -> None:
    """Flush nothing to the disk from now on: for a state that nobody needs after this process."""
    connection.raw.execute("pragma synchronous = off")


def _prepare(connection: Connection) -> None:
    raw = connection.raw
    raw.execute("pragma foreign_keys = on")
    raw.execute("pragma synchronous = full")
    if raw.execute("pragma application_id").fetchone()[0] == 0:
        # Before the write-ahead log takes over: the file's own header must name us from its first page on.
        raw.execute(f"pragma application_id = {APPLICATION_ID}")
    mode = raw.execute("pragma journal_mode = wal").fetchone()[0]
    if mode != "wal":
        raise StateError(f"the file system of {connection.path} cannot hold a write-ahead log (journal mode {mode})")


def _check_whole(path: Path) -> None:
    """Refuse what is damaged, seen through a connection that only reads: one that writes would, when it is closed, take
    the log beside a damaged file into it.
    """
    with closing(_connect_read_only(path)) as raw:
        damage = " ".join(raw.execute("pragma quick_check(1)").fetchone()[0].split())
        newer = [] if damage != "ok" else _newer(raw)
    if damage != "ok":
        raise StateError(
            f"the state {path} is damaged ({damage}); nothing was changed in it: restore a backup, "
            "or recover what can be read with `sqlite3 STATE .recover`"
        )
    if newer:
        raise StateError(
            f"{path} was written by a newer reminderd (it has {', '.join(newer)}); nothing was touched: "
            "install that version again"
        )


def _newer(raw: sqlite3.Connection) -> list[str]:
    """The migrations of this state that this program does not have."""
    from reminderd.store.schema import MIGRATIONS

    if raw.execute("select 1 from sqlite_master where name = '_sqlite_migrations'").fetchone() is None:
        return []
    applied = raw.execute("select name from _sqlite_migrations where migration_set = 'reminderd' order by name")
    return [name for (name,) in applied.fetchall() if name not in MIGRATIONS]


def _check_header(path: Path) -> None:
    """Refuse what is not ours before SQLite may touch it."""
    try:
        # O_NONBLOCK: a FIFO must not hang us.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            header = (file.read(100) or b"") if regular else b"not a file"
    except FileNotFoundError:
        return
    except OSError as error:
        raise unusable(f"the state {path} cannot be read", error) from error
    if not header:
        return
    ours = int.from_bytes(header[68:72], "big") == APPLICATION_ID
    if not header.startswith(b"SQLite format 3\0") or not ours:
        raise StateError(f"{path} is not a state of reminderd; nothing was touched: set `state` to another path")


def refuse_empty(path: Path) -> None:
    """Raise StateError where the file holds nothing: for readers, who cannot make a state of it."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise unusable(f"the state {path} cannot be read", error) from error
    if size == 0:
        raise StateError(f"the state {path} is empty; a copy of a backup may have been cut off: put the backup back")


def open_read_only(path: Path) -> Connection:
    """A reading connection for the commands: it can neither write nor checkpoint."""
    if not state_exists(path):
        raise StateMissing(f"there is no state at {path}; `reminderd run` creates it")
    _check_header(path)
    refuse_empty(path)
    try:
        return Connection(_connect_read_only(path), path)
    except sqlite3.DatabaseError as error:
        raise StateError(f"the state {path} cannot be read: {error}") from error


def open_beside(path: Path) -> Connection:
    """A reading connection for another thread of the process that has this state open, and of its schema.

    It looks at the file through SQLite only: a process that opens and closes a file by itself loses the locks that SQLite
    holds on it there, and the writer's log could be taken from under it.
    """
    uri = Path(os.path.realpath(path)).as_uri() + "?mode=ro"
    try:
        raw = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
        raw.execute("select 1 from sqlite_master").fetchall()
    except sqlite3.Error as error:
        raise StateError(f"the state {path} cannot be read: {error}") from error
    return Connection(raw, path)


def upgraded(connection: Connection) -> Connection:
    """The reading connection again; of an older schema, one to a copy in memory that has this program's.

    So that the commands work before the daemon has upgraded the state itself.
    """
    if _is_newest(connection):
        return connection
    from reminderd.store.schema import migrate  # a reading command seldom pays for it

    memory = sqlite3.connect(":memory:", isolation_level=None)
    connection.raw.backup(memory)
    connection.close()
    copy = Connection(memory, connection.path)
    migrate(copy)
    return copy


def has_newest_schema(path: Path) -> bool:
    """Whether the state at `path` has this program's schema. Raises StateError where it cannot be read."""
    connection = open_read_only(path)
    try:
        return _is_newest(connection)
    finally:
        connection.close()


def _is_newest(connection: Connection) -> bool:
    query = "select count(*) from _sqlite_migrations where name = :name"
    return bool(connection.value(query, {"name": NEWEST_MIGRATION}))


def _connect_read_only(path: Path) -> sqlite3.Connection:
    path = Path(os.path.realpath(path))  # beside the file itself lies its write-ahead log
    uri = path.as_uri() + "?mode=ro"
    if not path.with_name(path.name + "-wal").exists():
        # Cleanly closed: there is no writer, and reading must not leave the files of a write-ahead log behind.
        uri += "&immutable=1"
    raw = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
    raw.execute("select 1 from sqlite_master").fetchall()
    return raw


def back_up(source: Path, target: Path) -> None:
    """A consistent copy of a state, also of one in use, at `target` as a whole or not at all.

    Raises StateError where the source cannot be used, OSError or sqlite3.Error where the copy cannot be written.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        copy_state(source, draft)
        with closing(sqlite3.connect(draft)) as copy:
            copy.execute("pragma journal_mode = delete")  # one file, that says all
            damage = copy.execute("pragma integrity_check(1)").fetchone()[0]
        if damage != "ok":
            raise StateError(f"the state {source} is damaged ({damage}); no backup was made")
        _flush(draft)
        draft.replace(target)
        _flush(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_state(source: Path, target: Path) -> None:
    """A consistent copy of a state, also of one in use."""
    with closing(open_read_only(source).raw) as reader, closing(sqlite3.connect(target)) as writer:
        reader.backup(writer, pages=-1)
