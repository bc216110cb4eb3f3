"""The processes of a run: the stand-in server, the daemon as a user starts it, and bare programs to compare with."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

_PATIENCE = 120.0
_SENDER = "+14155550100"
_AUTH = {"PLIVO_AUTH_ID": "MABENCHMARKBENCHMARK", "PLIVO_AUTH_TOKEN": "benchmark"}
_HOME = Path(__file__).parent.parent


@contextmanager
def process(*arguments: str, **options: object) -> Iterator[subprocess.Popen[str]]:
    """A Python process for the length of the block; ended with SIGTERM."""
    child: subprocess.Popen[str] = subprocess.Popen([sys.executable, *arguments], text=True, **options)  # type: ignore[call-overload]
    try:
        yield child
    finally:
        child.terminate()
        child.communicate()


class Arrival(NamedTuple):
    """When the first byte of a request to send arrived, in seconds of the wall clock, and for whom it was."""

    at: float
    phone: str


class Server:
    """The stand-in's remote control."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.url = f"http://127.0.0.1:{port}"

    def latency(self, milliseconds: int) -> None:
        self._ask(f"/bench/latency/{milliseconds}")

    def take(self, number: int) -> list[Arrival]:
        """Wait until so many have arrived since the last call; all of them, in order."""
        return [Arrival(at, phone) for at, phone in json.loads(self._ask(f"/bench/take/{number}"))]

    def _ask(self, path: str) -> bytes:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def server() -> Iterator[Server]:
    with process("-m", "benchmarks.responder", stdout=subprocess.PIPE, cwd=_HOME) as child:
        assert child.stdout is not None
        yield Server(int(child.stdout.readline()))


class Running(NamedTuple):
    """A daemon that is ready. seconds: how long that took from its start."""

    pid: int
    seconds: float


@contextmanager
def daemon(folder: Path, url: str, threads: int = 8, settings: str = "") -> Iterator[Running]:
    """`reminderd run` with its state and its log in `folder`, and its job files in `folder/jobs.d`; ready.

    settings: further ones, as YAML.
    """
    started = time.monotonic()
    with (
        _ready_socket(folder) as ready,
        (folder / "daemon.log").open("a") as log,
        process(
            "-m", "reminderd", "run", env=_environment(folder, url, threads, settings), cwd=folder, stderr=log
        ) as child,
    ):
        _await_ready(ready, child)
        ready.close()  # or what it goes on to say would fill it, and hold it up
        yield Running(child.pid, time.monotonic() - started)


def _await_ready(ready: socket.socket, child: subprocess.Popen[str]) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if child.poll() is not None:
            raise RuntimeError(f"the daemon ended with {child.returncode}")
        with suppress(TimeoutError):
            if b"READY=1" in ready.recv(4096).split(b"\n"):
                return
    raise TimeoutError("the daemon does not get ready")


@contextmanager
def _ready_socket(folder: Path) -> Iterator[socket.socket]:
    """Where the daemon says that it is ready, as it does to systemd."""
    address = folder / "notify"
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(str(address))
        ready.settimeout(1)
        yield ready


def _environment(folder: Path, url: str, threads: int, settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REMINDERD_", "PLIVO_"))}
    (folder / "state").mkdir(exist_ok=True)
    (folder / "reminderd.yaml").write_text(f"plivo: {{rate: 0, threads: {threads}}}\n{settings}")
    return {
        **kept,
        **_AUTH,
        "NOTIFY_SOCKET": str(folder / "notify"),
        "REMINDERD_CONFIG": str(folder / "reminderd.yaml"),
        "REMINDERD_JOBS": str(folder / "jobs.d"),
        "REMINDERD_STATE": str(folder / "state" / "state.db"),
        "REMINDERD_MARKS": str(folder / "marks"),
        "REMINDERD_PLIVO__URL": url,
        "REMINDERD_PLIVO__SENDER": _SENDER,
    }


@contextmanager
def bare(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m benchmarks.bare ...`, imported and ready; it begins when a line is written to its stdin."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with process("-m", "benchmarks.bare", *arguments, env={**os.environ, **_AUTH}, cwd=_HOME, **pipes) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield child


def begin(child: subprocess.Popen[str]) -> float:
    """Let a bare program begin; the wall clock's seconds of that moment."""
    assert child.stdin is not None
    now = time.time()
    child.stdin.write("\n")
    child.stdin.flush()
    return now
