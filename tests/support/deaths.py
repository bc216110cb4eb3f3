"""A machine whose daemon dies at a chosen one of its effects, and goes on as a new process on what the disk has.

An effect is a call of the store, a commit, a step of a request to the gateway, a scan of the files. The daemon can die
right before and right after each: these are the crash points of a life, counted from 0. What survives a death is a copy
of the state's files as they were in that moment, the job files, the clock, and Plivo with what it took.
"""

import contextlib
import random
import shutil
import sqlite3
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from reminderd.gateway.port import Details, DetailsUnavailable, Gateway, LogPage, LogUnavailable, Probe, SendRequest
from reminderd.jobs import Scan, parse_file
from reminderd.model import NotBegun, Outcome, ParsedFile
from reminderd.store import Store
from reminderd.store.connection import open_state
from reminderd.sync import Synced
from tests.support.clock import START, FakeClock
from tests.support.world import DEFAULTS, FOLDER, ScriptedGateway, World

_PATIENCE = 20.0  # seconds of real time; only a defect waits so long
_CONCERNS = (
    "jobs",
    "deliveries",
    "nights",
    "doubts",
    "receipts",
    "callbacks",
    "holds",
    "operations",
    "overrides",
    "opt_outs",
    "inbound",
    "reminders",
    "drills",
    "health",
    "origin",
    "zones",
    "alerts",
    "heartbeats",
    "retention",
    "forgetting",
)

T = TypeVar("T")
Answer = Callable[[datetime], Outcome | None]


class Death(BaseException):
    """The process ends here. Only the test catches it."""


class _Ended(BaseException):
    """A sender of a dead process ends here. Only the gateway that it sends through catches it."""


class Point(NamedTuple):
    """One crash point. left: what a death here leaves behind; two points that leave the same are one to what follows."""

    label: str
    left: Hashable


class Life:
    """One process from its start to its death. fatal: the crash point at which it dies; None to live on."""

    def __init__(self, fatal: int | None, left: Callable[[], Hashable], on_death: Callable[[], None]) -> None:
        self.points: list[Point] = []
        self.dead = False
        self.over = False
        self._fatal = fatal
        self._left = left
        self._on_death = on_death
        self._loop = threading.current_thread()

    def point(self, label: str) -> None:
        """The process may die here; once it is dead, no thread of it gets past any point."""
        self.pass_by(label)
        if not self.dead or self.over:
            return
        if threading.current_thread() is self._loop:
            raise Death
        raise _Ended

    def pass_by(self, label: str) -> None:
        """As `point`, for what happens outside: whoever the process is waiting for goes on."""
        if not self.dead and not self.over:
            self.points.append(Point(label, self._left()))
            if len(self.points) - 1 == self._fatal:
                self._on_death()
                self.dead = True

    def effect(self, label: str, call: Callable[[], T]) -> T:
        """Make a call that can be died before and after."""
        self.point(f"before {label}")
        result = call()
        self.point(f"after {label}")
        return result


