"""The whole review: what a change of the files does to jobs, to the messages of the days to come, and at once."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from reminderd.forecast import Forecast, Word, forecast, occurrences, sample
from reminderd.jobs import Scan
from reminderd.model import Job, Problem, Recipient
from reminderd.plan import Override
from reminderd.review.jobs import Fate, JobChange, compare_jobs
from reminderd.review.limits import Exceeded, exceeded
from reminderd.review.messages import Difference, Kind, compare
from reminderd.review.stage import Stage, Staged, placed_like
from reminderd.settings import Settings

_MOST_OF_A_JOB = 10_000  # messages that are made for each side of one job
_MOST_OF_THE_REST = 20_000  # and for all jobs that stay as they are, whose costs are known less exactly beyond
_FEWEST_PEOPLE = 20


class Live(NamedTuple):
    """What the files are compared with. Of state and scan at most one is given; with neither nothing runs yet.

    name: for people. folders: of the scan's directories, which of the files' they stand for.
    """

    name: str
    state: Path | None = None
    scan: Scan | None = None
    folders: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class JobReview:
    """One job that changes, with its messages before and after in the days to come.

    counts: how many messages differ in which way; where not all were looked at, as many as the others let expect.
    """

    change: JobChange
    before: Forecast
    after: Forecast
    differences: tuple[Difference, ...]
    counts: Mapping[Kind, int]

    @property
    def whole(self) -> bool:
        """Whether all messages were looked at."""
        return self.before.whole and self.after.whole


class Sums(NamedTuple):
    """Messages and segments of the days to come, of all jobs; afterwards also those that go out at once."""

    messages: int
    segments: int


@dataclass(frozen=True, slots=True)
class Review:
    """now, until: the days to come. problems: of the files. kept: jobs that go on with their last good version, by file.

    staged: what happens at once. exceeded: limits that the jobs exceed then and did not before. approximate: not all
    messages were looked at.
    """

    live: Live
    now: datetime
    until: datetime
    problems: tuple[Problem, ...]
    kept: Mapping[str, tuple[str, ...]]
    jobs: tuple[JobReview, ...]
    unchanged_jobs: int
    staged: Staged
    exceeded: tuple[Exceeded, ...]
    before: Sums
    after: Sums
    approximate: bool

    @property
    def differences(self) -> list[Difference]:
        """Of all jobs, by time."""
        found = [difference for job in self.jobs for difference in job.differences]
        return sorted(found, key=lambda each: (each.shown.send_at, each.shown.job, each.shown.identity, each.kind))

    def count(self, kind: Kind) -> int:
        return sum(job.counts[kind] for job in self.jobs)

    @property
    def overrides(self) -> list[Override]:
        """Those that keep something from being sent in these days."""
        names = self.staged.catalog.jobs
        ends = (
            (each, [end for end in (each.until, each.ended_at) if end is not None]) for each in self.staged.overrides
        )
        return [
            each
            for each, limits in ends
            if (each.job is None or each.job in names) and all(end > self.now for end in limits)
        ]

    @property
    def changes(self) -> bool:
        """Whether a deploy would change what any job does. That a job lies in another file changes nothing."""
        staged = self.staged
        effects = (
            staged.withdrawn or staged.returned or staged.stopped or staged.released or staged.born or staged.holds
        )
        return bool(effects) or any(job.change.fate is not Fate.RELOCATED for job in self.jobs)


def review(
    settings: Settings, scan: Scan, live: Live, window: tuple[datetime, datetime], *, everything: bool = False
) -> Review:
    """Compare what `scan` says with what is live, for the messages in the window (after its start, up to its end).

    everything: look at each message, however many they are. Raises StateError where the state cannot be read.
    """
    now, until = window
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reminderd-plan-")))
        stage = Stage(settings, folder, now, live.state)
        stack.callback(stage.close)
        if live.scan is not None:
            stage.run(placed_like(live.scan, live.folders))
        staged = stage.deploy(scan)
    before, after = staged.before, staged.catalog.jobs
    word = Word(staged.overrides, staged.opted_out)
    jobs = tuple(_of_job(change, window, word, everything=everything) for change in _changes(staged))
    touched = {job.change.name for job in jobs}
    rest = {name: job for name, job in after.items() if name not in touched}
    forecasts = _forecasts(rest, window, word, everything=everything)
    return Review(
        live=live,
        now=now,
        until=until,
        problems=staged.catalog.problems,
        kept=_kept(scan, after),
        jobs=jobs,
        unchanged_jobs=len(rest),
        staged=staged,
        exceeded=_exceeded(settings, before, after, jobs, forecasts, window),
        before=_sums([*forecasts.values(), *(job.before for job in jobs)]),
        after=_sums([*forecasts.values(), *(job.after for job in jobs)], staged),
        approximate=not all(job.whole for job in jobs) or not all(each.whole for each in forecasts.values()),
    )


def _changes(staged: Staged) -> list[JobChange]:
    """As the files want it, with what the guards do not believe marked as held."""
    found = compare_jobs(staged.before, staged.declared)
    return [replace(change, held=_is_held(change, staged)) for change in found]


def _is_held(change: JobChange, staged: Staged) -> bool:
    """Whether the job goes on as it was."""
    runs = staged.catalog.jobs.get(change.name)
    if change.fate is Fate.REMOVED:
        return runs is not None
    return change.after is not None and runs is not None and runs.digest != change.after.digest


def _of_job(change: JobChange, window: tuple[datetime, datetime], word: Word, *, everything: bool) -> JobReview:
    if change.fate is Fate.RELOCATED:
        assert change.after is not None
        same = _forecasts({change.name: change.after}, window, word, everything=everything)[change.name]
        return JobReview(change, same, same, (), dict.fromkeys(Kind, 0))
    before, after = change.before, change.after
    # What is held goes on: its messages stay.
    after = before if change.held else after
    times = max(1, *(occurrences(job, *window) for job in (before, after) if job), 1)
    most = None if everything else max(_FEWEST_PEOPLE, _MOST_OF_A_JOB // times)
    people: list[Sequence[Recipient]] = [job.recipients if job else () for job in (before, after)]
    only = None if most is None else sample(people[0], people[1], most)
    old, new = (forecast(job, *window, only, word) if job else Forecast() for job in (before, after))
    differences = compare(old.messages, new.messages)
    return JobReview(change, old, new, tuple(differences), _counts(differences, people, only))


def _counts(
    differences: Sequence[Difference], people: Sequence[Sequence[Recipient]], only: frozenset[str] | None
) -> Mapping[Kind, int]:
    """How many differ in each way. only: who was looked at; those who come, who go and who stay stand for their like."""
    were, are = ({each.identity for each in some} for some in people)
    groups = (are - were, were - are, are & were)
    weights: dict[str, float] = {}
    for group in groups:
        seen = group if only is None else group & only
        weights |= dict.fromkeys(seen, len(group) / max(1, len(seen)))
    sums = dict.fromkeys(Kind, 0.0)
    for each in differences:
        sums[each.kind] += weights.get(each.shown.identity, 1.0)
    return {kind: round(number) for kind, number in sums.items()}


def _forecasts(
    jobs: Mapping[str, Job], window: tuple[datetime, datetime], word: Word, *, everything: bool
) -> Mapping[str, Forecast]:
    """Of jobs that stay as they are; where these are many, the first messages of each to some of its people."""
    room = max(1, _MOST_OF_THE_REST // max(1, len(jobs)))
    found = {}
    for name, job in jobs.items():
        times = max(1, occurrences(job, *window))
        only = None if everything else sample(job.recipients, job.recipients, max(1, room // times))
        found[name] = forecast(job, *window, only, word, None if everything else room)
    return found


def _sums(forecasts: list[Forecast], staged: Staged | None = None) -> Sums:
    """Of these, and of what is sent at once."""
    born = [*staged.sent, *staged.released] if staged else []
    return Sums(
        sum(each.total for each in forecasts) + len(born),
        sum(each.segments for each in forecasts) + sum(row["segments"] for row in born),
    )


def _kept(scan: Scan, after: Mapping[str, Job]) -> Mapping[str, tuple[str, ...]]:
    """By file with problems, the jobs that go on from its last good version."""
    told = {problem.file for problem in scan.problems}
    broken = {path for path, parsed in scan.files.items() if parsed.problems} | (scan.unreadable & told)
    found: dict[str, tuple[str, ...]] = dict.fromkeys(sorted(broken), ())
    for name in sorted(after):
        path = after[name].source.file
        if path in found:
            found[path] = (*found[path], name)
    return found


def _exceeded(
    settings: Settings,
    before: Mapping[str, Job],
    after: Mapping[str, Job],
    jobs: tuple[JobReview, ...],
    rest: Mapping[str, Forecast],
    window: tuple[datetime, datetime],
) -> tuple[Exceeded, ...]:
    limits, price = settings.limits.limits, settings.plivo.price
    were = {job.change.before.name: job.before for job in jobs if job.change.before} | dict(rest)
    are = {job.change.name: job.after for job in jobs if job.change.after} | dict(rest)
    were |= {name: Forecast() for name in before if name not in were}
    are |= {job.change.name: job.after for job in jobs if job.change.held}
    old = exceeded(before, were, limits, price, window)
    known = {(each.limit, each.job, each.who): each.found for each in old}
    new = exceeded(after, are, limits, price, window)
    return tuple(each for each in new if each.found > known.get((each.limit, each.job, each.who), 0.0))
