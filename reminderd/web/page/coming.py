"""The coming day: which jobs are due when, as far as that can be looked up in a moment. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest

from reminderd import recurrence
from reminderd.model import Instant, Job
from reminderd.plan import Override

DAY = timedelta(hours=24)
STEP = timedelta(minutes=10)  # what a mark stands for
STEPS = DAY // STEP
# Together a quarter of a second's work at most, however many jobs there are and however often they are due.
MOST_LANES = 20
_MOST_INSTANTS = 4000
_MOST_OF_ONE = 1500  # a job by the minute is counted as it is
_MOST_ZONES = 6


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of steps in each of which a job is due: from `start`, so many. kept: by an override, and not sent."""

    start: int
    length: int
    kept: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """One job. first: its first occurrence that is sent, of all where none is. times: how many occurrences were counted; more:
    there are more. people: to how many each goes. kept: why some, or all, are not sent."""

    job: str
    first: datetime
    times: int
    more: bool
    people: int
    zones: int
    runs: tuple[Run, ...]
    kept: str | None
    all_kept: bool


@dataclass(frozen=True, slots=True)
class Coming:
    """start: of the axis, a full hour. lanes: the jobs that are due first. messages: by the hour of the axis, to how many people something goes.

    jobs: how many are due. left_out: of how many of them nothing is known here but that.
    """

    start: datetime
    lanes: tuple[Lane, ...]
    messages: tuple[int, ...]
    jobs: int
    left_out: int

    @property
    def at_least(self) -> bool:
        """Whether `messages` may be more."""
        return self.left_out > 0 or any(lane.more for lane in self.lanes)


def coming(
    jobs: Mapping[str, Job], due: Mapping[str, datetime], overrides: Sequence[Override], now: datetime
) -> Coming:
    """due: when each job is due next, as the planner has it."""
    start = now.replace(minute=0, second=0, microsecond=0)
    until = start + DAY
    waiting = {name: at for name, at in due.items() if at <= until and name in jobs}
    messages = [0] * (DAY // timedelta(hours=1))
    lanes: list[Lane] = []
    left, looked = _MOST_INSTANTS, 0
    for name in nsmallest(_MOST_INSTANTS, waiting, key=lambda name: (waiting[name], name)):
        if left <= 0:
            break
        lane, spent = _lane(jobs[name], start, now, until, overrides, messages)
        left, looked = left - spent - 10, looked + 1
        if lane is not None and len(lanes) < MOST_LANES:
            lanes.append(lane)
    return Coming(start, tuple(lanes), tuple(messages), len(waiting), len(waiting) - looked)


def _lane(
    job: Job, start: datetime, now: datetime, until: datetime, overrides: Sequence[Override], messages: list[int]
) -> tuple[Lane | None, int]:
    """The lane, and how many instants were looked at; adds to `messages`."""
    mine = [each for each in overrides if each.job in (None, job.name)]
    steps: dict[int, bool] = {}
    sent: list[datetime] = []
    kept: list[datetime] = []
    why: str | None = None
    zones = job.by_zone()
    more, spent = len(zones) > _MOST_ZONES, 0
    for zone, people in list(zones.items())[:_MOST_ZONES]:
        instants, whole = _instants(job, zone, now, until)
        spent, more = spent + len(instants), more or not whole
        for instant in instants:
            override = next((each for each in mine if each.covers(job.name, instant)), None)
            step = min((instant.due_at - start) // STEP, STEPS - 1)
            steps[step] = steps.get(step, True) and override is not None
            (sent if override is None else kept).append(instant.due_at)
            why = why or (override.reason if override else None)
            if override is None:
                messages[step * len(messages) // STEPS] += len(people)
    if not steps:
        return None, spent
    first = min(sent or kept)
    times = len({*sent, *kept})
    lane = Lane(
        job.name, first, times, more, len(job.recipients), len(zones), tuple(_runs(steps)), why, all_kept=not sent
    )
    return lane, spent


def _instants(job: Job, zone: str, now: datetime, until: datetime) -> tuple[list[Instant], bool]:
    """The instants in (now, until], and True; of too many, one for each step that has any, and False."""
    found = list(recurrence.between(job.schedule, zone, now, until, limit=_MOST_OF_ONE))
    if len(found) < _MOST_OF_ONE:
        return found, True
    sparse, moment = [], now
    while (instant := recurrence.next_after(job.schedule, zone, moment)) is not None and instant.due_at <= until:
        sparse.append(instant)
        moment = max(instant.due_at, now + ((instant.due_at - now) // STEP + 1) * STEP)
    return sparse, False


def _runs(steps: Mapping[int, bool]) -> Iterator[Run]:
    begin: int | None = None
    for step in range(STEPS + 1):
        goes_on = begin is not None and step in steps and steps[step] == steps[begin]
        if begin is not None and not goes_on:
            yield Run(begin, step - begin, steps[begin])
            begin = None
        if begin is None and step in steps:
            begin = step
