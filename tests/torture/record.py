"""What the driver did, written down by itself: the independent record that the judge holds against the state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tests.torture.files import FileSpec, Flaw, JobSpec, quiet_hours


@dataclass(frozen=True, slots=True)
class Due:
    """One message by its own words; `name` is the recipient's."""

    job: str
    nominal: str
    name: str


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that was typed, and how it ended. status: None when it did not end in time."""

    words: tuple[str, ...]
    status: int | None
    out: str
    err: str
    seconds: float

    @property
    def target(self) -> str:
        at = 2 if self.words[0] == "opt-out" else 1
        return self.words[at] if len(self.words) > at else ""


@dataclass
class Record:
    """Everything that was declared, which of it the daemon certainly owes, and every command.

    A file's jobs are certainly owed once the daemon has said that it runs them, while nothing else was written there
    but broken versions.
    """

    times: dict[int, str] = field(default_factory=dict)  # by number of the slot
    declared: set[Due] = field(default_factory=set)
    tails: dict[str, set[str]] = field(default_factory=dict)  # what the texts of a job ever ended with
    resending: set[str] = field(default_factory=set)  # jobs that ever said `on_doubt: resend`
    undelivered: set[str] = field(default_factory=set)  # jobs that ever said `on_undelivered: retry`
    own: set[str] = field(default_factory=set)  # jobs that are meant in each recipient's own zone
    listed: set[str] = field(default_factory=set)  # jobs whose people are in a list, with their zones
    quiet: dict[str, str] = field(default_factory=dict)  # the quiet hours of jobs
    rules: dict[str, int] = field(default_factory=dict)  # the interval of each rule
    owed: set[Due] = field(default_factory=set)
    witnesses: int = 0
    first_witness: datetime | None = None  # of the rules
    last_witness: datetime | None = None
    commands: list[Ran] = field(default_factory=list)
    clock_moved: bool = False
    wrong: list[str] = field(default_factory=list)  # what the driver itself saw go wrong
    counts: dict[str, int] = field(default_factory=dict)
    _files: dict[str, FileSpec] = field(default_factory=dict)
    _running: dict[str, FileSpec] = field(default_factory=dict)  # certainly
    hidden: bool = False

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    # -- the files --------------------------------------------------------------------------------------

    def put(self, path: str, spec: FileSpec) -> None:
        self._files[path] = spec
        if spec.flaw is not Flaw.NONE:
            return  # what ran runs on
        self._running.pop(path, None)
        for job in spec.jobs:
            self._declare(job)

    def remove(self, path: str) -> None:
        self._files.pop(path, None)
        self._running.pop(path, None)

    def rename(self, old: str, new: str) -> None:
        spec = self._files[old]
        self.remove(old)
        self.put(new, spec)

    def _declare(self, job: JobSpec) -> None:
        if job.every:
            self.rules[job.name] = job.every
        if job.on_doubt == "resend":
            self.resending.add(job.name)
        if job.undelivered == "retry":
            self.undelivered.add(job.name)
        if job.own:
            self.own.add(job.name)
        if job.listed:
            self.listed.add(job.name)
        if job.quiet:
            self.quiet[job.name] = quiet_hours(self.times[job.quiet.number])
        self.tails.setdefault(job.name, set()).add(job.tail)
        self.declared.update(self._dues(job))

    def _dues(self, job: JobSpec) -> list[Due]:
        return [Due(job.name, self.times[slot.number], person.name) for slot in job.slots for person in job.people]

    def witness(self, begun: datetime, ended: datetime) -> None:
        """The daemon said, between these times, that it runs the files and has planned what was due at `begun`."""
        self._running.update({path: spec for path, spec in self._files.items() if spec.flaw is Flaw.NONE})
        until = nominal(begun)
        for spec in self._running.values():
            for job in spec.jobs:
                self.owed.update(due for due in self._dues(job) if due.nominal <= until)
        if any(job.every for spec in self._running.values() for job in spec.jobs):
            self.first_witness = self.first_witness or ended
            self.last_witness = begun
        self.witnesses += 1

    def latest(self) -> str:
        """The last time that any file ever named."""
        return max(self.times.values(), default="")


def nominal(moment: datetime) -> str:
    """A moment as a job file says it, and as the state shows it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def told_to(commands: list[Ran], *words: str) -> Mapping[str, int]:
    """How often a command beginning with these words was typed, by its target."""
    found: dict[str, int] = {}
    for ran in commands:
        if ran.words[0] == words[0] and set(words[1:]) <= set(ran.words):
            found[ran.target] = found.get(ran.target, 0) + 1
    return found
