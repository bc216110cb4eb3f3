"""One job from what is written: everything that is wrong with it in one go, or the job."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from reminderd.document import MAX_PROBLEMS, Document, Fault, fault_of, faults
from reminderd.document.scalars import Wrong, clean, show
from reminderd.jobs.build import build, zone_of
from reminderd.jobs.crowd import Crowd
from reminderd.jobs.gather import Finding, Within, gather
from reminderd.jobs.library import Uses
from reminderd.jobs.person import Reading
from reminderd.jobs.schedule import schedule_of
from reminderd.jobs.spec import EXAMPLES, KEYS, OTHER_NAMES, RECIPIENT, JobSpec
from reminderd.jobs.texts import read_texts
from reminderd.jobs.zoning import times_in_zones, zoned
from reminderd.message import Effort, MessageProblem, check_job
from reminderd.model import Cron, Defaults, Job, Problem, Schedule, Source
from reminderd.recurrence import next_after

# Stand in for what is wrong in a job, so that the rest of it can be checked all the same.
_ANY_SCHEDULE = Cron("0 9 * * *")
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
# What a message calls the keys of its job.
_NAMES_IN_MESSAGE = {"to": "recipient", "vars": "vars", "schedule": "due_at", "timezone": "due_at"}
_NAMES_IN_MESSAGE |= dict.fromkeys(("name", "description", "sender"), "job")
_ANY: Mapping[str, Any] = {"name": "job", "schedule": {"cron": "0 9 * * *"}, "to": "+14155550100", "message": "x"}


_TEXTS = frozenset({"message", "template", "messages"})
_LANGUAGES_SHOWN = 20


class _Readable(NamedTuple):
    """As much of a job as can be read. wrong: the keys whose values are stand-ins."""

    spec: JobSpec
    wrong: frozenset[str] = frozenset()


class Read(NamedTuple):
    """A job, or all that is wrong with it. warnings: what its texts cost without need, and a `where` that is true of nobody."""

    job: Job | None
    problems: list[Problem]
    warnings: list[Problem]


def read_job(scope: Document, raw: dict[str, Any], defaults: Defaults, effort: Effort, uses: Uses) -> Read:
    """The job that `raw` says, or all that is wrong with it, placed in `scope`.

    effort: of the whole file. uses: where the file's lists and templates are read.
    """
    try:
        readable, found = _Readable(JobSpec.model_validate(raw, context=Reading())), []
    except ValidationError as error:
        found = list(faults(error, KEYS, EXAMPLES, OTHER_NAMES))
        readable = _mend(raw, found)
    checking = _Checking(scope, readable, defaults, uses)
    checking.report(found[: MAX_PROBLEMS + 1])
    checking.report(_wording_faults(raw, {str(fault.meant[0]) for fault in found if fault.meant}))
    job = checking.job(effort)
    return Read(None if checking.problems else job, checking.problems, checking.warnings)


class _Checking:
    """The check of one job in its steps; each goes on with stand-ins where the one before found problems."""

    def __init__(self, scope: Document, readable: _Readable, defaults: Defaults, uses: Uses) -> None:
        self.scope = scope
        self.spec, self.wrong = readable
        self.defaults = defaults
        self.uses = uses
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def report(self, findings: Iterable[Finding]) -> bool:
        """Place what was found; whether there was anything."""
        placed = [_placed(self.scope, each) for each in findings]
        self.problems += placed
        return bool(placed)

    def job(self, effort: Effort) -> Job:
        crowd, unknown = self._crowd()
        schedule = self._schedule(crowd)
        texts, findings = read_texts(self.spec, self.uses)
        without_text = self.report(findings) or not (
            self.spec.message is not None or self.spec.messages or texts.sources
        )
        line, _ = self.scope.place(())
        source = Source(self.scope.file, line)
        job = build(self.spec, schedule, crowd, texts, source, self.defaults)
        if not without_text:
            unknown |= {_NAMES_IN_MESSAGE[key] for key in self.wrong & _NAMES_IN_MESSAGE.keys()}
            self._check_texts(job, crowd, effort, unknown)
        once = crowd.once_each()
        if len(once.recipients) == len(job.recipients):
            return job
        return build(self.spec, schedule, once, texts, source, self.defaults)

    def _crowd(self) -> tuple[Crowd, set[str]]:
        """The people; and what a message calls them, if some of them are not known."""
        crowd, findings, warnings = gather(self.spec.to, self.uses)
        unknown = {"recipient"} if self.report(findings) else set()
        self.warnings += [_placed(self.scope, each) for each in warnings]
        if self.spec.timezone == RECIPIENT:
            crowd, findings = zoned(crowd, self.spec.timezone_from_number)
            self.report(findings)
        elif self.spec.timezone_from_number and "timezone" not in self.wrong:
            hint = "write that too, or remove it"
            self.report([Fault(("timezone_from_number",), "goes with timezone: recipient", hint, about_key=True)])
        return crowd, unknown

    def _schedule(self, crowd: Crowd) -> Schedule:
        if "schedule" in self.wrong:
            return _ANY_SCHEDULE
        everywhere = self.spec.timezone == RECIPIENT
        try:
            schedule = schedule_of(self.spec.schedule, zone_of(self.spec, self.defaults), accepted=everywhere)
        except Wrong as error:
            self.report([fault_of(error, ("schedule",))])
            return _ANY_SCHEDULE
        if everywhere:
            self.report(times_in_zones(self.spec.schedule, crowd))
        return schedule

    def _check_texts(self, job: Job, crowd: Crowd, effort: Effort, unknown: Collection[str]) -> None:
        problems, notes = check_job(job, _first_instant(job, crowd), effort, unknown, crowd.where)
        self.problems += [self._in_text(each) for each in problems]
        self.warnings += [replace(self._in_text(each), is_note=each.is_note) for each in notes]

    def _in_text(self, found: MessageProblem) -> Problem:
        """What is wrong with a text at its place: in the job, or in the template it comes from."""
        if found.template is None:
            fault = Fault(found.path, found.message, found.hint)
            return _placed(self.scope, Within(fault, found.line_offset, found.column_offset))
        path = str(self.uses.library.places.templates / found.template)
        return Problem(
            path, found.line_offset + 1, found.column_offset + 1, "", clean(found.message), clean(found.hint)
        )


def _placed(scope: Document, finding: Finding) -> Problem:
    match finding:
        case Problem():
            return finding
        case Within():
            return scope.problem_within(*finding)
        case Fault():
            return scope.problem(finding)


def _mend(raw: Mapping[str, Any], found: Iterable[Fault]) -> _Readable:
    wrong = {str(fault.loc[0]) for fault in found}
    wrong |= {str(fault.meant[0]) for fault in found if fault.meant and fault.meant[0] not in raw}
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


def _wording_faults(raw: Mapping[str, Any], meant: Collection[str]) -> Iterator[Fault]:
    """What does not fit together in where a job's texts come from. meant: keys that are there by a name that is wrong."""
    if not _TEXTS.isdisjoint(meant):
        return
    if _TEXTS.isdisjoint(raw):
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
        yield _no_fallback(str(raw["fallback"]), raw.get("messages"))


def _no_fallback(language: str, messages: object) -> Fault:
    there = list(messages) if isinstance(messages, dict) else []
    known = f"name one that it has: {', '.join(there[:_LANGUAGES_SHOWN])}{' …' * (len(there) > _LANGUAGES_SHOWN)}"
    return Fault(("fallback",), f"messages has no text for {show(language)}", known if there else "write it")


def _first_instant(job: Job, crowd: Crowd) -> datetime:
    """A moment at which the job is due: a text may well be empty at any other."""
    depends = any("{" in text for text in (job.message, *job.messages.values()))
    zone = next((each.timezone for each in crowd.recipients[:1] if job.recipient_zones), None) or job.timezone
    first = next_after(job.schedule, zone, _LONG_AGO) if depends else None
    return _LONG_AGO if first is None else first.due_at
