"""`reminderd doctor` as people run it: beside a running daemon, a stopped one, before the first start."""

import contextlib
import os
import pty
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reminderd.doctor import CHECKS, Grade, daemon, files, state
from tests.support.clock import FakeClock
from tests.support.daemon import PROGRAM, Home, job, moment
from tests.support.doctor import doctor, grades, one, scene
from tests.support.sandbox import SandboxProcess

FAIL, WARN, OK, SKIP = Grade.FAIL, Grade.WARN, Grade.OK, Grade.SKIP
NOBODY = 65534


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Home]:
    with Home(tmp_path / "home", sandbox.environment) as made:
        made.write("a.yaml", job("rent", "+447700900101", moment(86_400)))
        yield made


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can look on behalf of others")


# -- the life of a daemon


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(home: Home) -> None:
    found = grades(doctor(home))
    assert FAIL not in found.values()
    assert (found["state"], found["daemon"], found["account"], found["senders"]) == (SKIP, WARN, OK, OK)
    assert sorted(path.name for path in home.state.parent.iterdir()) == ["jobs.d", "reminderd.yaml"]
    assert not home.marks.exists()


def test_beside_a_running_daemon_all_is_looked_at(home: Home) -> None:
    home.start()
    found = grades(doctor(home))
    assert FAIL not in found.values()
    for check in ("files.socket", "files.state", "files.marks", "state", "state.journal"):
        assert found[check] is OK
    for check in ("daemon.answers", "daemon.version", "daemon.catalog", "account", "account.credit"):
        assert found[check] is OK
    assert home.stop() == 0
    assert grades(doctor(home))["daemon"] is WARN


def test_offline_nobody_is_asked(home: Home, sandbox: SandboxProcess) -> None:
    found = grades(doctor(home, "--offline"))
    assert (found["network"], found["account"], found["senders"]) == (SKIP, SKIP, SKIP)
    assert sandbox.requests() == {"accepted": 0, "control": 1}


def test_people_get_one_line_for_each_finding(home: Home) -> None:
    ran = home.run("doctor", "--offline")
    lines = ran.out.splitlines()
    assert {line.split()[0] for line in lines[:-1]} <= set(map(str, Grade))
    assert lines[-1].endswith("skip")
    assert {check.name for check in CHECKS if check.asks} <= {line.split()[1] for line in lines[:-1]}
    assert ran.err == ""
    (stopped,) = [line for line in lines if line.split()[1] == "daemon"]
    assert stopped == "warn  daemon             it does not run -> start it: systemctl start reminderd"


def test_a_daemon_that_hangs_or_runs_other_files_is_seen(home: Home) -> None:
    home.start()
    home.signal(signal.SIGSTOP)
    home.write("b.yaml", job("bins", "+447700900102", moment(86_400)))
    found = doctor(home)
    assert one(found, "daemon.answers").grade is FAIL
    assert "hangs" in one(found, "daemon.answers").seen
    assert one(found, "daemon.catalog").grade is WARN
    home.signal(signal.SIGCONT)
    home.until(lambda: grades(doctor(home, "--offline"))["daemon.catalog"] is OK, "the new file does not run")


def test_a_daemon_of_another_version_is_seen(home: Home) -> None:
    home.start()
    with closing(sqlite3.connect(home.state, isolation_level=None)) as raw:
        raw.execute("update daemon set version = '0.0.1'")
    found = one(daemon.look(scene(home.state.parent)), "daemon.version")
    assert (found.grade, found.do) == (WARN, "systemctl restart reminderd")


def test_a_pass_that_is_long_ago_is_seen(home: Home) -> None:
    home.start()
    later = FakeClock(datetime.now(UTC) + timedelta(minutes=10))
    place = scene(home.state.parent, later)
    found = one(daemon.look(place), "daemon")
    assert (found.grade, "10m" in found.seen or "9m" in found.seen) == (WARN, True)


