"""Real programs and real addresses are told: those that work, that hang, that fail, and that lie."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from reminderd.alerts import Notice, Teller, Told, Ways
from reminderd.gateway.hook import Hook
from reminderd.gateway.lines import Limits
from tests.e2e.scripted_server import ScriptedServer, answer, close, raw, reset
from tests.support.sandbox import wait_until

NOTICE = Notice("disk", "open", "the disk is full", "make room", "here", "2027-03-01T08:00:00.000Z")


def script(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "page"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return (str(path), "ops & co")


def told_by(command: tuple[str, ...], seconds: float = 20.0) -> Told:
    (told,) = Teller(Ways(command=command), seconds).tell(NOTICE)
    return told


def test_a_program_gets_the_notice_and_its_arguments_without_a_shell(tmp_path: Path) -> None:
    told = told_by(script(tmp_path, f'cat > {tmp_path}/in; echo "$1/$REMINDERD_ALERT/$REMINDERD_ALERT_STATE"'))
    assert told == Told("command", True, "ended with 0", "ops & co/disk/open\n")
    assert json.loads((tmp_path / "in").read_text()) == NOTICE.document()


def test_a_program_is_given_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PLIVO_AUTH_TOKEN", "REMINDERD_PLIVO__AUTH_TOKEN", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"):
        monkeypatch.setenv(name, "a-secret")
    monkeypatch.setenv("MAIL_TO", "ops")
    told = told_by(script(tmp_path, "env"))
    assert "a-secret" not in told.output
    assert "MAIL_TO=ops" in told.output


@pytest.mark.parametrize(
    ("text", "evidence"),
    [("exit 3", "ended with 3"), ("kill -9 $$", "ended by SIGKILL"), ("echo no >&2; exit 1", "ended with 1")],
)
def test_a_program_that_fails_has_told_nobody(tmp_path: Path, text: str, evidence: str) -> None:
    told = told_by(script(tmp_path, text))
    assert (told.ok, told.evidence) == (False, evidence)


@pytest.mark.parametrize("path", ["/no/such/program", "/etc/passwd"])
def test_a_program_that_cannot_be_started_has_told_nobody(path: str) -> None:
    told = told_by((path,))
    assert not told.ok
    assert told.evidence.startswith("cannot be started: ")


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("text", ["sleep 600 & echo $! $$; wait", "trap '' TERM; sleep 600 & echo $! $$; sleep 600"])
def test_a_program_that_hangs_is_killed_with_its_children(tmp_path: Path, text: str) -> None:
    told = told_by(script(tmp_path, text), seconds=0.5)
    assert (told.ok, told.evidence) == (False, "killed: not done after 0.5 s")
    for pid in map(int, told.output.split()):
        wait_until(lambda pid=pid: gone(pid), 10)  # type: ignore[misc]


def test_what_a_program_leaves_running_with_its_output_keeps_nobody_waiting(tmp_path: Path) -> None:
    told = told_by(script(tmp_path, "setsid sleep 600 & echo $!"), seconds=60)
    assert told.ok
    os.kill(int(told.output), signal.SIGKILL)


def test_of_a_program_that_prints_without_end_only_the_first_is_kept(tmp_path: Path) -> None:
    told = told_by(script(tmp_path, "exec yes"), seconds=0.5)
    assert not told.ok
    assert len(told.output) == 4096


def test_an_address_gets_the_notice_as_json() -> None:
    with ScriptedServer([answer(204)]) as server:
        (told,) = Teller(Ways(url=f"{server.url}/hook/a-secret?token=another")).tell(NOTICE)
    assert told == Told("url", True, "answered 204")
    (request,) = server.requests
    assert request.line == "POST /hook/a-secret?token=another HTTP/1.1"
    assert request.headers["content-type"] == "application/json"
    assert request.json == NOTICE.document()


@pytest.mark.parametrize(
    ("step", "evidence"),
    [
        (answer(500), "answered 500"),
        (answer(302, Location="http://127.0.0.1:1/"), "answered 302"),
        (answer(404), "answered 404"),
        (close, "closed without an answer"),
        (reset, "connection lost: Connection reset by peer"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), None),
        (raw(b"nonsense\r\n\r\n"), None),
    ],
)
def test_an_address_that_does_not_say_yes_was_not_told(step: Any, evidence: str | None) -> None:
    with ScriptedServer([step]) as server:
        (told,) = Teller(Ways(url=f"{server.url}/a-secret")).tell(NOTICE)
    assert not told.ok
    assert evidence in (None, told.evidence)
    assert "a-secret" not in told.evidence


def test_an_address_that_says_nothing_is_given_up() -> None:
    with ScriptedServer([lambda *_: None]) as server:
        server.steps = [server.silence]
        heard = Hook(server.url, "heartbeat.url", None, None, Limits(connect=1, read=0.3, deadline=0.5)).ask()
    assert not heard.ok


def test_an_address_that_dribbles_is_cut() -> None:
    with ScriptedServer([lambda *_: None]) as server:
        server.steps = [server.dribble(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 50)]
        heard = Hook(server.url, "heartbeat.url", None, None, Limits(connect=1, read=5, deadline=0.5)).ask()
    assert heard == (False, "no whole answer within the deadline of 0.5 s")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/a-secret", "http://nobody.invalid/a-secret", "http://[::1"])
def test_an_address_that_cannot_be_reached_is_said_without_it(url: str) -> None:
    heard = Hook(url, "alerts.url", None, None).ask()
    assert not heard.ok
    assert "a-secret" not in heard.evidence


def test_a_name_and_a_password_in_an_address_go_into_the_header() -> None:
    with ScriptedServer([answer(200)]) as server:
        url = server.url.replace("http://", "http://ops:s%40cret@") + "/ping"
        assert Hook(url, "heartbeat.url", None, None).ask().ok
    (request,) = server.requests
    assert request.line == "GET /ping HTTP/1.1"
    assert request.headers["authorization"] == "Basic b3BzOnNAY3JldA=="
    assert request.headers["host"] == f"127.0.0.1:{server.port}"


def test_the_proxy_of_the_settings_is_used() -> None:
    with ScriptedServer([answer(200)]) as proxy:
        assert Hook("http://hooks.example/x?y=1", "alerts.url", proxy.url, None).ask().ok
    (request,) = proxy.requests
    assert request.line == "GET http://hooks.example/x?y=1 HTTP/1.1"


def test_each_way_is_tried_once_and_none_that_is_to_be_skipped(tmp_path: Path) -> None:
    with ScriptedServer([answer(200)]) as server:
        teller = Teller(Ways(command=script(tmp_path, "exit 1"), url=server.url))
        assert [(told.way, told.ok) for told in teller.tell(NOTICE)] == [("command", False), ("url", True)]
        assert [told.way for told in teller.tell(NOTICE, ["url"])] == ["command"]
    assert len(server.requests) == 1
