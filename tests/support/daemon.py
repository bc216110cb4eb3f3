"""The whole program for tests: `reminderd run` as a process of its own, and the commands that people type beside it."""

import json
import os
import secrets
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.support.sandbox import SENDER, wait_until

PROGRAM = [sys.executable, "-m", "reminderd"]
PATIENCE = 30.0  # seconds; only a test that fails waits so long
_FOREIGN = ("REMINDERD_", "PLIVO_", "NOTIFY_", "JOURNAL_")

Row = dict[str, Any]


class Ran(NamedTuple):
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Home:
    """A directory with jobs.d, a state and settings, the daemon that runs on them, and its log.

    environment: what points it at a gateway. settings: the text of the settings file. patience: for how many seconds
    it waits for what should happen. program: what is run, where that is not this checkout. A context manager that ends what still runs. No command may ever show a traceback,
    so `run` checks that.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        settings: str = "# nothing\n",
        *,
        patience: float = PATIENCE,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self._program = program
        self.jobs = folder / "jobs.d"
        self.state = folder / "state.db"
        self.settings = folder / "reminderd.yaml"
        self.marks = folder.with_name(f"{folder.name}-marks")
        self.log_path = folder / "log"
        self.notes = Notes()
        self._patience = patience
        self.jobs.mkdir(parents=True)
        self.settings.write_text(settings)
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(_FOREIGN) and not name.lower().endswith("_proxy")
        }
        self.environment: dict[str, str] = {
            **kept,
            "TZ": "Asia/Kathmandu",  # the machine's own zone must not matter
            "REMINDERD_CONFIG": str(self.settings),
            "REMINDERD_JOBS": str(self.jobs),
            "REMINDERD_STATE": str(self.state),
            "REMINDERD_MARKS": str(self.marks),
            "REMINDERD_PLIVO__SENDER": SENDER,
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()
        self.notes.close()

    # The files

    def write(self, name: str, *jobs: str) -> Path:
        """Put one file with these jobs, each as `job` makes it, into jobs.d."""
        path = self.jobs / name
        draft = path.with_name(f".{name}")
        draft.write_text("jobs:\n" + "".join(jobs))
        draft.replace(path)
        return path

    # The daemon

    def launch(self, *arguments: str) -> Self:
        """Start the daemon, and do not wait for anything."""
        assert self._process is None
        environment = {**self.environment, "NOTIFY_SOCKET": self.notes.address}
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._program, "run", *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )
        return self

    def start(self, *arguments: str) -> Self:
        """Start the daemon; returns when it says that it is ready."""
        ready = self.notes.count("READY=1")
        self.launch(*arguments)
        self.until(lambda: self.notes.count("READY=1") > ready, "it is not ready")
        return self

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None
        return self._process

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        self.signal(signal.SIGKILL)
        self.ended()

    def stop(self, timeout: float = PATIENCE) -> int:
        """SIGTERM; its exit status."""
        self.signal(signal.SIGTERM)
        return self.ended(timeout)

    def ended(self, timeout: float = PATIENCE) -> int:
        """Wait until the daemon has ended; its exit status."""
        status = self.process.wait(timeout)
        self._process = None
        return status

    def log(self) -> str:
        """Everything that the daemons of this home have printed."""
        return self.log_path.read_text() if self.log_path.exists() else ""

    def until(self, condition: Callable[[], bool], otherwise: str) -> None:
        """Wait for the condition; fails with the log, also as soon as the daemon has ended."""

        def met() -> bool:
            if condition():
                return True
            ended = self._process is not None and self._process.poll() is not None
            assert not ended or condition(), f"{otherwise}: the daemon ended\n{self.log()}"
            return False

        try:
            wait_until(met, self._patience)
        except AssertionError as error:
            raise AssertionError(f"{otherwise}; the log:\n{self.log()}") from error

    def until_logged(self, words: str, times: int = 1) -> None:
        """Wait until the log has these words so many times."""
        self.until(lambda: self.log().count(words) >= times, f"{words!r} is not in the log {times} times")

    # The commands

    def run(self, *arguments: str, stdin: str | None = None, **environment: str) -> Ran:
        """Run a command to its end."""
        done = subprocess.run(
            [*self._program, *arguments],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            env={**self.environment, **environment},
            timeout=PATIENCE,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def json(self, *arguments: str) -> Any:
        """What a command that succeeds prints with --json."""
        done = self.run(*arguments, "--json")
        assert done.status == 0, done
        return done.json

    def history(self, *arguments: str) -> list[Row]:
        rows: list[Row] = self.json("history", "--limit", "0", *arguments)
        return rows

    def by_job(self) -> dict[str, Row]:
        """The history of jobs with one delivery each."""
        rows = self.history()
        found = {row["job"]: row for row in rows}
        assert len(found) == len(rows)
        return found

    def states(self) -> dict[str, str]:
        """The state of each job's only delivery, read from the documented view."""
        if not self.state.exists():
            return {}
        uri = f"{self.state.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as database:
            return dict(database.execute("select job, state from report_deliveries").fetchall())

    def until_states(self, **states: str) -> dict[str, Row]:
        """Wait until each of these jobs has a delivery in this state; the whole history by job."""
        return self._until(lambda found: found | states == found, f"not {states}")

    def until_settled(self, number: int, settled: Collection[str]) -> dict[str, Row]:
        """Wait until so many jobs have a delivery, all of them in one of these states; the whole history by job."""
        return self._until(lambda found: len(found) == number and set(found.values()) <= set(settled), "not settled")

    def _until(self, satisfied: Callable[[dict[str, str]], bool], otherwise: str) -> dict[str, Row]:
        try:
            self.until(lambda: satisfied(self.states()), otherwise)
        except AssertionError as error:
            error.add_note(str(self.states()))
            raise
        return self.by_job()


class Notes:
    """What the daemon tells over NOTIFY_SOCKET, read all the time: one that nobody reads holds up whoever tells."""

    def __init__(self) -> None:
        self.address = f"@reminderd-test-{secrets.token_hex(8)}"
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind("\0" + self.address[1:])
        self._done, done = socket.socketpair()
        threading.Thread(target=self._read, args=(done,), daemon=True).start()

    def _read(self, done: socket.socket) -> None:
        with done, self._socket:
            while done not in select.select([self._socket, done], [], [])[0]:
                self.lines()

    def lines(self) -> list[str]:
        """Every line so far."""
        with self._lock:
            while True:
                try:
                    self._lines += self._socket.recv(65536).decode().splitlines()
                except BlockingIOError:
                    return list(self._lines)

    def count(self, line: str) -> int:
        return self.lines().count(line)

    def close(self) -> None:
        self._done.close()


def moment(seconds: float) -> str:
    """The time in so many seconds, as a job file says it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def job(name: str, phone: str, at: str | None = None, **keys: object) -> str:
    """One entry of `jobs:`, a one-off with a text of its own; without `at` it is due now."""
    keys = {
        "name": name,
        "schedule": {"at": at or moment(0)},
        "to": phone,
        "message": f"Message of {name}.",
        **keys,
    }
    return f"  - {json.dumps(keys)}\n"


def phone(number: int) -> str:
    """One of a thousand phones that belong to nobody."""
    return f"+447700900{number:03d}"
