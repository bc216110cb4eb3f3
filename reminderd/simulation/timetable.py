"""What came of a simulation: a line for each message, in one order for the same files, and the totals."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminderd.clock import from_text
from reminderd.model import Job, Recipient, State
from reminderd.plan import is_summary
from reminderd.store import Row

_WENT_OUT = frozenset({State.ACCEPTED, State.IN_DOUBT})
_HOUR, _DAY = "%Y-%m-%d %H:00", "%Y-%m-%d"


@dataclass(frozen=True, slots=True)
class Line:
    """One message, or the messages of one occurrence to `people` whom nobody may see.

    at: when it came into its state. receipt: what became of it at its phone, where that was asked. recipient: None for those people, and where a row stands for no person.
    """

    job: str
    zone: str
    nominal: str
    due_at: datetime
    at: datetime
    recipient: Recipient | None
    people: int
    text: str | None
    encoding: str | None
    segments: int
    state: State
    reason: str
    attempts: int
    receipt: str | None = None

    @property
    def went_out(self) -> bool:
        """Whether it reached Plivo, or may have."""
        return self.state in _WENT_OUT


class Count(NamedTuple):
    """Messages that went out and their segments."""

    messages: int = 0
    segments: int = 0

    def plus(self, line: Line) -> "Count":
        return Count(self.messages + line.people, self.segments + line.segments)


class Totals(NamedTuple):
    """went_out, by_job: of what went out. busiest_hour, busiest_day: when most did, in the given zone."""

    planned: int
    went_out: Count
    by_state: Mapping[str, int]
    by_job: Mapping[str, Count]
    busiest_hour: tuple[str, int] | None
    busiest_day: tuple[str, int] | None


def timetable(rows: Iterable[Row], jobs: Mapping[str, Job]) -> list[Line]:
    """The lines of `Reports.timetable`'s rows. Private people of one occurrence in one state are one line."""
    people = {job.name: {each.identity: each for each in job.recipients} for job in jobs.values()}
    hidden = frozenset(name for name, known in people.items() if any(each.private for each in known.values()))
    lines: dict[object, Line] = {}
    for position, row in enumerate(rows):
        recipient = people.get(row["job"], {}).get(row["recipient"])
        if recipient is None and not is_summary(row["recipient"]):
            # A second text to one phone, which fails; it may be that of somebody whom nobody may see.
            recipient = Recipient(row["phone"], row["name"], private=row["job"] in hidden)
        line = _line(row, recipient)
        private = recipient is not None and recipient.private
        key = (line.job, line.nominal, line.zone, line.due_at, line.state, line.receipt) if private else position
        lines[key] = _joined(lines[key], line) if key in lines else line
    return list(lines.values())


def _line(row: Row, recipient: Recipient | None) -> Line:
    private = recipient is not None and recipient.private
    return Line(
        job=row["job"],
        zone=row["zone"],
        nominal=row["nominal"],
        due_at=from_text(row["due_at"]),
        at=from_text(row["updated_at"]),
        recipient=None if private else recipient,
        people=0 if is_summary(row["recipient"]) else 1,
        text=None if private else row["text"],
        encoding=None if private else row["encoding"],
        segments=row["segments"] or 0,
        state=State(row["state"]),
        reason="" if private and row["state"] == State.FAILED else row["reason"],  # it may name a number
        attempts=row["attempts"],
        receipt=row["receipt"],
    )


def _joined(first: Line, other: Line) -> Line:
    return Line(
        first.job,
        first.zone,
        first.nominal,
        first.due_at,
        max(first.at, other.at),
        None,
        first.people + other.people,
        None,
        None,
        first.segments + other.segments,
        first.state,
        first.reason,
        max(first.attempts, other.attempts),
        first.receipt,
    )


def totals(lines: Sequence[Line], zone: str) -> Totals:
    """What the lines come to; hours and days are those of `zone`."""
    info = ZoneInfo(zone)
    by_state: Counter[str] = Counter()
    hours: Counter[str] = Counter()
    days: Counter[str] = Counter()
    by_job: dict[str, Count] = {}
    everything = Count()
    for line in lines:
        by_state[line.state] += max(1, line.people)
        if not line.went_out:
            continue
        everything = everything.plus(line)
        by_job[line.job] = by_job.get(line.job, Count()).plus(line)
        local = line.at.astimezone(info)
        hours[local.strftime(_HOUR)] += line.people
        days[local.strftime(_DAY)] += line.people
    return Totals(
        sum(line.people for line in lines),
        everything,
        dict(sorted(by_state.items())),
        dict(sorted(by_job.items())),
        _most(hours),
        _most(days),
    )


def _most(counts: Mapping[str, int]) -> tuple[str, int] | None:
    """The largest; of equals the first."""
    return min(counts.items(), key=lambda item: (-item[1], item[0]), default=None)