class Turns:
    """One thread at a time: the loop, or the sender that it let go on. So a life is the same each time."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._changed = threading.Condition()
        self._waiting: set[str] = set()
        self._holder: str | None = None
        self._over = False

    def take(self, name: str) -> None:
        """A sender waits for its turn, if it does not have it."""
        with self._changed:
            if self._holder == name:
                return
            self._waiting.add(name)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._over or self._holder == name)
            self._waiting.discard(name)
            if self._over:
                raise _Ended

    def give_back(self) -> None:
        """A sender has posted something, or has died."""
        with self._changed:
            self._holder = None
            self._changed.notify_all()

    def let_go_on(self, number: int) -> None:
        """The loop lets each of so many senders go on until it has posted something."""
        with self._changed:
            self._wait(lambda: len(self._waiting) == number)
            for name in sorted(self._waiting):
                self._holder = name
                self._changed.notify_all()
                self._wait(lambda: self._holder is None)
                if self._life.dead:
                    raise Death

    def _wait(self, condition: Callable[[], bool]) -> None:
        assert self._changed.wait_for(condition, _PATIENCE), "a sender does not go on"

    def end(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()


class Mortal(World):
    """A world whose daemon dies at the given points, one a life; the life after the last of them goes on to the end.

    downtime: how long after a death the next process starts. fresh: the first one has to create its state.
    """

    def __init__(
        self,
        folder: Path,
        fatal: Sequence[int] = (),
        *,
        threads: int = 2,
        downtime: timedelta = timedelta(0),
        fresh: bool = False,
        receipts: Sequence[timedelta] = (),
    ) -> None:
        self.lives: list[Life] = []
        self.misdeeds: set[str] = set()
        self._fatal = deque(fatal)
        self._downtime = downtime
        self._folder = folder
        self._step = 0
        self._commits = 0
        self._running = self._wired = False
        self._born = False
        super().__init__(folder, START, DEFAULTS, receipts)
        self._born = True
        self.gateway: Plivo = Plivo(self.clock)
        self.limits = replace(self.limits, threads=threads)
        if not fresh:
            self.path.write_bytes(_empty_state())

    # -- living and dying -------------------------------------------------------------------------------

    def play(self, steps: Sequence[Callable[["Mortal"], object]]) -> None:
        """Do these steps, however often the daemon dies; a step in which it dies is done again."""
        for self._step, step in enumerate(steps):
            while not self._survives(step):
                self.clock.advance(self._downtime)
        self.life.over = True  # what is asked of the world from now on is not part of its story

    def _survives(self, step: Callable[["Mortal"], object]) -> bool:
        try:
            if not self._running:
                self._rise()
            step(self)
        except Death:
            self._bury()
            return False
        return True

    def _rise(self) -> None:
        random.seed(0)  # the jitter of retries
        fatal = self._fatal.popleft() if self._fatal else None
        self.life = Life(fatal, self._left, self._keep_files)
        self.lives.append(self.life)
        self.start(create=True)
        self.sync()
        self._running = True

    def start(self, *, create: bool = False) -> None:
        if self._born:
            self._wired = False
            self.turns = Turns(self.life)
            super().start(create=create)
            self._wired = True

    def _left(self) -> Hashable:
        files = tuple(sorted(self.files.items()))
        marks = tuple(path.read_bytes() for path in self.marks.glob("*"))
        return self._step, self.clock.now(), self._commits, files, marks, self._plivo_left()

    def _plivo_left(self) -> Hashable:
        return self.gateway.left()

    def _keep_files(self) -> None:
        """What a process that is killed leaves on the disk, its write-ahead log beside the state."""
        old, folder = self.path, self._folder / f"life-{len(self.lives)}"
        folder.mkdir()
        self._next_path = folder / old.name
        for name in (old.name, f"{old.name}-wal"):
            if (old.parent / name).exists():
                shutil.copyfile(old.parent / name, folder / name)

    def _bury(self) -> None:
        """Let the threads of the dead process end; whatever they still do is done to files that nobody reads."""
        self._running = False
        self.turns.end()
        if self._wired:
            self.inbox.make_calls()
            with contextlib.suppress(Death):
                self.dispatcher.advance(self.clock.now())  # answers those who asked for their beginning
            self.dispatcher.stop()
            self.line.close()
        if self._raw is not None:
            self._raw.close()
            self._raw = None
        self.path = self._next_path

    def kill(self) -> None:
        super().kill()
        self.line.close()

    def abandon(self) -> None:
        """End it where its own failure left it."""
        self.life.dead, self.life.over, self._next_path = True, False, self.path
        self._bury()

    # -- its effects ------------------------------------------------------------------------------------

    _raw: sqlite3.Connection | None = None

    def open_store(self, *, create: bool) -> Store:
        connection = self.life.effect("opening the state", lambda: open_state(self.path, create=create))
        self._raw = connection.raw
        connection.raw = cast(sqlite3.Connection, _Raw(connection.raw, self.life, self._committed))
        store = Store(connection)
        for concern in _CONCERNS:
            setattr(store, concern, _Concern(getattr(store, concern), concern, self.life))
        return store

    def _began(self, attempt: int, token: str) -> None:
        super_began = super()._began
        self.life.effect("writing the mark", lambda: super_began(attempt, token))

    def _committed(self) -> None:
        self._commits += 1

    def _line(self) -> Gateway:
        return MortalGateway(self._wire(), self.life, self.turns, self._witness)

    def _witness(self, request: SendRequest) -> None:
        """Note a request that starts without a beginning that others can read; called by senders, at their own time.

        While a turn is awaited here, the loop goes on: only this sees what a sender could do that was told too early.
        """
        with closing(sqlite3.connect(self.path)) as reader:
            query = "select 1 from attempts where token = ? and begun_at is not null"
            if reader.execute(query, [request.token]).fetchone() is None:
                self.misdeeds.add("a request could start before its beginning was committed")

    def _wire(self) -> Gateway:
        """What the daemon sends through."""
        return self.gateway

    def _poster(self) -> Callable[[Callable[[], None]], None]:
        inbox, turns = self.inbox, self.turns

        def post(call: Callable[[], None]) -> None:
            inbox.post(call)
            turns.give_back()

        return post

    def _hear_senders(self) -> None:
        self.turns.let_go_on(self.dispatcher.in_flight)

    def scan(self) -> Scan:
        return self.life.effect("scan of the files", self._read)

    def _read(self) -> Scan:
        return Scan(
            {path: _parsed(path, text) for path, text in self.files.items()}, (), frozenset(), frozenset({FOLDER})
        )

    # -- the story --------------------------------------------------------------------------------------

    def taken(self) -> Mapping[int, int]:
        """How often Plivo took each delivery, by id. A message whose attempt nobody knows counts for delivery 0."""
        owners = self._tokens()
        return Counter(owners.get(request.token, 0) for request in self.gateway.arrived)

    def _answered(self) -> None:
        self.life.point("after the commit of a callback: Plivo has no answer")

    def end(self) -> None:
        """After the story: nothing may run on."""
        if self._running:
            self.kill()

    def have(self, files: Mapping[str, str]) -> Synced:
        """The job files are these, and the daemon takes them over."""
        self.files = dict(files)
        return self.sync()


class _Concern:
    """A part of the store of which each call is an effect."""

    def __init__(self, part: object, name: str, life: Life) -> None:
        self._part = part
        self._name = name
        self._life = life

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._part, name)
        return lambda *args, **kwargs: self._life.effect(f"{self._name}.{name}", lambda: method(*args, **kwargs))


class _Raw:
    """SQLite's connection, of which each commit is an effect. committed(): something was."""

    def __init__(self, raw: sqlite3.Connection, life: Life, committed: Callable[[], None]) -> None:
        self._raw = raw
        self._life = life
        self._committed = committed
        self._changes = raw.total_changes

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql != "commit":
            return self._raw.execute(sql, *parameters)
        return self._life.effect("commit", self._commit)

    def _commit(self) -> sqlite3.Cursor:
        cursor = self._raw.execute("commit")
        if self._raw.total_changes != self._changes:
            self._changes = self._raw.total_changes
            self._committed()
        return cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


