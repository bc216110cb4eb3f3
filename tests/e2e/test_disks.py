"""The whole daemon on a disk that is full, read-only, or held by another process."""

import errno
import hashlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.daemon import Home, job, moment, phone
from tests.support.sandbox import SandboxProcess
from tests.support.shim import Shim
from tests.support.web import Figures, free_port

SIZE = 12 * 1024 * 1024  # room for the write-ahead log, which grows to 4 MB


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path) as running:
        yield running


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or _mount(folder, f"size={SIZE}").returncode != 0:
        pytest.skip("mounting a small disk needs root and the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def _mount(folder: Path, options: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "reminderd-test", folder], check=False)


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Home]:
    with Home(tmp_path / "home", sandbox.environment, "plivo: {reconcile: [0s, 1s]}\n", patience=60) as made:
        yield made


@pytest.fixture
def on_disk(home: Home, disk: Path) -> Home:
    """A home whose state lies on the small disk."""
    home.state = disk / "state.db"
    home.environment["REMINDERD_STATE"] = str(home.state)
    return home


def fill(disk: Path) -> Path:
    """Take all that is left of it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096) == 4096:
                pass
        except OSError:
            pass
    return filler


def nothing_goes_out(home: Home, sandbox: SandboxProcess, error: str, do: str, times: int = 3) -> None:
    """While the disk fails: said with what to do, tried again, readable, and nothing is sent."""
    home.until_logged("daemon.failed where=state", times)
    line = next(line for line in home.log().splitlines() if "daemon.failed" in line)
    assert error in line
    assert do in line
    assert "Traceback" not in home.log()
    status = home.run("status", "--json")
    assert (status.status, status.json["alive"]) == (0, True), status
    assert sandbox.ledger() == []


def all_goes_out_once(home: Home, sandbox: SandboxProcess, number: int) -> None:
    home.until_logged("daemon.recovered")
    home.until_settled(number, {"accepted"})
    assert sandbox.duplicates() == []
    assert len(sandbox.ledger()) == number
    assert home.stop() == 0


def owe(home: Home, number: int, seconds: float) -> None:
    home.write("owed.yaml", *(job(f"owed-{n}", phone(n), moment(seconds)) for n in range(number)))


def test_nothing_is_sent_while_the_disk_is_full_and_everything_once_when_there_is_room(
    on_disk: Home, sandbox: SandboxProcess, disk: Path
) -> None:
    on_disk.start()
    filler = fill(disk)
    owe(on_disk, 40, 1)
    nothing_goes_out(on_disk, sandbox, "database or disk is full", "free space")
    filler.unlink()
    all_goes_out_once(on_disk, sandbox, 40)


def test_that_the_disk_is_full_is_told_once_and_noted_when_there_is_room(
    on_disk: Home, sandbox: SandboxProcess, disk: Path, tmp_path: Path
) -> None:
    page, told = tmp_path / "page", tmp_path / "told"
    page.write_text(f'#!/bin/sh\necho "$REMINDERD_ALERT $REMINDERD_ALERT_STATE" >> {told}\n')
    page.chmod(0o755)
    port = free_port()
    on_disk.settings.write_text(f"alerts: {{command: [{page}]}}\nweb: {{listen: '127.0.0.1:{port}'}}\n")
    on_disk.start()
    filler = fill(disk)
    owe(on_disk, 40, 1)
    on_disk.until(told.exists, "nobody is told")
    on_disk.until_logged("daemon.failed where=state")
    assert told.read_text() == "disk open\n"
    shown = on_disk.json("status")
    assert shown["daemon"]["trouble"].startswith(
        "the state cannot be used, nothing goes out: database or disk is full;"
    )
    assert "; its last good pass was " in shown["daemon"]["trouble"]
    (alert,) = shown["alerts"]
    assert (alert["name"], on_disk.json("alerts")[0]["name"]) == ("disk", "disk")
    assert on_disk.run("status").out.splitlines()[1].startswith("TROUBLE         the state cannot be used")
    assert Figures.of(port).value("reminderd_alert_open", alert="disk") == 1
    filler.unlink()
    all_goes_out_once(on_disk, sandbox, 40)
    (alert,) = on_disk.json("alerts")
    assert alert["name"] == "disk"
    assert alert["told_at"] is not None
    assert told.read_text() == "disk open\n"


def test_nothing_is_sent_while_the_disk_is_read_only_and_everything_once_when_it_is_not(
    home: Home, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    with Shim(tmp_path, home.state) as shim:  # no disk in use can be remounted; only a failing one does that by itself
        home.environment |= shim.environment
        home.start()
        shim.fail(1, errno.EROFS, sticky=True)
        owe(home, 20, 1)
        nothing_goes_out(home, sandbox, "disk I/O error", "its disk fails")
        shim.heal()
        all_goes_out_once(home, sandbox, 20)


def test_nothing_is_sent_while_another_process_writes_the_state_and_everything_once_after_it(
    home: Home, sandbox: SandboxProcess
) -> None:
    home.start()
    with closing(sqlite3.connect(home.state, isolation_level=None)) as other:
        other.execute("begin immediate")
        owe(home, 20, 1)
        nothing_goes_out(home, sandbox, "database is locked", "another process holds it", times=1)
        other.execute("rollback")
    all_goes_out_once(home, sandbox, 20)


def test_a_start_on_a_full_disk_says_so_and_ends_as_what_may_be_started_again(on_disk: Home, disk: Path) -> None:
    fill(disk)
    assert on_disk.launch().ended() == 1
    assert "Traceback" not in on_disk.log()
    (line,) = on_disk.log().splitlines()
    assert "free space on its disk" in line


def test_a_start_on_a_disk_that_takes_no_more_files_may_be_tried_again(on_disk: Home, disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,nr_inodes=1", disk], check=True)
    assert on_disk.launch().ended() == 1
    assert "No space left on device; free space on its disk" in on_disk.log()
    assert "Traceback" not in on_disk.log()


@pytest.mark.parametrize("begun", [False, True])
def test_a_start_on_a_read_only_disk_may_be_tried_again(on_disk: Home, disk: Path, begun: bool) -> None:
    if begun:
        on_disk.start()
        assert on_disk.stop() == 0
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    before = on_disk.log()
    assert on_disk.launch().ended() == 1
    (line,) = on_disk.log().removeprefix(before).splitlines()
    assert "Read-only file system; make its disk writable again" in line


def test_a_start_without_room_for_the_command_socket_may_be_tried_again(on_disk: Home, disk: Path) -> None:
    on_disk.start()
    assert on_disk.stop() == 0
    used = os.statvfs(disk).f_files - os.statvfs(disk).f_ffree
    subprocess.run(["mount", "-o", f"remount,nr_inodes={used + 2}", disk], check=True)  # the log's files take those two
    before = on_disk.log()
    assert on_disk.launch().ended() == 1
    assert "the command socket beside" in on_disk.log().removeprefix(before)
    assert "Traceback" not in on_disk.log()


@pytest.mark.nightly
def test_a_start_while_another_process_writes_the_state_says_so_and_may_be_tried_again(home: Home) -> None:
    home.start()
    assert home.stop() == 0
    before = home.log()
    with closing(sqlite3.connect(home.state, isolation_level=None)) as other:
        other.execute("begin exclusive")
        assert home.launch().ended() == 1
    assert "Traceback" not in home.log()
    assert "database is locked; another process holds it" in home.log().removeprefix(before)
    home.start()
    assert home.stop() == 0


# -- damaged files ---------------------------------------------------------------------------------------


def prints(home: Home) -> dict[str, str]:
    """A fingerprint of each of the state's files but the index, which is made anew whenever it is needed."""
    files = [home.state, home.state.with_name("state.db-wal")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.exists()}


