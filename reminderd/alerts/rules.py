"""When somebody is needed. Pure: what is the case goes in, what to tell comes out; docs/alerts.md has the same table.

A summary has counts and names of jobs; never a text, a full number or a secret.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from reminderd.duration import format_duration


class Name(StrEnum):
    """What may need someone. The alert rules for Prometheus have the same names."""

    IN_DOUBT = "in_doubt"
    FAILED = "failed"
    OVERDUE = "overdue"
    GATEWAY = "gateway"
    PROBLEMS = "problems"
    HOLDS = "holds"
    DISK = "disk"
    CLOCK = "clock"


DO = {
    Name.IN_DOUBT: "reminderd history --state in_doubt, then reminderd resolve ID --sent or --not-sent",
    Name.FAILED: "reminderd history --state failed --state missed, then reminderd why ID",
    Name.OVERDUE: "reminderd status",
    Name.GATEWAY: "reminderd status; then look at Plivo's console",
    Name.PROBLEMS: "reminderd check",
    Name.HOLDS: "reminderd approve",
    Name.DISK: "make room, or mend the disk; the daemon goes on by itself",
    Name.CLOCK: "timedatectl; when the time is right, reminderd approve",
}

# Of what ended within an hour; fewer than these are no trend, unless nothing went well at all.
FAILED_SHARE = 0.05
FAILED_LEAST = 3
# A limit of Plivo's is over in seconds, as a rule, and a restart of theirs in less than a minute.
GATEWAY_AFTER = timedelta(minutes=1)
# A machine that has just started is not synchronised yet.
CLOCK_AFTER = timedelta(minutes=10)
_LEAST_FREE = 100 * 1024**2
_LEAST_SHARE = 0.05


class Space(NamedTuple):
    """Of the file system of the state, in bytes, as an ordinary user may use it."""

    free: int
    size: int

    @property
    def low(self) -> bool:
        """Under 100 MiB; of a small one, under a twentieth."""
        return self.free < min(_LEAST_FREE, self.size * _LEAST_SHARE)


class Ended(NamedTuple):
    """What became of deliveries within the last hour. undelivered: as Plivo reports it, also of earlier ones."""

    accepted: int = 0
    failed: int = 0
    missed: int = 0
    undelivered: int = 0


@dataclass(frozen=True, slots=True)
class Present:
    """What is the case at one moment.

    doubtful: deliveries in doubt that wait for a person. overdue: by job, how many deliveries wait past their time, and
    behind: for how long the planner is late, None where it is not. unusable: for how long the gateway has taken no
    message, None while it is in use. holds: by kind. unwritable: why the state cannot be written. unsynchronised: for how
    long the clock has not been.
    """

    doubtful: int = 0
    ended: Ended = field(default_factory=Ended)
    overdue: Sequence[tuple[str, int]] = ()
    behind: timedelta | None = None
    suspended: str | None = None
    unusable: timedelta | None = None
    problems: tuple[int, int] = (0, 0)
    holds: Mapping[str, int] = field(default_factory=dict)
    space: Space | None = None
    unwritable: str | None = None
    unsynchronised: timedelta | None = None


def needs(now: Present) -> dict[Name, str]:
    """What needs someone now, each with a sentence that says what is the case."""
    found = {
        Name.IN_DOUBT: _in_doubt(now),
        Name.FAILED: _failed(now.ended),
        Name.OVERDUE: _overdue(now),
        Name.GATEWAY: _gateway(now),
        Name.PROBLEMS: _problems(now),
        Name.HOLDS: _holds(now.holds),
        Name.DISK: _disk(now),
        Name.CLOCK: _clock(now),
    }
    return {name: summary for name, summary in found.items() if summary is not None}


def _in_doubt(now: Present) -> str | None:
    if not now.doubtful:
        return None
    return f"{_number(now.doubtful, 'delivery is', 'deliveries are')} in doubt: Plivo's log has no proof, a person is needed"


def _failed(ended: Ended) -> str | None:
    bad = ended.failed + ended.missed + ended.undelivered
    # What Plivo reports now may have been accepted earlier than within the hour.
    good = max(0, ended.accepted - ended.undelivered)
    total = bad + good
    if not bad or bad <= FAILED_SHARE * total or (bad < FAILED_LEAST and good):
        return None
    kinds = ((ended.failed, "failed"), (ended.missed, "missed"), (ended.undelivered, "undelivered"))
    what = ", ".join(f"{number} {kind}" for number, kind in kinds if number)
    return f"{bad} of {_number(total, 'delivery', 'deliveries')} of the last hour did not arrive: {what}"


def _overdue(now: Present) -> str | None:
    if now.behind is not None:
        return f"nothing has been planned for {format_duration(now.behind)}, though something is due"
    if not now.overdue:
        return None
    number = sum(each for _, each in now.overdue)
    first, others = now.overdue[0][0], len(now.overdue) - 1
    whose = f"job {first}" + (f" and {_number(others, 'other', 'others')}" if others else "")
    return f"{_number(number, 'delivery waits', 'deliveries wait')} past their time: of {whose}"


def _gateway(now: Present) -> str | None:
    if now.suspended is None or now.unusable is None or now.unusable < GATEWAY_AFTER:
        return None
    return f"nothing is sent, the gateway is suspended: {now.suspended}"


def _problems(now: Present) -> str | None:
    number, files = now.problems
    if not number:
        return None
    return (
        f"{_number(number, 'problem', 'problems')} in {_number(files, 'file', 'files')}; what was good before goes on"
    )


def _holds(holds: Mapping[str, int]) -> str | None:
    """Not the clock's, which has an alert of its own; nor what operators themselves keep back."""
    kinds = sorted(kind for kind in holds if kind not in ("clock", "delivery"))
    if not kinds:
        return None
    number = sum(holds[kind] for kind in kinds)
    return f"{_number(number, 'hold waits', 'holds wait')} for approval: {', '.join(kinds)}"


def _disk(now: Present) -> str | None:
    if now.unwritable is not None:
        return f"the state cannot be written, so nothing is sent: {now.unwritable}"
    if now.space is not None and now.space.low:
        return f"the disk of the state is nearly full: {now.space.free // 1024**2} MiB are free"
    return None


def _clock(now: Present) -> str | None:
    if "clock" in now.holds:
        return "the clock cannot be believed, so nothing is planned or sent"
    if now.unsynchronised is not None and now.unsynchronised >= CLOCK_AFTER:
        return f"the clock has not been synchronised for {format_duration(now.unsynchronised)}"
    return None


def _number(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
