"""What a YAML syntax error means to the person who wrote the file: the exact place, and what to write instead."""

import re
from typing import NamedTuple

import yaml

_JINJA_VALUE = re.compile(r"\s*(?:- +)*[^\s:#]+:\s+(?=\{[{%])")
_LINE_START = re.compile(r"(?:^|\n) *(?:- +)*\Z")
_KEY_WITHOUT_SPACE = re.compile(r"[A-Za-z_][\w.-]*:(?=[^\s/])")
_INDENT = "give the keys of one mapping the same indentation"
_EXAMPLES = {"*": ", such as cron: '*/5 * * * *'", "@": ", such as cron: '@daily'"}


class Misread(Exception):
    """Text that YAML cannot read, or that is not allowed. index: where, in characters from the start of the text."""

    def __init__(self, index: int, message: str, hint: str = "", path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.index = index
        self.message = message
        self.hint = hint
        self.path = path


class _Trouble(NamedTuple):
    """What the parser says: what it was reading from `start`, where it stopped, and its words."""

    text: str
    start: int
    stop: int
    last_scalar: int
    last_open: int
    words: str

    @property
    def line_start(self) -> int:
        return self.text.rfind("\n", 0, self.stop) + 1

    @property
    def line(self) -> str:
        return self.text[self.line_start :].split("\n", 1)[0]

    @property
    def indent(self) -> int:
        return len(self.line) - len(self.line.lstrip())

    @property
    def spans_lines(self) -> bool:
        return "\n" in self.text[self.last_scalar : self.stop]

    def says(self, *phrases: str) -> bool:
        return any(phrase in self.words for phrase in phrases)


def explain(error: yaml.YAMLError, text: str, last_scalar: int, last_open: int) -> Misread:
    """The one problem that `error` is.

    last_scalar, last_open: where the last scalar begins that could be read, and the innermost collection still open.
    """
    stop = getattr(error, "problem_mark", None)
    if stop is None:
        position = min(getattr(error, "position", 0), len(text))
        return Misread(position, "not valid YAML: a character that YAML does not allow")
    start = getattr(error, "context_mark", None) or stop
    words = f"{getattr(error, 'context', None)}: {getattr(error, 'problem', None)}"
    trouble = _Trouble(text, min(start.index, len(text)), min(stop.index, len(text)), last_scalar, last_open, words)
    for diagnose in (_tab, _jinja, _starter, _colon, _unclosed, _placing):
        if (found := diagnose(trouble)) is not None:
            index, message, hint = found
            return Misread(index, f"not valid YAML: {message}", hint)
    return Misread(trouble.stop, "not valid YAML here", "look at the indentation, the colons and the quotes around it")


_Finding = tuple[int, str, str] | None


def _tab(trouble: _Trouble) -> _Finding:
    indent = trouble.line[: trouble.indent]
    if "\t" not in indent or trouble.stop > trouble.line_start + len(indent):
        return None
    return trouble.line_start + indent.index("\t"), "a tab cannot indent", "use spaces"


def _jinja(trouble: _Trouble) -> _Finding:
    value = _JINJA_VALUE.match(trouble.line)
    if value is None:
        return None
    brace = trouble.line[value.end() : value.end() + 2]
    return (
        trouble.line_start + value.end(),
        f"an unquoted {brace} begins a mapping",
        f"quote values that start with {brace}",
    )


def _starter(trouble: _Trouble) -> _Finding:
    if trouble.says(
        "scanning an alias", "scanning an anchor", "scanning a block scalar", "a directive", "cannot start any token"
    ):
        char = trouble.text[trouble.start]
        hint = f"quote values that start with {char}{_EXAMPLES.get(char, '')}"
        return trouble.start, f"{char} at the start of a value has a meaning of its own", hint
    return None


def _colon(trouble: _Trouble) -> _Finding:
    """`key:value` is text to YAML, so that the parser stumbles only over the next key or the end."""
    no_colon = trouble.says("could not find expected ':'")
    if not no_colon and not trouble.says("mapping values are not allowed"):
        return None
    begin = trouble.start if no_colon else trouble.last_scalar
    if (no_colon or trouble.spans_lines) and _is_key_without_space(trouble.text, begin):
        return begin, "no space after the colon", "write key: value"
    if no_colon:
        return begin, "a key without a colon", "write key: value"
    if trouble.spans_lines:
        return trouble.line_start + trouble.indent, "this key is indented deeper than the one before it", _INDENT
    return trouble.stop, "a second colon in one line", "quote values that hold a colon and a space"


def _is_key_without_space(text: str, begin: int) -> bool:
    starts_line = _LINE_START.search(text[max(0, begin - 100) : begin])
    return bool(starts_line and _KEY_WITHOUT_SPACE.match(text, begin))


def _unclosed(trouble: _Trouble) -> _Finding:
    if trouble.says("scanning a quoted scalar") and trouble.says("end of stream"):
        return trouble.start, "this quote is never closed", "close it, or double a quote that is part of the text"
    if trouble.says("parsing a flow"):
        bracket = trouble.text[trouble.last_open]
        return trouble.last_open, f"this {bracket} is not closed", "close it, or put a comma between two items"
    if trouble.says("unknown escape character"):
        return trouble.stop, "an unknown escape in double quotes", "use single quotes, or write \\\\ for a backslash"
    return None


def _placing(trouble: _Trouble) -> _Finding:
    if trouble.says("sequence entries are not allowed"):
        return trouble.stop, "a list cannot begin in the line of its key", "begin it in the next line, or write [a, b]"
    if trouble.says("expected '-' indicator"):
        return trouble.stop, "a list item was expected here, not a key", "indent the list deeper than the key before it"
    if not trouble.says("did not find expected key", "expected <block end>", "<document start>"):
        return None
    before = trouble.line[: trouble.stop - trouble.line_start].rstrip()
    if before.endswith(("'", '"')):
        return trouble.stop, "text after the closing quote", "double a quote that is part of the text: 'it''s'"
    return trouble.stop, "a key was expected here", _INDENT
