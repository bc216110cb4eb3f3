"""One job from what is written: everything that is wrong with it in one go, or the job."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from reminderd.document import MAX_PROBLEMS, Document, Fault, fault_of, faults
from reminderd.document.scalars import Wrong, show
from reminderd.jobs.build import build, recipient_of, zone_of
from reminderd.jobs.schedule import schedule_of
from reminderd.jobs.spec import EXAMPLES, KEYS, JobSpec, Reading
from reminderd.message import Effort, MessageProblem, check_job
from reminderd.model import Cron, Defaults, Job, Problem, Recipient, Schedule, Source
from reminderd.recurrence import next_after

# Stand in for what is wrong in a job, so that the rest of it can be checked all the same.
_ANY_SCHEDULE = Cron("0 9 * * *")
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
# What a message calls the keys of its job.
_NAMES_IN_MESSAGE = {"to": "recipient", "vars": "vars", "schedule": "due_at", "timezone": "due_at"}
_NAMES_IN_MESSAGE |= dict.fromkeys(("name", "description", "sender"), "job")
_ANY: Mapping[str, Any] = {"name": "job", "schedule": {"cron": "0 9 * * *"}, "to": "+14155550100", "message": "x"}


class _Readable(NamedTuple):
    """As much of a job as can be read. wrong: the keys whose values are stand-ins."""

    spec: JobSpec
    wrong: frozenset[str] = frozenset()


class Read(NamedTuple):
    """A job, or all that is wrong with it. warnings: what its texts cost without need."""

    job: Job | None
    problems: list[Problem]
    warnings: list[Problem]


def read_job(scope: Document, raw: dict[str, Any], defaults: Defaults, effort: Effort) -> Read:
    """The job that `raw` says, or all that is wrong with it, placed in `scope`. effort: of the whole file."""
    problems: list[Problem] = []
    warnings: list[Problem] = []
    try:
        readable = _Readable(JobSpec.model_validate(raw, context=Reading()))
    except ValidationError as error:
        found = list(faults(error, KEYS, EXAMPLES))
        problems += [scope.problem(fault) for fault in found[: MAX_PROBLEMS + 1]]
        readable = _mend(raw, found)
    schedule, wrong = _schedule(readable, defaults)
    problems += [scope.problem(fault) for fault in (*_wording_faults(raw), *wrong)]
    line, _ = scope.place(())
    people = [recipient_of(each) for each in readable.spec.to]
    job = build(readable.spec, schedule, people, Source(scope.file, line), defaults)
    if readable.spec.message is not None or readable.spec.messages:
        unknown = {_NAMES_IN_MESSAGE[key] for key in readable.wrong & _NAMES_IN_MESSAGE.keys()}
        checked = check_job(job, _first_instant(job), effort, unknown)
        problems += [_placed(scope, found) for found in checked.problems]
        warnings += [_placed(scope, found) for found in checked.notes]
    if problems:
        return Read(None, problems, warnings)
    return Read(_once_each(readable.spec, job, defaults), [], warnings)


def _mend(raw: Mapping[str, Any], found: Iterable[Fault]) -> _Readable:
    wrong = {str(fault.loc[0]) for fault in found}
    mended = {key: value for key, value in raw.items() if key not in wrong}
    if "timezone" in wrong:
        mended["timezone"] = "UTC"
    bad_people = _bad_people(found)
    if bad_people:
        wrong.remove("to")
        people = raw["to"] if isinstance(raw["to"], list) else [raw["to"]]
        mended["to"] = [_mend_person(index, each, bad_people.get(index)) for index, each in enumerate(people)]
    try:
        return _Readable(JobSpec.model_validate({**_ANY, **mended}, context=Reading()), frozenset(wrong))
    except ValidationError:  # a value was wrong twice, and pydantic told only of the first
        return _Readable(JobSpec.model_validate(_ANY), frozenset(KEYS[()]))


def _bad_people(found: Iterable[Fault]) -> Mapping[object, set[object]]:
    """By the index of a recipient, its wrong keys; none where it is wrong as a whole."""
    bad: dict[object, set[object]] = {}
    for fault in found:
        if fault.loc[0] == "to" and len(fault.loc) > 1:
            bad.setdefault(fault.loc[1], set()).update(fault.loc[2:3])
    return bad


def _mend_person(index: int, person: object, wrong_keys: set[object] | None) -> object:
    """The person without what is wrong with it. The stand-in for a phone is no one else's."""
    if wrong_keys is None:
        return person
    kept = {key: value for key, value in person.items() if key not in wrong_keys} if isinstance(person, dict) else {}
    return {**kept, "phone": _ANY["to"], "key": f"stand-in {index}"}


def _wording_faults(raw: Mapping[str, Any]) -> Iterator[Fault]:
    """What does not fit together in where a job's texts come from."""
    if not raw.keys() & {"message", "template", "messages"}:
        yield Fault(("message",), "is missing", EXAMPLES["message"], missing=True)
        return
    if "message" in raw and "template" in raw:
        yield Fault(("template",), "message and template exclude each other", "remove one", about_key=True)
    if "fallback" not in raw:
        return
    if raw.keys() & {"message", "template"}:
        kind = "message" if "message" in raw else "template"
        yield Fault(("fallback",), f"{kind} is the text for all other languages already", "remove one", about_key=True)
    elif not isinstance(raw.get("messages"), dict) or raw["fallback"] not in raw["messages"]:
        yield Fault(("fallback",), f"messages has no text for {show(str(raw['fallback']))}", "name one that it has")


def _schedule(job: _Readable, defaults: Defaults) -> tuple[Schedule, list[Fault]]:
    if "schedule" in job.wrong:
        return _ANY_SCHEDULE, []
    try:
        return schedule_of(job.spec.schedule, zone_of(job.spec, defaults)), []
    except Wrong as error:
        return _ANY_SCHEDULE, [fault_of(error, ("schedule",))]


def _placed(scope: Document, found: MessageProblem) -> Problem:
    fault = Fault(found.path, found.message, found.hint)
    return scope.problem_within(fault, found.line_offset, found.column_offset)


def _first_instant(job: Job) -> datetime:
    """A moment at which the job is due: a text may well be empty at any other."""
    depends = any("{" in text for text in (job.message, *job.messages.values()))
    first = next_after(job.schedule, job.timezone, _LONG_AGO) if depends else None
    return _LONG_AGO if first is None else first.due_at


def _once_each(spec: JobSpec, job: Job, defaults: Defaults) -> Job:
    """The job with each recipient once; who has one phone and key gets one text, whatever else is written of them."""
    first: dict[str, Recipient] = {}
    for recipient in job.recipients:
        first.setdefault(recipient.identity, recipient)
    if len(first) == len(job.recipients):
        return job
    return build(spec, job.schedule, first.values(), job.source, defaults)