def test_a_suspended_gateway_is_seen(home: Home, sandbox: SandboxProcess) -> None:
    sandbox.add_fault("status=401,on=send|account")
    home.write("now.yaml", job("now", "+447700900103"))
    home.start()
    home.until_logged("gateway.suspended")
    assert one(daemon.look(scene(home.state.parent)), "daemon.gateway").grade is WARN


def test_a_journal_that_something_changed_under_the_daemon_is_a_failure(home: Home) -> None:
    home.start()
    with home.state.open("r+b") as file:
        file.seek(18)
        file.write(b"\1\1")
    found = one(state.look(scene(home.state.parent)), "state.journal")
    assert (found.grade, "running daemon" in found.seen) == (FAIL, True)


def test_a_damaged_state_stops_no_other_check(home: Home) -> None:
    home.start()
    assert home.stop() == 0
    content = bytearray(home.state.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    home.state.write_bytes(content)
    found = grades(doctor(home))
    assert (found["state"], found["account"], found["files.state"]) == (FAIL, OK, OK)


def test_a_terminal_shows_what_is_looked_at_and_clears_it(home: Home) -> None:
    reading, writing = pty.openpty()
    with os.fdopen(reading, "rb", buffering=0) as screen:
        command = [*PROGRAM, "doctor", "--offline"]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=writing, env=home.environment, check=False)
        os.close(writing)
        shown = b""
        with contextlib.suppress(OSError):  # what a terminal says when its last writer has gone
            while part := screen.read(65536):
                shown += part
    assert done.returncode == 0
    assert "looking at the clock …" in shown.decode()
    assert shown.endswith(b"\r\x1b[K")


# -- settings and job files


def test_broken_settings_are_said_and_the_rest_is_looked_at(home: Home) -> None:
    home.settings.write_text("plivo: {rate: often}\nstat: /nowhere\ntimezone: Mars/Olympus\nlog: [1]\n")
    found = doctor(home)
    settings = one(found, "settings")
    assert (settings.grade, settings.seen.startswith("4 wrong: ")) == (FAIL, True)
    assert (grades(found)["jobs"], grades(found)["account"]) == (OK, OK)


# -- who may do what


def test_settings_with_a_token_that_everybody_can_read_are_a_failure(home: Home) -> None:
    home.settings.write_text("plivo: {auth_token: a-secret-token}\n")
    home.settings.chmod(0o644)
    without = {"PLIVO_AUTH_TOKEN": ""}
    ran = home.run("doctor", "--offline", **without)
    assert "a-secret-token" not in ran.out + ran.err
    assert one(doctor(home, "--offline", **without), "files.settings").grade is FAIL
    home.settings.chmod(0o600)
    assert one(doctor(home, "--offline", **without), "files.settings").grade is OK


@needs_root
def test_files_that_the_daemons_user_cannot_read_are_named(sandbox: SandboxProcess) -> None:
    with tempfile.TemporaryDirectory() as name, Home(Path(name) / "home", sandbox.environment) as home:
        Path(name).chmod(0o755)
        home.write("a.yaml", job("rent", "+447700900101", moment(86_400))).chmod(0o600)
        found = doctor(home, "--offline", "--user", "nobody")
        assert one(found, "files.jobs").seen == f"nobody cannot read {home.jobs}/a.yaml"
        assert "nobody cannot write" in one(found, "files.state").seen
        assert "nobody cannot write" in one(found, "files.marks").seen
        (home.jobs / "a.yaml").chmod(0o644)
        assert one(doctor(home, "--offline", "--user", str(NOBODY)), "files.jobs").grade is OK


def test_a_socket_that_is_gone_or_open_is_a_failure(home: Home) -> None:
    home.start()
    socket = home.state.with_name("state.db.sock")
    socket.chmod(0o666)
    assert "0666" in one(files.permissions(scene(home.state.parent)), "files.socket").seen
    socket.unlink()
    assert grades(files.permissions(scene(home.state.parent)))["files.socket"] is FAIL
    assert grades(daemon.look(scene(home.state.parent)))["daemon.answers"] is FAIL
