"""What docs/what-is-owed.md promises, on a page: which (job, nominal, phone) exist, in which state, tried and sent how often.

It shares no code with reminderd, and finds the times of a schedule by looking at each minute. Times that matter are whole
half minutes apart, so time goes in such steps. Left out, since the real rules are too fine for a page: splay; limits, and
holds of single messages (tests/unit/test_limits.py, tests/crash/waiting.py); keys of recipients; longer rows of retries (there is one, and its jitter falls between two steps); which of several claims a
death hits; answers that get lost after Plivo took the message, and `on_doubt: resend` (tests/property/test_matching.py, tests/unit/test_doubts.py);
suspensions of the gateway; two files that claim one name (tests/unit/test_catalog.py); clocks that jump; changed settings;
changes of the offset (tests/property/test_zones.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

STEP, MINUTE = timedelta(seconds=30), timedelta(minutes=1)
EARLY, BRIEF, WINDOW = timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10)
RETRY = timedelta(seconds=252)  # `4m` with some jitter
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO, NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


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
    own: bool = False  # timezone: recipient
    zones: tuple[tuple[str, str], ...] = ()  # of some people
    quiet: tuple[int, int] | None = None  # minutes since midnight
    drop: bool = False  # on_quiet

    def zone_of(self, phone: str) -> str:
        return dict(self.zones).get(phone, self.zone)

    def by_zone(self) -> dict[str, tuple[str, ...]]:
        """The people by the zone in which the schedule is meant for them."""
        zones = {self.zone_of(phone) for phone in self.to} if self.own else ()
        return {zone: tuple(p for p in self.to if self.zone_of(p) == zone) for zone in zones} or {self.zone: self.to}

    def between(self, name: str, after: datetime, until: datetime) -> Iterator[tuple[datetime, str]]:
        """(due, nominal) in (after, until], in that zone."""
        zone = ZoneInfo(name)
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


@cache
def night(quiet: tuple[int, int] | None, zone: str, moment: datetime) -> tuple[datetime, datetime]:
    """The first quiet time that ends after that moment: from, until. It goes on where it has begun by then."""
    if quiet is None:
        return NEVER, NEVER

    def silent(minute: datetime) -> bool:
        wall = minute.astimezone(ZoneInfo(zone))
        now, (start, end) = wall.hour * 60 + wall.minute, quiet
        return start <= now < end if start < end else not end <= now < start

    first = moment.replace(second=0, microsecond=0)
    while not silent(first):
        first += MINUTE
    last = first
    while silent(first - MINUTE):
        first -= MINUTE
    while silent(last):
        last += MINUTE
    return first, last


File = dict[str, Spec] | None  # None: a broken one
Key = tuple[str, str, str]  # job, nominal, phone; "*" for a summary, with its zone where each has its own


@dataclass
class Job:
    """A job that was ever declared. since: by zone, up to when all that it owes is planned."""

    spec: Spec
    path: str
    first: datetime
    loaded: datetime
    since: dict[str, datetime]
    gone: datetime | None = None
    held: bool = False


@dataclass
class Row:
    """A delivery. not_before, until: when it may go out. withdrawn: its job or recipient has left. night: the quiet time that
    comes next for its recipient."""

    state: str
    due: datetime
    zone: str
    text: str | None
    spec: Spec
    phone: str = "*"
    not_before: datetime = LONG_AGO
    until: datetime = LONG_AGO
    night: tuple[datetime, datetime] = (NEVER, NEVER)
    tried: int = 0
    sent: int = 0
    retried: int = 0
    withdrawn: bool = False
    proven: bool = False  # Plivo has said that it took it, when it had been given up

    def wait(self, moment: datetime) -> None:
        """It may go out at that moment, or when the quiet time ends into which that falls; valid from then on."""
        first, last = self._night(moment)
        self.not_before = last if first <= moment and not self.spec.drop else moment
        self.until = self.not_before + self.spec.valid_for
        self.night = self._night(self.not_before)

    def hush(self, now: datetime) -> None:
        """When a quiet time has come, it waits for its end, or is given up; what nobody saw is over."""
        first, last = self.night
        if first > now + EARLY:
            return
        if self.spec.drop and now < last:
            self.state = "missed"
        if not self.spec.drop and first <= self.until:
            self.not_before = max(self.not_before, last)
            self.until = max(self.until, min(last, self.due + 2 * DAY) + self.spec.valid_for)
        self.night = self._night(max(now, last))

    def again(self, moment: datetime, unwanted: bool) -> None:
        """Pending again, where it is still wanted, and valid at that moment or in the quiet time before it."""
        valid = self.until > moment + EARLY or (self.night[0] <= moment + EARLY and self.night[0] <= self.until)
        self.state = "cancelled" if unwanted or self.withdrawn else "pending" if valid else "missed"
        self.not_before = moment

    def _night(self, moment: datetime) -> tuple[datetime, datetime]:
        return night(self.spec.quiet, self.spec.zone_of(self.phone), moment)


class Owed(NamedTuple):
    """A row to be. careful: it must not repeat an equal message."""

    key: Key
    row: Row
    careful: bool


@dataclass
class Word:
    """An operator's: a pause of a job or of all, or a skip of one occurrence."""

    job: str | None
    nominal: str | None
    since: datetime
    until: datetime = NEVER

    def covers(self, job: str, due: datetime, nominal: str) -> bool:
        if self.job not in (None, job):
            return False
        return self.nominal == nominal if self.nominal else self.since <= due < self.until


