"""What is wrong with a job's message, before any of it is sent."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from reminderd.message.errors import RenderError
from reminderd.message.methods import DATE_ATTRIBUTES, METHODS
from reminderd.message.render import draw, job_view, recipient_view, template_of
from reminderd.message.template import KNOWN, Reference, Template, absent, close
from reminderd.model import Job, Recipient

_ALL_UP_TO = 1_000  # recipients that are tried in any case
_MOST_STEPS = 200_000  # for all recipients of a job; about half a second
_MOST_FAILURES = 20
_MOST_AT_ONCE = 1_000_000  # steps that one occurrence may take: its texts are made in one go, while others wait
_FIRST_TEXTS = 1_000_000  # steps for the first text of each job of a file
_FURTHER_TEXTS = 500_000  # steps for all others of a file

_LINE_END = re.compile(r"\r\n?|\n")
_EXPRESSION = re.compile(r"\{[{%].*?(?:[%}]\}|$)")
_UNDEFINED = re.compile(r"(\w+)(?:\.(\w+)|\['(\w+)'\])?\S* is not (?:defined|called)")


class Effort:
    """The steps that checking the messages of one file may take; shared by its jobs.

    The first text of each job is always tried, so that too much is a problem; the others while there is room.
    first, further: what was spent on either.
    """

    def __init__(self) -> None:
        self.first = 0
        self.further = 0
        self.is_said = False  # that it is used up, which one problem says for the whole file

    @property
    def used_up(self) -> bool:
        return self.first > _FIRST_TEXTS

    @property
    def has_room(self) -> bool:
        return not self.used_up and self.further <= _FURTHER_TEXTS

    def spend(self, steps: int, *, first: bool) -> None:
        if first:
            self.first += steps
        else:
            self.further += steps


class MessageProblem(NamedTuple):
    """Something wrong with a message. path: the value in the job that it is about, ("message",) or ("to", 3).

    line_offset, column_offset: where in that value's text, from 0.
    """

    path: tuple[str | int, ...]
    line_offset: int
    column_offset: int
    message: str
    hint: str


def check_job(
    job: Job, due_at: datetime, effort: Effort | None = None, unknown: Collection[str] = ()
) -> list[MessageProblem]:
    """Everything wrong with the message of `job`: its template, names that are not there, and texts it leads to.

    due_at: any aware instant of the job, for the texts. Beyond the first thousand recipients, those are tried who
    differ in which variables they have, or share a phone. effort: of the file. unknown: which of the template's
    top-level names are stand-ins in `job`; nothing is said of a message that uses them, but of its syntax.
    """
    try:
        template = template_of(job)
    except RenderError as error:
        return [_in_message(job, error)]
    if template is not None and not template.names.isdisjoint(unknown):
        return []
    return _undefined(job, template) or list(_dry_run(job, template, due_at, effort or Effort()))


def _in_message(job: Job, error: RenderError, who: str = "") -> MessageProblem:
    if error.line is None:
        return MessageProblem(("message",), 0, 0, error.message + who, error.hint)
    line = error.line - 1
    return MessageProblem(("message",), line, _column(job, line, error.message), error.message + who, error.hint)


def _column(job: Job, line: int, message: str) -> int:
    """Where the name stands in its line that `message` says is not defined, else the first expression there."""
    lines = _LINE_END.split(job.message)
    source = lines[line] if line < len(lines) else ""
    expressions = list(_EXPRESSION.finditer(source))
    if undefined := _UNDEFINED.match(message):
        name = r"\W{1,9}".join(rf"\b{re.escape(part)}\b" for part in undefined.groups() if part is not None)
        # An expression over several lines is not seen in one of them.
        for start, end in [*(found.span() for found in expressions), (0, len(source))]:
            if found := re.compile(name).search(source, start, end):
                return found.start()
    return expressions[0].start() if expressions else 0


# --- names that are not there, in whatever branch ---


def _undefined(job: Job, template: Template | None) -> list[MessageProblem]:
    if template is None:
        return []
    members = {
        "vars": job.vars,
        "job": job_view(job),
        # What only some recipients lack may well stand in a branch for the others: that is for the dry run.
        "recipient": {name: True for recipient in job.recipients for name in recipient_view(recipient)},
    }
    first_places: dict[tuple[str, str | None], Reference] = {}
    for reference in template.references:
        first_places.setdefault((reference.root, reference.attribute), reference)
    faults = ((_fault(reference, members), reference.line) for reference in first_places.values())
    found = (_in_message(job, RenderError(*fault, line)) for fault, line in faults if fault is not None)
    return list(islice(found, _MOST_FAILURES))


def _fault(reference: Reference, members: Mapping[str, Mapping[str, object]]) -> tuple[str, str] | None:
    """The message and the hint about a reference that does not hold."""
    root, name, _ = reference
    if name is None:
        owner = next((owner for owner in ("vars", "recipient") if root in members[owner]), None)
        meant = f"did you mean {owner}.{root}?" if owner else close(root, KNOWN)
        return f"{root} is not defined", meant or "there are job, recipient, due_at and vars"
    if root == "due_at":
        return _fault_of_due_at(name)
    return None if name in members[root] else (f"{root}.{name} is not defined", absent(root, name, members[root]))


def _fault_of_due_at(name: str) -> tuple[str, str] | None:
    if name in METHODS:
        return f"due_at.{name} is not called", f"write due_at.{name}()"
    if name not in DATE_ATTRIBUTES:
        return f"due_at.{name} is not defined", close(name, DATE_ATTRIBUTES | METHODS, "due_at.")
    return None


# --- the texts ---


class _Tried(NamedTuple):
    """What came of trying texts, by the index of the recipient."""

    texts: dict[int, str]
    failures: dict[int, RenderError]
    steps: int


def _dry_run(job: Job, template: Template | None, due_at: datetime, effort: Effort) -> Iterator[MessageProblem]:
    if effort.used_up:
        if not effort.is_said:
            effort.is_said = True
            fault = "the messages of this file together take too much work to check"
            yield _in_message(job, RenderError(fault, "make their loops and lists smaller, or split the file"))
        return
    tried = _try(job, template, due_at, effort)
    yield from _failures(job, tried)
    yield from _same_phone(job, tried.texts)
    number = len(tried.texts) + len(tried.failures)
    if not tried.failures and tried.steps * len(job.recipients) > _MOST_AT_ONCE * number:
        fault = f"the texts of its {len(job.recipients)} recipients together take too much work to make"
        yield _in_message(job, RenderError(fault, "make its loops and lists smaller, or split the job"))


def _try(job: Job, template: Template | None, due_at: datetime, effort: Effort) -> _Tried:
    texts: dict[int, str] = {}
    failures: dict[int, RenderError] = {}
    steps = 0
    for index in _chosen(job, template):
        first = not (texts or failures)
        if steps > _MOST_STEPS or len(failures) == _MOST_FAILURES or not (first or effort.has_room):
            break
        try:
            drawn = draw(template, job, job.recipients[index], due_at)
        except RenderError as error:
            failures[index], spent = error, error.steps
        else:
            texts[index], spent = drawn.text.text, drawn.steps
        steps += spent
        effort.spend(spent, first=first)
    return _Tried(texts, failures, steps)


def _failures(job: Job, tried: _Tried) -> Iterator[MessageProblem]:
    """One problem for each way of failing, whoever it is that it fails for."""
    alike: dict[tuple[str, int | None], list[int]] = {}
    for index, error in tried.failures.items():
        alike.setdefault((error.message, error.line), []).append(index)
    for indexes in alike.values():
        everybody = len(indexes) == len(tried.failures) + len(tried.texts)
        who = "" if everybody else _for(indexes[0], len(indexes) - 1)
        yield _in_message(job, tried.failures[indexes[0]], who)


def _for(index: int, others: int) -> str:
    more = f" and {others} other{'s' * (others > 1)}" if others else ""
    return f" for recipient to[{index}]{more}"


def _chosen(job: Job, template: Template | None) -> list[int]:
    """Which recipients to try: one if the text cannot differ, else all, or in a long list those who may differ."""
    if template is None or "recipient" not in template.names:
        return [0] if job.recipients else []
    chosen: set[int] = set(range(min(len(job.recipients), _ALL_UP_TO)))
    shapes: dict[object, int] = {}
    identities: dict[str, list[int]] = {}
    for index, recipient in enumerate(job.recipients):
        shapes.setdefault(_shape(recipient), index)
        identities.setdefault(recipient.identity, []).append(index)
    chosen.update(shapes.values())
    chosen.update(index for indexes in identities.values() if len(indexes) > 1 for index in indexes)
    return sorted(chosen)


def _shape(recipient: Recipient) -> object:
    return frozenset((name, type(value)) for name, value in recipient_view(recipient).items())


def _same_phone(job: Job, texts: Mapping[int, str]) -> Iterator[MessageProblem]:
    first: dict[str, int] = {}
    for index, text in texts.items():
        other = first.setdefault(job.recipients[index].identity, index)
        if text != texts[other]:
            message = f"to[{index}] has the phone of to[{other}] but another text"
            yield MessageProblem(("to", index), 0, 0, message, "give each of them its own key")
