"""Manual pages in the man macros of roff, from plain text that has `code` in backticks."""

import re
from collections.abc import Iterable

_CODE = re.compile(r"`([^`]+)`")


class Page:
    """One manual page, written from its top to its end; `str()` is its source."""

    def __init__(self, name: str, section: int, brief: str, *, version: str, date: str) -> None:
        self.name, self.section = name, section
        self._lines = [f'.TH "{name.upper()}" "{section}" "{date}" "reminderd {version}" "reminderd"', ".ad l", ".nh"]
        self.heading("Name")
        self._lines.append(f"{_escaped(name)} \\- {_escaped(brief)}")

    def heading(self, title: str) -> None:
        self._lines.append(f'.SH "{_escaped(title.upper())}"')

    def subheading(self, title: str) -> None:
        self._lines.append(f'.SS "{_escaped(title)}"')

    def say(self, text: str) -> None:
        """A paragraph of running text."""
        self._lines += [".PP", _running(text)]

    def synopsis(self, command: str, arguments: str = "") -> None:
        self._lines += [".PP", f"\\fB{_escaped(command)}\\fR {_placeholders(arguments)}".rstrip()]

    def show(self, lines: Iterable[str]) -> None:
        """Lines that are shown as they are."""
        self._lines += [".PP", ".nf", *(_escaped(line) or "\\&" for line in lines), ".fi"]

    def item(self, term: str, text: str) -> None:
        """An entry of a list: its term, bold but for what stands for something else, and what it means."""
        self._lines += [".TP", _placeholders(term), _running(text) or "\\&"]

    def __str__(self) -> str:
        return "\n".join(self._lines) + "\n"


def _escaped(text: str) -> str:
    """Text that roff shows as it is: no escape, no hyphen that is none, no request at the begin of a line."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return f"\\&{text}" if text.startswith((".", "'")) else text


def _running(text: str) -> str:
    return _CODE.sub(r"\\fB\1\\fR", _escaped(" ".join(text.split())))


def _placeholders(text: str) -> str:
    """Bold, but for the words in capitals, which stand for something."""
    words = (_escaped(word) for word in text.split())
    return " ".join(
        f"\\fI{word}\\fR" if word.upper() == word and word.isupper() else f"\\fB{word}\\fR" for word in words
    )