class Plivo(ScriptedGateway):
    """The service itself, which remembers what it took. answers: by phone, what it says to a request at a moment.

    none: it takes everything. It answers by the clock alone, so that it says the same to whoever asks again.
    """

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.answers: dict[str, Answer] = {}
        self.unusable_until = self.log_unreadable_until = clock.now()

    def _scripted(self, request: SendRequest) -> Outcome | None:
        answer = self.answers.get(request.phone)
        return answer(self._clock.now()) if answer else None

    def log(self, **question: Any) -> LogPage | LogUnavailable:
        if self._clock.now() < self.log_unreadable_until:
            return LogUnavailable("503")
        return super().log(**question)

    def probe(self) -> Probe:
        self.usable = self._clock.now() >= self.unusable_until
        return super().probe()

    def left(self) -> Hashable:
        return len(self.arrived), len(self.outbox)


class MortalGateway:
    """The way to Plivo, of which each step can be died at. witness(request): called as soon as it may start."""

    def __init__(self, wire: Gateway, life: Life, turns: Turns, witness: Callable[[SendRequest], None]) -> None:
        self._wire = wire
        self._witness = witness
        self._life = life
        self._turns = turns

    def send(self, request: SendRequest, begin: Callable[[], bool]) -> Outcome:
        try:
            self._turns.take(request.phone)
            self._life.point("before send")
            outcome = self._wire.send(request, lambda: self._begin(request, begin))
            self._life.point("after send: Plivo has answered, and we have not heard")
        except _Ended:
            return NotBegun("nobody hears this")  # so that the thread ends: its loop is gone
        return outcome

    def _begin(self, request: SendRequest, begin: Callable[[], bool]) -> bool:
        self._life.point("before begin")
        granted = begin()
        if granted:
            self._witness(request)
        self._turns.take(request.phone)
        self._life.point("after begin: Plivo has nothing yet")
        return granted

    def ready(self) -> int:
        return self._wire.ready()

    def log(
        self,
        *,
        since: datetime,
        until: datetime,
        phone: str | None = None,
        sender: str | None = None,
        page: str | None = None,
    ) -> LogPage | LogUnavailable:
        ask = lambda: self._wire.log(since=since, until=until, phone=phone, sender=sender, page=page)  # noqa: E731
        return self._life.effect("log", ask)

    def details(self, message_uuid: str) -> Details | DetailsUnavailable:
        return self._life.effect("details", lambda: self._wire.details(message_uuid))

    def probe(self) -> Probe:
        return self._life.effect("probe", self._wire.probe)

    def close(self) -> None:
        self._wire.close()


@cache
def _parsed(path: str, text: str) -> ParsedFile:
    """Thousands of lives read the same few files."""
    return parse_file(path, text.encode(), DEFAULTS)


@cache
def _empty_state() -> bytes:
    """A state in which nothing has happened yet."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        with closing(open_state(path, create=True).raw):
            pass
        return path.read_bytes()
