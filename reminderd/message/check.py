"""What is wrong with a job's texts, and what is worth knowing of them, before any of it is sent."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from reminderd.message.assembly import Assembly
from reminderd.message.effort import Effort
from reminderd.message.errors import RenderError
from reminderd.message.notes import ucs2_note
from reminderd.message.render import Renderer
from reminderd.message.trial import MOST_FAILURES, Audience, Tried, attempt, sharing
from reminderd.message.undefined import Members, faults
from reminderd.message.wordings import Wording, wording, wordings
from reminderd.model import Job

_AT_ONCE = 1_000  # texts that may be made in one go, while others wait
_MOST_AT_ONCE = 1_000_000  # steps that they may take
_MOST_IN_ALL = 50_000_000  # steps for all texts of an occurrence, made bit by bit; less than a minute

_MOST_PROBLEMS = 100

_LINE_END = re.compile(r"\r\n?|\n")
_EXPRESSION = re.compile(r"\{[{%].*?(?:[%}]\}|$)")
_UNDEFINED = re.compile(r"(\w+)(?:\.(\w+)|\['(\w+)'\])?\S* is not (?:defined|called)")

Path = tuple[str | int, ...]


class MessageProblem(NamedTuple):
    """Something wrong with a message, or worth knowing of it.

    path: the value in the job that it is about: ("message",), ("messages", "de"), ("template",) or ("to", 3).
    line_offset, column_offset: where in that value's text, from 0. template: if not None, they are in the template file
    of this name, and path is the text that uses it. is_note: it is about the check itself, as that not all were tried.
    """

    path: Path
    line_offset: int
    column_offset: int
    message: str
    hint: str
    template: str | None = None
    is_note: bool = False


class CheckedMessage(NamedTuple):
    """What came of checking a job's texts. With problems it cannot be used; notes are for its author."""

    problems: list[MessageProblem]
    notes: list[MessageProblem]


class Whereabouts(NamedTuple):
    """Where a recipient is written: the path in the job, and how people find it, "to[3]" or "people.csv:17"."""

    path: Path
    label: str


Who = Callable[[int], Whereabouts]  # by the index in job.recipients


def in_to(index: int) -> Whereabouts:
    """Of a job whose recipients are all written in `to`."""
    return Whereabouts(("to", index), f"to[{index}]")


def check_job(
    job: Job, due_at: datetime, effort: Effort | None = None, unknown: Collection[str] = (), who: Who = in_to
) -> CheckedMessage:
    """Everything wrong with the texts of `job`: templates, names that are not there, and the messages they lead to.

    due_at: any aware instant of the job. Each text is made for every recipient that it is for, or of more than a
    thousand for those who tell most (trial.py). effort: of the file. unknown: which of the templates' top-level names
    are stand-ins in `job`; nothing is said of a text that uses them, but of its syntax. who: where recipients are.
    """
    return _Check(job, due_at, effort or Effort(), frozenset(unknown), who).result()


