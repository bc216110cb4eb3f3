"""Job files as the driver writes them: plain data with times that are not fixed yet, and their YAML.

Every message has a text of its own: job, nominal time, recipient and revision. So what arrived at the sandbox tells by
itself which delivery it was.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

STEADY = "000-steady.yaml"
CLASH = "steady-0"
GRID = "2026-01-01T00:00:00Z"  # from where the intervals of rules are counted


class Flaw(StrEnum):
    """What is wrong with a file; as long as anything is, its last good version goes on."""

    NONE = ""
    YAML = "yaml"
    KEY = "key"
    PHONE = "phone"
    TEMPLATE = "template"
    EMPTY = "empty"
    CLASH = "clash"


@dataclass(frozen=True, slots=True)
class Slot:
    """A single time: so many seconds after the driver first writes it."""

    number: int
    offset: float


@dataclass(frozen=True, slots=True)
class Person:
    """A recipient. Two with the same phone have different keys."""

    phone: int
    key: str = ""

    @property
    def number(self) -> str:
        return f"+447700900{self.phone:03d}"

    @property
    def name(self) -> str:
        """Unique within a job; the documented views show it."""
        return f"p{self.phone:03d}{self.key}"

    @property
    def zone(self) -> str:
        """Where they live, as jobs say that ask for it."""
        return zone_of(self.name)


def zone_of(name: str) -> str:
    """Where the person of this name lives."""
    return ("UTC", "Asia/Kolkata", "America/New_York")[int(name[1:4]) % 3]


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One job. every: the interval of a rule in seconds; 0 for one that has only `slots`.

    own: each in their own zone. listed: its people are in a file of their own. quiet: whose minute is quiet. What has a
    name once has these for ever.
    """

    name: str
    people: tuple[Person, ...]
    slots: tuple[Slot, ...] = ()
    every: int = 0
    revision: int = 1
    filler: str = ""
    valid_for: str = "1h"
    catch_up: str = "latest"
    on_doubt: str = "wait"
    retry: tuple[str, ...] = ("1s", "2s", "4s")
    enabled: bool = True
    own: bool = False
    listed: bool = False
    quiet: Slot | None = None
    drop: bool = False
    splay: str = "0s"
    undelivered: str = "fail"

    @property
    def list_name(self) -> str:
        return f"{self.name}.csv"

    @property
    def tail(self) -> str:
        """What its texts end with, after `name|time due|recipient|`."""
        return f"r{self.revision}{self.filler}"


@dataclass(frozen=True, slots=True)
class FileSpec:
    """What a file says, and what is wrong with it."""

    jobs: tuple[JobSpec, ...]
    flaw: Flaw = Flaw.NONE


Resolve = Callable[[JobSpec, Slot], str]


def quiet_hours(moment: str) -> str:
    """The minute of that moment, as quiet hours."""
    begins = datetime.fromisoformat(moment)
    return f"{begins:%H:%M}-{begins + timedelta(minutes=1):%H:%M}"


def lists(spec: FileSpec) -> dict[str, str]:
    """The lists that the file names, by their names."""
    return {job.list_name: _list(job) for job in spec.jobs if job.listed}


def _list(job: JobSpec) -> str:
    rows = [f"{person.number},{person.name},{person.key},{person.zone}\n" for person in job.people]
    return "".join(["phone,name,key,timezone\n", *rows])


def render(spec: FileSpec, resolve: Resolve) -> str:
    """The file. resolve: the time of a slot of a job, as a job file says it."""
    if spec.flaw is Flaw.EMPTY:
        return ""
    entries = list(_entries(spec, resolve))
    text = "jobs:\n" + "".join(f"  - {json.dumps(entry, ensure_ascii=False)}\n" for entry in entries)
    text = text if entries else "jobs: []\n"
    return f"{text}  - {{name: cut off, schedule: [\n" if spec.flaw is Flaw.YAML else text


def _entries(spec: FileSpec, resolve: Resolve) -> Iterator[dict[str, object]]:
    for job in spec.jobs:
        yield _entry(job, resolve)
    if spec.flaw in (Flaw.NONE, Flaw.YAML):
        return
    bad = _entry(JobSpec(f"bad-{spec.flaw}", (Person(999),), every=3600), resolve)
    match spec.flaw:
        case Flaw.KEY:
            bad["mesage"] = "no such key"
        case Flaw.PHONE:
            bad["to"] = ["+123"]
        case Flaw.TEMPLATE:
            bad["message"] = "{{ nobody.knows }}"
        case Flaw.CLASH:
            bad["name"] = CLASH
    yield bad


def _entry(job: JobSpec, resolve: Resolve) -> dict[str, object]:
    times = [resolve(job, slot) for slot in job.slots]
    due = "{{ due_at.strftime('%Y-%m-%dT%H:%M:%SZ') }}"
    return {
        "name": job.name,
        "schedule": {"every": f"{job.every}s", "from": GRID} if job.every else {"at": times},
        "to": [{"file": job.list_name}] if job.listed else [_recipient(person, job.own) for person in job.people],
        "message": f"{{{{ job.name }}}}|{due}|{{{{ recipient.name }}}}|{job.tail}",
        "valid_for": job.valid_for,
        "catch_up": job.catch_up,
        "on_doubt": job.on_doubt,
        "retry": list(job.retry),
        "enabled": job.enabled,
        "timezone": "recipient" if job.own else "UTC",
        "splay": job.splay,
        "on_undelivered": job.undelivered,
        "quiet_hours": quiet_hours(resolve(job, job.quiet)) if job.quiet else "none",
        "on_quiet": "drop" if job.drop else "wait",
    }


def _recipient(person: Person, own: bool) -> dict[str, str]:
    said = {"phone": person.number, "name": person.name, "key": person.key, "timezone": person.zone if own else ""}
    return {key: value for key, value in said.items() if value}
