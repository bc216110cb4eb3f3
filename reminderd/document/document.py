"""A YAML file that people wrote: its values, the place of each, and problems that point at them."""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reminderd.document.scalars import clean, is_null, kind, nearest, show
from reminderd.document.yamlerrors import Misread
from reminderd.document.yamltree import Node, compose
from reminderd.model import Problem

MAX_SIZE = 1024 * 1024
MAX_PROBLEMS = 200

Loc = tuple[str | int, ...]

_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SIMPLE_KEY = re.compile(r"[\w<-]{1,40}")
_VALUE = re.compile(r"[0-9]|.*[*=;/]")  # what begins like this is no key that anybody meant


class Fault(NamedTuple):
    """What is wrong with a value at `loc`, before it is known where that is written.

    about_key: the key itself is wrong and not its value. missing: there is nothing at `loc`. meant: of an unknown key,
    where what it holds was perhaps meant to stand.
    """

    loc: Loc
    message: str
    hint: str = ""
    about_key: bool = False
    missing: bool = False
    meant: Loc = ()


class Text:
    """A file's text, which knows the line and column of each of its characters."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text

    @cached_property
    def _line_ends(self) -> list[int]:
        return [found.start() for found in re.finditer("\n", self.text)]

    def position(self, index: int) -> tuple[int, int]:
        """Line and column of a character, both from 1."""
        line = bisect_left(self._line_ends, index)
        return line + 1, index - (self._line_ends[line - 1] if line else -1)

    def problem(self, index: int, path: Loc, message: str, hint: str) -> Problem:
        return Problem(self.file, *self.position(index), path_text(path), clean(message), clean(hint))

    def misread(self, error: Misread) -> Problem:
        return self.problem(error.index, error.path, error.message, error.hint)


class Document:
    """The content of one file. Scalars are text; those without quotes are `scalars.Plain`."""

    def __init__(self, text: Text, root: Node) -> None:
        self.file = text.file
        self.root = root
        self._text = text

    @property
    def value(self) -> Any:
        """The whole content: text, lists and dicts, shared where the file uses aliases."""
        return self.root.value

    def under(self, root: Node) -> "Document":
        """The same file with `root` as its content."""
        return Document(self._text, root)

    def place(self, loc: Loc) -> tuple[int, int]:
        """Line and column, from 1, of the value at `loc` or of its nearest ancestor that exists."""
        return self._text.position(self._find(loc).begin)

    def problem(self, fault: Fault) -> Problem:
        """`fault` at the place where it is written."""
        found = self._find(fault.loc)
        index = found.key_index if fault.about_key else found.begin
        path = found.key_path if fault.about_key else found.node.path
        if fault.missing:
            path = (*path, fault.loc[-1])
        return self._text.problem(index, path, fault.message, fault.hint)

    def problem_within(self, fault: Fault, line_offset: int, column_offset: int) -> Problem:
        """`fault` at a line and column, from 0, within the text at its loc; at the text itself where that is unknown."""
        problem = self.problem(fault)
        index = _index_within(self._text.text, self._find(fault.loc).node, line_offset, column_offset)
        if index is None:
            return problem
        line, column = self._text.position(index)
        return replace(problem, line=line, column=column)

    def _find(self, loc: Loc) -> "_Found":
        """Walk down `loc`; parts that the file does not have are names the reader gave, and are passed over."""
        found = _Found(self.root, self.root.index, self.root.path)
        for part in loc:
            child = found.node.children.get(part)
            if child is not None:
                path = child.node.path if child.node.path[-1:] == (part,) else (*found.node.path, part)
                found = _Found(child.node, child.key_index, path)
        return found


class _Found(NamedTuple):
    node: Node
    key_index: int
    key_path: Loc

    @property
    def begin(self) -> int:
        """Where the value is written; an empty one is shown at its key."""
        return self.node.index if self.node.value != "" or self.node.style else self.key_index


def load(data: bytes, file: str) -> tuple[Document | None, list[Problem]]:
    """The document in `data`, None where it has no content or cannot be read, and what is wrong with it as YAML.

    A file of nothing but comments has no content and no problem; one with nothing at all is a problem, because that is
    what a broken copy looks like.
    """
    text, problem = _decode(data, file)
    if problem is not None:
        return None, [problem]
    try:
        root, misread = compose(text.text)
    except Misread as error:
        return None, [text.misread(error)]
    return (Document(text, root) if root is not None else None), [text.misread(each) for each in misread]


def _decode(data: bytes, file: str) -> tuple[Text, Problem | None]:
    if len(data) > MAX_SIZE:
        hint = "split it into several files"
        return Text(file, ""), Problem(file, 0, 0, "", f"is larger than {MAX_SIZE // 1024} KiB", hint)
    text, problem = read_text(data, file)
    if problem is None and not text.text.strip():
        problem = Problem(file, 0, 0, "", "is empty", "remove the file, or leave a comment in it if that is meant")
    return text, problem


def read_text(data: bytes, file: str, language: str = "YAML") -> tuple[Text, Problem | None]:
    """The text in `data`, and what is wrong with it as UTF-8 without control characters. language: it is written in."""
    try:
        text = Text(file, data.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        before = Text(file, data[: error.start].decode("utf-8").removeprefix("\ufeff"))
        return before, before.problem(len(before.text), (), "not UTF-8 text", "save it as UTF-8")
    if found := _FORBIDDEN.search(text.text):
        message = f"the character {found[0]!r} is not allowed in {language}"
        return text, text.problem(found.start(), (), message, "is this a binary file?")
    return text, None


def path_text(path: Loc) -> str:
    """A path as people write it: jobs[1].schedule.cron."""
    words = ""
    for part in path:
        if isinstance(part, int):
            words += f"[{part}]"
        else:
            words += ("." if words else "") + (part if _SIMPLE_KEY.fullmatch(part) else show(part))
    return words


def _index_within(text: str, node: Node, line_offset: int, column_offset: int) -> int | None:
    """Where in the file a point of a scalar's value is written.

    Folding and indentation change only white space, so that counting everything else leads there; where an escape or
    an anchor makes the two differ, the answer is None.
    """
    if not isinstance(node.value, str):
        return None
    lines = node.value.split("\n")
    point = sum(len(line) + 1 for line in lines[:line_offset]) + column_offset
    begin = text.find("\n", node.index) + 1 if node.style in ("|", ">") else node.index + len(node.style)
    written = (index for index in range(begin, len(text)) if not text[index].isspace())
    for at, char in enumerate(node.value):
        if char.isspace():
            continue
        index = next(written, None)
        if index is None or text[index] != char:
            return None
        if at >= point:
            return index
    return None


def faults(
    error: ValidationError,
    keys: Mapping[Loc, Collection[str]],
    examples: Mapping[str, str] | None = None,
    other_names: Mapping[str, str] | None = None,
) -> Iterator[Fault]:
    """What pydantic found, in our words; what is missing only where no unknown key looks like it.

    keys: the keys each mapping may have, by its loc without list indexes. examples: for a missing key, what to write.
    other_names: what people call keys that have another name here.
    """
    errors = error.errors(include_url=False)
    found = [_fault(each, keys, examples or {}, other_names or {}) for each in errors]
    meant = {fault.meant for fault in found if fault.meant}
    for fault, each in zip(found, errors, strict=True):
        empty = fault.missing or is_null(each["input"])
        if not (empty and any(fault.loc[: len(loc)] == loc for loc in meant)):
            yield fault


def _fault(
    each: ErrorDetails, keys: Mapping[Loc, Collection[str]], examples: Mapping[str, str], other_names: Mapping[str, str]
) -> Fault:
    loc: Loc = each["loc"]
    match each["type"]:
        case "missing":
            return Fault(loc, "is missing", examples.get(str(loc[-1]), ""), missing=True)
        case "extra_forbidden":
            cut_off = _cut_off(str(loc[-1]), each["input"])
            hint, meant = (cut_off, ()) if cut_off else _key_hint(loc, keys, other_names)
            return Fault(loc, f"unknown key {show(str(loc[-1]))}", hint, about_key=True, meant=meant)
        case "value_error":
            return fault_of(each["ctx"]["error"], loc)
        case "model_type" | "list_type":
            wanted = "a mapping" if each["type"] == "model_type" else "a list"
            return Fault(loc, f"must be {wanted}, not {kind(each['input'])}")
    return Fault(loc, each["msg"])


def fault_of(error: ValueError, loc: Loc) -> Fault:
    """The fault that a reader of a single value raised about the value at `loc`."""
    return Fault((*loc, *getattr(error, "at", ())), str(error), getattr(error, "hint", ""))


def _cut_off(key: str, value: object) -> str:
    """A hint where the key is the rest of a value: of {cron: 0 9,12 * * *} all from the comma on."""
    if is_null(value) and _VALUE.match(key):
        return "a comma inside of { } ends a value: put the value in quotes"
    return ""


def _key_hint(loc: Loc, keys: Mapping[Loc, Collection[str]], other_names: Mapping[str, str]) -> tuple[str, Loc]:
    """What to do with an unknown key, and where its value was perhaps meant to stand."""
    key, group = str(loc[-1]), tuple(part for part in loc[:-1] if isinstance(part, str))
    known = keys.get(group, ())
    if key in known:
        return "it does not go with the other keys here", ()
    for other, names in keys.items():
        if key in names:
            return (f"it goes under {path_text(other)}:", other) if other else ("it goes one level up", (key,))
    found = nearest(key, known) or other_names.get(key.casefold())
    if found in known:
        return f"did you mean {found!r}?", (*loc[:-1], str(found))
    return f"known keys are {', '.join(known)}", ()
