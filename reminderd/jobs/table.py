"""Lists of people as CSV: a header that names the columns, and a row for each person."""

import csv
import io
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from reminderd.document import Text, read_text
from reminderd.document.scalars import LONGEST_LINE, Wrong, did_you_mean, line, show
from reminderd.jobs.lists import PeopleList, Row
from reminderd.jobs.person import E164, misspelt, read_language
from reminderd.message import PhoneError, parse_phone
from reminderd.model import Problem, Recipient
from reminderd.recurrence import ScheduleError, parse_zone

MOST_PROBLEMS = 100
_MOST_COLUMNS = 200
_MOST_MEMORIES = 10_000  # values that are kept once for all rows which have them

_KNOWN = ("phone", "name", "key", "timezone", "language")
_EXAMPLE = "write a header such as phone,name and below it a row for each person"
_QUOTES = 'write a quotation mark inside of a value twice, ""'


class _Cell(NamedTuple):
    """A field: the line on which its row begins, and its number in the row."""

    line: int
    number: int


def read_table(data: bytes, file: str, private: bool, accepted: bool = False) -> PeopleList:
    """The people of a CSV file. private: whether they may not be shown.

    accepted: the file was found good once, and its phone numbers are not judged again by newer numbering plans.
    """
    text, problem = read_text(data, file, "CSV")
    if problem is not None:
        return PeopleList(problems=(problem,))
    if not text.text.strip():
        return PeopleList(problems=(Problem(file, 0, 0, "", "is empty", _EXAMPLE),))
    table = _Table(text, private, accepted)
    table.read()
    if table.problems:
        return PeopleList(problems=tuple(table.problems))
    return PeopleList(table.people, table.lines, table.columns)


class _Table:
    def __init__(self, text: Text, private: bool, accepted: bool) -> None:
        self._text = text
        self._private = private
        self._accepted = accepted
        self._delimiter = _delimiter(text.text)
        self._reported = 0
        self._zones: dict[str, str] = {}
        self._languages: dict[str, str] = {}
        self._memory: dict[str, str] = {}
        self.columns: tuple[str, ...] = ()
        self.people: list[Recipient] = []
        self.lines = array("L")
        self.problems: list[Problem] = []

    def read(self) -> None:
        rows = _Rows(self._text.text, self._delimiter)
        try:
            for begin, row in rows:
                if not self.columns:
                    if not self._header(begin, [name.strip() for name in row]):
                        return
                elif not self._take(begin, row):
                    self._note(Problem(self._text.file, 0, 0, "", f"has more problems than the {MOST_PROBLEMS} shown"))
                    return
        except csv.Error as error:
            cell = _Cell(rows.begin, len(_places(self._lines, rows.begin, self._delimiter)) - 1)
            self._report(cell, *_explained(error))
            return
        if not self.people and not self.problems:
            self._report(_Cell(1, 0), "has a header and nobody under it", "a list of nobody is not believed")

    # -- the header -------------------------------------------------------------------------------------

    def _header(self, begin: int, names: Sequence[str]) -> bool:
        if "phone" not in names:
            self._report(_Cell(begin, 0), "there is no column phone", _why_no_phone(names))
            return False
        for number, name in enumerate(names):
            if wrong := self._wrong_name(name, names[:number], names):
                self._report(_Cell(begin, number), *wrong)
        if len(names) > _MOST_COLUMNS:
            self._report(_Cell(begin, 0), f"has {len(names)} columns, at most {_MOST_COLUMNS} are allowed", "")
        self.columns = tuple(names)
        self._at = {name: names.index(name) for name in _KNOWN if name in names}
        variables = [number for number, name in enumerate(names) if name not in _KNOWN]
        self._variables = variables
        self._index = {names[number]: place for place, number in enumerate(variables)}
        return not self.problems

    def _wrong_name(self, name: str, before: Sequence[str], names: Sequence[str]) -> tuple[str, str] | None:
        if not name:
            return "this column has no name", "give it one, or remove it"
        if name in before:
            return f"the column {show(name)} is there twice", "keep one"
        if not self._accepted and (meant := misspelt(name, names)):
            return f"the column {show(name)} looks like {meant}", f"write {meant}, or another name"
        try:
            line(name)
        except Wrong as error:
            return f"the name of this column {error.message}", error.hint
        return None

    # -- the rows ---------------------------------------------------------------------------------------

    def _take(self, begin: int, row: list[str]) -> bool:
        """Read one person; False when there are so many problems that nobody reads more."""
        if not any(row):
            return True  # an empty line, or a row of nothing but delimiters, as spreadsheets leave them
        width = len(self.columns)
        if len(row) != width:
            number = min(len(row), width)
            hint = f"put values that hold {self._delimiter!r} in quotation marks" if len(row) > width else ""
            self._report(_Cell(begin, number), f"has {_values(len(row))}, and the header has {width} columns", hint)
        elif person := self._person(begin, row):
            self.people.append(person)
            self.lines.append(begin)
        return self._reported < MOST_PROBLEMS

    def _person(self, begin: int, row: list[str]) -> Recipient | None:
        known: dict[str, str | None] = {}
        for name, number in self._at.items():
            try:
                known[name] = self._known(name, row[number].strip())
            except (PhoneError, ScheduleError, Wrong) as error:
                self._report(_Cell(begin, number), error.message, error.hint, name)
        if known.keys() != self._at.keys():
            return None
        phone, variables = known["phone"], tuple(self._kept(row[number].strip()) for number in self._variables)
        assert phone is not None
        return Recipient(
            phone,
            known.get("name"),
            known.get("key"),
            known.get("timezone"),
            Row(self._index, variables),
            known.get("language"),
            self._private,
        )

    def _known(self, name: str, value: str) -> str | None:
        match name:
            case "phone":
                return value if self._accepted and E164.fullmatch(value) else parse_phone(value)
            case _ if not value:
                return None
            case "timezone":
                return _once(value, self._zones, parse_zone)
            case "language":
                return _once(value, self._languages, read_language)
        return value if len(value) <= LONGEST_LINE and value.isprintable() else line(value)

    def _kept(self, value: str) -> str:
        """The value, as the one object that all rows share which have it, while there are few different ones."""
        if len(self._memory) < _MOST_MEMORIES:
            return self._memory.setdefault(value, value)
        return self._memory.get(value, value)

    # -- problems ---------------------------------------------------------------------------------------

    @cached_property
    def _lines(self) -> list[str]:
        return list(io.StringIO(self._text.text, newline=""))

    def _report(self, cell: _Cell, message: str, hint: str, column: str = "") -> None:
        self._reported += 1
        places = _places(self._lines, cell.line, self._delimiter, cell.number)
        number, offset = places[min(cell.number, len(places) - 1)]
        self._note(Problem(self._text.file, number, offset + 1, column, message, hint))

    def _note(self, problem: Problem) -> None:
        self.problems.append(problem)


