"""One run: `python -m tests.load --deliveries 100000`. Prints what it counted; ends with 1 when a count is wrong."""

import os
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.daemon import Home, job, moment, phone
from tests.support.sandbox import SandboxProcess

PHONES = 1000
_LOOKS = 150.0  # seconds in which doubts may be settled
# Each with its chance for a request; what is accepted and then lost, what is lost, what is refused, what is throttled.
FAULTS = (
    "reset=after,probability=0.0003,seed={0}1",
    "close=before,probability=0.0002,seed={0}2",
    "status=503,accept=true,probability=0.0002,seed={0}3",
    "truncate,probability=0.0001,seed={0}4",
    "status=400,probability=0.001,seed={0}5",
    "status=429,header=Retry-After: 1,probability=0.0001,seed={0}6",
)
SETTINGS = "plivo: {rate: 0, threads: 16, reconcile: [0s, 20s, 60s, 120s]}\nlog: {level: error}\n"
SETTLED = ("accepted", "failed", "in_doubt", "missed", "cancelled")


@dataclass
class Result:
    """What was counted. violations: sentences; none is good. memory: resident bytes at each tenth of the way."""

    deliveries: int
    seconds: float
    states: dict[str, int]
    accepted_by_plivo: int
    memory: list[int] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    @property
    def growth(self) -> int:
        """How many bytes the daemon grew by from the third tenth of the way, when all its buffers have been in use."""
        return self.memory[-1] - self.memory[3] if len(self.memory) > 4 else 0


def run(folder: Path, deliveries: int, seed: int, patience: float, say: Callable[[str], None]) -> Result:
    """Have so many deliveries sent, by jobs to a thousand people each."""
    faults = [word for fault in FAULTS for word in ("--fault", fault.format(seed))]
    jobs = -(-deliveries // PHONES)
    with SandboxProcess(folder, "--log-limit", "0", *faults) as sandbox:
        with Home(folder / "home", sandbox.environment, SETTINGS, patience=patience) as home:
            people = [phone(number) for number in range(min(PHONES, deliveries))]
            due = moment(5)
            message = "{{ job.name }} for {{ recipient.phone }}."
            for number in range(jobs):
                name = f"load-{number:04d}"
                home.write(f"{name}.yaml", _job(name, people, due, message))
            home.start()
            began = time.monotonic()
            memory = _watch(home, deliveries, patience, say)
            seconds = time.monotonic() - began
            _wait_for_doubts(home, patience, say)
            assert home.stop() == 0
            taken = Counter(message["text"] for message in sandbox.ledger())
            return _judge(home.state, deliveries, seconds, taken, memory)


def _job(name: str, people: list[str], due: str, message: str) -> str:
    return job(name, "", due, to=people, message=message, valid_for="12h", retry=["1s", "5s", "30s"])


def _counts(state: Path) -> dict[str, int]:
    with closing(sqlite3.connect(f"{state.absolute().as_uri()}?mode=ro", uri=True)) as database:
        return dict(database.execute("select state, count(*) from report_deliveries group by state").fetchall())


def _watch(home: Home, deliveries: int, patience: float, say: Callable[[str], None]) -> list[int]:
    """Wait until everything had its request; the daemon's memory at each tenth of the way."""
    memory: list[int] = []
    end = time.monotonic() + patience
    while True:
        counts = _counts(home.state)
        done = sum(counts.get(state, 0) for state in SETTLED)
        while len(memory) <= done * 10 // deliveries:
            memory.append(_resident(home.process.pid))
            say(f"{done} of {deliveries}, {memory[-1] >> 20} MiB")
        if done >= deliveries:
            return memory
        assert time.monotonic() < end, f"after {patience:.0f} s: {counts}"
        assert home.process.poll() is None, home.log()
        time.sleep(0.5)  # a load is watched from outside, now and then


def _wait_for_doubts(home: Home, patience: float, say: Callable[[str], None]) -> None:
    """Until each doubt is settled or had its last look; Plivo answers too few questions about its log to wait for all."""
    open_ones = "select count(*) from deliveries where state = 'in_doubt' and reconcile_at is not null"

    def waiting() -> int:
        with closing(sqlite3.connect(f"{home.state.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return int(database.execute(open_ones).fetchone()[0])

    say(f"{waiting()} in doubt are looked up")
    end = time.monotonic() + min(patience, _LOOKS)
    while waiting() and time.monotonic() < end:
        time.sleep(0.5)
    say(f"{waiting()} are still looked up")


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


def _judge(state: Path, deliveries: int, seconds: float, taken: Counter[str], memory: list[int]) -> Result:
    with closing(sqlite3.connect(state)) as database:
        rows = dict(database.execute("select text, state from report_deliveries").fetchall())
        number = database.execute("select count(*) from report_deliveries").fetchone()[0]
        planned = database.execute("select sum(planned) from report_occurrences").fetchone()[0]
        sound = database.execute("pragma integrity_check").fetchone()[0]
        unbegun = database.execute(
            "select count(*) from report_attempts where begun_at is null and outcome not in ('not_begun', 'not_sent')"
        ).fetchone()[0]
        uuids = database.execute(
            "select count(message_uuid), count(distinct message_uuid) from report_deliveries"
        ).fetchone()
    states = Counter(rows.values())
    result = Result(deliveries, seconds, dict(states), sum(taken.values()), memory)
    checks = {
        "planned, rows and texts are as many as asked for": (number, planned, len(rows)) == (deliveries,) * 3,
        "nothing was accepted twice": max(taken.values()) == 1,
        "nothing was accepted that nobody owed": taken.keys() <= rows.keys(),
        "what is accepted here was accepted by Plivo": all(
            text in taken for text, s in rows.items() if s == "accepted"
        ),
        "what Plivo accepted is accepted here, or in doubt": all(
            rows[text] in ("accepted", "in_doubt") for text in taken
        ),
        "everything has an end": set(states) <= {"accepted", "failed", "in_doubt"},
        "only what had begun has an outcome": unbegun == 0,
        "no message_uuid twice": uuids[0] == uuids[1],
        "the file is sound": sound == "ok",
    }
    result.violations = [f"not so: {name}" for name, holds in checks.items() if not holds]
    return result


def default_seed() -> int:
    return int(os.environ.get("REMINDERD_SEED", 1))
