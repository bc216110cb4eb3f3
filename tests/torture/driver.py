"""Carry a plan out: the real daemon, the real sandbox, real files, real signals; and write down what was done."""

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import assert_never

from reminderd.control import NotRunning, ask
from tests.support.daemon import PROGRAM, Home
from tests.support.sandbox import SENDER, SandboxProcess
from tests.support.shim import Shim
from tests.support.web import free_port
from tests.torture import calls, views
from tests.torture.fading import whole
from tests.torture.files import JobSpec, Slot, lists, render
from tests.torture.plan import (
    Action,
    AddFault,
    ClearFaults,
    Configure,
    Edit,
    Edits,
    End,
    EndSandbox,
    Forget,
    Hide,
    How,
    Pause,
    Plan,
    Prune,
    Put,
    Remove,
    Rename,
    Rival,
    Round,
    Run,
    SetClock,
    StartSandbox,
    Text,
    Witness,
)
from tests.torture.record import Ran, Record, nominal
from tests.torture.typed import Terminal

PATIENCE = 60.0  # seconds, for a daemon to start or to end
SETTLES = 480.0  # for everything to have an end after the last round; the log may be asked some twenty times a minute
_STATES = {
    "{any}": "1",
    "{failed}": "state = 'failed'",
    "{missed}": "state = 'missed'",
    "{pending}": "state = 'pending'",
    "{doubt}": "state = 'in_doubt'",
}
_OTHERS = {
    "{hold}": "select id from report_holds where closed_at is null order by id",
    "{held}": "select key as id from report_holds where closed_at is null and kind = 'delivery' order by id",
    "{job}": "select name as id from report_jobs where present = 1 order by loaded_at desc, name limit 20",
    "{paused}": "select coalesce(job, '--all') as id from report_overrides where kind = 'pause' and ended_at is null order by id",
    "{phone}": "select phone as id from report_deliveries where phone is not null order by report_deliveries.id desc limit 20",
    "{out}": "select phone as id from report_opt_outs order by since desc",
}
# Not in the documented views: when the log is asked about a doubt next.
_OPEN_DOUBTS = "select id from deliveries where state = 'in_doubt' and reconcile_at is not null"
_OPEN_REPORTS = "select id from deliveries where receipt_due_at is not null"
_UNSETTLED = "select id from report_deliveries where state in ('pending', 'sending')"


_NOT_TO_BE_PRUNED = "select id from report_holds where closed_at is null and kind in ('clock', 'restored')"


class Wrong(Exception):
    """What ends a run at once: the daemon cannot be brought to do what it must."""


