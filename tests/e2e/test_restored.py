"""Yesterday's backup put back under the real daemon, made with `reminderd backup` while it ran."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Home, job, moment, phone
from tests.support.sandbox import SandboxProcess


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path) as process:
        yield process


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Home]:
    with Home(tmp_path / "home", sandbox.environment) as here:
        yield here


def accepted(sandbox: SandboxProcess) -> Counter[str]:
    return Counter(message["text"] for message in sandbox.ledger())


def put_back(home: Home, backup: Path) -> None:
    for suffix in ("-wal", "-shm"):
        home.state.with_name(home.state.name + suffix).unlink(missing_ok=True)
    shutil.copy(backup, home.state)


def lived(home: Home, backup: Path) -> None:
    """One message sent; a backup; another one, known to the backup's jobs, sent after it; stopped."""
    home.write("one.yaml", job("one", phone(1)))
    home.start().until_states(one="accepted")
    done = home.run("backup", str(backup))
    assert (done.status, done.err) == (0, "")
    assert "1 delivery in" in done.out
    home.write("two.yaml", job("two", phone(2), valid_for="2h"))
    home.until_states(one="accepted", two="accepted")
    assert home.stop() == 0


def test_a_backup_that_is_put_back_is_held_shown_and_approved(
    home: Home, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    lived(home, tmp_path / "backup.db")
    put_back(home, tmp_path / "backup.db")
    home.write("three.yaml", job("three", phone(3)))
    home.start()
    rows = home.until_states(two="pending", three="pending")
    status = home.json("status")
    (hold,) = status["holds"]
    assert hold["kind"] == "restored"
    assert "older than what this host has sent" in hold["reason"]
    assert home.json("cancel", str(rows["two"]["id"]))["cancelled"] == [rows["two"]["id"]]
    shown = home.run("approve")
    assert shown.status == 1
    assert f"nothing is approved: say `reminderd approve {hold['id']}`, or --yes" in shown.err
    assert "what would be sent: 1 pending delivery" in shown.err
    assert "Message of three." in shown.err
    assert home.run("approve", "--yes").status == 0
    home.until_states(one="accepted", two="cancelled", three="accepted")
    assert home.stop() == 0
    home.start()
    assert home.json("status")["holds"] == []
    assert home.stop() == 0
    assert set(accepted(sandbox).values()) == {1}
    assert len(accepted(sandbox)) == 3


def test_the_hold_of_a_stopped_daemon_can_be_approved_and_then_it_starts_free(
    home: Home, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    lived(home, tmp_path / "backup.db")
    put_back(home, tmp_path / "backup.db")
    home.start().until_states(two="pending")
    home.kill()
    assert home.run("approve", "--yes").status == 0
    home.start().until_states(two="accepted")
    assert accepted(sandbox)["Message of two."] == 2, "that is what was approved"


def test_a_copy_on_another_host_sends_nothing_before_it_is_approved(
    home: Home, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    home.write("one.yaml", job("one", phone(1)))
    home.start().until_states(one="accepted")
    assert home.stop() == 0
    environment = {**sandbox.environment, "REMINDERD_HOST": "the-second"}
    with Home(tmp_path / "elsewhere", environment) as copy:
        shutil.copy(home.state, copy.state)
        shutil.copy(home.jobs / "one.yaml", copy.jobs)
        copy.write("two.yaml", job("two", phone(2), moment(0)))
        copy.start().until_states(two="pending")
        (hold,) = copy.json("status")["holds"]
        assert "last used on another host" in hold["reason"]
        assert copy.run("approve", "--yes").status == 0
        copy.until_states(two="accepted")


def test_a_rehearsal_on_a_state_that_was_put_back_leaves_the_mark_alone(home: Home, tmp_path: Path) -> None:
    lived(home, tmp_path / "backup.db")
    put_back(home, tmp_path / "backup.db")
    before = {path: path.read_bytes() for path in home.marks.iterdir()}
    assert sorted(path.suffix for path in before) == [".mark", ".site"]
    assert home.run("run", "--dry-run", "--once").status == 0
    assert {path: path.read_bytes() for path in home.marks.iterdir()} == before


def test_a_state_that_is_thrown_away_sends_nothing_again_before_it_is_approved(
    home: Home, sandbox: SandboxProcess
) -> None:
    home.write("one.yaml", job("one", phone(1)))
    home.start().until_states(one="accepted")
    home.stop()
    for path in home.state.parent.glob(f"{home.state.name}*"):
        path.unlink()
    home.start().until_states(one="pending")
    (hold,) = home.json("status")["holds"]
    assert "another state lay here before this one" in hold["reason"]
    assert accepted(sandbox)["Message of one."] == 1
    assert home.run("cancel", "1").status == 0
    assert home.run("approve", "--yes").status == 0
    home.write("two.yaml", job("two", phone(2)))
    home.until_states(two="accepted")
    assert accepted(sandbox)["Message of one."] == 1


def test_a_backup_is_never_half_there(home: Home, tmp_path: Path) -> None:
    home.write("one.yaml", job("one", phone(1)))
    home.start().until_states(one="accepted")
    target = tmp_path / "backup.db"
    assert home.json("backup", str(target))["deliveries"] == 1
    again = home.run("backup", str(target))
    assert (again.status, again.err) == (
        1,
        f"reminderd: {target} exists; give another name, or --force to replace it\n",
    )
    assert home.run("backup", str(target), "--force").status == 0
    nowhere = home.run("backup", str(tmp_path / "missing" / "backup.db"))
    assert nowhere.status == 1
    assert "No such file or directory" in nowhere.err
    assert sorted(path.name for path in tmp_path.iterdir() if "part" in path.name) == []


@pytest.mark.parametrize("what", ["the lock is removed", "the state is removed", "a backup is put back"])
def test_a_state_that_changes_under_the_daemon_ends_it_and_nothing_is_sent_twice(
    home: Home, sandbox: SandboxProcess, tmp_path: Path, what: str
) -> None:
    home.write("one.yaml", job("one", phone(1)))
    home.start().until_states(one="accepted")
    match what:
        case "the lock is removed":
            home.state.with_name(home.state.name + ".lock").unlink()
        case "the state is removed":
            home.state.unlink()
        case _:
            assert home.run("backup", str(tmp_path / "backup.db")).status == 0
            (tmp_path / "backup.db").replace(home.state)
    home.write("two.yaml", job("two", phone(2)))
    assert home.ended() == 1
    assert "while the daemon used it" in home.log()
    assert accepted(sandbox)["Message of two."] <= 1
    if what == "the lock is removed":
        home.start().until_states(one="accepted", two="accepted")
        assert set(accepted(sandbox).values()) == {1}


def test_a_copy_beside_its_running_original_is_refused(home: Home, sandbox: SandboxProcess, tmp_path: Path) -> None:
    home.write("one.yaml", job("one", phone(1)))
    home.start().until_states(one="accepted")
    with Home(tmp_path / "beside", {**sandbox.environment, "REMINDERD_MARKS": str(home.marks)}) as copy:
        assert home.run("backup", str(copy.state)).status == 0
        assert copy.launch().ended() == 2
        assert "another daemon on this host uses a copy of" in copy.log()
    home.write("two.yaml", job("two", phone(2)))
    home.until_states(one="accepted", two="accepted")
