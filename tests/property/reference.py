"""What docs/what-is-owed.md promises, on a page: which (job, nominal, phone) exist, in which state, tried and sent how often.

It shares no code with reminderd, and finds the times of a schedule by looking at each minute. Times that matter are whole
half minutes apart, so time goes in such steps. Left out, since the real rules are too fine for a page: quiet hours and splay;
keys of recipients; longer rows of retries (there is one, and its jitter falls between two steps); which of several claims a
death hits; answers that get lost after Plivo took the message, and `on_doubt: resend` (tests/property/test_matching.py, tests/unit/test_doubts.py);
suspensions of the gateway; two files that claim one name (tests/unit/test_catalog.py); clocks that jump; changed settings;
changes of the offset (tests/property/test_zones.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

STEP, MINUTE = timedelta(seconds=30), timedelta(minutes=1)
EARLY, BRIEF, WINDOW = timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10)
RETRY = timedelta(seconds=252)  # `4m` with some jitter
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Spec:
    """What a file says of one job. minutes and hours: of cron; interval: of every; times: of at, normalised."""

    minutes: tuple[int, ...] = ()
    hours: tuple[int, ...] = tuple(range(24))
    interval: int = 0  # minutes, from `start`
    start: datetime = LONG_AGO
    times: tuple[str, ...] = ()
    zone: str = "UTC"
    to: tuple[str, ...] = ()
    text: str = "Hello."
    valid_for: timedelta = timedelta(hours=1)
    catch_up: str = "latest"
    retries: int = 0
    enabled: bool = True

    def between(self, after: datetime, until: datetime) -> Iterator[tuple[datetime, str]]:
        """(due, nominal) in (after, until]."""
        zone = ZoneInfo(self.zone)
        if self.times:
            given = [datetime.fromisoformat(text) for text in self.times]
            dues = [(time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC) for time in given]
            yield from sorted(each for each in zip(dues, self.times, strict=True) if after < each[0] <= until)
            return
        due = after.replace(second=0, microsecond=0) + MINUTE
        while due <= until:
            wall = due.astimezone(zone).replace(tzinfo=None)
            if self.interval:
                if due >= self.start and not (due - self.start) % (self.interval * MINUTE):
                    yield due, f"{due.replace(tzinfo=None).isoformat()}Z"
            elif wall.minute in self.minutes and wall.hour in self.hours:
                yield due, wall.isoformat()
            due += MINUTE


File = dict[str, Spec] | None  # None: a broken one
Key = tuple[str, str, str]  # job, nominal, phone; "*" for a summary


@dataclass
class Job:
    """A job that was ever declared. since: up to when all that it owes is planned."""

    spec: Spec
    path: str
    first: datetime
    loaded: datetime
    since: datetime
    gone: datetime | None = None
    held: bool = False


@dataclass
class Row:
    """A delivery. withdrawn: its job or recipient has left."""

    state: str
    until: datetime
    text: str | None
    retries: int
    valid_for: timedelta
    not_before: datetime = LONG_AGO
    tried: int = 0
    sent: int = 0
    retried: int = 0
    withdrawn: bool = False


class Owed(NamedTuple):
    """A row to be. careful: it must not repeat an equal message."""

    key: Key
    due: datetime
    row: Row
    careful: bool


@dataclass
class Reference:
    """One machine. moods: by phone, how Plivo answers: accepted, refused, unsent, lost."""

    now: datetime
    rows: dict[Key, Row] = field(default_factory=dict)
    dues: dict[tuple[str, str], datetime] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    moods: dict[str, str] = field(default_factory=dict)
    awake: datetime = LONG_AGO
    alive: datetime = LONG_AGO
    hold: frozenset[str] = frozenset()  # what waits for approval
    let_go: frozenset[str] = frozenset()  # what was approved last
    counts_from: datetime = LONG_AGO
    paused: bool = False  # nothing is claimed

    # -- files -------------------------------------------------------------------------------------------

    def catalog(self, files: dict[str, File]) -> dict[str, tuple[str, Spec]] | None:
        """Good files say their jobs, broken ones keep theirs; None where a name has two owners."""
        found = [(name, path, spec) for path in sorted(files) for name, spec in (files[path] or {}).items()]
        for path in (path for path, content in files.items() if content is None):
            found += [(name, path, job.spec) for name, job in self.jobs.items() if job.path == path and not job.gone]
        names = {name for name, _, _ in found}
        return {name: (path, spec) for name, path, spec in found} if len(names) == len(found) else None

    def sync(self, files: dict[str, File], *, starting: bool = False) -> None:
        """The files are read; an edit counts from now on, one made while the daemon was down from when it was alive."""
        if not starting:
            self.plan()
        declared = self.catalog(files)
        assert declared is not None
        held = self._guard(set(declared))
        for name in [name for name, job in self.jobs.items() if not job.gone and name not in {*declared, *held}]:
            self.jobs[name].gone, self.jobs[name].held = self.now, False
            self._withdraw(name, ())
        for name, (path, spec) in declared.items():
            self._declare(name, path, spec, self.alive if starting else self.now)
        for name in self.jobs:
            self.jobs[name].held = name in held
        self.hold = held

    def _declare(self, name: str, path: str, spec: Spec, changed: datetime) -> None:
        old = self.jobs.get(name)
        if old and old.spec == spec and not old.gone:
            old.path = path
            return
        away = old is None or not old.spec.enabled or (old.gone is not None and self.now - old.gone > BRIEF)
        since = old.since if old and old.spec == spec else (old and old.gone) or changed
        since = LONG_AGO if spec.times else self.now if away else since
        self.jobs[name] = Job(spec, path, old.first if old else self.now, self.now, since)
        self._withdraw(name, spec.to)
        for key, row in self.rows.items():
            if key[0] == name and key[2] in spec.to and row.withdrawn:
                if row.state == "cancelled" and self._equal(key, row.text):
                    continue
                row.withdrawn = False
                if row.state == "cancelled" and row.until > self.now + EARLY:
                    row.state = "pending"

    def _withdraw(self, name: str, staying: tuple[str, ...]) -> None:
        for key, row in self.rows.items():
            if key[0] == name and key[2] not in staying and row.state in ("pending", "in_doubt"):
                row.withdrawn = True
                row.state = "cancelled" if row.state == "pending" else row.state

    def _guard(self, declared: set[str]) -> frozenset[str]:
        """More than half of ten or more jobs do not go at once, seen over ten minutes, until that is approved."""
        approved = set() if self.hold else {n for n in self.let_go if n in self.jobs and self.jobs[n].held} - declared
        if approved:
            self.counts_from = self.now
        since = max(self.now - WINDOW, self.counts_from)
        before = {n for n, j in self.jobs.items() if not j.gone or (n not in self.let_go and j.gone > since)}
        elders = {n for n in before if self.jobs[n].first <= since}
        missing = before - declared - approved
        going = {n for n in missing if not self.jobs[n].gone}
        if any(len(those) >= 10 and 2 * len(missing & those) > len(those) for those in (before, elders)):
            return frozenset(going)
        return frozenset(n for n in going if self.jobs[n].held)

    # -- planning ----------------------------------------------------------------------------------------

    def plan(self) -> None:
        """Everything due until now gets its row; what must not repeat others after them, by age, and held jobs last."""
        work = []
        for name, job in self.jobs.items():
            due = list(job.spec.between(job.since, self.now)) if not job.gone else []
            if due:
                age = job.loaded if job.held or due[0][0] <= job.loaded else LONG_AGO
                work.append((job.held, age, name, list(self._owed(name, job, due))))
            if not job.gone:
                job.since = self.now
        owed = [each for *_, rows in sorted(work, key=lambda one: one[:3]) for each in rows]
        for key, due_at, row, careful in sorted(owed, key=lambda each: each.careful):
            if key[2] == "*" and key[:2] in self.dues:
                continue
            self.dues.setdefault(key[:2], due_at)
            if key not in self.rows:
                if careful and row.state == "pending" and self._equal(key, row.text):
                    row.state = "missed"
                self.rows[key] = row

    def _owed(self, name: str, job: Job, found: list[tuple[datetime, str]]) -> Iterator[Owed]:
        spec = job.spec
        valid = {due: due + spec.valid_for > self.now + EARLY for due, _ in found}
        slept = [each for each in found if each[0] < self.awake] if not spec.times else []
        if spec.times or not slept or not spec.enabled:
            kept = found
        else:
            chances = {"latest": slept[-1:], "all": slept, "none": []}[spec.catch_up]
            kept = [each for each in chances if valid[each[0]]]
            skipped = [each for each in slept if each not in kept]
            kept = kept + found[len(slept) :]
            if skipped:
                due, nominal = skipped[-1]
                yield Owed((name, nominal, "*"), due, Row("missed", due, None, 0, spec.valid_for), False)
        for due, nominal in kept if spec.enabled or spec.times else ():
            late = spec.catch_up == "none" and due < self.awake and job.loaded < self.awake
            text = None if not spec.enabled or (spec.times and late) else spec.text.replace("{{ job.name }}", name)
            state = "pending" if valid[due] and text else "missed"
            row = Row(state, due + spec.valid_for, text, spec.retries, spec.valid_for)
            for phone in spec.to:
                yield Owed((name, nominal, phone), due, replace(row), job.held or due <= job.loaded)

    def _equal(self, key: Key, text: str | None) -> bool:
        """Whether this phone got, or will get, this text for this time under another name."""
        return any(
            other[:2] != key[:2]
            and other[2] == key[2]
            and row.text == text
            and self.dues[other[:2]] == self.dues[key[:2]]
            for other, row in self.rows.items()
            if row.state in ("accepted", "in_doubt", "pending")
        )

    # -- sending -----------------------------------------------------------------------------------------

    def claimable(self) -> list[Key]:
        return [
            key
            for key, row in self.rows.items()
            if row.state == "pending" and row.not_before <= self.now and row.until > self.now + EARLY
            if not self.jobs[key[0]].gone and self.jobs[key[0]].spec.enabled and not self.paused
        ]

    def tick(self) -> None:
        self.plan()
        for row in self.rows.values():
            if row.state == "pending" and row.until <= self.now + EARLY:
                row.state = "missed"
        for key in self.claimable():
            row = self.rows[key]
            row.tried += 1
            match self.moods.get(key[2]):
                case "refused":
                    row.state = "failed"
                case "lost":
                    row.state = "in_doubt"
                case "unsent" if row.retried >= row.retries:
                    row.state = "failed"
                case "unsent":
                    row.not_before, row.retried = self.now + RETRY, row.retried + 1
                    row.state = "pending" if row.until > row.not_before + EARLY else "missed"
                case _:
                    row.state, row.sent = "accepted", row.sent + 1
        self.alive = self.now

    def run(self, until: datetime) -> None:
        """The daemon is awake until then."""
        self.tick()
        while self.now < until:
            waiting = [row.not_before for row in self.rows.values() if row.state == "pending"]
            step = LONG_AGO + ((self.now - LONG_AGO) // STEP + 1) * STEP
            self.now = min([step, *(each for each in waiting if each > self.now)])
            self.tick()

    def start(self, files: dict[str, File]) -> None:
        """The daemon, dead since `alive`, starts now."""
        self.awake, self.paused = self.now, False
        self.sync(files, starting=True)
        self.tick()

    # -- operators ---------------------------------------------------------------------------------------

    def retry(self, key: Key) -> bool:
        """Whether that is allowed; valid anew from now on."""
        row, job = self.rows[key], self.jobs[key[0]]
        declared = not job.gone and job.spec.enabled and key[2] in job.spec.to and not row.withdrawn
        if row.state not in ("failed", "missed") or not row.text or not declared:
            return False
        row.state, row.not_before, row.retried = "pending", self.now, 0
        row.until = self.now + row.valid_for
        return True

    def settle(self, key: Key, sent: bool) -> None:
        """The operator's word about what is in doubt."""
        row = self.rows[key]
        late = "pending" if row.until > self.now + EARLY else "missed"
        row.state = "accepted" if sent else "cancelled" if row.withdrawn else late
        row.not_before = self.now if row.state == "pending" else row.not_before

    def approve(self) -> None:
        self.let_go, self.hold = self.hold, frozenset()