class _Rows:
    """The rows of a table, each with the line on which it begins; `begin` is that of the one that is being read."""

    def __init__(self, text: str, delimiter: str) -> None:
        self.begin = 1
        self._rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        for row in self._rows:
            yield self.begin, row
            self.begin = self._rows.line_num + 1


def _once(value: str, read_before: dict[str, str], read: Callable[[str], str]) -> str:
    if value not in read_before:
        read_before[value] = read(value)
    return read_before[value]


def _delimiter(text: str) -> str:
    """What stands between the names in the header: a comma or, as spreadsheets of many countries write it, a semicolon."""
    header = text.lstrip("\r\n").splitlines()[0]
    candidates = {mark: [name.strip(' "') for name in header.split(mark)] for mark in (",", ";")}
    return max(candidates, key=lambda mark: ("phone" in candidates[mark], len(candidates[mark])))


def _values(number: int) -> str:
    return f"{number} value{'s' * (number != 1)}"


def _why_no_phone(names: Sequence[str]) -> str:
    if any("\t" in name for name in names):
        return "put , or ; between the columns, not tabs"
    return did_you_mean("phone", names).replace("did you mean", "call it phone, not") or _EXAMPLE


def _explained(error: csv.Error) -> tuple[str, str]:
    """What the csv module says, in our words."""
    said = str(error)
    if "unexpected end" in said:
        return "the quotation mark of this value is never closed", _QUOTES
    if "field larger" in said:
        return f"this value has more than {csv.field_size_limit():,} characters", "is its quotation mark never closed?"
    if "expected after" in said:
        return "something follows the closing quotation mark of this value", _QUOTES
    return f"not valid CSV: {said}", ""


def _places(lines: Sequence[str], first: int, delimiter: str, last: int | None = None) -> list[tuple[int, int]]:
    """Line, from 1, and offset, from 0, of each field of the row that begins on line `first`, up to the number `last`.

    Ends before time where the row is not valid CSV, with the field that is not.
    """
    places: list[tuple[int, int]] = []
    number, offset = first, 0
    while last is None or len(places) <= last:
        text = lines[number - 1]
        while text[offset : offset + 1] == " ":
            offset += 1
        places.append((number, offset))
        if text[offset : offset + 1] == '"':
            number, offset = _after_quotes(lines, number, offset + 1)
            if number > len(lines) or lines[number - 1][offset : offset + 1] not in (delimiter, "\r", "\n", ""):
                break
        end = lines[number - 1].find(delimiter, offset)
        if end < 0:
            break
        offset = end + 1
    return places


def _after_quotes(lines: Sequence[str], number: int, offset: int) -> tuple[int, int]:
    """Where the closing quotation mark of a value is over; beyond the last line if there is none."""
    while number <= len(lines):
        end = lines[number - 1].find('"', offset)
        if end < 0:
            number, offset = number + 1, 0
        elif lines[number - 1][end + 1 : end + 2] == '"':
            offset = end + 2
        else:
            return number, end + 1
    return number, 0
