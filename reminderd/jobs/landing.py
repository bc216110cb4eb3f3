"""A file checked as if it lay already where it is to land, with as little as possible of what lies around it read."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, Self

from reminderd.jobs.aim import Kind, Target
from reminderd.jobs.catalog import assemble
from reminderd.jobs.disk import MISSING
from reminderd.jobs.glance import Names, may_use
from reminderd.jobs.library import Library, Uses
from reminderd.jobs.overlay import Overlay, problems_alone
from reminderd.jobs.parse import parse_file
from reminderd.jobs.places import places_for
from reminderd.jobs.reader import Parse, Reader, Scan
from reminderd.model import Defaults, Job, ParsedFile, Places, Problem, Review
from reminderd.settings import Settings

_NOTHING = ParsedFile((), ())
_SHOWS = "`reminderd check` shows them"


@dataclass(frozen=True)
class Surroundings:
    """What there is around the file. where: the directories of jobs. without: display paths of job files that will be
    gone when it has landed. may_lack: those of `where` that need not be there."""

    where: Sequence[Path]
    defaults: Defaults
    places: Places
    review: Review
    without: Collection[str] = ()
    may_lack: Collection[Path] = ()

    @classmethod
    def of(cls, settings: Settings, review: Review, without: Collection[str] = ()) -> Self:
        """What these settings read."""
        return cls(settings.reads, settings.defaults, places_for(settings), review, without, settings.may_lack)

    def scan(self, parse: Parse) -> Scan:
        """All job files that stay, each as `parse` reads it."""

        def staying(path: str, data: bytes, defaults: Defaults, uses: Uses) -> ParsedFile:
            return _NOTHING if path in self.without else parse(path, data, defaults, uses)

        return Reader(self.where, self.defaults, staying, places=self.places, may_lack=self.may_lack).scan()


class Landing(NamedTuple):
    """What landing would do. jobs: those of the file, or those that read it.

    problems: of the file, and those that it would bring to others. warnings: likewise; and notes of what else was seen.
    clashes: those of the problems that are about names which others have.
    """

    jobs: Mapping[str, Job]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    clashes: frozenset[Problem] = frozenset()


def land(target: Target, data: bytes, around: Surroundings) -> Landing:
    """What is wrong with this content at the place of `target`, and what it breaks there.

    What is wrong there already, and stays so, is none of its problems. Reads the disk, and never raises for what it
    finds there.
    """
    if target.unread:
        return Landing({}, (Problem(target.path, 0, 0, "", "would not be read under this name", target.unread),), ())
    if target.kind is Kind.JOB:
        return _Job(target, data, around).landing()
    return _Used(target, data, around).landing()


def _blind(scan: Scan, target: Target, around: Surroundings) -> Iterator[Problem]:
    """The directories of jobs that are there and cannot be read: nothing is known of what lies around the file."""
    folders = {str(path) for path in around.where} - {target.path}
    for problem in scan.problems:
        if problem.file in folders and problem.message != MISSING:
            yield replace(problem, hint="whose names are taken is not known")


def _notes(scan: Scan, target: Target, blind: Collection[Problem]) -> Iterator[Problem]:
    """Which other files cannot be read: said, and no more."""
    known = {target.path, *(problem.file for problem in blind)}
    for problem in scan.problems:
        if problem.file not in known:
            yield replace(problem, hint="it does not count here", is_note=True)


class _Job:
    """A job file: what it says, and whose names it takes."""

    def __init__(self, target: Target, data: bytes, around: Surroundings) -> None:
        self._path = target.path
        self._target = target
        self._around = around
        uses = Uses.of(Library(around.places), target.path)
        self._new = parse_file(target.path, data, around.defaults, uses, review=around.review)

    def landing(self) -> Landing:
        problems, warnings = set(self._new.problems), list(self._new.warnings)
        scan = self._neighbours({job.name for job in self._new.jobs})
        blind = list(_blind(scan, self._target, self._around))
        warnings += _notes(scan, self._target, blind)
        problems.update(blind)
        clashes: frozenset[Problem] = frozenset()
        if not self._new.problems:
            clashes = frozenset(self._clashes(scan))
            warnings += self._broken(scan)
        jobs = {job.name: job for job in self._new.jobs}
        return Landing(jobs, tuple(sorted(problems | clashes)), tuple(warnings), clashes)

    def _neighbours(self, names: set[str]) -> Scan:
        """The directory as it is, but of the other files only those that have to do with these names.

        Whether a file's jobs run depends on all of its names: whoever declares one of them belongs to it too. The
        version that is to be replaced is among them where there are others at all.
        """
        scan = self._scan(names, but=self._path)
        while any(scan.files[path] is not _NOTHING for path in scan.files):
            scan = self._scan(names)
            seen = {job.name for parsed in scan.files.values() for job in parsed.jobs}
            if seen <= names:
                break
            names |= seen
        return scan

    def _scan(self, names: set[str], but: str = "") -> Scan:
        wanted = Names(names)

        def parse(path: str, data: bytes, defaults: Defaults, uses: Uses) -> ParsedFile:
            if path == but or (path != self._path and not wanted.may_be_in(path, data)):
                return _NOTHING
            return parse_file(path, data, defaults, uses)

        return self._around.scan(parse)

    def _clashes(self, scan: Scan) -> Iterator[Problem]:
        """The names that belong to others: to those that have them when all is loaded as it lies there now."""
        now = assemble(scan, {}).jobs
        landed = Scan({**scan.files, self._path: self._new}, (), scan.unreadable - {self._path}, scan.folders)
        return (problem for problem in assemble(landed, now).problems if problem.file == self._path)

    def _broken(self, scan: Scan) -> Iterator[Problem]:
        """Files with problems that declare one of the names too: what ran from them before may run still."""
        for path, parsed in scan.files.items():
            if parsed.problems and path != self._path:
                message = "declares a job of the same name, and has problems, so that it does not count here"
                yield Problem(path, 0, 0, "", message, _SHOWS, is_note=True)


@dataclass
class _Readers:
    """The job files that read the target, and what came of them."""

    jobs: dict[str, Job] = field(default_factory=dict)
    problems: set[Problem] = field(default_factory=set)
    warnings: set[Problem] = field(default_factory=set)
    others: int = 0  # problems that were there before
    number: int = 0


class _Used:
    """A file that jobs read besides their own: what it brings to them."""

    def __init__(self, target: Target, data: bytes, around: Surroundings) -> None:
        self._target = target
        self._data = data
        self._around = around
        self._overlay = Overlay(around.places, target.path, data)
        self._library = Library(around.places)

    def landing(self) -> Landing:
        readers = _Readers()
        scan = self._around.scan(partial(self._parse, readers))
        blind = list(_blind(scan, self._target, self._around))
        readers.problems.update(blind)
        notes = list(_notes(scan, self._target, blind))
        if not readers.number:
            notes += self._alone(readers)
        if readers.others:
            jobs = "the jobs that read it have other problems too, as they had before"
            notes.append(self._note(jobs, _SHOWS))
        return Landing(readers.jobs, tuple(sorted(readers.problems)), (*sorted(readers.warnings), *notes))

    def _alone(self, readers: _Readers) -> Iterator[Problem]:
        """What can be said of a file that no job reads."""
        problems = list(problems_alone(self._target, self._overlay))
        named = [str(path) for path in self._around.where if path not in self._around.may_lack]
        folders = f"job files are those in {', '.join(named)}"
        is_csv = self._target.path.lower().endswith(".csv")
        if problems and self._target.kind is Kind.LIST and not is_csv:  # perhaps not meant to be a list at all
            message = "lies in no directory that is read, and is not a list that a job reads"
            problems = [Problem(self._target.path, 0, 0, "", message, folders)]
        readers.problems.update(problems)
        if not problems:
            yield self._note("is read by no job", folders)

    def _note(self, message: str, hint: str) -> Problem:
        return Problem(self._target.path, 0, 0, "", message, hint, is_note=True)

    def _parse(self, readers: _Readers, path: str, data: bytes, defaults: Defaults, _: Uses) -> ParsedFile:
        """Read the file as it will be, and where anything is to be said of that, as it is now."""
        if not may_use(data, self._target, self._overlay):
            return _NOTHING
        uses = Uses.of(self._overlay, path)
        landed = parse_file(path, data, defaults, uses, review=self._around.review)
        if any(map(self._overlay.is_target, uses.seen)):
            readers.number += 1
            readers.jobs |= {job.name: job for job in landed.jobs}
            if landed.problems or landed.warnings:
                self._compare(readers, landed, self._as_it_is(path, data, defaults))
        return _NOTHING

    def _as_it_is(self, path: str, data: bytes, defaults: Defaults) -> ParsedFile:
        return parse_file(path, data, defaults, Uses.of(self._library, path), review=self._around.review)

    def _compare(self, readers: _Readers, landed: ParsedFile, now: ParsedFile) -> None:
        new = {each for each in landed.problems if each not in now.problems or self._overlay.is_target(each.file)}
        readers.problems |= new
        readers.warnings |= {each for each in landed.warnings if each not in now.warnings}
        readers.others += len(landed.problems) - len(new)
