"""What reading answers: jobs and what is ahead, and how things stand."""

from typing import Any

from pydantic import Field

from reminderd.model import State
from reminderd.web.api.shapes import Answer, Moment

_NEXT = Field(None, description="The cursor of the next page; null at the end.")
_WHO = Field(
    description="Who said so: a user of the machine, or `api:NAME` and `page:NAME` of a token.", examples=["api:ops"]
)


class Override(Answer):
    """A pause, or an occurrence that is skipped."""

    word: str = Field(description="`paused` or `skipped`.", examples=["paused"])
    job: str | None = Field(description="Null: every job.", examples=["rent"])
    nominal: str | None = Field(description="Of the occurrence that is skipped.")
    who: str = _WHO
    why: str = Field(examples=["the flat is sold"])
    since: Moment
    until: Moment | None = Field(description="When it ends by itself.")


class LoadedJob(Answer):
    """A job that is loaded."""

    name: str = Field(examples=["rent"])
    description: str | None = None
    file: str = Field(description="Where it is written: file and line.", examples=["/etc/reminderd/jobs.d/rent.yaml:3"])
    schedule: str = Field(description="In words.", examples=["At 09:00, on day 1 of the month"])
    timezone: str = Field(description="Its zone; `recipient`: that of each person.", examples=["Europe/Berlin"])
    enabled: bool
    recipients: int = Field(description="How many people.")
    next_due: Moment | None = Field(description="Null: nothing comes any more, or it is switched off.")
    finished: bool = Field(description="Nothing comes any more, and nothing waits.")
    held: bool = Field(description="It goes on only because its removal waits for approval.")
    last_state: State | None = Field(description="Of its newest delivery.")
    last_due: Moment | None
    overrides: list[Override] = Field(description="Pauses and skips that are about it.")


class Occurrence(Answer):
    """One time at which a job is due, ahead."""

    job: str = Field(examples=["rent"])
    due_at: Moment
    nominal: str = Field(description="That time as the schedule means it.", examples=["2026-12-01T09:00:00"])
    timezone: str = Field(examples=["Europe/Berlin"])
    recipients: int = Field(description="How many people have it then.")
    override: Override | None = Field(description="What keeps it from being sent.")


class JobAhead(LoadedJob):
    """A job, and its next occurrences."""

    coming: list[Occurrence]


class Jobs(Answer):
    """A page of the jobs, by name."""

    items: list[LoadedJob]
    next: str | None = _NEXT


class Occurrences(Answer):
    """A page of what is ahead, the earliest first."""

    items: list[Occurrence]
    next: str | None = _NEXT


class FileProblem(Answer):
    """Something wrong in settings or job files."""

    file: str = Field(examples=["/etc/reminderd/jobs.d/rent.yaml"])
    line: int = Field(description="0: of no line.")
    column: int
    path: str = Field(description="Of the key.", examples=["schedule.cron"])
    message: str
    hint: str
    text: str = Field(description="All of it in one line.")


class Problems(Answer):
    """A page of what is wrong."""

    items: list[FileProblem]
    next: str | None = _NEXT


class Hold(Answer):
    """Something that waits for a person."""

    id: int
    kind: str = Field(examples=["removal"])
    reason: str
    key: str = Field(description="What it is about, where several of a kind may be open.")
    since: Moment
    by: str = _WHO
    until: Moment | None = Field(description="When it ends by itself.")
    detail: Any = Field(description="What its kind knows of it.")
    idle: bool = Field(description="All that it kept back is withdrawn: it is there for what may come back.")
    approve: str = Field(description="What lets it go on.", examples=["POST /api/v1/holds/3/approve"])


class Holds(Answer):
    """All open holds."""

    items: list[Hold]


class Overrides(Answer):
    """All pauses and skips in force."""

    items: list[Override]


class OptOut(Answer):
    """Somebody who wants no messages."""

    phone: str = Field(examples=["+14155550123"])
    sender: str = Field(description="From whom; empty: from anybody.")
    since: Moment
    who: str = _WHO
    source: str = Field(description="`operator`, `plivo` or `inbound`.", examples=["inbound"])
    why: str


class OptOuts(Answer):
    """A page of those who have opted out, by phone."""

    items: list[OptOut]
    next: str | None = _NEXT


class Action(Answer):
    """Something that somebody did."""

    id: int
    at: Moment
    who: str = _WHO
    action: str = Field(examples=["pause"])
    target: str = Field(description="What it was about.", examples=["rent"])
    detail: Any = Field(description="What was said with it.")


class Actions(Answer):
    """A page of what was done, the last thing first."""

    items: list[Action]
    next: str | None = _NEXT


class Alert(Answer):
    """Something that needs someone now."""

    name: str
    summary: str
    opened_at: Moment
    told_at: Moment | None


class Gateway(Answer):
    """Whether Plivo is used."""

    suspended: bool
    reason: str | None
    since: Moment | None
    next_probe_at: Moment | None


class Oldest(Answer):
    """The delivery that has waited longest."""

    id: int
    job: str
    due_at: Moment


class Status(Answer):
    """How the daemon is, and how much needs someone."""

    version: str
    host: str | None
    started_at: Moment | None
    trouble: str | None = Field(description="What is wrong with the daemon's passes; null while they are good.")
    last_good_pass_at: Moment | None
    jobs: int = Field(description="How many run.")
    catalog_digest: str | None
    catalog_loaded_at: Moment | None
    problems: int
    holds: int
    overrides: int
    opt_outs: int
    overdue: int = Field(description="Deliveries that wait past their time, longer than is normal.")
    oldest_in_doubt: Oldest | None
    alerts: list[Alert]
    gateway: Gateway


class Counts(Answer):
    """How many deliveries there are, by state."""

    states: dict[State, int]
    counted_until: Moment | None = Field(
        description="Where not all were counted: the time due down to which they were. What is older is not in it."
    )