class Driver:
    """One run in `folder`. say: takes a line of progress."""

    def __init__(self, plan: Plan, folder: Path, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._folder = folder
        self._say = say
        self.record = Record()
        self._offset = timedelta()
        self._sandbox_up = True
        self._alive = False
        self._known: views.State | None = None  # what was in the state before something went
        self._port = free_port()
        self._started = 0  # how many had said that they have started before this one

    def run(self) -> views.Evidence:
        """The whole run; returns what there is to judge by."""
        options = ["--log-lag", self._plan.log_lag, "--log-limit", "0", "--callback-scale", "0.1"]
        options += ["--inbound-url", f"http://127.0.0.1:{self._port}/plivo/inbound"]
        with SandboxProcess(self._folder, *options) as self._sandbox, Shim(self._folder) as self._shim:
            environment = {**self._sandbox.environment, **self._shim.environment}
            with Home(
                self._folder / "home", environment, self._settings(self._plan.threads, self._plan.rate)
            ) as self._home:
                self._terminal = Terminal(self._folder / "commands", self._home.environment)
                self._log = _Tail(self._home.log_path)
                try:
                    self._begin()
                    for number, each in enumerate(self._plan.rounds, 1):
                        self._round(each)
                        if number % 25 == 0:
                            self._say(f"  {number} rounds, {len(self._sandbox.ledger())} messages accepted")
                    return self._end()
                finally:
                    self._collect(self._terminal.wait())

    def _settings(self, threads: int, rate: int) -> str:
        return (
            "plivo: {reconcile: [0s, 1s, 3s], connect_timeout: 1s, read_timeout: 1s, deadline: 3s, "
            f"receipts: [1s, 3s], threads: {threads}, rate: {rate}}}\n"
            "limits: {per_occurrence: 8}\n"
            f"web: {{listen: '127.0.0.1:{self._port}', public_url: 'http://127.0.0.1:{self._port}'}}\n"
            f"alerts: {{command: [{self._page()}], overdue_after: 10s}}\n"
        )

    def _page(self) -> Path:
        """A program that notes what it is told."""
        page = self._folder / "page"
        if not page.exists():
            page.write_text(f'#!/bin/sh\necho "$REMINDERD_ALERT $REMINDERD_ALERT_STATE" >> {self._folder}/told\n')
            page.chmod(0o755)
        return page

    def _told(self) -> tuple[str, ...]:
        told = self._folder / "told"
        return tuple(told.read_text().splitlines()) if told.exists() else ()

    # -- the rounds -------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._add_latency()
        self._shim.set_synchronised(True)
        self._do(self._plan.start)
        self._launch()
        self._until_started()
        self._until(self._witnessed, "the daemon does not take the first files over")
        self._home.kill()
        self._alive = False

    def _round(self, each: Round) -> None:
        self._launch()
        if not each.from_launch:
            self._until_started()
        began = time.monotonic()
        for step in each.steps:
            self._wait(began + step.at)
            self._do(step.action)
        self._wait(began + each.ends_at)
        self._finish(each.end)
        if not self._sandbox_up:
            self._do(StartSandbox())
        for action in each.while_down:
            self._do(action)
        self._wait(time.monotonic() + each.down_for)

    def _launch(self) -> None:
        self._started = self._log.count("daemon.started")
        self._home.launch()
        self._alive = True
        self.record.count("launches")

    def _until_started(self) -> None:
        """Wait for `daemon.started`; a daemon that found a command at work on the state is started again."""
        end = time.monotonic() + PATIENCE
        while self._log.count("daemon.started") <= self._started:
            self._collect(self._terminal.ended())
            if self._home.process.poll() is not None:
                self._ended_itself()
                self._launch()
            if time.monotonic() > end:
                raise Wrong("the daemon does not start")
            time.sleep(0.01)

    def _ended_itself(self) -> None:
        status = self._home.ended()
        self._alive = False
        if status == 2 and "is in use by process" in self._log.text.rsplit("\n", 2)[-2]:
            self.record.count("starts refused because a command was at work")
            time.sleep(0.1)
        else:
            self.record.wrong.append(f"the daemon ended by itself with status {status}")

    def _wait(self, until: float) -> None:
        while True:
            self._collect(self._terminal.ended())
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.05))

    def _finish(self, end: End) -> None:
        if self._home.process.poll() is not None:
            self._ended_itself()
            return
        self._end_by(end)
        self._alive = False

    def _end_by(self, end: End) -> None:
        self.record.count(str(end) if self._is_up() else f"{end} while starting")
        match end:
            case End.KILL:
                self._home.kill()
            case End.KILL_PAUSED:
                self._home.signal(signal.SIGSTOP)
                time.sleep(0.02)
                self._home.kill()
            case End.STOP:
                self._stop()
            case End.STOP_KILL:
                self._home.signal(signal.SIGTERM)
                time.sleep(0.03)
                self._home.kill()

    def _is_up(self) -> bool:
        """Whether there is a daemon that has said that it has started; it may be stopping."""
        return self._alive and self._log.count("daemon.started") > self._started

    def _stop_well(self) -> None:
        self._stop()
        self._alive = False

    def _stop(self) -> None:
        """SIGTERM. Before it takes signals it just ends."""
        stopping = self._log.count("daemon.stopping")
        try:
            status = self._home.stop(PATIENCE)
        except subprocess.TimeoutExpired:
            self.record.wrong.append(f"the daemon did not end within {PATIENCE:.0f} s of SIGTERM")
            self._home.kill()
            return
        if status != 0 and not (status == -signal.SIGTERM and self._log.count("daemon.stopping") == stopping):
            self.record.wrong.append(f"the daemon ended with status {status} on SIGTERM")

    # -- the actions ------------------------------------------------------------------------------------

    def _do(self, action: Action) -> None:
        self.record.count(_word(action))
        match action:
            case Edits():
                for change in action.changes:
                    self._edit(change)
            case Hide():
                self._hide(action.hidden)
            case Run():
                self._type(action)
            case Text():
                self._text(action)
            case AddFault():
                if self._sandbox_up:
                    self._sandbox.add_fault(action.rule)
            case ClearFaults():
                if self._sandbox_up:
                    self._sandbox.clear_faults()
                    self._add_latency()
            case EndSandbox():
                self._end_sandbox(action.kill)
            case StartSandbox():
                self._start_sandbox()
            case Pause():
                self._pause(action.seconds)
            case SetClock():
                self._set_clock(action)
            case Rival():
                self._rival()
            case Witness():
                self._witness()
            case Configure():
                self._home.settings.write_text(self._settings(action.threads, action.rate))
                if self._is_up():
                    self._home.signal(signal.SIGHUP)
            case Prune() | Forget():
                self._fade(action)
            case _:
                assert_never(action)

    def _add_latency(self) -> None:
        self._sandbox.add_fault(f"latency={self._plan.latency}")

    def _end_sandbox(self, kill: bool) -> None:
        if kill:
            self._sandbox.kill()
        else:
            self._sandbox.stop()
        self._sandbox_up = False

    def _start_sandbox(self) -> None:
        if not self._sandbox_up:
            self._sandbox.start()
            self._sandbox_up = True
            self._add_latency()

    def _pause(self, seconds: float) -> None:
        self._home.signal(signal.SIGSTOP)
        self._wait(time.monotonic() + seconds)
        self._home.signal(signal.SIGCONT)

    def _set_clock(self, action: SetClock) -> None:
        self._shim.set_synchronised(action.synchronised)
        self._offset = timedelta(seconds=action.offset)
        self.record.clock_moved = self.record.clock_moved or bool(action.offset)
        self._shim.set_offset(self._offset)

    # The files

    def _folder_now(self) -> Path:
        away = self._home.jobs.with_name("jobs.away")
        return away if self.record.hidden else self._home.jobs

    def _hide(self, hidden: bool) -> None:
        source = self._folder_now()
        self.record.hidden = hidden
        if source != self._folder_now():
            source.rename(self._folder_now())

    def _edit(self, change: Edit) -> None:
        folder = self._folder_now()
        match change:
            case Put():
                text = render(change.spec, self._moment)
                self.record.put(change.path, change.spec)
                for name, content in lists(change.spec).items():
                    _write(folder / name, content, change.how)
                _write(folder / change.path, text, change.how)
            case Remove():
                self.record.remove(change.path)
                (folder / change.path).unlink()
            case Rename():
                self.record.rename(change.old, change.new)
                (folder / change.old).rename(folder / change.new)

    def _moment(self, job: JobSpec, slot: Slot) -> str:
        """When a slot is due: fixed as it is first written, and no other of its job's."""
        if slot.number not in self.record.times:
            taken = {self.record.times.get(other.number) for other in job.slots}
            moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=round(slot.offset))
            while nominal(moment) in taken:
                moment += timedelta(seconds=1)
            self.record.times[slot.number] = nominal(moment)
        return self.record.times[slot.number]

    # The commands

    def _type(self, run: Run) -> None:
        if self._terminal.busy >= 4:
            return
        words: list[str] = []
        for word in run.words:
            chosen = self._choose(word, run, words)
            if chosen is None:
                return
            words.append(chosen)
        self._terminal.type(*words)

    def _text(self, action: Text) -> None:
        phones = self._query(_OTHERS["{phone}"])
        if self._sandbox_up and phones:
            self._sandbox.hear(str(phones[int(action.pick * len(phones))]["id"]), SENDER, action.words)

    def _choose(self, word: str, run: Run, before: list[str]) -> str | None:
        if word == "{word}":
            return self._word(before[-1], run.lie)
        if word in _OTHERS:
            holds = self._query(_OTHERS[word])
        elif word in _STATES:
            holds = self._query(f"select id from report_deliveries where {_STATES[word]} order by id desc limit 40")
        else:
            return word
        return str(holds[int(run.pick * len(holds))]["id"]) if holds else None

    def _word(self, delivery: str, lie: bool) -> str:
        """What an operator says who knows the ledger, or lies."""
        rows = self._query(f"select text from report_deliveries where id = {int(delivery)}")
        arrived = any(message["text"] == row["text"] for row in rows for message in self._sandbox.ledger())
        return "--sent" if arrived != lie else "--not-sent"

    def _query(self, sql: str) -> list[views.Row]:
        try:
            return views.query(self._home.state, sql)
        except sqlite3.OperationalError:  # killed before it had made its tables
            return []

    def _collect(self, ended: list[Ran]) -> None:
        self.record.commands += ended

    # What needs a daemon that is down

    def _fade(self, action: Prune | Forget) -> None:
        self._collect(self._terminal.wait())
        if self._alive or self._query(_NOT_TO_BE_PRUNED) or not self._home.state.exists():
            return
        self._known = whole(self._known, views.read(self._home.state))
        if isinstance(action, Prune):
            program = [sys.executable, "-m", "tests.torture.fading", str(self._home.state), str(self._home.marks)]
            done = subprocess.run(program, capture_output=True, text=True, env=self._home.environment, check=False)
            if done.returncode:
                self.record.wrong.append(f"a state could not be pruned: {done.stderr[-1500:]}")
        elif phones := sorted({str(row["phone"]) for row in self._known.deliveries if row["phone"]}):
            self._terminal.type("forget", phones[int(action.pick * len(phones))], "--yes")
            self._collect(self._terminal.wait())

    # What needs a daemon

    def _rival(self) -> None:
        """A second daemon, while the first is stopped, so that whatever changes is the second one's doing."""
        self._collect(self._terminal.wait())
        if not self._is_up() or self._home.process.poll() is not None:
            return
        self._home.signal(signal.SIGSTOP)
        before = self._footprint()
        done = subprocess.run(
            [*PROGRAM, "run"], capture_output=True, env=self._home.environment, timeout=PATIENCE, check=False
        )
        after = self._footprint()
        self._home.signal(signal.SIGCONT)
        self.record.count("second daemons refused")
        if done.returncode != 2 or b"is in use by process" not in done.stderr or b"Traceback" in done.stderr:
            self.record.wrong.append(f"a second daemon was not refused: {done.returncode} {done.stderr.decode()}")
        if before != after:
            self.record.wrong.append(f"a second daemon changed {sorted(before.items() ^ after.items())}")

    def _footprint(self) -> dict[str, str]:
        names = ("state.db", "state.db-wal", "state.db.lock", "state.db.sock")
        return {name: _fingerprint(self._home.state.with_name(name)) for name in names}

    def _witness(self) -> None:
        """Two reloads: the first takes the files over, the second plans what was due before it."""
        if self.record.hidden or self._offset or not self._is_up() or self._held():
            return
        begun = datetime.now(UTC)
        try:
            answers = [ask(self._home.state, {"command": "reload"}) for _ in range(2)]
            for _ in range(3):  # whole passes
                ask(self._home.state, {"command": "cancel", "ids": [0]})
        except (NotRunning, TimeoutError):
            return
        if all(answer.get("ok") for answer in answers) and not self._held():
            self.record.witness(begun, datetime.now(UTC))

    def _held(self) -> bool:
        """Whether nothing is planned, or of some job what its list said before."""
        held = "kind in ('clock', 'recipients') and closed_at is null"
        return bool(self._query(f"select id from report_holds where {held}"))

    # -- the end ----------------------------------------------------------------------------------------

    def _end(self) -> views.Evidence:
        """Mend everything, let it settle, stop it; and see that one more start changes nothing."""
        self._heal()
        self._launch()
        self._until_started()
        self._until(self._free, "holds that nobody can approve")
        latest = datetime.fromisoformat(self.record.latest())
        self._wait(time.monotonic() + (latest - datetime.now(UTC)).total_seconds() + 1)
        self._until(self._witnessed, "the daemon does not take the files over")
        self._do(self._plan.settled)
        self._until(self._settled, "not all is settled")
        self._stop_well()
        state, ledger = whole(self._known, views.read(self._home.state)), self._sandbox.ledger()
        again = self._once_more()
        errors = self._sandbox.errors_path.read_text()
        self._collect(self._terminal.wait())
        alerts = self._query("select * from report_alerts order by id")
        return views.Evidence(
            state,
            again,
            tuple(ledger),
            len(self._sandbox.ledger()),
            self.record,
            self._log.all(),
            errors,
            tuple(alerts),
            self._told(),
        )

    def _heal(self) -> None:
        self._collect(self._terminal.wait())
        self._start_sandbox()
        self._do(ClearFaults())
        self._do(SetClock(0, synchronised=True))
        self._hide(False)
        self._do(self._plan.last)

    def _once_more(self) -> views.State:
        self._launch()
        self._until_started()
        self._until(self._witnessed, "the daemon does not take the files over once more")
        self._wait(time.monotonic() + 1.5)
        self._stop_well()
        return whole(self._known, views.read(self._home.state))

    def _free(self) -> bool:
        """Approve whatever is on hold, and resume what is paused."""
        holds = self._query("select id from report_holds where closed_at is null")
        for hold in holds:
            self._terminal.type("approve", str(hold["id"]), "--yes")
        pauses = self._query(_OTHERS["{paused}"])
        for pause in pauses:
            self._terminal.type("resume", pause["id"])
        self._collect(self._terminal.wait())
        return not holds and not pauses

    def _witnessed(self) -> bool:
        before = self.record.witnesses
        self._witness()
        return self.record.witnesses > before

    def _settled(self) -> bool:
        return (
            self._free()
            and calls.all_told(self._sandbox)
            and not any(map(self._query, (_UNSETTLED, _OPEN_DOUBTS, _OPEN_REPORTS)))
        )

    def _until(self, condition: Callable[[], bool], otherwise: str) -> None:
        end = time.monotonic() + SETTLES
        while not condition():
            if self._home.process.poll() is not None:
                self._ended_itself()
                raise Wrong(f"{otherwise}: the daemon has ended")
            if time.monotonic() > end:
                raise Wrong(f"{otherwise} within {SETTLES:.0f} s")
            time.sleep(0.2)


