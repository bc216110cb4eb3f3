"""`python -m tests.load.reported`: callbacks, polls and hostile clients beside a loop that sends, and how late it is meanwhile.

One daemon all the time. Between the loads it is left alone for as long, with its listener and without, so that each figure has
another one beside it that was measured on the same machine a moment before.
"""

import argparse
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.load.calling import PUBLIC, Sent, ends_badly, sent
from tests.load.parts import HEADER, LANES, Load, Part, cpu_of, files_of, memory_of
from tests.support import api
from tests.support.daemon import Home, job, moment, phone
from tests.support.sandbox import SandboxProcess
from tests.support.web import answers, ask, free_port

ROOT = Path(__file__).parents[2]
STREAM = 4  # messages that are due with each second
_PEOPLE = 1000  # of one job
_LATE = """
select (julianday(a.begun_at) - julianday(d.due_at)) * 86400000 from report_attempts a
join report_deliveries d on d.id = a.delivery_id
where d.job like 'stream-%' and a.begun_at is not null and d.due_at >= :since and d.due_at < :until order by 1
"""


@dataclass
class Outcome:
    parts: list[Part] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


class Run:
    """One daemon, its sandbox, and what is done to it."""

    def __init__(self, folder: Path, say: Callable[[str], None], rate: float = 100_000) -> None:
        """rate: `web.rate`."""
        self._folder = folder
        self._say = say
        self._port = free_port()
        self._rate = rate
        self._messages: list[Sent] = []
        self.outcome = Outcome()

    @contextmanager
    def begun(self, messages: int) -> Iterator[None]:
        """So many messages are sent, and more are due with each second."""
        with SandboxProcess(self._folder) as self._sandbox:
            with Home(
                self._folder / "home", self._sandbox.environment, self._settings(listens=False), patience=300.0
            ) as self._home:
                self._send(messages)
                self._home.write("stream.yaml", *(_stream(number) for number in range(STREAM)))
                self._home.until(lambda: len(self._late(0.0, time.time())) > 2 * STREAM, "nothing streams")
                yield
                self._end()

    def _send(self, number: int) -> None:
        names = [f"sent-{start}" for start in range(0, number, _PEOPLE)]
        due = moment(1)
        for at, name in enumerate(names):
            people = [phone(each) for each in range(min(_PEOPLE, number - at * _PEOPLE))]
            self._home.write(
                f"{name}.yaml", job(name, "", due, to=people, message="{{ job.name }} {{ recipient.phone }}")
            )
        self._home.start()
        count = "select count(*) from report_deliveries where state = 'accepted'"
        self._home.until(lambda: self._value(count) == number, "not all is sent")
        self._messages = [each for name in names for each in sent(self._home.state, name)]
        self._say(f"{number:,} messages are sent")

    def _settings(self, *, listens: bool) -> str:
        plivo = "plivo: {rate: 0, receipts: [6h]}\nlog: {level: error}\n"
        if not listens:
            return plivo
        return plivo + api.settings(self._port, f", public_url: '{PUBLIC}'").replace(
            "rate: 1000", f"rate: {self._rate}"
        )

    def listen(self, *, listens: bool) -> None:
        """Switch the listener on or off."""
        self._home.settings.write_text(self._settings(listens=listens))
        self._home.signal(signal.SIGHUP)
        self._home.until(lambda: answers(self._port) == listens, "the listener is not as it should be")

    # -- stretches of time ------------------------------------------------------------------------------

    def alone(self, words: str, seconds: float) -> None:
        """Nobody asks anything."""
        with self._measured(words):
            time.sleep(seconds)  # there is nothing to wait for but the time that is measured

    def beside(self, load: Load) -> dict[str, Any]:
        """Some ask; what came back."""
        told = {
            "port": self._port,
            "number": load.number,
            "rate": load.rate,
            "lanes": load.lanes,
            "seconds": load.seconds,
            "seed": len(self.outcome.parts),
            "messages": self._messages,
            "cookie": self._signed_in() if load.kind == "polls" else "",
        }
        command = [sys.executable, "-m", "tests.load.client", load.kind]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as client:
            assert client.stdin is not None
            assert client.stdout is not None
            client.stdin.write(json.dumps(told) + "\n")
            client.stdin.flush()
            assert client.stdout.readline() == "ready\n"
            with self._measured(load.words) as part:
                client.stdin.write("go\n")
                client.stdin.flush()
                said: dict[str, Any] = json.loads(client.stdout.readline())
                part.client = said
        self.outcome.violations += [f"{load.kind}: {each}" for each in said["wrong"][:5]]
        return said

    @contextmanager
    def _measured(self, words: str) -> Iterator[Part]:
        part = Part(words, [], 0.0, 0.0, (0, 0), (0, 0))
        pid = self._home.process.pid
        began, cpu, memory, files = time.time(), cpu_of(pid), memory_of(pid), files_of(pid)
        yield part
        ended = time.time()
        part.seconds = ended - began
        part.cpu = (cpu_of(pid) - cpu) / part.seconds
        part.memory, part.files = (memory, memory_of(pid)), (files, files_of(pid))
        wanted = STREAM * (int(ended) - int(began))
        self._home.until(lambda: len(self._late(began, ended)) >= wanted, "the stream has stopped")
        part.late = self._late(began, ended)
        self.outcome.parts.append(part)
        self._say(part.row)

    def _signed_in(self) -> str:
        form = f"token={api.READ}".encode()
        kind = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
        answer = ask(self._port, "/sign-in", "POST", body=form, headers=kind)
        assert answer.status == 303, answer
        return answer.headers["set-cookie"].partition(";")[0]

    # -- the state --------------------------------------------------------------------------------------

    def _rows(self, query: str, **values: object) -> list[Any]:
        with closing(sqlite3.connect(f"{self._home.state.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()

    def _value(self, query: str) -> Any:
        return self._rows(query)[0][0] if self._home.state.exists() else None

    def _late(self, since: float, until: float) -> list[float]:
        return [row[0] for row in self._rows(_LATE, since=_text(since), until=_text(until))]

    def _end(self) -> None:
        """The stream ends, and everything has its end."""
        self._home.write("stream.yaml", *(_stream(number, enabled=False) for number in range(STREAM)))
        under_way = "select count(*) from report_deliveries where state in ('pending', 'sending')"
        self._home.until(lambda: self._ended() and self._value(under_way) == 0, "something has no end")
        log = self._home.log()
        assert self._home.stop() == 0
        self.outcome.violations += [f"not so: {name}" for name, holds in self._checks(log).items() if not holds]
        if "Traceback" in log:
            self._say(log[-20_000:])

    def _ended(self) -> bool:
        newest = self._value("select max(due_at) from report_deliveries where job like 'stream-%'")
        return bool(newest < _text(time.time() - 3))

    def _checks(self, log: str) -> dict[str, bool]:
        states = dict(self._rows("select state, count(*) from report_deliveries group by state"))
        took = [message["message_uuid"] for message in self._sandbox.ledger()]
        ours = [row[0] for row in self._rows("select message_uuid from report_deliveries where state = 'accepted'")]
        attempts = self._value("select count(*) from report_attempts")
        return {
            "everything is accepted, or was called off with the stream": states.keys() <= {"accepted", "cancelled"},
            "each delivery had one attempt": attempts == states["accepted"],
            "Plivo took each message once, and no other": sorted(took) == sorted(ours),
            "the log has no traceback": "Traceback" not in log,
            "the file is sound": self._value("pragma integrity_check") == "ok",
        }

    def check_receipts(self, clients: Sequence[dict[str, Any]]) -> None:
        """What was taken is in the state, each callback once, and what came last of a message is what is known of it."""
        counts = [each["counts"] for each in clients]
        taken = sum(each.get("signed 200", 0) for each in counts)
        # One that was given up by who asked may have been taken all the same, and came again.
        unsure = sum(each.get(f"signed {status}", 0) for each in counts for status in (0, 503))
        noted = self._value("select sum(callbacks) from report_attempts")
        if not taken <= noted <= taken + unsure:
            self.outcome.violations.append(f"{taken} callbacks were taken and the state has {noted}, {unsure} unsure")
        found = dict(self._rows("select token, receipt from report_attempts where callbacks > 0"))
        for position, message in enumerate(self._messages):
            wanted = "undelivered" if ends_badly(position) else "delivered"
            receipt = found.get(message.token)
            if receipt is None or re.split("[ ;]", receipt)[0] != wanted:
                self.outcome.violations.append(f"message {position} is {receipt}, and was {wanted}")


def _stream(number: int, *, enabled: bool = True) -> str:
    keys: dict[str, object] = {
        "schedule": {"every": "1s", "from": "2026-01-01T00:00:00Z"},
        "limits": {"per_job_and_day": 86_400},
        "enabled": enabled,
    }
    return job(f"stream-{number}", phone(number), None, message="{{ job.name }}", **keys)


def _text(seconds: float) -> str:
    """As the state has times."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def main() -> int:
    parser = argparse.ArgumentParser(description="Ask a daemon much while it sends, and measure how late it is.")
    parser.add_argument("--messages", type=int, default=5000, help="sent first, for the callbacks to be about")
    parser.add_argument("--callbacks", type=int, default=50_000)
    parser.add_argument("--polls", type=int, default=100_000)
    parser.add_argument("--hostile", type=int, default=60_000)
    parser.add_argument("--hostile-rate", type=float, default=1000.0)
    parser.add_argument(
        "--callback-rate", type=float, default=None, help="as fast as answers come where it is not given"
    )
    parser.add_argument("--poll-rate", type=float, default=None)
    parser.add_argument("--web-rate", type=float, default=100_000.0, help="web.rate, for those who ask")
    parser.add_argument("--alone", type=float, default=20.0, help="seconds in which nobody asks, each time")
    parser.add_argument("--longest", type=float, default=600.0, help="seconds of each load at the most")
    given = parser.parse_args()
    loads = [
        Load("callbacks", given.callbacks, given.callback_rate, given.longest),
        Load("polls", given.polls, given.poll_rate, given.longest),
        Load("hostile", given.hostile, given.hostile_rate, given.longest, 3 * LANES),
    ]
    print(f"load of the machine {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores\n{HEADER}", flush=True)
    with tempfile.TemporaryDirectory(prefix="reminderd-load-") as folder:
        run = Run(Path(folder), lambda line: print(line, flush=True), given.web_rate)
        outcome = measure(run, given.messages, given.alone, [load for load in loads if load.number])
    for part in outcome.parts:
        if part.client:
            print(
                f"{part.words}: {json.dumps(part.client['counts'])}, answers: {part.client['median']}, {part.client['p99']}"
            )
    for violation in outcome.violations:
        print(violation)
    return 1 if outcome.violations else 0


def measure(run: Run, messages: int, alone: float, loads: Sequence[Load]) -> Outcome:
    """Alone, with a listener, beside each of the loads and idle between, and alone again."""
    taken = []
    with run.begun(messages):
        run.alone("no listener", alone)
        run.listen(listens=True)
        run.alone("a listener", alone)
        for load in loads:
            said = run.beside(load)
            if load.kind == "callbacks":
                taken.append(said)
            run.alone("a listener", alone)
        run.listen(listens=False)
        run.alone("no listener", alone)
        if taken:
            run.check_receipts(taken)
    return run.outcome


if __name__ == "__main__":
    sys.exit(main())
