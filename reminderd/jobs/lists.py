"""Lists of people: what a file of recipients says, whether a table (CSV) or YAML."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BeforeValidator, ValidationError

from reminderd.document import Document, Fault, Loc, faults, load
from reminderd.document.scalars import Wrong, kind
from reminderd.jobs.fields import Spec, one_or_more
from reminderd.jobs.person import Person, Reading, RecipientSpec
from reminderd.model import Problem, Recipient

_KNOWN = ("phone", "name", "key", "timezone", "language")


class Row(Mapping[str, object]):
    """The variables of one person out of many: a tuple of values under names that all of them share."""

    __slots__ = ("_index", "_values")

    def __init__(self, index: Mapping[str, int], values: tuple[str, ...]) -> None:
        self._index = index
        self._values = values

    def __getitem__(self, name: str) -> object:
        return self._values[self._index[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __repr__(self) -> str:
        return repr(dict(self))


@dataclass(frozen=True, slots=True)
class PeopleList:
    """What a list says; with any problem, nobody. lines: where each person begins. columns: the names of all values."""

    recipients: Sequence[Recipient] = ()
    lines: Sequence[int] = field(default_factory=lambda: array("L"))
    columns: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def rows_of(listed: PeopleList) -> Iterator[dict[str, object]]:
    """Each person as a row of the list's columns, for a `where`. Without a value: empty in a table, else not there."""
    known = [name for name in _KNOWN if name in listed.columns]
    for person in listed.recipients:
        row = dict(person.variables)
        empty = "" if isinstance(person.variables, Row) else None
        for name in known:
            value = getattr(person, name)
            if value is None:
                value = empty
            if value is not None:
                row[name] = value
        yield row


def read_yaml(data: bytes, file: str, private: bool, accepted: bool = False) -> PeopleList:
    """The people of a YAML file: a list of recipients as in `to`, or a mapping with `recipients:`.

    private: whether they may not be shown. accepted: the file was found good once, and is not judged again.
    """
    document, misread = load(data, file)
    if document is None or misread:
        return PeopleList(problems=tuple(misread) or (Problem(file, 0, 0, "", "has no content", _EXAMPLE),))
    raw = {"recipients": document.value} if isinstance(document.value, list) else document.value
    if not isinstance(raw, dict):
        fault = Fault((), f"must be a list of recipients, not {kind(raw)}", _EXAMPLE)
        return PeopleList(problems=(document.problem(fault),))
    try:
        spec = _ListFile.model_validate(raw, context=Reading(accepted=accepted))
    except ValidationError as error:
        found = faults(error, _LIST_KEYS, {"recipients": _EXAMPLE})
        return PeopleList(problems=tuple(document.problem(fault) for fault in found))
    return _people_of(spec.recipients, document, private)


_EXAMPLE = "write a list of recipients, such as - {phone: +14155550123, name: Ada}"


def _some(value: object) -> list[object]:
    try:
        return one_or_more(value)
    except Wrong:
        raise Wrong("is empty", _EXAMPLE) from None


class _ListFile(Spec):
    recipients: Annotated[tuple[Person, ...], BeforeValidator(_some)]


_LIST_KEYS: dict[Loc, tuple[str, ...]] = {
    (): ("recipients",),
    ("recipients",): tuple(RecipientSpec.model_fields),
}


def _people_of(specs: Sequence[RecipientSpec], document: Document, private: bool) -> PeopleList:
    listed = isinstance(document.value, list)
    lines = array("L")
    for index in range(len(specs)):
        line, _ = document.place((index,) if listed else ("recipients", index))
        lines.append(line)
    recipients = [
        Recipient(each.phone, each.name, each.key, each.timezone, each.variables, each.language, private)
        for each in specs
    ]
    given = (name for each in recipients for name in (*each.variables, *_known_of(each)))
    return PeopleList(recipients, lines, tuple(dict.fromkeys(given)))


def _known_of(person: Recipient) -> Iterator[str]:
    return (name for name in _KNOWN if getattr(person, name) is not None)
