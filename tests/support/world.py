"""A small world in one process: a state on disk, files as text, a gateway in memory, and time that tests move.

It joins the real parts as the daemon does, without its threads for watching and waiting.
"""

import json
import math
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from reminderd.clock import earliest, to_text
from reminderd.commands import Commands
from reminderd.daemon.endings import end_what_is_over, next_end
from reminderd.daemon.inbox import Inbox
from reminderd.dispatcher import Dispatcher, Limits, hush
from reminderd.gateway.callbacks import InboundText, StatusReport
from reminderd.gateway.port import (
    Details,
    DetailsUnavailable,
    Gateway,
    LogPage,
    LogUnavailable,
    MessageState,
    Probe,
    SendRequest,
)
from reminderd.jobs import Scan, Uses, beside, parse_file
from reminderd.jobs.disk import Bound
from reminderd.jobs.library import Found, Library, Stamp
from reminderd.model import Accepted, Defaults, InDoubt, LogRow, NotBegun, NotSent, Outcome, ParsedFile, Refused, digits
from reminderd.planner import Planner, Terms
from reminderd.reconciler import CallbackTaker, InboundTexts, ReceiptCollector, Reconciler, Result, look_up
from reminderd.store import Began, Claim, Mark, Store
from reminderd.store.mark import NOTHING
from reminderd.sync import Synced, Syncer
from reminderd.telemetry import Figures
from tests.support.clock import START, FakeClock, utc

SENDER = "+14155550100"
ANNA, BERT, CARA = "+14155550101", "+14155550102", "+14155550103"
FOLDER = "jobs.d"

T = TypeVar("T")
# Of one message: after how many seconds, what, with which Sequence.
Told = tuple[float, Details, int]

DEFAULTS = Defaults("UTC", SENDER)

