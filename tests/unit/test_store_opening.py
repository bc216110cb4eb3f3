"""How a state opens, what is refused untouched, and who holds it."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reminderd.store import (
    COMMAND,
    StateError,
    StateLocked,
    StateMissing,
    Store,
    copy_state,
    is_locked,
    locked,
    open_reports,
)
from tests.support.desk import Desk
from tests.support.jobfiles import unprivileged
from tests.support.world import BERT

# -- opening ---------------------------------------------------------------------------------------------


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A state that is not in use."""
    desk = Desk(tmp_path)
    desk.owe()
    desk.world.kill()
    return desk.path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_only_create_makes_a_state(tmp_path: Path) -> None:
    with pytest.raises(StateMissing):
        Store.open(tmp_path / "state.db")
    with pytest.raises(StateMissing):
        open_reports(tmp_path / "state.db")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="nowhere"):
        Store.open(tmp_path / "nowhere" / "state.db", create=True)


def test_a_commit_is_on_the_disk_and_references_hold(desk: Desk) -> None:
    raw = desk.store.jobs._db.raw
    settings = [raw.execute(f"pragma {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert settings == ["wal", 2, 1]


def test_reports_read_beside_a_writing_daemon(desk: Desk) -> None:
    reports = open_reports(desk.path)
    desk.owe()
    with desk.store.together():
        desk.owe(BERT)
        assert len(reports.history()) == 1
    assert len(reports.history()) == 2


def test_reports_cannot_write(desk: Desk) -> None:
    reports = open_reports(desk.path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reports._db.raw.execute("delete from holds")


def test_reading_a_closed_state_leaves_no_trace(closed: Path) -> None:
    before = contents(closed.parent)
    assert len(open_reports(closed).history()) == 1
    assert contents(closed.parent) == before


def test_reading_a_closed_state_needs_no_permission_to_write_its_directory(closed: Path) -> None:
    closed.chmod(0o444)
    closed.parent.chmod(0o555)
    for folder in closed.parents:
        if folder != closed.parent and os.access(folder, os.W_OK) and folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o111)
        if folder.name.startswith("pytest-of"):
            break
    try:
        with unprivileged():
            assert len(open_reports(closed).history()) == 1
    finally:
        closed.parent.chmod(0o755)


@pytest.mark.parametrize("content", [b"hello\n", b"SQLite format 3\0" + b"\0" * 84], ids=["text", "header"])
def test_a_foreign_file_is_refused_untouched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)
    for opening in (lambda: Store.open(path, create=True), lambda: open_reports(path)):
        with pytest.raises(StateError, match="is not a state of reminderd"):
            opening()
    assert contents(tmp_path) == {"state.db": content}


def test_a_database_of_another_program_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("create table jobs (name text)")
    before = contents(tmp_path)
    with pytest.raises(StateError, match="is not a state of reminderd"):
        Store.open(path, create=True)
    assert contents(tmp_path) == before


def test_a_state_of_a_newer_program_is_refused_untouched(closed: Path) -> None:
    with closing(sqlite3.connect(closed, isolation_level=None)) as newer:
        newer.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('reminderd', 'm9999_newer', '')"
        )
    before = closed.read_bytes()
    with pytest.raises(StateError, match=r"newer reminderd .*m9999_newer"):
        Store.open(closed)
    assert closed.read_bytes() == before


def test_a_damaged_state_is_refused(closed: Path) -> None:
    content = bytearray(closed.read_bytes())
    content[4096 : 4096 * 3] = b"\xff" * 4096 * 2
    closed.write_bytes(content)
    with pytest.raises(StateError):
        Store.open(closed)
    assert closed.read_bytes() == content


def test_a_state_opens_again_with_all_that_was_in_it(closed: Path) -> None:
    store = Store.open(closed)
    assert len(store.reports.history()) == 1
    store.close()


def test_a_copy_has_what_the_original_has_while_that_is_in_use(desk: Desk, tmp_path: Path) -> None:
    desk.owe()
    copy_state(desk.path, tmp_path / "copy.db")
    store = Store.open(tmp_path / "copy.db")
    assert len(store.reports.history()) == 1
    store.close()


# -- the lock --------------------------------------------------------------------------------------------


_HOLDER = """
import sys
from pathlib import Path
from reminderd.store import locked
with locked(Path(sys.argv[1]), "2027-03-01T08:00:00.000Z"):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock of `state.db`."""
    command = [sys.executable, "-c", _HOLDER, str(tmp_path / "state.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_a_second_holder_is_refused_and_told_who_it_is(holder: "subprocess.Popen[str]", tmp_path: Path) -> None:
    with pytest.raises(StateLocked, match=rf"process {holder.pid} on \S+ since 2027-03-01T08:00:00.000Z"):
        with locked(tmp_path / "state.db", "now"):
            pytest.fail("two processes hold the lock")
    assert is_locked(tmp_path / "state.db")


def test_a_holder_that_dies_leaves_no_lock_behind(holder: "subprocess.Popen[str]", tmp_path: Path) -> None:
    holder.kill()
    holder.wait()
    assert not is_locked(tmp_path / "state.db")
    with locked(tmp_path / "state.db", "now"):
        assert is_locked(tmp_path / "state.db")
    assert not is_locked(tmp_path / "state.db")


def test_a_state_has_one_lock_by_whatever_links_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "state.db"
    link.symlink_to("../state.db")
    with locked(tmp_path / "state.db", "now"):
        assert is_locked(link)
        with pytest.raises(StateLocked), locked(link, "now"):
            pass


def test_reports_read_through_a_link_beside_a_writing_daemon(desk: Desk, tmp_path: Path) -> None:
    desk.owe()
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "state.db"
    link.symlink_to(desk.path)
    reports = open_reports(link)
    assert [row["state"] for row in reports.history()] == ["pending"]
    reports._db.close()


def test_a_state_that_nobody_ever_ran_is_not_locked(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "state.db")
    assert list(tmp_path.iterdir()) == []


def test_a_state_that_was_emptied_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    with locked(state, "now"):
        Store.open(state, create=True).close()
    state.write_bytes(b"")
    with pytest.raises(StateError, match="is empty, and was in use before"), locked(state, "now"):
        pass
    assert state.read_bytes() == b""
    state.unlink()
    with locked(state, "now"):
        Store.open(state, create=True).close()


def test_an_empty_file_that_nobody_used_becomes_a_state(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    state.touch()
    with locked(state, "now"):
        Store.open(state, create=True).close()
    assert state.stat().st_size


def test_a_new_state_appears_whole_and_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / ".state.db.new").write_text("left by a daemon that died")
    Store.open(tmp_path / "state.db", create=True).close()
    assert [path.name for path in tmp_path.iterdir()] == ["state.db"]


def test_a_daemon_waits_for_a_command_that_works_on_the_state(tmp_path: Path) -> None:
    state, order = tmp_path / "state.db", []
    held, done = threading.Event(), threading.Event()

    def work() -> None:
        with locked(state, "now", COMMAND):
            held.set()
            done.wait(30)
            order.append("command")

    command = threading.Thread(target=work)
    command.start()
    held.wait(30)
    threading.Timer(0.6, done.set).start()  # longer than a daemon would be waited for
    with locked(state, "now"):
        order.append("daemon")
    command.join()
    assert order == ["command", "daemon"]
