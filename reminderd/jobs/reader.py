"""Reading job files: which files there are, and what each one says now."""

import errno
import os
import re
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from reminderd.clock import Clock, SystemClock
from reminderd.jobs.parse import parse_file
from reminderd.model import Defaults, ParsedFile, Problem

MAX_SIZE = 1 << 20  # bytes

Parse = Callable[[str, bytes, Defaults], ParsedFile]  # never raises

_JOB_FILE = re.compile(r"[^.#~][^#~]*\.ya?ml", re.DOTALL)
_RACY = 2.0  # seconds; the coarsest time stamps of the file systems that people use
_TRIES = 3
# O_NONBLOCK: a FIFO that took the file's place since the stat must not hang the reader.
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KEPT = "what ran from it goes on"
_SYSTEM_CLOCK = SystemClock()


class Stamp(NamedTuple):
    """Which content was read. quiet: for how many seconds the file had been left alone by then (below 0: a clock
    disagrees)."""

    digest: bytes
    quiet: float


@dataclass(frozen=True, slots=True)
class Scan:
    """What the job files say at one moment. Two scans are equal when they say the same.

    Keys and members are display paths: the path as it was given, joined with the file's name ("jobs.d/rent.yaml").
    files: every file that could be read, broken ones too. problems: those of places; a ParsedFile has its own.
    unreadable: directories and files of which nobody can know now what they say; that is never a deletion.
    folders: the directories that could be listed.
    """

    files: Mapping[str, ParsedFile]
    problems: tuple[Problem, ...] = ()
    unreadable: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    stamps: Mapping[str, Stamp] = field(default_factory=dict, compare=False)


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

    @property
    def racy(self) -> bool:
        """Whether the file could change again without a change of its signature: the same instant, the same size."""
        return self.stamp.quiet < _RACY


class _UnfitError(Exception):
    """The file is there, and cannot be a job file as it is."""


@dataclass(slots=True)
class _Look:
    """One scan while it goes on. now: the wall clock when it began, in seconds."""

    busy: Collection[str]
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
        )


class Reader:
    """Reads the job files under `paths`: directories (not recursive) or single files, symlinks followed.

    A file is read again only when its signature (times, size, inode, device) has changed or was too fresh to be
    trusted, and parsed again only when its content has changed. Not for several threads at once.
    """

    def __init__(
        self, paths: Sequence[Path], defaults: Defaults, parse: Parse = parse_file, *, clock: Clock = _SYSTEM_CLOCK
    ) -> None:
        self.paths = tuple(paths)
        self._defaults = defaults
        self._parse = parse
        self._clock = clock
        self._cache: dict[str, _Entry] = {}

    def with_defaults(self, defaults: Defaults) -> "Reader":
        """A reader of the same paths that parses everything anew with these defaults."""
        return Reader(self.paths, defaults, self._parse, clock=self._clock)

    def scan(self, busy: Collection[str] = ()) -> Scan:
        """Look at everything once. Files in `busy` (display paths) are being written: they keep what they said.

        Never raises for what is found on the disk.
        """
        look = _Look(busy, self._clock.now().timestamp())
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
        try:
            status = path.stat()
            names = _job_files(path) if stat.S_ISDIR(status.st_mode) else None
        except OSError as error:
            look.fault(str(path), _reason(error))
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
                look.fault(path, f"is a link to nothing ({_reason(error)})")
        except OSError as error:
            look.fault(path, _reason(error))
        else:
            self._take(path, status, look)

    def _take(self, path: str, status: os.stat_result, look: _Look) -> None:
        if path in look.entries or path in look.unreadable:
            return  # given twice
        entry = self._cache.get(path)
        try:
            _check_fit(status)
            if path not in look.busy and (entry is None or entry.racy or entry.signature != _signature(status)):
                entry = self._read(path, entry, look.now)
        except FileNotFoundError:
            return  # gone since it was listed
        except _UnfitError as error:
            look.fault(path, str(error))
        except OSError as error:
            look.fault(path, _reason(error))
        else:
            if entry is None:
                look.unreadable.add(path)
            else:
                look.entries[path] = entry

    def _read(self, path: str, old: _Entry | None, now: float) -> _Entry:
        data, status = _read_file(path)
        changed = max(status.st_mtime_ns, status.st_ctime_ns) / 1e9
        stamp = Stamp(sha256(data).digest(), now - changed)
        if old is not None and old.stamp.digest == stamp.digest:
            parsed = old.parsed
        else:
            parsed = self._parse(path, data, self._defaults)
        return _Entry(_signature(status), stamp, parsed)


def _job_files(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if is_job_file(entry.name)]


def _read_file(path: str) -> tuple[bytes, os.stat_result]:
    """The content of `path` and the status that it had before and after the reading."""
    descriptor = os.open(path, _OPEN)
    try:
        for _ in range(_TRIES):
            before = os.fstat(descriptor)
            _check_fit(before)
            data = os.pread(descriptor, MAX_SIZE + 1, 0)
            if len(data) == before.st_size and _signature(os.fstat(descriptor)) == _signature(before):
                return data, before
    finally:
        os.close(descriptor)
    raise _UnfitError("keeps changing while it is read")


def _check_fit(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _UnfitError(f"is {_kind(status.st_mode)}, not a file")
    if status.st_size > MAX_SIZE:
        raise _UnfitError(f"is too large: {status.st_size:,} bytes, and a job file has at most {MAX_SIZE:,}")


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _signature(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev)


def _reason(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "does not exist"
    return f"cannot be read: {error.strerror}"
