"""A day of a daemon on a disk that fails: the day, what may never happen in it, and what it must end as.

The day has every way that a message can take. It is lived as the daemon lives it: what fails is tried again. A process
that cannot start is started again.
"""

import os
import sqlite3
from collections import Counter, deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from reminderd.gateway.port import SendRequest
from reminderd.model import Accepted, InDoubt, NotBegun, NotSent, Outcome, Refused
from reminderd.store import Claim, Refusal, StateError, StateFailure, Store
from tests.support.clock import FakeClock, utc
from tests.support.world import ANNA, BERT, CARA, ScriptedGateway, World, job

_PATIENCE = 300  # failures in one day; more is a circle
_PAUSE = timedelta(milliseconds=500)

ARRIVED, LOST = InDoubt("a time-out; it arrived"), InDoubt("a time-out; it did not arrive")


class WatchedGateway(ScriptedGateway):
    """Answers by text, and looks with a connection of its own whether what begins is on the disk.

    ready: how many connections stand, so that claims begin at once.
    """

    def __init__(self, clock: FakeClock, state: Path, ready: int) -> None:
        super().__init__(clock)
        self._state = state
        self._ready = ready
        self.plans: dict[str, deque[Outcome]] = {}
        self.violations: list[str] = []

    def ready(self) -> int:
        return self._ready

    def send(self, request: SendRequest, begin: Callable[[], bool]) -> Outcome:
        plan = self.plans.get(request.text) or deque()
        outcome: Outcome = plan[0] if plan else Accepted(f"uuid-{request.token}")
        if not (isinstance(outcome, NotSent) and not outcome.suspend):
            if not begin():
                return NotBegun("withdrawn")
            self._check_begun(request)
        if plan:
            plan.popleft()
        if isinstance(outcome, Accepted) or outcome is ARRIVED:
            self._take(request, f"uuid-{request.token}")
        return outcome

    def _check_begun(self, request: SendRequest) -> None:
        query = (
            "select a.begun_at, a.finished_at, d.state from attempts a join deliveries d on d.id = a.delivery_id "
            "where a.token = ? and a.number = d.attempts"
        )
        with closing(sqlite3.connect(f"{self._state.as_uri()}?mode=ro", uri=True)) as reader:
            found = reader.execute(query, [request.token]).fetchone()
        if found is None or found[0] is None or found[1:] != (None, "sending"):
            self.violations.append(f"a request without a committed beginning: {request.text} {found}")


FULL, FAILING = "database or disk is full", "disk I/O error"
LOCKED, READ_ONLY = "database is locked", "attempt to write a readonly database"
SAYINGS = (FULL, FAILING, LOCKED, READ_ONLY)


@dataclass
class Fault:
    """Which statements fail, and with what words.

    first: the first of them, from 1; 0 for none. times: so many in a row. done: they are done in truth. among: what those
    that count begin with. seen: how many there were of these so far.
    """

    first: int = 0
    says: str = FULL
    times: int = 1
    done: bool = False
    among: tuple[str, ...] = ("",)
    seen: int = 0

    def strikes(self, sql: str) -> bool:
        if not sql.strip().startswith(self.among):
            return False
        self.seen += 1
        return self.first <= self.seen < self.first + self.times if self.first else False


class FaultyConnection:
    """A connection of sqlite3 with a fault."""

    def __init__(self, raw: sqlite3.Connection, fault: Fault) -> None:
        self._raw = raw
        self._fault = fault

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        if not self._fault.strikes(sql):
            return self._raw.execute(sql, parameters)
        if self._fault.done:
            self._raw.execute(sql, parameters)
        elif self._fault.says in (FULL, FAILING) and self._raw.in_transaction:
            self._raw.execute("rollback")  # as SQLite itself does it after these
        raise sqlite3.OperationalError(self._fault.says)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