_LIMITS = Limits(rate=0, threads=2, deadline=timedelta(seconds=60), first_look=timedelta(0))
_DELAYS = (timedelta(0), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
_PATIENCE = 10.0  # seconds of real time for a sender's thread to answer
_HEARTBEAT = timedelta(seconds=30)
_PASSES = 2000


def nominal(time: str, day: str = "2027-03-01") -> str:
    """A nominal time as the state has it, from `09:00`."""
    return f"{day}T{time}:00"


def hours(world: "World") -> list[tuple[str, str]]:
    """(time of day, state) of each delivery, oldest first."""
    return [(row["nominal"][11:16], row["state"]) for row in world.rows()]


@lru_cache(maxsize=1024)
def _parsed(path: str, text: str, defaults: Defaults) -> ParsedFile:
    """Walks read the same files over and over."""
    return parse_file(path, text.encode(), defaults)


class Shelf(Library):
    """The files that job files name, as texts by their paths."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__(beside(Path(FOLDER)))
        self._texts = texts

    def get(self, path: str, bound: Bound) -> Found:
        if path not in self._texts:
            return Found(path, b"", Stamp(b"", math.inf), "does not exist")
        content = self._texts[path].encode()
        return Found(path, content, Stamp(sha256(content).digest(), math.inf))


class ScriptedGateway:
    """Answers as `script` says, one entry a request; else as `moods` says of the phone; and accepts everything else.

    arrived: what a real gateway would have sent on, also where its answer got lost. lost_arrive: whether a request in
    doubt arrives. standing: how many connections stand. reports: by phone, what it says by itself of the first message, of the second, and so on. fates: by phone, what its first, second ... message comes to; the
    last goes on. Others are delivered. asked: about which messages somebody asked.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.script: deque[Outcome] = deque()
        self.moods: dict[str, Outcome] = {}
        self.fates: dict[str, Sequence[Details | DetailsUnavailable]] = {}
        self.reports: dict[str, Sequence[Sequence[Told]]] = {}
        self.outbox: list[tuple[datetime, StatusReport]] = []
        self.asked: list[str] = []
        self.lost_arrive = False
        self.arrived: list[SendRequest] = []
        self.arrived_at: list[str] = []
        self.rows: list[LogRow] = []
        self.log_answers: deque[LogUnavailable] = deque()
        self.skipped = 0
        self.usable = True
        self.standing = 0

    def send(self, request: SendRequest, begin: Callable[[], bool]) -> Outcome:
        outcome = self._scripted(request)
        if isinstance(outcome, NotSent) and not outcome.suspend:
            return outcome
        if not begin():
            return NotBegun("withdrawn")
        if outcome is None or isinstance(outcome, Accepted):
            return self._take(request, outcome.message_uuid if outcome else f"uuid-{request.token}")
        if isinstance(outcome, InDoubt | Refused) and self.lost_arrive:
            self._take(request, f"uuid-{request.token}")
        return outcome

    def _scripted(self, request: SendRequest) -> Outcome | None:
        with self._lock:
            return self.script.popleft() if self.script else self.moods.get(request.phone)

    def deliver(self, claim: Claim) -> None:
        """The request of this claim arrived, and its sender did not live to see the answer."""
        request = SendRequest(claim.token, claim.sender, claim.phone, claim.text, None)
        self._take(request, f"uuid-{claim.token}")

    def _take(self, request: SendRequest, uuid: str) -> Accepted:
        with self._lock:
            now = self._clock.now()
            self.arrived.append(request)
            self.arrived_at.append(to_text(now))
            self.rows.append(LogRow(uuid, now, digits(request.sender), digits(request.phone), 1, "sent"))
            number = sum(each.phone == request.phone for each in self.arrived) - 1
            for told in self.reports.get(request.phone, ())[number : number + 1]:
                self.outbox += [
                    (now + timedelta(seconds=after), StatusReport(request.token, uuid, details, sequence))
                    for after, details, sequence in told
                ]
        return Accepted(uuid)

    def log(
        self,
        *,
        since: datetime,
        until: datetime,
        phone: str | None = None,
        sender: str | None = None,
        page: str | None = None,
    ) -> LogPage | LogUnavailable:
        if self.log_answers:
            return self.log_answers.popleft()
        return LogPage(tuple(row for row in self.rows if since <= row.sent_at <= until), skipped=self.skipped)

    def details(self, message_uuid: str) -> Details | DetailsUnavailable:
        with self._lock:
            self.asked.append(message_uuid)
            phone = next((row.phone for row in self.rows if row.message_uuid == message_uuid), None)
            own = [row.message_uuid for row in self.rows if row.phone == phone]
        if phone is None:
            return DetailsUnavailable("404: not found", unknown=True)
        fates = self.fates.get(f"+{phone}", (Details(MessageState.DELIVERED),))
        return fates[min(own.index(message_uuid), len(fates) - 1)]

    def due_callbacks(self) -> list[tuple[datetime, StatusReport]]:
        """What Plivo says by itself now; it stays in the outbox until it was answered."""
        return [each for each in self.outbox if each[0] <= self._clock.now()]

    def next_callback(self) -> datetime | None:
        return min((at for at, _ in self.outbox), default=None)

    def ready(self) -> int:
        return self.standing

    def probe(self) -> Probe:
        return Probe(self.usable, "200" if self.usable else "503")

    def close(self) -> None:
        """Nothing is held open."""


def job(
    *, to: Any = (ANNA,), message: str = "Hello.", every: str | None = None, start: str = "", **keys: Any
) -> dict[str, Any]:
    """A job as a file says it; `at`, `cron` and `every` with `start` go into its schedule."""
    schedule: dict[str, Any] = {key: keys.pop(key) for key in ("at", "cron") if key in keys}
    if every:
        schedule = {"every": every, "from": start}
    return {"schedule": schedule, "to": list(to), "message": message, **keys}


class World:
    """One machine with reminderd on it. The daemon runs from the beginning, with no files."""

    def __init__(
        self,
        folder: Path,
        now: datetime = START,
        defaults: Defaults = DEFAULTS,
        receipts: Sequence[timedelta] = (),
    ) -> None:
        """receipts: when Plivo is asked what became of a message; the others need no reports."""
        self.path = folder / "state.db"
        self.marks = self.marks_beside(folder)
        self.clock = FakeClock(now)
        self.gateway = ScriptedGateway(self.clock)
        self.defaults = defaults
        self.receipts = tuple(receipts)
        self.limits = replace(_LIMITS, first_receipt=min(self.receipts, default=None))
        self.terms = Terms()
        self.chunk = 25  # rows planned at once, as the daemon does
        self.files: dict[str, str] = {}
        self.used: dict[str, str] = {}  # what these files name: lists and templates
        self.unreadable: set[str] = set()
        self.start(create=True)

    # -- the daemon -------------------------------------------------------------------------------------

    def start(self, *, create: bool = False) -> None:
        """Start the daemon; it reads the files with `sync()`."""
        now = self.clock.now()
        self.store = self.open_store(create=create)
        self.line = self._line()
        self.inbox = Inbox()
        self.planner = Planner(self.terms)
        self.syncer = Syncer(self.store, self.planner, self.defaults)
        self._mark = Mark(self.marks, self.store.origin.identity().state_id)
        # Whatever it died of: the state knows what the mark says, or the daemon would hold without reason.
        assert self.store.origin.knows(self._mark.read() or NOTHING)
        if (began := self.store.origin.last_began()) != NOTHING:
            self._mark.write(began)  # as the daemon does with a state that it trusts
        self.dispatcher = Dispatcher(
            self.store, self.line, self.clock, self.limits, self._poster(), self._probe_gateway, self._began
        )
        self.reconciler = Reconciler(self.store, self.line, self.clock.now, _DELAYS, False, self._run)
        self.collector = ReceiptCollector(
            self.store,
            self.line,
            self.clock.now,
            self.receipts,
            lambda: self.dispatcher.suspended,
            self.syncer.belongs,
            self._run,
        )
        self.taker = CallbackTaker(self.store, self.receipts, shared_sender=False)
        self.texts_in = InboundTexts(self.store, Figures(self.clock))
        self.commands = Commands(self.store, self._approved, lambda: self.syncer.running)
        last_alive = self.store.health.started(now)
        self.awake_since = now
        self.changed_since = min(last_alive, now) if last_alive else now
        self.store.deliveries.recover(now, timedelta(0), self.limits.first_receipt)
        self.syncer.reload_planner()
        self.loaded = False

    def open_store(self, *, create: bool) -> Store:
        return Store.open(self.path, create=create)

    def marks_beside(self, folder: Path) -> Path:
        return folder / "marks"

    def _began(self, attempt: int, token: str) -> None:
        self._mark.write(Began.of(attempt, token))

    def stop(self) -> None:
        """Stop the daemon in an orderly way."""
        if self.loaded:
            self.syncer.note_alive(self.clock.now())
        self.kill()

    def kill(self) -> None:
        """End it as SIGKILL would, with nothing in flight."""
        self.dispatcher.stop()
        self._mark.close()
        self.store.close()

    def restart(self) -> Synced:
        """Stop and start at once, and read the files."""
        self.stop()
        self.start()
        return self.sync()

    def die_in_a_request(self, *, begun: bool = True) -> list[Claim]:
        """End it after it has claimed what it can, right before or right after the requests began; and start it."""
        now = self.clock.now()
        claims = self.store.deliveries.claim(9, now, timedelta(seconds=90), [f"dead-{now}-{i}" for i in range(9)])
        if begun:
            self.store.deliveries.begin(claims, now)
        self.kill()
        self.start()
        return claims

    def sync(self) -> Synced:
        """Take over what the files say."""
        now = self.clock.now()
        if self.loaded:
            self.plan()
        synced = self.syncer.sync(self.scan(), now, now if self.loaded else self.changed_since)
        if not self.loaded:
            self.loaded = True
            self.syncer.note_alive(now)
        return synced

    def scan(self) -> Scan:
        texts = {path: text for path, text in self.files.items() if path not in self.unreadable}
        if FOLDER in self.unreadable:
            return Scan({}, unreadable=frozenset(self.unreadable))
        files = {path: self._parse(path, text) for path, text in texts.items()}
        return Scan(files, (), frozenset(self.unreadable), frozenset({FOLDER}))

    def _parse(self, path: str, text: str) -> ParsedFile:
        if not self.used:
            return _parsed(path, text, self.defaults)
        return parse_file(path, text.encode(), self.defaults, Uses.of(Shelf(self.used), path))

    def plan(self) -> None:
        """Plan what is due now, and send nothing."""
        now = self.clock.now()
        while (due := self.planner.next_due()) is not None and due <= now:
            self.planner.overrides = self.store.overrides.all_for_planning(now)
            plan = self.planner.plan(now, self.awake_since, self.chunk)
            self.store.deliveries.add(plan, now)
            self.planner.committed(plan)

    def tick(self) -> None:
        """One pass at this moment, and all answers to what it sends."""
        now = self.clock.now()
        end_what_is_over(self.store, now)
        if self.loaded:
            self.plan()
            hush(self.store, now)
            self.store.deliveries.expire(now)
        while self.dispatcher.advance(now) or self.dispatcher.in_flight:
            self._hear_senders()
            self.inbox.make_calls()
            self.take_callbacks()  # before what the senders have just said is recorded
        self.take_callbacks()
        self.dispatcher.probe_if_due(now)
        self.reconciler.advance(now)
        self.collector.advance(now)
        if self.loaded:
            self.syncer.note_alive(now)

    def call_back(
        self, token: str, details: Details, sequence: int | None = None, uuid: str | None = None, *, proven: bool = True
    ) -> Result:
        """Plivo reports of the message of the attempt with that token, and the loop takes it. uuid: of another message."""
        return self._hear(StatusReport(token, uuid or f"uuid-{token}", details, sequence, proven))

    def _hear(self, said: StatusReport) -> Result:
        with self.store.together():
            heard = self.taker.hear(said, self.clock.now())
        for tell in heard.told:
            tell()
        return heard.result

    def hear(
        self,
        uuid: str,
        phone: str,
        words: str,
        *,
        sender: str = SENDER,
        said: str | None = None,
        written_at: datetime | None = None,
    ) -> Result:
        """Plivo hands on what somebody wrote, and the loop takes it. said: how Plivo itself has read it."""
        with self.store.together():
            heard = self.texts_in.hear(InboundText(uuid, phone, sender, words, said, written_at), self.clock.now())
        for tell in heard.told:
            tell()
        return heard.result

    def take_callbacks(self) -> None:
        """What Plivo says by itself now: each until it was answered, after its commit."""
        for each in self.gateway.due_callbacks():
            self._hear(each[1])
            self._answered()
            self.gateway.outbox.remove(each)

    def _answered(self) -> None:
        """What was said is committed, and Plivo has no answer yet."""

    def go_to(self, text: str | datetime) -> None:
        """Run until that moment (`2027-03-01 09:00`, or `09:00` on the same day), waking up as the daemon would."""
        until = self._moment(text)
        for _ in range(_PASSES):
            self.tick()
            now = self.clock.now()
            wakes = (
                self.planner.next_due(),
                self.dispatcher.next_wake(now),
                self.reconciler.next_wake(),
                next_end(self.store),
                self.collector.next_wake(),
                self.gateway.next_callback(),
            )
            moment = max(now, min(earliest(*wakes) or until, until))
            if moment == now == until:
                return
            self.clock.go_to(moment)
        raise AssertionError("the daemon runs in a circle")

    def sleep_to(self, text: str | datetime) -> None:
        """The daemon is stopped until that moment; then it starts and reads the files."""
        self.stop()
        self.clock.go_to(self._moment(text))
        self.start()
        self.sync()
        self.tick()

    def _line(self) -> Gateway:
        """The gateway as the daemon has it."""
        return self.gateway

    def _poster(self) -> Callable[[Callable[[], None]], None]:
        """How senders have the loop make a call."""
        return self.inbox.post

    def _hear_senders(self) -> None:
        """Wait until one of them has posted something."""
        self.inbox.wait(_PATIENCE)

    def _moment(self, text: str | datetime) -> datetime:
        if isinstance(text, datetime):
            return text
        return utc(text if "-" in text else f"{self.clock.now():%Y-%m-%d} {text}")

    def _run(self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[], None]) -> None:
        done(work())

    def _probe_gateway(self) -> None:
        self.dispatcher.probed(self.line.probe(), self.clock.now())

    def _approved(self, kind: str) -> None:
        if kind == "cursor":
            self.syncer.reload_planner()

    # -- people -----------------------------------------------------------------------------------------

    def write(self, name: str, *jobs: dict[str, Any]) -> None:
        """Write a job file; JSON is YAML."""
        content = jobs[0] if len(jobs) == 1 else {"jobs": list(jobs)}
        self.files[f"{FOLDER}/{name}"] = json.dumps(content)

    def load(self, name: str, *jobs: dict[str, Any]) -> Synced:
        """Write a job file, and have it taken over."""
        self.write(name, *jobs)
        return self.sync()

    def delete(self, *names: str) -> Synced:
        for name in names:
            del self.files[f"{FOLDER}/{name}"]
        return self.sync()

    def rename(self, old: str, new: str) -> Synced:
        self.files[f"{FOLDER}/{new}"] = self.files.pop(f"{FOLDER}/{old}")
        return self.sync()

    def command(self, command: str, **arguments: Any) -> dict[str, Any]:
        """What an operator asks for, with a look into the log where that is due."""
        request = {"command": command, **arguments}
        doubt = self.commands.needs_log(request)
        findings = look_up(self.line, [doubt]) if doubt else None
        return self.commands.perform(request, "ops", self.clock.now(), findings)

    # -- what came of it --------------------------------------------------------------------------------

    def rows(self, name: str | None = None) -> list[dict[str, Any]]:
        """Deliveries, oldest first, of one job or all."""
        return self.store.reports.history(name, limit=0)[::-1]

    def states(self, name: str | None = None) -> list[tuple[str, str]]:
        """(nominal time, state) of each delivery, oldest first."""
        return [(row["nominal"], row["state"]) for row in self.rows(name)]

    def only(self, name: str | None = None) -> dict[str, Any]:
        """The one delivery there is."""
        (row,) = self.rows(name)
        return row

    @property
    def texts(self) -> list[str]:
        """What arrived at Plivo."""
        return [request.text for request in self.gateway.arrived]

    def problems(self) -> list[str]:
        return [row["message"] for row in self.store.reports.problems()]

    def holds(self) -> list[str]:
        return [hold.kind for hold in self.store.holds.open_ones()]

    def cursor(self, name: str, zone: str = "UTC") -> datetime:
        return self.store.jobs.cursors()[name, zone]

    def moves(self, delivery: int) -> list[tuple[str, str]]:
        return [(row["from_state"], row["to_state"]) for row in self.store.reports.moves(delivery)]

    def delivery_of(self, token: str) -> int:
        """The delivery whose attempt carries this token."""
        return self._tokens()[token]

    def _tokens(self) -> dict[str, int]:
        ids = [row["id"] for row in self.rows()]
        return {row["token"]: each for each in ids for row in self.store.reports.attempts(each)}

    def planned(self) -> int:
        """How many deliveries the occurrences say that they have."""
        with closing(sqlite3.connect(self.path)) as reader:
            (number,) = reader.execute("select coalesce(sum(planned), 0) from report_occurrences").fetchone()
        return int(number)