class _Check:
    def __init__(self, job: Job, due_at: datetime, effort: Effort, unknown: frozenset[str], who: Who) -> None:
        self.job, self.due_at, self.effort, self.unknown, self.who = job, due_at, effort, unknown, who
        self.renderer = Renderer(job)
        self.members = Members(job)
        self.sharing = sharing(job)
        self.problems: list[MessageProblem] = []
        self.notes: list[MessageProblem] = []
        self._texts: dict[int, str] = {}

    def result(self) -> CheckedMessage:
        indexes, without = _shared_out(self.job)
        fallback_is_wrong = self.job.fallback is not None and self.job.fallback not in self.job.messages
        if "recipient" not in self.unknown and not fallback_is_wrong:
            self.problems += _without_text(without, self.who)
        for each in wordings(self.job):
            if len(self.problems) > _MOST_PROBLEMS:  # looking for what was perhaps meant takes long
                break
            self._wording(each, indexes.get(each, []))
        self.problems += self._same_phone()
        return CheckedMessage(self.problems, self.notes)

    def _wording(self, of: Wording, indexes: list[int]) -> None:
        if self.effort.used_up:
            self._say_used_up(of)
            return
        try:
            assembly = self.renderer.assembly(of)
        except RenderError as error:
            self.problems.append(self._problem(of, error))
            return
        self.effort.spend(assembly.effort if assembly is not None else 0, first=True)
        if assembly is not None and not assembly.names.isdisjoint(self.unknown):
            return
        undefined = faults(assembly, self.members) if assembly is not None else iter(())
        found = [self._problem(of, error) for error in islice(undefined, MOST_FAILURES)]
        self.problems += found
        if indexes and not found:
            self._dry_run(of, assembly, indexes)

    def _say_used_up(self, of: Wording) -> None:
        if not self.effort.is_said:
            self.effort.is_said = True
            fault = "the messages of this file together take too much work to check"
            hint = "make their loops and lists smaller, or split the file"
            self.problems.append(self._problem(of, RenderError(fault, hint)))

    def _dry_run(self, of: Wording, assembly: Assembly | None, indexes: list[int]) -> None:
        tried = attempt(self.renderer, Audience(assembly, indexes, self.sharing), self.due_at, self.effort)
        self._texts |= {index: text.text for index, text in tried.texts.items()}
        self.problems += self._failures(of, tried)
        self.problems += self._too_much(of, tried, len(indexes))
        self.notes += self._notes(of, assembly, tried)

    def _failures(self, of: Wording, tried: Tried) -> Iterator[MessageProblem]:
        """One problem for each way of failing, whoever it is that it fails for."""
        alike: dict[tuple[str, int | None, str | None], list[int]] = {}
        for index, error in tried.failures.items():
            alike.setdefault((error.message, error.line, error.template), []).append(index)
        for indexes in alike.values():
            whom = "" if len(indexes) == tried.number else f" for recipient {self._named(indexes)}"
            yield self._problem(of, tried.failures[indexes[0]], whom)

    def _named(self, indexes: list[int]) -> str:
        return _and_others(self.who(indexes[0]).label, len(indexes) - 1)

    def _too_much(self, of: Wording, tried: Tried, number: int) -> Iterator[MessageProblem]:
        if tried.failures or not tried.texts:
            return
        for_each = tried.steps / tried.number
        if for_each * min(number, _AT_ONCE) > _MOST_AT_ONCE or for_each * number > _MOST_IN_ALL:
            fault = f"the texts of its {number} recipients together take too much work to make"
            yield self._problem(of, RenderError(fault, "make its loops and lists smaller, or split the job"))

    def _notes(self, of: Wording, assembly: Assembly | None, tried: Tried) -> Iterator[MessageProblem]:
        if note := ucs2_note(self.job, of, assembly, tried.texts):
            whom = f" for recipient {self.who(note.whose).label}" if note.is_personal else ""
            yield MessageProblem(of.place, note.line, note.column, note.message + whom, note.hint, note.template)
        if not tried.failures and tried.number < tried.wanted:
            shapes = "each shape" if tried.every_shape else "many shapes"
            message = f"tried for {tried.number:,} of {tried.wanted:,} recipients: {shapes} of variables, and a sample"
            hint = "" if self.effort.everybody else "reminderd check --all tries all"
            yield MessageProblem(of.place, 0, 0, message, hint, is_note=True)

    def _same_phone(self) -> Iterator[MessageProblem]:
        """Who has the phone and key of another, in whatever language, has to get the same text."""
        first: dict[str, int] = {}
        for index in sorted(self._texts):
            other = first.setdefault(self.job.recipients[index].identity, index)
            if self._texts[index] != self._texts[other]:
                this, that = self.who(index), self.who(other)
                message = f"{this.label} has the phone of {that.label} but another text"
                yield MessageProblem(this.path, 0, 0, message, "give each of them its own key")

    def _problem(self, of: Wording, error: RenderError, whom: str = "") -> MessageProblem:
        message = error.message + whom
        if error.line is None:
            return MessageProblem(of.place, 0, 0, message, error.hint)
        template = error.template or of.template
        source = of.source if template == of.template else self.job.templates[error.template or ""]
        line = error.line - 1
        return MessageProblem(of.place, line, _column(source, line, error), message, error.hint, template)


def _and_others(first: str, others: int) -> str:
    return f"{first} and {others} other{'s' * (others > 1)}" if others else first


def _column(source: str, line: int, error: RenderError) -> int:
    """Where the name stands in its line that is not defined, else the expression that is to blame, or the first there."""
    if error.column is not None:
        return error.column - 1
    lines = _LINE_END.split(source)
    written = lines[line] if line < len(lines) else ""
    expressions = list(_EXPRESSION.finditer(written))
    if undefined := _UNDEFINED.match(error.message):
        name = r"\W{1,9}".join(rf"\b{re.escape(part)}\b" for part in undefined.groups() if part is not None)
        # An expression over several lines is not seen in one of them.
        for start, end in [*(found.span() for found in expressions), (0, len(written))]:
            if found := re.compile(name).search(written, start, end):
                return found.start()
    blamed = (found for found in expressions if error.mark and re.search(error.mark, found[0]))
    return next((found.start() for found in (*blamed, *expressions)), 0)


def _shared_out(job: Job) -> tuple[Mapping[Wording, list[int]], Mapping[int, RenderError]]:
    """Whom each text is for, by their indexes, and those for whom there is none."""
    indexes: dict[Wording, list[int]] = {}
    without: dict[int, RenderError] = {}
    by_language: dict[str | None, Wording | RenderError] = {}
    for index, recipient in enumerate(job.recipients):
        if recipient.language not in by_language:
            try:
                by_language[recipient.language] = wording(job, recipient)
            except RenderError as error:
                by_language[recipient.language] = error
        found = by_language[recipient.language]
        if isinstance(found, RenderError):
            without[index] = found
        else:
            indexes.setdefault(found, []).append(index)
    return indexes, without


def _without_text(without: Mapping[int, RenderError], who: Who) -> Iterable[MessageProblem]:
    alike: dict[str, list[int]] = {}
    for index, error in without.items():
        alike.setdefault(error.message, []).append(index)
    for message, indexes in islice(alike.items(), MOST_FAILURES):
        first = who(indexes[0])
        verb = message if len(indexes) == 1 else message.replace("has", "have", 1)
        found = f"{_and_others(first.label, len(indexes) - 1)} {verb}"
        yield MessageProblem((*first.path, "language"), 0, 0, found, without[indexes[0]].hint)