class DiskWorld(World):
    """A world whose connection to its state passes through `wrap`, from its next start on."""

    def __init__(self, folder: Path, ready: int) -> None:
        self.wrap: Callable[[sqlite3.Connection], Any] = lambda raw: raw
        super().__init__(folder)
        self.gateway = self.watched = WatchedGateway(self.clock, self.path, ready)

    def marks_beside(self, folder: Path) -> Path:
        """On a disk that works, as the settings should have it: these days are about the state's."""
        faulty = os.environ.get("SHIM_DISK")
        return Path(faulty).with_name("marks") if faulty else folder / "marks"

    def open_store(self, *, create: bool) -> Store:
        store = super().open_store(create=create)
        store._connection.raw = self.wrap(store._connection.raw)
        return store


@dataclass
class Day:
    """One day on one disk. failures: what the disk said. failed(number): called after each of them."""

    world: DiskWorld
    failed: Callable[[int], None] = lambda _: None
    failures: list[str] = field(default_factory=list)

    def surely(self, call: Callable[[], object]) -> None:
        """Do this until the disk lets it be done."""
        while True:
            try:
                call()
            except (StateFailure, StateError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
                assert len(self.failures) < _PATIENCE, f"it never ends: {self.failures[-3:]}"
                self.failed(len(self.failures))
                self.world.clock.advance(_PAUSE)
            except Refusal:  # it was done, and whoever asked was told that it was not
                assert self.failures
                return
            else:
                return

    def load(self, name: str, at: str, *outcomes: Outcome, **keys: Any) -> None:
        """A new file with one message at this time, and how its requests end."""
        text = f"Message of {name}."
        self.world.watched.plans[text] = deque(outcomes)
        spec = job(at=f"2027-03-01T{at}", message=text, **{"valid_for": "3h", "retry": ["1m"], **keys})
        self.world.write(f"{name}.yaml", spec)
        self.surely(self.world.sync)

    def go_to(self, time: str) -> None:
        moment = utc(f"2027-03-01 {time}")
        self.surely(lambda: self.world.go_to(max(moment, self.world.clock.now())))

    def restart(self) -> None:
        """A new process on the same state, which reads the files."""
        self.world.kill()
        self.surely(self._start)
        self.surely(self.world.sync)

    def _start(self) -> None:
        try:
            self.world.start()
        except StateFailure:
            self.world.store.close()
            raise

    def retry(self, name: str) -> None:
        with closing(sqlite3.connect(self.world.path)) as reader:
            (number,) = reader.execute("select id from deliveries where job = ?", [name]).fetchone()
        self.surely(lambda: self.world.command("retry", ids=[number]))

    def die_in_a_request(self) -> None:
        """A request is under way and arrives, and nobody hears the answer."""
        deliveries, now = self.world.store.deliveries, self.world.clock.now()
        claims: list[Claim] = []
        self.surely(self.world.plan)
        self.surely(
            lambda: claims.extend(deliveries.claim(1, now, timedelta(seconds=90), [f"dead-{len(self.failures)}"]))
        )
        if claims:
            self.surely(lambda: deliveries.begin(claims, now))
            self.world.watched.deliver(claims[0])
        self.restart()


def live(day: Day) -> None:
    """Every way that a message can take."""
    day.restart()
    day.load("both", "08:01", to=[ANNA, BERT])
    day.go_to("08:02")
    day.load("later", "08:03", NotSent("no route"))
    day.load("hourly", "08:03", to=[CARA], schedule={"cron": "4,30 * * * *"})
    day.go_to("08:05")
    day.load("proven", "08:06", ARRIVED)
    day.load("unknown", "08:06", LOST, to=[BERT])
    day.load("resent", "08:06", LOST, to=[CARA], on_doubt="resend")
    day.go_to("08:23")
    day.load("refused", "08:24", Refused(400, "no"))
    day.go_to("08:25")
    day.retry("refused")
    day.load("suspended", "08:26", NotSent("401", 401, suspend=True), to=[BERT])
    day.load("missed", "08:26", NotSent("401", 401, suspend=True), valid_for="30s")
    day.world.gateway.usable = False
    day.go_to("08:27")
    day.world.gateway.usable = True
    day.go_to("08:28")
    day.load("removed", "08:28", NotSent("no route"), retry=["30m"])
    day.go_to("08:29")
    del day.world.files["jobs.d/removed.yaml"]
    day.surely(day.world.sync)
    day.load("cut", "08:40", to=[ANNA])
    day.surely(lambda: day.world.store.health.alive(day.world.clock.now()))
    day.world.kill()
    day.world.clock.go_to(utc("2027-03-01 08:40"))
    day.surely(day._start)
    day.surely(day.world.sync)
    day.die_in_a_request()
    day.go_to("08:58")


class End(NamedTuple):
    """What a day ends as."""

    states: dict[tuple[str, str, str], str]
    arrived: Counter[tuple[str, str]]
    next_due: str


def end_of(day: Day) -> End:
    world = day.world
    with closing(sqlite3.connect(world.path)) as reader:
        rows = {
            tuple(key): state
            for *key, state in reader.execute("select job, nominal, phone, state from report_deliveries")
        }
    arrived = Counter((request.text, request.phone) for request in world.watched.arrived)
    return End(rows, arrived, str(world.planner.next_due()))


_ODD = {
    "a delivery under way": "select id, state from deliveries where state = 'sending'",
    "an attempt without an end": "select id, delivery_id from attempts where finished_at is null",
    "in doubt without a beginning": "select id, token from attempts where outcome = 'in_doubt' and begun_at is null",
    "accepted without a name": (
        "select d.id, d.job, d.message_uuid, a.message_uuid from deliveries d left join attempts a on a.delivery_id = d.id "
        "and a.message_uuid = d.message_uuid where d.state = 'accepted' and a.id is null"
    ),
    "planned is not the sum": (
        "select o.id, o.planned from occurrences o where o.planned <> "
        "(select count(*) from deliveries d where d.occurrence_id = o.id)"
    ),
    "accepted is not the sum": (
        "select o.id, o.accepted from occurrences o where o.accepted <> "
        "(select count(*) from deliveries d where d.occurrence_id = o.id and d.state = 'accepted')"
    ),
    "a state that its moves do not lead to": (
        "select d.id, d.state from deliveries d where d.state <> "
        "(select m.to_state from moves m where m.delivery_id = d.id order by m.id desc limit 1)"
    ),
    "a move from where it was not": (
        "select m.id, m.from_state, m.to_state from moves m where m.from_state <> coalesce("
        "(select b.to_state from moves b where b.delivery_id = m.delivery_id and b.id < m.id order by b.id desc limit 1), '')"
    ),
    "an illegal move": "select m.id from moves m where (m.from_state, m.to_state) not in "
    "(select from_state, to_state from legal_moves)",
    "a damaged file": "select * from pragma_quick_check where quick_check <> 'ok'",
}


def violations(day: Day, undisturbed: End | None) -> list[str]:
    """What is wrong at the end of a day, when the disk is well again."""
    found = list(day.world.watched.violations)
    with closing(sqlite3.connect(day.world.path)) as reader:
        for name, query in _ODD.items():
            found += [f"{name}: {row}" for row in reader.execute(query)]
    if day.world.dispatcher.in_flight:
        found.append(f"{day.world.dispatcher.in_flight} in flight")
    if undisturbed is None:
        return found
    for name, before, after in zip(End._fields, undisturbed, end_of(day), strict=True):
        if before != after:
            found.append(f"{name}: {_difference(before, after)}")
    return found


def _difference(before: Any, after: Any) -> str:
    if isinstance(before, dict):
        keys = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
        return ", ".join(f"{key} was {before.get(key)}, is {after.get(key)}" for key in keys)
    return f"was {before}, is {after}"
