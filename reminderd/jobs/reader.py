"""Reading job files: which files there are, and what each one says now."""

import os
import re
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from reminderd.clock import Clock, SystemClock
from reminderd.jobs.disk import Bound, UnfitError, changed_at, check_fit, read_whole, reason, signature
from reminderd.jobs.library import RACY, Library, Stamp, Uses, beside
from reminderd.jobs.parse import parse_file
from reminderd.model import Defaults, ParsedFile, Places, Problem

MAX_SIZE = 1 << 20  # bytes
JOB_FILE = Bound("a job file", MAX_SIZE)

Parse = Callable[[str, bytes, Defaults, Uses], ParsedFile]  # never raises

_JOB_FILE = re.compile(r"[^.#~][^#~]*\.ya?ml", re.DOTALL)
_KEPT = "what ran from it goes on"
_SYSTEM_CLOCK = SystemClock()


@dataclass(frozen=True, slots=True)
class Scan:
    """What the job files say at one moment. Two scans are equal when they say the same.

    Keys and members are display paths: the path as it was given, joined with the file's name ("jobs.d/rent.yaml").
    files: every file that could be read, broken ones too. problems: those of places; a ParsedFile has its own.
    unreadable: directories and files of which nobody can know now what they say; that is never a deletion.
    folders: the directories that could be listed. uses: of each file, what it reads besides itself.
    """

    files: Mapping[str, ParsedFile]
    problems: tuple[Problem, ...] = ()
    unreadable: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    stamps: Mapping[str, Stamp] = field(default_factory=dict, compare=False)
    uses: Mapping[str, Mapping[str, Stamp]] = field(default_factory=dict, compare=False)

    @property
    def used(self) -> frozenset[str]:
        """The display paths of all files that job files read besides themselves, or would if they were there."""
        return frozenset().union(*self.uses.values())


def is_job_file(name: str) -> bool:
    """Whether a file of this name in a jobs directory is a job file, and not an editor's or a deployer's dropping."""
    return _JOB_FILE.fullmatch(name) is not None


def folder_of(path: str) -> str:
    """The display path of the directory in which the file with this display path lies."""
    return os.path.dirname(path) or "."  # noqa: PTH120 - ten times as quick, and asked for every job


def prefix_of(folder: Path) -> str:
    """What stands before a file's name in its display path."""
    return str(folder / "-")[:-1]


class _Entry(NamedTuple):
    signature: tuple[int, ...]
    stamp: Stamp
    parsed: ParsedFile
    uses: Mapping[str, Stamp]

    @property
    def racy(self) -> bool:
        """Whether the file could change again without a change of its signature: the same instant, the same size."""
        return self.stamp.quiet < RACY


@dataclass(slots=True)
class _Look:
    """One scan while it goes on. now: the wall clock when it began, in seconds."""

    busy: frozenset[str]
    now: float
    entries: dict[str, _Entry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)

    def fault(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, 0, 0, "", message, _KEPT))
        self.unreadable.add(path)

    def scan(self) -> Scan:
        return Scan(
            {path: entry.parsed for path, entry in self.entries.items()},
            tuple(sorted(self.problems)),
            frozenset(self.unreadable),
            frozenset(self.folders),
            {path: entry.stamp for path, entry in self.entries.items()},
            {path: entry.uses for path, entry in self.entries.items() if entry.uses},
        )