class _Tail:
    """A log that grows, read once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.text = ""
        self._at = 0

    def all(self) -> str:
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._at)
                new = file.read()
            self._at += len(new)
            self.text += new.decode(errors="replace")
        return self.text

    def count(self, words: str) -> int:
        return self.all().count(words)


def _word(action: Action) -> str:
    return type(action).__name__


def _write(path: Path, text: str, how: How) -> None:
    match how:
        case How.ATOMIC:
            draft = path.with_name(f".{path.name}.new")
            draft.write_text(text)
            draft.replace(path)
        case How.IN_PLACE:
            with path.open("w", buffering=1) as file:
                for part in _halves(text):
                    file.write(part)
                    file.flush()
                    os.fsync(file.fileno())
        case How.RECREATED:
            path.unlink(missing_ok=True)
            path.write_text(text)


def _halves(text: str) -> Iterator[str]:
    yield text[: len(text) // 2]
    yield text[len(text) // 2 :]


def _fingerprint(path: Path) -> str:
    if not path.exists():
        return "not there"
    if path.is_socket():
        return f"socket {path.stat().st_ino}"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def possible() -> str | None:
    """Why a run is not possible on this machine."""
    return None if shutil.which("cc") else "there is no C compiler (cc) to build tests/support/shim.c with"