def overwrite(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


SOCKETS = shutil.ignore_patterns("*.sock")


def page_of_the_file_alone(state: Path) -> int:
    """A page in its middle that the log beside it does not have anew, counted from 0."""
    log = state.with_name("state.db-wal")
    content = log.read_bytes() if log.exists() else b""
    anew = {int.from_bytes(content[at : at + 4], "big") - 1 for at in range(32, len(content), 24 + 4096)}
    pages = state.stat().st_size // 4096
    return min(set(range(1, pages)) - anew, key=lambda page: abs(page - pages // 2))


DAMAGES: dict[str, Callable[[Path], None]] = {
    "garbage in the header": lambda path: overwrite(path, 0, b"\xa5" * 100),
    "garbage in the first page": lambda path: overwrite(path, 100, b"\xa5" * 3000),
    "a page in the middle": lambda path: overwrite(path, page_of_the_file_alone(path) * 4096, b"\xa5" * 4096),
    "cut in the middle": lambda path: os.truncate(path, path.stat().st_size // 2 + 100),
    "cut within its header": lambda path: os.truncate(path, 50),
}


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of a state that a daemon left: one that ended well, and one that was killed."""
    folder = tmp_path_factory.mktemp("left")
    with SandboxProcess(folder) as sandbox, Home(folder / "home", sandbox.environment) as home:
        home.start()
        owe(home, 20, 0)
        home.until_settled(20, {"accepted"})
        home.stop()
        shutil.copytree(home.state.parent, folder / "ended well", ignore=SOCKETS)
        home.start()
        home.write("more.yaml", job("more", phone(99), moment(0)))
        home.until_settled(21, {"accepted"})
        home.kill()
        shutil.copytree(home.state.parent, folder / "was killed", ignore=SOCKETS)
    return {name: folder / name for name in ("ended well", "was killed")}


# What a killed daemon left in the log beside the file may have the first or the last page anew, and then it is whole.
_IN_THE_LOG = ("garbage in the first page", "cut in the middle")
_CASES = [(end, damage) for end in ("ended well", "was killed") for damage in DAMAGES]


@pytest.mark.parametrize(
    ("end", "damage"), [case for case in _CASES if case[0] == "ended well" or case[1] not in _IN_THE_LOG]
)
def test_a_damaged_state_ends_the_start_with_a_sentence_and_is_left_as_it_is(
    home: Home, left: dict[str, Path], damage: str, end: str
) -> None:
    for file in left[end].glob("state.db*"):
        shutil.copy(file, home.state.parent)
    assert home.state.with_name("state.db-wal").exists() == (end == "was killed")
    DAMAGES[damage](home.state)
    before = prints(home)
    assert home.launch().ended() == 2
    (said,) = home.log().splitlines()
    assert said.startswith("reminderd: ")
    assert str(home.state) in said
    assert prints(home) == before
