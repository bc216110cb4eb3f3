"""What is wrong with a job's message, before any of it is sent."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from reminderd.message.errors import RenderError
from reminderd.message.methods import DATE_ATTRIBUTES, METHODS
from reminderd.message.render import draw, job_view, recipient_view, template_of
from reminderd.message.template import KNOWN, Reference, Template, absent, close
from reminderd.model import Job, Recipient

_ALL_UP_TO = 1_000  # recipients that are tried in any case
_MOST_STEPS = 200_000  # about half a second
_MOST_FAILURES = 20

_LINE_END = re.compile(r"\r\n?|\n")
_EXPRESSION = re.compile(r"\{[{%].*?(?:[%}]\}|$)")
_UNDEFINED = re.compile(r"(\w+)(?:\.(\w+)|\['(\w+)'\])?\S* is not (?:defined|called)")


class MessageProblem(NamedTuple):
    """Something wrong with a message. path: the value in the job that it is about, ("message",) or ("to", 3).

    line_offset, column_offset: where in that value's text, from 0.
    """

    path: tuple[str | int, ...]
    line_offset: int
    column_offset: int
    message: str
    hint: str


def check_job(job: Job, due_at: datetime) -> list[MessageProblem]:
    """Everything wrong with the message of `job`: its template, names that are not there, and texts it leads to.

    due_at: any aware instant of the job, for the texts. Beyond the first thousand recipients, those are tried who
    differ in which variables they have, or share a phone.
    """
    try:
        template = template_of(job)
    except RenderError as error:
        return [_in_message(job, error)]
    return _undefined(job, template) or list(_dry_run(job, template, due_at))


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


def _dry_run(job: Job, template: Template | None, due_at: datetime) -> Iterator[MessageProblem]:
    texts: dict[int, str] = {}
    failures: dict[tuple[str, int | None], list[tuple[int, RenderError]]] = {}
    steps = failed = 0
    for index in _chosen(job, template):
        if steps > _MOST_STEPS or failed == _MOST_FAILURES:
            break
        try:
            drawn = draw(template, job, job.recipients[index], due_at)
        except RenderError as error:
            failures.setdefault((error.message, error.line), []).append((index, error))
            failed += 1
        else:
            texts[index] = drawn.text.text
            steps += drawn.steps
    for found in failures.values():
        index, first = found[0]
        alike = len(found) == failed + len(texts)
        yield _in_message(job, first, "" if alike else _for(index, len(found) - 1))
    yield from _same_phone(job, texts)


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
