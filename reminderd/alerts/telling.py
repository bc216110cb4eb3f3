"""Telling somebody: by a program of the operator's, by an address, or both. Takes its time; not for the loop's thread."""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

COMMAND_SECONDS = 30.0
_MOST_OUTPUT = 4096  # bytes that are kept of what a program prints
# What a program is not given of our environment: credentials, and what is between us and systemd.
_OURS = ("REMINDERD_", "PLIVO_", "CREDENTIALS_", "NOTIFY_", "WATCHDOG_", "LISTEN_", "JOURNAL_")


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. state: open, or over. do: the command that comes next. since, over_at: as the state has times."""

    name: str
    state: str
    summary: str
    do: str
    node: str
    since: str
    over_at: str | None = None

    def document(self) -> dict[str, object]:
        """As programs and addresses get it; `text` is the whole in one sentence, as chat services want it."""
        return {
            "alert": self.name,
            "state": self.state,
            "summary": self.summary,
            "do": self.do,
            "node": self.node,
            "since": self.since,
            "over_at": self.over_at,
            "text": self._sentence(),
        }

    def _sentence(self) -> str:
        if self.state == "over":
            return f"reminderd on {self.node}: {self.name} is over ({self.summary})"
        return f"reminderd on {self.node}: {self.name}: {self.summary}. What to do: {self.do}"


class Told(NamedTuple):
    """What came of one way. evidence: in a few words, without the address. output: what a program printed, cut."""

    way: str
    ok: bool
    evidence: str
    output: str = ""


@dataclass(frozen=True, slots=True)
class Ways:
    """How the settings want it told. proxy, ca_file: as for Plivo."""

    command: Sequence[str] | None = None
    url: str | None = None
    proxy: str | None = None
    ca_file: Path | None = None

    @property
    def names(self) -> tuple[str, ...]:
        given = (("command", self.command), ("url", self.url))
        return tuple(name for name, way in given if way is not None)


class Teller:
    """Tells by the ways of the settings, each tried once."""

    def __init__(self, ways: Ways, seconds: float = COMMAND_SECONDS) -> None:
        """seconds: after which a program is killed."""
        self.ways = ways
        self._seconds = seconds

    def tell(self, notice: Notice, skip: Collection[str] = ()) -> list[Told]:
        """Tell by every way that is not in `skip`. Raises nothing on its own account."""
        told = []
        if self.ways.command is not None and "command" not in skip:
            told.append(_run(self.ways.command, notice, self._seconds))
        if self.ways.url is not None and "url" not in skip:
            told.append(_post(self.ways, notice))
        return told


def _post(ways: Ways, notice: Notice) -> Told:
    from reminderd.gateway.hook import Hook  # those who tell nobody do without the wire

    assert ways.url is not None
    heard = Hook(ways.url, "alerts.url", ways.proxy, ways.ca_file).post(notice.document())
    return Told("url", heard.ok, heard.evidence)


def _run(command: Sequence[str], notice: Notice, seconds: float) -> Told:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    environment |= {"REMINDERD_ALERT": notice.name, "REMINDERD_ALERT_STATE": notice.state}
    said = json.dumps(notice.document(), ensure_ascii=False).encode() + b"\n"
    try:
        # In memory, so that a program that does not read keeps nobody waiting, and a full disk nothing from being told.
        with os.fdopen(os.memfd_create("reminderd-alert", os.MFD_CLOEXEC), "w+b") as stdin:
            stdin.write(said)
            stdin.seek(0)
            program = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment,
                start_new_session=True,
            )
    except (OSError, ValueError) as error:
        return Told("command", False, f"cannot be started: {getattr(error, 'strerror', None) or error}")
    with program:
        output, ended = _watch(program, time.monotonic() + seconds)
        if not ended:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()
    text = output.decode("utf-8", "replace")
    if not ended:
        return Told("command", False, f"killed: not done after {seconds:g} s", text)
    return Told("command", program.returncode == 0, _ending(program.returncode), text)


def _ending(status: int) -> str:
    return f"ended with {status}" if status >= 0 else f"ended by {signal.Signals(-status).name}"


def _watch(program: "subprocess.Popen[bytes]", until: float) -> tuple[bytes, bool]:
    """What it prints, the first of it, and whether it has ended in time. Others may hold its output open for longer."""
    assert program.stdout is not None
    output = b""
    ended = os.pidfd_open(program.pid)
    try:
        poll = select.poll()
        for descriptor in (program.stdout.fileno(), ended):
            poll.register(descriptor, select.POLLIN)
        while (left := until - time.monotonic()) > 0:
            ready = {descriptor for descriptor, _ in poll.poll(left * 1000)}
            if program.stdout.fileno() in ready:
                part = os.read(program.stdout.fileno(), 65536)
                output = (output + part)[:_MOST_OUTPUT]
                if not part:
                    poll.unregister(program.stdout.fileno())
            elif ended in ready:
                return output, True
    finally:
        os.close(ended)
    return output, False
