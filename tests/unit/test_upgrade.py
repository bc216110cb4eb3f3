"""A state of every released schema opens and goes on; a newer one is refused untouched."""

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reminderd.model import State
from reminderd.store import StateError, Store, open_reports
from reminderd.store.connection import NEWEST_MIGRATION
from tests.states import make
from tests.support.clock import utc
from tests.support.desk import Desk
from tests.support.world import ANNA, World, job

STATES = sorted(Path(make.__file__).parent.glob("*.db.gz"))
DIED_AT = "2027-03-01 09:20"


@pytest.fixture(params=STATES, ids=lambda path: path.name.partition(".")[0])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "state.db"
    path.write_bytes(gzip.decompress(request.param.read_bytes()))
    return path


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as state:
        return state.execute(query).fetchall()


def schema(path: Path) -> list[tuple[object, ...]]:
    query = "select type, name, tbl_name, sql from sqlite_master where name not like '\\_sqlite%' escape '\\'"
    return sorted(rows(path, query), key=str)


def test_there_is_a_stored_state_of_every_schema_before_this_one(desk: Desk) -> None:
    applied = [str(name)[1:5] for (name,) in rows(desk.path, "select name from _sqlite_migrations")]
    assert NEWEST_MIGRATION.startswith(f"m{applied[-1]}_")
    assert applied[:-1] == [path.name[:4] for path in STATES if path.name[:4] != applied[-1]]


def test_it_has_the_schema_of_a_new_state(stored: Path, desk: Desk) -> None:
    Store.open(stored).close()
    assert schema(stored) == schema(desk.path)


def test_nothing_that_was_recorded_is_lost_or_changed(stored: Path) -> None:
    queries = [
        "select id, job, due_at, phone, state, text, message_uuid, attempts from deliveries order by id",
        "select delivery_id, number, token, begun_at, outcome, message_uuid from attempts order by id",
        "select delivery_id, from_state, to_state, at, reason from moves order by id",
        "select id, kind, reason, detail, opened_at, closed_at from holds order by id",
        "select name, definition, present, held from jobs order by name",
        "select * from cursors order by job, zone",
    ]
    before = [rows(stored, query) for query in queries]
    Store.open(stored).close()
    assert [rows(stored, query) for query in queries] == before
    assert {state for *_, state, _, _, _ in before[0]} == set(State)
    assert rows(stored, "pragma integrity_check") == [("ok",)]
    assert rows(stored, "pragma foreign_key_check") == []


def test_it_goes_on_where_it_was(stored: Path) -> None:
    world = World(stored.parent, utc(DIED_AT))
    counts = world.store.reports.counts()
    assert counts["in_doubt"] == 2, "what was under way is in doubt now"
    assert "sending" not in counts
    assert world.holds() == ["removal"]
    world.load("new.yaml", job(at="2027-03-01T09:30", to=[ANNA]))
    world.go_to("09:31")
    assert world.only("new")["state"] == "accepted"

    wanted = next(row["id"] for row in world.rows() if row["state"] == "in_doubt")
    world.command("resolve", id=wanted, sent=True)
    world.kill()


def test_it_is_not_taken_for_a_copy_of_another_hosts(stored: Path) -> None:
    store = Store.open(stored)
    identity = store.origin.identity()
    assert (identity.host, identity.marked) == (None, False)
    assert len(identity.state_id) == 32
    store.close()


def test_a_newer_state_is_refused_and_not_a_byte_of_it_changes(stored: Path) -> None:
    with closing(sqlite3.connect(stored, isolation_level=None)) as state:
        state.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('reminderd', 'm9999_later', '2030')"
        )
        state.execute("pragma wal_checkpoint(truncate)")
    before = stored.read_bytes()
    with pytest.raises(StateError, match="newer reminderd"):
        Store.open(stored)
    assert stored.read_bytes() == before


def test_the_reading_commands_work_before_the_daemon_has_upgraded(stored: Path) -> None:
    reports = open_reports(stored)
    assert sum(reports.counts().values()) == len(reports.history(limit=0))
    assert [row["kind"] for row in reports.holds()] == ["removal"]
    for row in reports.history(limit=0):
        assert reports.delivery(row["id"]) is not None
        assert reports.moves(row["id"])


def test_backing_up_keeps_all_of_it(stored: Path, tmp_path: Path) -> None:
    from reminderd.store import back_up

    target = tmp_path / "copy.db"
    back_up(stored, target)
    assert rows(target, "select * from deliveries") == rows(stored, "select * from deliveries")
    assert target.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


def test_a_newer_state_with_a_log_beside_it_stays_as_it_is(stored: Path) -> None:
    state = sqlite3.connect(stored, isolation_level=None)
    state.execute("pragma wal_autocheckpoint = 0")
    state.execute(
        "insert into _sqlite_migrations (migration_set, name, applied_at) values ('reminderd', 'm9999_later', '2030')"
    )
    files = {path: path.read_bytes() for path in (stored, stored.with_name(stored.name + "-wal"))}
    state.close()  # which would take the log into the file
    for path, content in files.items():
        path.write_bytes(content)
    with pytest.raises(StateError, match="newer reminderd"):
        Store.open(stored)
    assert {path: path.read_bytes() for path in files} == files
