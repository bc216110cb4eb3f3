"""What people wrote: jobs, whom they write to, and what is wrong in the files. Plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from reminderd.model.schedules import Schedule


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong in what people wrote. `str(problem)` is the one line that every surface shows."""

    file: str
    line: int  # from 1; 0 where the whole file or directory is meant
    column: int  # from 1; 0 likewise
    path: str  # the key's path in the file, "schedule.cron"; "" for the whole file
    message: str
    hint: str = ""
    is_note: bool = False  # about the look itself, and not about what is written

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        path = f" {self.path}:" if self.path else ""
        hint = f", {self.hint}" if self.hint else ""
        return f"{place}:{path} {self.message}{hint}"


class Source(NamedTuple):
    """Where a job is written."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class CatchUp(StrEnum):
    """Which of several occurrences missed while the daemon was down are still sent."""

    LATEST = "latest"
    ALL = "all"
    NONE = "none"


class OnDoubt(StrEnum):
    """What to do when reconciliation has found nothing about an attempt in doubt."""

    WAIT = "wait"
    RESEND = "resend"


class OnUndelivered(StrEnum):
    """What to do when Plivo took a message and then failed to hand it to a carrier, for a reason that passes."""

    FAIL = "fail"
    RETRY = "retry"


class OnQuiet(StrEnum):
    """What to do with a message that falls into the recipient's quiet hours."""

    WAIT = "wait"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A stretch of each local day in which nobody is written to; over midnight when it ends before it starts.

    start, end: minutes since midnight, 0 to 1439, never the same.
    """

    start: int
    end: int

    def __str__(self) -> str:
        return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (self.start, self.end))


class Limits(NamedTuple):
    """How many deliveries may go out unasked; what would exceed one of them is on hold. None: no limit.

    per_job_and_day, per_recipient_and_day, spend_per_day: within 24 hours, by the times due.
    """

    per_occurrence: int | None = None
    per_job_and_day: int | None = None
    per_recipient_and_day: int | None = None
    spend_per_day: float | None = None


_NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person. `identity` tells recipients of one occurrence apart and is part of the unit of once.

    private: comes from a list that lies outside of the repository; its people are counted and not shown.
    """

    phone: str  # E.164, "+14155550123"
    name: str | None = None
    key: str | None = None
    timezone: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    language: str | None = None
    private: bool = False

    @property
    def identity(self) -> str:
        return f"{self.phone}#{self.key}" if self.key is not None else self.phone


class Places(NamedTuple):
    """The directories in which job files find what they name: templates, and the groups of `recipients.d`."""

    templates: Path
    recipients: Path


class UsedFile(NamedTuple):
    """A file that a job reads besides its own: a template or a list of people. digest: SHA-256 of the content, in hex."""

    path: str
    digest: str
    content: bytes


class JobList(NamedTuple):
    """A list from which a job takes recipients. people: how many of it the job has.

    private: it lies outside of the repository; its people are counted and not shown.
    """

    path: str
    digest: str
    people: int
    private: bool


@dataclass(frozen=True, slots=True)
class Job:
    """What to send, to whom, when: one declared job with the settings' defaults filled in.

    `definition` is the job as canonical JSON without the defaults of the settings; `jobs.restore` makes the same job
    of it again. `digest` changes whenever anything that the job says changes, the files that it reads included.

    message: the source of the text for those whose language is not in `messages`; of the file `template`, where that
    is given. templates: the sources of all templates that a text may include, by name. lists: where recipients come from
    that are not written in the job itself. files: every other file that the job was made of. recipient_zones: the schedule is
    meant in each recipient's own zone; then each has one. limits: the job's own; None stands for the settings'.
    """

    name: str
    source: Source
    schedule: Schedule
    timezone: str
    sender: str | None
    recipients: tuple[Recipient, ...]
    message: str
    vars: Mapping[str, object]
    valid_for: timedelta
    catch_up: CatchUp
    retry: tuple[timedelta, ...]
    on_doubt: OnDoubt
    enabled: bool
    description: str
    definition: str
    digest: str
    template: str | None = None
    messages: Mapping[str, str] = field(default_factory=dict)
    fallback: str | None = None
    templates: Mapping[str, str] = field(default_factory=dict)
    smart_punctuation: bool = False
    recipient_zones: bool = False
    quiet_hours: QuietHours | None = None
    on_quiet: OnQuiet = OnQuiet.WAIT
    splay: timedelta = timedelta(0)
    on_undelivered: OnUndelivered = OnUndelivered.FAIL
    limits: Limits = _NO_LIMITS
    lists: tuple[JobList, ...] = ()
    files: tuple[UsedFile, ...] = ()

    def zone_of(self, recipient: Recipient) -> str:
        """The zone in which this recipient's day is meant: quiet hours, and where times are shown to them."""
        return recipient.timezone or self.timezone

    def schedule_zone_of(self, recipient: Recipient) -> str:
        """The zone in which the job's schedule is meant for this recipient."""
        return self.zone_of(recipient) if self.recipient_zones else self.timezone

    @property
    def zones(self) -> frozenset[str]:
        """Every zone that the job's times are meant or shown in."""
        return frozenset({self.timezone, *(self.zone_of(recipient) for recipient in self.recipients)})

    def by_zone(self) -> Mapping[str, tuple[Recipient, ...]]:
        """The recipients by the zone in which the schedule is meant for them; without any, the job's own zone."""
        if not self.recipient_zones:
            return {self.timezone: self.recipients}
        found: dict[str, list[Recipient]] = {}
        for recipient in self.recipients:
            found.setdefault(self.schedule_zone_of(recipient), []).append(recipient)
        return {zone: tuple(people) for zone, people in found.items()}


class Defaults(NamedTuple):
    """What the settings give to jobs that do not say it themselves."""

    timezone: str = "UTC"
    sender: str | None = None
    quiet_hours: QuietHours | None = None
    on_quiet: OnQuiet = OnQuiet.WAIT
    smart_punctuation: bool = False


class Review(NamedTuple):
    """What those who review files also want to be told of: what is allowed and perhaps not meant.

    now: from when on the coming occurrences are looked at. limits: of the settings. everybody: whether the texts of a
    long list are tried for all of its people.
    """

    now: datetime
    limits: Limits = _NO_LIMITS
    everybody: bool = False


class ParsedFile(NamedTuple):
    """What one job file says. With any problem in it, `jobs` is empty: a file counts as a whole or not at all.

    warnings: what is allowed and perhaps not meant; for those who review the file. It keeps no file from loading.
    """

    jobs: tuple[Job, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalog:
    """All jobs loaded at one moment, by name, with what is wrong in the files; replaced whole.

    warnings: of all files that were read for a review; otherwise few or none.
    """

    jobs: Mapping[str, Job]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()

    @property
    def digest(self) -> str:
        """Changes whenever any job does."""
        lines = "\n".join(f"{name} {self.jobs[name].digest}" for name in sorted(self.jobs))
        return sha256(lines.encode()).hexdigest()[:16]


class Text(NamedTuple):
    """The message for one recipient, measured."""

    text: str
    encoding: str  # "GSM-7" or "UCS-2"
    segments: int
