"""The command socket, when clients or the system misbehave."""

import resource
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reminderd.commands import Commands
from reminderd.control import ControlServer, NotRunning, ask, socket_path
from reminderd.store import Refusal
from tests.support.clock import START
from tests.support.desk import Desk
from tests.support.sandbox import wait_until


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state beside which a server answers every command alike."""
    server = ControlServer(tmp_path / "state.db", lambda request, _: {"ok": True, "result": request["command"]})
    server.start()
    yield tmp_path / "state.db"
    server.stop()


def connect(state: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(str(socket_path(state)))
    return client


@pytest.mark.parametrize("garbage", [b"", b"\xff", b"[]", b"[" * 60_000, b"{" * 60_000, b"1" * 60_000, b"x" * 70_000])
def test_garbage_is_answered_and_forgotten(state: Path, garbage: bytes) -> None:
    with connect(state) as client:
        client.sendall(garbage + b"\n")
        assert b'"ok": false' in client.recv(1000)
    assert ask(state, {"command": "x"}) == {"ok": True, "result": "x"}


def test_commands_are_served_again_after_too_many_files_were_open(state: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket(socket.AF_UNIX) as client:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        try:
            client.connect(str(socket_path(state)))
            time.sleep(0.2)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert ask(state, {"command": "x"})["ok"]


def test_a_daemon_that_ends_before_it_answers_is_said_to_have_ended(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path(path)))
        listener.listen()
        threading.Thread(target=lambda: listener.accept()[0].close(), daemon=True).start()
        with pytest.raises(NotRunning, match="ended before it answered"):
            ask(path, {"command": "x"})


@pytest.mark.parametrize("number", [-1, 2**63, 10**30, True, "1", None, 1.0])
def test_what_is_no_number_of_a_delivery_is_refused(desk: Desk, number: object) -> None:
    commands = Commands(desk.store)
    for request in ({"command": "retry", "ids": [number]}, {"command": "resolve", "id": number, "force": True}):
        with pytest.raises(Refusal):
            commands.perform(request, "ops", START)


@pytest.mark.parametrize(
    "request_",
    [
        {"command": "retry", "ids": [[1]]},
        {"command": "retry", "ids": [{}]},
        {"command": "retry", "ids": [1], "valid_for": 5},
        {"command": "retry", "ids": [1], "valid_for": ["1h"]},
        {"command": "retry", "ids": [1], "valid_for": "9" * 60_000},
        {"command": "resolve", "id": 1, "sent": True, "uuid": {"a": 1}},
        {"command": "resolve", "id": 1, "sent": True, "uuid": "\ud800"},
        {"command": ["retry"]},
        {"command": "x" * 60_000},
        {},
    ],
    ids=lambda request_: str(request_)[:60],
)
def test_a_command_that_makes_no_sense_is_refused_in_a_short_sentence(desk: Desk, request_: dict[str, object]) -> None:
    with pytest.raises((Refusal, ValueError)) as refused:
        Commands(desk.store).perform(request_, "ops", START)
    assert len(str(refused.value)) < 400


def test_more_clients_than_there_are_places_are_told_so_and_served_later(state: Path) -> None:
    idle = [connect(state) for _ in range(40)]
    answers = []
    for client in idle[32:]:
        with client:
            answers.append(client.recv(1000))
    assert all(b"too many commands at once" in answer for answer in answers)
    for client in idle[:32]:
        client.sendall(b'{"command": "x"}\n')
        assert b'"ok": true' in client.recv(1000)
        client.close()
    assert ask(state, {"command": "x"})["ok"]


def is_served(client: socket.socket) -> bool:
    """Whether the server still listens to this client, who sends a byte now and then."""
    try:
        client.sendall(b" ")
        return not (select.select([client], [], [], 0.1)[0] and client.recv(1) == b"")
    except OSError:
        return False


def test_a_client_that_dribbles_is_let_go(state: Path) -> None:
    with connect(state) as client:
        wait_until(lambda: not is_served(client))
    assert ask(state, {"command": "x"})["ok"]
