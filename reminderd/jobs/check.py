"""One job from what is written: everything that is wrong with it in one go, or the job."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from reminderd.document import MAX_PROBLEMS, Document, Fault, fault_of, faults
from reminderd.jobs.build import build, distinct, recipient_of, schedule_of
from reminderd.jobs.spec import EXAMPLES, KEYS, JobSpec
from reminderd.message import check_job
from reminderd.model import Cron, Defaults, Job, Problem, Recipient, Schedule, Source
from reminderd.scalars import Wrong

# Stand in for what is wrong in a job, so that the rest of it can be checked all the same.
_ANY_SCHEDULE = Cron("0 9 * * *")
_ANY: Mapping[str, Any] = {"name": "job", "schedule": {"cron": "0 9 * * *"}, "to": "+14155550100", "message": "x"}


class _Readable(NamedTuple):
    """As much of a job as can be read. wrong: the keys whose values are stand-ins.

    places: for each recipient, its index in the file.
    """

    spec: JobSpec
    wrong: frozenset[str]
    places: tuple[int, ...]


def read_job(scope: Document, raw: dict[str, Any], defaults: Defaults) -> tuple[Job | None, list[Problem]]:
    """The job that `raw` says, or all that is wrong with it, placed in `scope`."""
    problems: list[Problem] = []
    try:
        spec = JobSpec.model_validate(raw)
        readable = _Readable(spec, frozenset(), tuple(range(len(spec.to))))
    except ValidationError as error:
        found = list(faults(error, KEYS, EXAMPLES))
        problems += [scope.problem(fault) for fault in found[:MAX_PROBLEMS]]
        readable = _mend(raw, found)
    schedule, wrong = _schedule(readable, defaults)
    problems += [scope.problem(fault) for fault in wrong]
    line, _ = scope.place(())
    job, more = _compose(scope, readable, schedule, Source(scope.file, line), defaults)
    problems += more
    return (None if problems else job), problems


def _mend(raw: Mapping[str, Any], found: Iterable[Fault]) -> _Readable:
    wrong = {str(fault.loc[0]) for fault in found}
    bad_people = {fault.loc[1] for fault in found if fault.loc[0] == "to" and len(fault.loc) > 1}
    people = raw["to"] if isinstance(raw.get("to"), list) else []
    sound = {index: each for index, each in enumerate(people) if index not in bad_people}
    mended = {key: value for key, value in raw.items() if key not in wrong}
    if "timezone" in wrong:
        mended["timezone"] = "UTC"
    if "to" in wrong and sound and bad_people:
        wrong.remove("to")
        mended["to"] = list(sound.values())
    spec = JobSpec.model_validate({**_ANY, **mended})
    places = tuple(sound) if bad_people else tuple(range(len(spec.to)))
    return _Readable(spec, frozenset(wrong), places)


def _schedule(job: _Readable, defaults: Defaults) -> tuple[Schedule, list[Fault]]:
    if "schedule" in job.wrong:
        return _ANY_SCHEDULE, []
    try:
        return schedule_of(job.spec.schedule, job.spec.timezone or defaults.timezone), []
    except Wrong as error:
        return _ANY_SCHEDULE, [fault_of(error, ("schedule",))]


def _compose(
    scope: Document, readable: _Readable, schedule: Schedule, source: Source, defaults: Defaults
) -> tuple[Job, list[Problem]]:
    people = distinct(map(recipient_of, readable.spec.to))
    job = build(readable.spec, schedule, people.values(), source, defaults)
    if readable.wrong & {"message", "vars", "to"}:
        return job, []
    places = [readable.places[index] for index in people]
    problems = list(_message_problems(scope, job, places))
    unique = _one_each(people.values())
    if len(unique) < len(people):
        job = build(readable.spec, schedule, unique, source, defaults)
    return job, problems


def _message_problems(scope: Document, job: Job, places: list[int]) -> Iterator[Problem]:
    for found in _check_job_for_now(job):
        path = found.path
        if len(path) > 1 and path[0] == "to" and isinstance(path[1], int):
            path = ("to", places[path[1]], *path[2:])
        yield scope.problem_within(Fault(path, found.message, found.hint), found.line_offset, found.column_offset)


def _one_each(recipients: Iterable[Recipient]) -> list[Recipient]:
    """The first of those that are one to the unit of once: the same phone and key, and so the same text."""
    first: dict[str, Recipient] = {}
    for recipient in recipients:
        first.setdefault(recipient.identity, recipient)
    return list(first.values())


def _check_job_for_now(job):  # type: ignore  # replaced as soon as message.check_job(job) is there
    import inspect
    from datetime import UTC, datetime

    extra = [datetime(2026, 1, 1, tzinfo=UTC)] if len(inspect.signature(check_job).parameters) > 1 else []
    return check_job(job, *extra)