@dataclass
class Reference:
    """One machine. moods: by phone, how Plivo answers: accepted, refused, unsent, lost."""

    now: datetime
    rows: dict[Key, Row] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    moods: dict[str, str] = field(default_factory=dict)
    awake: datetime = LONG_AGO
    alive: datetime = LONG_AGO
    hold: frozenset[str] = frozenset()  # what waits for approval
    let_go: frozenset[str] = frozenset()  # what was approved last
    counts_from: datetime = LONG_AGO
    paused: bool = False  # nothing is claimed
    words: list[Word] = field(default_factory=list)
    opted_out: set[str] = field(default_factory=set)  # by an operator
    stopped: set[str] = field(default_factory=set)  # by a text of their own

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
        start = LONG_AGO if spec.times else self.now if away else (old and old.gone) or changed
        since = dict.fromkeys(spec.by_zone(), start)
        if old and old.spec == spec and not away and not spec.times:
            since = old.since
        self.jobs[name] = Job(spec, path, old.first if old else self.now, self.now, since)
        self._withdraw(name, spec.to)
        for key, row in self.rows.items():
            if key[0] == name and key[2] in spec.to and row.withdrawn:
                if row.state == "cancelled" and (row.proven or self._equal(key, row)):
                    continue
                row.withdrawn = False
                if row.state == "cancelled" and row.until > self.now + EARLY and not self.is_out(key[2]):
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
            for zone in job.since if not job.gone else ():
                due = list(job.spec.between(zone, job.since[zone], self.now))
                if due:
                    age = job.loaded if job.held or due[0][0] <= job.loaded else LONG_AGO
                    work.append((job.held, age, name, zone, list(self._owed(name, job, zone, due))))
                job.since[zone] = self.now
        owed = [each for *_, rows in sorted(work, key=lambda one: one[:4]) for each in rows]
        for key, row, careful in sorted(owed, key=lambda each: each.careful):
            if key[2].startswith("*") and self._is_planned(key, row):
                continue
            if key not in self.rows:
                if careful and row.state == "pending" and self._equal(key, row):
                    row.state = "missed"
                self.rows[key] = row

    def _is_planned(self, key: Key, row: Row) -> bool:
        return any(k[:2] == key[:2] and (other.zone == row.zone or key[2] == "*") for k, other in self.rows.items())

    def _owed(self, name: str, job: Job, zone: str, found: list[tuple[datetime, str]]) -> Iterator[Owed]:
        spec = job.spec
        wait = DAY if spec.quiet and not spec.drop else timedelta(0)
        summary = f"* {zone}" if spec.own else "*"
        slept = [each for each in found if each[0] < self.awake] if not spec.times else []
        if spec.times or not slept or not spec.enabled:
            kept = found
        else:
            chances = {"latest": slept[-1:], "all": slept, "none": []}[spec.catch_up]
            kept = [each for each in chances if each[0] + spec.valid_for + wait > self.now + EARLY]
            skipped = [each for each in slept if each not in kept]
            kept = kept + found[len(slept) :]
            if skipped:
                due, nominal = skipped[-1]
                yield Owed((name, nominal, summary), Row("missed", due, zone, None, spec), False)
        for due, nominal in kept if spec.enabled or spec.times else ():
            if any(word.covers(name, due, nominal) for word in self.words):
                yield Owed((name, nominal, summary), Row("missed", due, zone, None, spec), False)
                continue
            late = spec.catch_up == "none" and due < self.awake and job.loaded < self.awake
            text = None if not spec.enabled or (spec.times and late) else spec.text.replace("{{ job.name }}", name)
            for phone in spec.by_zone()[zone]:
                row = Row("missed", due, zone, text, spec, phone)
                row.wait(due)
                if text and row.until > self.now + EARLY and not (spec.drop and row.night[0] <= due):
                    row.state = "cancelled" if self.is_out(phone) else "pending"
                yield Owed((name, nominal, phone), row, job.held or due <= job.loaded)

    def _equal(self, key: Key, mine: Row) -> bool:
        """Whether this phone got, or will get, this text for this time under another name."""
        return any(
            other[:2] != key[:2] and other[2] == key[2] and row.text == mine.text and row.due == mine.due
            for other, row in self.rows.items()
            if row.state in ("accepted", "in_doubt", "pending") or row.proven
        )

    # -- sending -----------------------------------------------------------------------------------------

    def claimable(self) -> list[Key]:
        return [
            key
            for key, row in self.rows.items()
            if row.state == "pending" and row.not_before <= self.now and min(row.until, row.night[0]) > self.now + EARLY
            if not self.jobs[key[0]].gone and self.jobs[key[0]].spec.enabled and not self.paused
            if not any(word.covers(key[0], self.now, "") for word in self.words)
        ]

    def tick(self) -> None:
        self.plan()
        for row in self.rows.values():
            if row.state == "pending":
                row.hush(self.now)
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
                case "unsent" if row.retried >= row.spec.retries:
                    row.state = "failed"
                case "unsent":
                    row.retried += 1
                    row.again(self.now + RETRY, unwanted=False)
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
        if row.state not in ("failed", "missed") or row.proven or not row.text or not declared or self.is_out(key[2]):
            return False
        row.state, row.retried = "pending", 0
        row.wait(self.now)
        return True

    def settle(self, key: Key, sent: bool) -> None:
        """The operator's word about what is in doubt."""
        if sent:
            self.rows[key].state = "accepted"
        else:
            self.rows[key].again(self.now, unwanted=self.is_out(key[2]))

    def prove(self, key: Key) -> None:
        """Plivo says by itself that it took an attempt of which nobody knew that."""
        row = self.rows[key]
        if row.state in ("pending", "in_doubt"):
            row.state = "accepted"
        elif row.state != "accepted":
            row.proven = True

    def is_out(self, phone: str) -> bool:
        return phone in self.opted_out or phone in self.stopped

    def opt_out(self, phone: str) -> None:
        self.opted_out.add(phone)
        self._wants_nothing(phone)

    def text(self, phone: str, words: str) -> None:
        """They write to the one number that all jobs send from."""
        if words.startswith("S"):
            self.stopped.add(phone)
            self._wants_nothing(phone)
        elif words == "start":
            self.stopped.discard(phone)

    def _wants_nothing(self, phone: str) -> None:
        for row in [row for key, row in self.rows.items() if key[2] == phone]:
            row.withdrawn = row.withdrawn and row.state != "cancelled"
            row.state = "cancelled" if row.state == "pending" else row.state

    def pause(self, job: str | None, until: datetime) -> None:
        """What is paused already keeps its beginning."""
        if (word := self.word(job, None)) is None:
            self.words.append(word := Word(job, None, self.now))
        word.until = until

    def coming(self) -> dict[tuple[str, str], datetime]:
        """(job, nominal) of occurrences that can still be skipped in some zone, and when it is due in the last."""
        found: dict[tuple[str, str], datetime] = {}
        for name, spec in [(name, job.spec) for name, job in self.jobs.items() if not job.gone]:
            for zone in spec.by_zone():
                for due, nominal in spec.between(zone, self.now, self.now + 2 * HOUR):
                    found[name, nominal] = max(due, found.get((name, nominal), due))
        return found

    def skip(self, job: str, nominal: str) -> bool:
        """Whether it is new."""
        known = any((word.job, word.nominal) == (job, nominal) for word in self.words)
        if not known:
            self.words.append(Word(job, nominal, self.now, self.coming()[job, nominal]))
        return not known

    def unskip(self, job: str, nominal: str) -> bool:
        """Whether it was not too late."""
        word = self.word(job, nominal)
        self.words = [each for each in self.words if each is not word]
        return word is not None

    def word(self, job: str | None, nominal: str | None) -> Word | None:
        """What still stands."""
        mine = [word for word in self.words if (word.job, word.nominal) == (job, nominal) and word.until > self.now]
        return mine[0] if mine else None

    def approve(self) -> None:
        self.let_go, self.hold = self.hold, frozenset()