class Reader:
    """Reads the job files under `paths`: directories (not recursive) or single files, symlinks followed.

    A file is read again only when its signature (times, size, inode, device) has changed or was too fresh to be
    trusted, and parsed again only when its content has changed, or that of a file it uses. places: where those are
    found; by default beside the first of `paths`. may_lack: those of `paths` that need not be there. Not for several
    threads at once.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        defaults: Defaults,
        parse: Parse = parse_file,
        *,
        places: Places | None = None,
        may_lack: Collection[Path] = (),
        clock: Clock = _SYSTEM_CLOCK,
    ) -> None:
        self.paths = tuple(paths)
        self._may_lack = frozenset(may_lack)
        self.places = places or beside(self.paths[0] if self.paths else Path())
        self._library = Library(self.places, clock)
        self._defaults = defaults
        self._parse = parse
        self._clock = clock
        self._cache: dict[str, _Entry] = {}

    @property
    def folders(self) -> tuple[Path, ...]:
        """All that has to be listened to, but single files that lie elsewhere and are used."""
        return (*self.paths, *self.places)

    @property
    def used(self) -> frozenset[str]:
        """The display paths of what job files used at the last scan besides themselves."""
        return frozenset().union(*(entry.uses for entry in self._cache.values()))

    def with_defaults(self, defaults: Defaults) -> "Reader":
        """A reader of the same paths that parses everything anew with these defaults."""
        return Reader(self.paths, defaults, self._parse, places=self.places, may_lack=self._may_lack, clock=self._clock)

    def scan(self, busy: Collection[str] = ()) -> Scan:
        """Look at everything once. Files in `busy` (display paths) are being written: they keep what they said.

        Never raises for what is found on the disk.
        """
        look = _Look(frozenset(busy), self._clock.now().timestamp())
        self._library.look(busy)
        for path in dict.fromkeys(self.paths):
            self._take_path(path, look)
        self._cache = look.entries | self._out_of_sight(look)
        return look.scan()

    def _out_of_sight(self, look: _Look) -> dict[str, _Entry]:
        """What cannot be read now is remembered: when it comes back unchanged, nothing has to be parsed."""
        absent = self._cache.keys() - look.entries.keys()
        lost = (path for path in absent if not look.unreadable.isdisjoint((path, folder_of(path))))
        return {path: self._cache[path] for path in lost}

    def _take_path(self, path: Path, look: _Look) -> None:
        if path in self._may_lack and _is_out_of_sight(path):
            look.unreadable.add(str(path))  # should anything have run from it, it is not gone for that
            return
        try:
            status = path.stat()
            names = _job_files(path) if stat.S_ISDIR(status.st_mode) else None
        except OSError as error:
            look.fault(str(path), reason(error))
            return
        if names is None:
            self._take(str(path), status, look)
            return
        look.folders.add(str(path))
        prefix = prefix_of(path)
        for entry in names:
            self._take_entry(prefix + entry.name, entry, look)

    def _take_entry(self, path: str, entry: os.DirEntry[str], look: _Look) -> None:
        if not entry.name.isprintable():
            # Bytes that are not UTF-8, or control characters: no log and no database could name the file.
            look.fault(path.encode("unicode_escape").decode(), "the file's name holds unprintable characters")
            return
        try:
            status = entry.stat()
        except FileNotFoundError as error:
            if entry.is_symlink():
                look.fault(path, f"is a link to nothing ({reason(error)})")
        except OSError as error:
            look.fault(path, reason(error))
        else:
            self._take(path, status, look)

    def _take(self, path: str, status: os.stat_result, look: _Look) -> None:
        if path in look.entries or path in look.unreadable:
            return  # given twice
        entry = self._cache.get(path)
        try:
            check_fit(status, JOB_FILE)
            if path not in look.busy:
                entry = self._current(path, entry, status, look)
        except FileNotFoundError:
            return  # gone since it was listed
        except UnfitError as error:
            look.fault(path, str(error))
        except OSError as error:
            look.fault(path, reason(error))
        else:
            if entry is None:
                look.unreadable.add(path)
            else:
                look.entries[path] = entry

    def _current(self, path: str, entry: _Entry | None, status: os.stat_result, look: _Look) -> _Entry | None:
        """What the file says now, with all that it reads; as before, while somebody is writing one of these."""
        used, same = {}, entry is not None
        if entry is not None:
            used = {each: self._library.again(each).stamp for each in entry.uses}
            if not look.busy.isdisjoint(used):
                return entry
            same = all(stamp.digest == entry.uses[each].digest for each, stamp in used.items())
            if same and not entry.racy and entry.signature == signature(status):
                return entry._replace(uses=used)
        data, status = read_whole(path, JOB_FILE)
        stamp = Stamp(sha256(data).digest(), look.now - changed_at(status))
        if entry is not None and same and entry.stamp.digest == stamp.digest:
            return _Entry(signature(status), stamp, entry.parsed, used)
        uses = Uses.of(self._library, path)
        parsed = self._parse(path, data, self._defaults, uses)
        if uses.unfinished:
            return entry
        return _Entry(signature(status), stamp, parsed, {each: found.stamp for each, found in uses.seen.items()})


def _is_out_of_sight(path: Path) -> bool:
    """Whether nothing is there, or nobody of our rights could tell."""
    try:
        path.stat()
    except (FileNotFoundError, PermissionError):
        return True
    except OSError:
        pass
    return False


def _job_files(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if is_job_file(entry.name)]
