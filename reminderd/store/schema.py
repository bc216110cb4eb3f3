"""The tables, indexes and views of the state. Migrations only append: never edit one that was released.

Tables are ours and may change; the views named `report_...` are the public interface (docs/state.md). Times are
fixed-width UTC text (2026-11-22T08:00:00.000Z), durations whole seconds.
"""

from sqlite_utils import Database, Migrations

from reminderd.model import BIRTHS, MOVES
from reminderd.store import fifth, first, fourth, second, third
from reminderd.store.connection import Connection

migrations = Migrations("reminderd")


@migrations()
def m0001_first(db: Database) -> None:
    for statement in (*_statements(first.TABLES), *first.TRIGGERS, *_statements(first.VIEWS)):
        db.execute(statement)
    pairs = [("", state) for state in BIRTHS] + [(a, b) for a, targets in MOVES.items() for b in targets]
    db.conn.executemany("insert into legal_moves values (?, ?)", sorted(pairs))


@migrations()
def m0002_origin_zones_lookups(db: Database) -> None:
    for statement in _statements(second.TABLES):
        db.execute(statement)


@migrations()
def m0003_job_language(db: Database) -> None:
    for statement in _statements(third.TABLES):
        db.execute(statement)
    db.execute("insert or ignore into legal_moves values ('accepted', 'pending')")


@migrations()
def m0004_at_home(db: Database) -> None:
    for statement in (*_statements(fourth.TABLES), *fourth.TRIGGERS):
        db.execute(statement)


@migrations()
def m0005_receipts_and_reminders(db: Database) -> None:
    for statement in _statements(fifth.TABLES):
        db.execute(statement)


def _statements(script: str) -> list[str]:
    """The statements of a script; executescript would commit the transaction of the migration."""
    return [part for part in (piece.strip() for piece in script.split(";\n")) if part]


MIGRATIONS = frozenset(each.name for each in migrations.pending(Database(memory=True, execute_plugins=False)))


def migrate(connection: Connection) -> None:
    """Bring the schema up to this program's. That it is not newer has been seen without writing."""
    database = Database(connection.raw, execute_plugins=False)
    if migrations.pending(database):
        with connection.write():
            migrations.apply(database)
