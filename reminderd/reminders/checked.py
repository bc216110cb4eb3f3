"""What is wrong with a reminder, by the very functions of `check`, told by the places of the request."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from reminderd.document import Loc, load, path_text
from reminderd.jobs import Kind, Names, Surroundings, Target, Uses, land, parse_file, reader_for
from reminderd.model import Defaults, ParsedFile, Problem, Review
from reminderd.reminders.asked import Flaw, pointer
from reminderd.settings import Settings

_REST = re.compile(r"\.?([\w<-]{1,40})")


class Checked(NamedTuple):
    """taken: who has the name already. flaws: what else is wrong. warnings: what is allowed and perhaps not meant."""

    taken: str
    flaws: tuple[Flaw, ...]
    warnings: tuple[Flaw, ...]


def check_written(path: Path, data: bytes, settings: Settings, now: datetime) -> Checked:
    """As `check --as` would say it of the file, with this content at this path. Reads the disk."""
    landing = land(Target(str(path), Kind.JOB), data, Surroundings.of(settings, Review(now, settings.limits.limits)))
    own = list(_own(landing.warnings, str(path)))
    if not landing.problems and not own:
        return Checked("", (), ())
    places = _Places(data, str(path))
    taken = next((each.message for each in landing.problems if each in landing.clashes), "")
    flaws = (each for each in landing.problems if each not in landing.clashes)
    return Checked(taken, tuple(map(places.flaw, flaws)), tuple(map(places.flaw, own)))


def declared_elsewhere(name: str, but: Path, settings: Settings) -> str:
    """Where another file than `but` declares a job of this name, as FILE:LINE; "" for nowhere. Reads the disk."""
    wanted = Names({name})

    def parse(path: str, data: bytes, defaults: Defaults, uses: Uses) -> ParsedFile:
        if path == str(but) or not wanted.may_be_in(path, data):
            return ParsedFile((), ())
        return parse_file(path, data, defaults, uses)

    files = reader_for(settings, parse).scan().files.values()
    return next((str(job.source) for file in files for job in file.jobs if job.name == name), "")


def _own(warnings: Iterable[Problem], path: str) -> Iterator[Problem]:
    """Without those that say how some other file could not be read."""
    return (each for each in warnings if each.file == path)


class _Places:
    """Where in the request each place of the file comes from."""

    def __init__(self, data: bytes, path: str) -> None:
        self._file = path
        self._lines = data.decode().split("\n")
        document, _ = load(data, path)
        self._locs: dict[str, Loc] = {"": ()}
        self._document = document
        waiting = [document.root] if document is not None else []
        while waiting:
            node = waiting.pop()
            self._locs[path_text(node.path)] = node.path
            waiting.extend(child.node for child in node.children.values())

    def flaw(self, problem: Problem) -> Flaw:
        if problem.file != self._file:  # of a list or a template that it reads
            return Flaw("", f"{problem.file}:{problem.line}: {problem.message}", problem.hint)
        loc = self._loc(problem.path)
        return Flaw(pointer(loc), problem.message, problem.hint, *self._within(problem, loc))

    def _loc(self, path: str) -> Loc:
        """The place of this path; one that is missing stands below one that is there."""
        if path in self._locs:
            return self._locs[path]
        above = max((each for each in self._locs if path.startswith(each)), key=len)
        rest = _REST.fullmatch(path[len(above) :])
        return (*self._locs[above], rest[1]) if rest else self._locs[above]

    def _within(self, problem: Problem, loc: Loc) -> tuple[int, int]:
        """The line and column in the text that stands at `loc`; 0 where all of it is meant, or that cannot be told."""
        if self._document is None or path_text(loc) not in self._locs:
            return 0, 0
        line, column = self._document.place(loc)
        written = self._lines[line - 1][column - 1 :]
        if written.startswith("|") and problem.line > line:
            block = self._lines[line]
            return problem.line - line, problem.column - (len(block) - len(block.lstrip()))
        quoted = written.startswith('"')
        if problem.line != line or problem.column <= column or (quoted and "\\" in written):
            return 0, 0
        return 1, problem.column - column + (not quoted)
