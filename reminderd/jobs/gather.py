"""From what `to` says to the people: those written in it, and those of the lists it names, by their `where`."""

from collections.abc import Sequence
from typing import NamedTuple

from reminderd.document import Fault
from reminderd.jobs.crowd import Crowd, Entry, recipient_of, write_recipient
from reminderd.jobs.library import Found, Uses, hint_at
from reminderd.jobs.lists import PeopleList, rows_of
from reminderd.jobs.person import ListSpec, RecipientSpec
from reminderd.message import RenderError, parse_where
from reminderd.model import Problem

MOST_PEOPLE = 1_000_000


class Within(NamedTuple):
    """A fault at a line and column, from 0, of the text at its loc."""

    fault: Fault
    line_offset: int
    column_offset: int


# At a value of the job; within one; or in another file.
Finding = Fault | Within | Problem


class Gathered(NamedTuple):
    """The people, and what is wrong with their lists; warnings keep nobody from being written to."""

    crowd: Crowd
    findings: list[Finding]
    warnings: list[Fault]


def gather(items: Sequence[RecipientSpec | ListSpec], uses: Uses) -> Gathered:
    """All people of `to`. uses: where its lists are read."""
    gathering = _Gathering(uses)
    for at, item in enumerate(items):
        gathering.take(at, item)
    number = sum(len(entry.people) for entry in gathering.entries)
    if number > MOST_PEOPLE:
        message = f"are {number:,} recipients, at most {MOST_PEOPLE:,} are allowed in a job"
        return Gathered(Crowd(), [*gathering.findings, Fault(("to",), message, "split the job")], gathering.warnings)
    return Gathered(Crowd(tuple(gathering.entries)), gathering.findings, gathering.warnings)


class _Gathering:
    def __init__(self, uses: Uses) -> None:
        self._uses = uses
        self.entries: list[Entry] = []
        self.findings: list[Finding] = []
        self.warnings: list[Fault] = []

    def take(self, at: int, item: RecipientSpec | ListSpec) -> None:
        if isinstance(item, RecipientSpec):
            person = recipient_of(item)
            self.entries.append(Entry(at, (person,), write_recipient(person)))
            return
        found = self._find(at, item)
        if found is None:
            return
        listed = self._uses.people(found, item.private)
        if listed.problems:
            self._unusable(at, item, found, listed)
        elif item.where is None:
            self.entries.append(Entry(at, listed.recipients, _written(item, found), found.used, listed.lines))
        else:
            self._some(at, item, item.where, found, listed)

    def _find(self, at: int, item: ListSpec) -> Found | None:
        """The list, if it can be read."""
        loc = ("to", at, item.key)
        if item.group is not None:
            found = self._uses.group(item.group)
            if found is None:
                folder = self._uses.library.places.recipients
                hint = hint_at(item.group, self._uses.groups(), "groups", folder)
                self.findings.append(Fault(loc, f"there is no group {item.group!r}", hint))
                return None
        else:
            assert item.file is not None
            found = self._uses.list_at(item.file)
        if found.wrong:
            self.findings.append(Fault(loc, f"{found.path} {found.wrong}", self._uses.hint_beside(found)))
            return None
        return found

    def _unusable(self, at: int, item: ListSpec, found: Found, listed: PeopleList) -> None:
        self.findings += listed.problems
        number, first = len(listed.problems), listed.problems[0]
        which = "a problem" if number == 1 else f"{number} problems, the first"
        place = f"on line {first.line}" if first.line else "with the file as a whole"
        self.findings.append(Fault(("to", at, item.key), f"{found.path} has {which} {place}"))

    def _some(self, at: int, item: ListSpec, where: str, found: Found, listed: PeopleList) -> None:
        """Take those of whom `where` is true."""
        index = 0
        try:
            meant = parse_where(where)
            if unknown := meant.unknown(listed.columns):
                raise unknown
            kept = []
            for index, row in enumerate(rows_of(listed)):
                if meant.matches(row):
                    kept.append(index)
        except RenderError as error:
            at_row = f" in {found.path}:{listed.lines[index]}" if index else ""
            self._wrong_where(at, error, at_row)
            return
        entry = Entry(at, listed.recipients, _written(item, found), found.used, listed.lines).only(kept)
        self.entries.append(entry)
        if not kept:
            message = f"is true of nobody among the {len(listed.recipients):,} of {found.path}"
            self.warnings.append(Fault(("to", at, "where"), message, "nobody is written to by it"))

    def _wrong_where(self, at: int, error: RenderError, at_row: str) -> None:
        fault = Fault(("to", at, "where"), error.message + at_row, error.hint)
        self.findings.append(Within(fault, (error.line or 1) - 1, (error.column or 1) - 1))


def _written(item: ListSpec, found: Found) -> dict[str, str]:
    given = {"group": item.group, "file": item.file, "where": item.where}
    kept = {key: value for key, value in given.items() if value is not None}
    return {**kept, "path": found.path, "digest": found.digest}
