"""The files that job files read besides themselves: lists of people and templates, each read once for all who use it."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePath
from typing import NamedTuple

from reminderd.clock import Clock, SystemClock
from reminderd.document import MAX_SIZE
from reminderd.document.scalars import did_you_mean
from reminderd.jobs.disk import MISSING, Bound, UnfitError, changed_at, check_fit, read_whole, reason, signature
from reminderd.jobs.lists import PeopleList, read_yaml
from reminderd.jobs.table import read_table
from reminderd.model import Places, UsedFile

TABLE = Bound("a list", 64 << 20)
YAML_LIST = Bound("a list in YAML", MAX_SIZE)
TEMPLATE = Bound("a template", 256 << 10)
GROUP_ENDINGS = (".yaml", ".yml", ".csv")

RACY = 2.0  # seconds; the coarsest time stamps of the file systems that people use
_BUSY = "is being written"
_MOST_NAMES = 1000  # that are looked at for a hint
_SYSTEM_CLOCK = SystemClock()


class Stamp(NamedTuple):
    """Which content was read. quiet: for how many seconds the file had been left alone by then (below 0: a clock
    disagrees)."""

    digest: bytes
    quiet: float


class Found(NamedTuple):
    """A file as it was when it was looked at. wrong: why there is no content, "" where there is."""

    path: str
    content: bytes
    stamp: Stamp
    wrong: str = ""

    @property
    def digest(self) -> str:
        return self.stamp.digest.hex()

    @property
    def used(self) -> UsedFile:
        return UsedFile(self.path, self.digest, self.content)


class _Known(NamedTuple):
    signature: tuple[int, ...]
    found: Found


def beside(jobs: Path) -> Places:
    """Where templates and groups lie for job files in this directory, or for this job file."""
    outside = outside_of(jobs.parent if is_single(jobs) else jobs)
    return Places(outside / "templates", outside / "recipients.d")


def is_single(jobs: Path) -> bool:
    """Whether this is one job file, or would be if it were there, and no directory of them."""
    # Not Path's own: they raise for a name that is too long, which the reader tells better.
    return os.path.isfile(jobs) or (jobs.suffix in (".yaml", ".yml") and not os.path.isdir(jobs))  # noqa: PTH112, PTH113


def outside_of(folder: Path) -> Path:
    """The directory in which this one lies."""
    return folder / ".." if folder.name in ("", "..") else folder.parent


def read_list(data: bytes, path: str, private: bool, accepted: bool = False) -> PeopleList:
    """The people of a list, by the ending of its name. private, accepted: as for `read_table` and `read_yaml`."""
    is_table = PurePath(path).suffix.lower() == ".csv"
    return (read_table if is_table else read_yaml)(data, path, private, accepted)


class Library:
    """Reads used files. One is read again only when its signature has changed or was too fresh to be trusted.

    Between two calls of `look` each file is looked at once, so that all jobs of a scan see the same content. Not for
    several threads at once.
    """

    def __init__(self, places: Places, clock: Clock = _SYSTEM_CLOCK) -> None:
        self.places = places
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._looked: dict[str, Found] = {}
        self._lists: dict[tuple[str, str, bool], PeopleList] = {}
        self.busy: frozenset[str] = frozenset()

    def look(self, busy: Collection[str] = ()) -> None:
        """From here on look at every file anew. Those in `busy` are being written: they keep what they said."""
        used = self._looked.keys()
        # Who was not asked for since the last look is used by nobody any more.
        self._known = {path: known for path, known in self._known.items() if path in used}
        digests = {(path, known.found.digest) for path, known in self._known.items()}
        self._lists = {key: people for key, people in self._lists.items() if key[:2] in digests}
        self._looked = {}
        self.busy = frozenset(busy)

    def get(self, path: str, bound: Bound) -> Found:
        """The file at `path`. Never raises for what is found on the disk."""
        if path not in self._looked:
            self._looked[path] = self._find(path, bound)
        return self._looked[path]

    def again(self, path: str) -> Found:
        """The file at `path`, that was asked for before."""
        return self.get(path, bound_of(path))

    def people(self, found: Found, private: bool) -> PeopleList:
        """What a list says; read once for all jobs that use it."""
        key = (found.path, found.digest, private)
        if key not in self._lists:
            self._lists[key] = read_list(found.content, found.path, private)
        return self._lists[key]

    def _find(self, path: str, bound: Bound) -> Found:
        known = self._known.get(path)
        if path in self.busy:
            return known.found if known is not None else _nothing(path, _BUSY)
        try:
            status = os.stat(path)  # noqa: PTH116 - asked for each used file in each scan
            check_fit(status, bound)
            if known is None or known.found.stamp.quiet < RACY or known.signature != signature(status):
                known = self._read(path, bound, known)
        except UnfitError as error:
            return self._without(path, str(error))
        except OSError as error:
            return self._without(path, reason(error))
        except ValueError:  # a NUL in the path
            return self._without(path, MISSING)
        self._known[path] = known
        return known.found

    def _without(self, path: str, wrong: str) -> Found:
        self._known.pop(path, None)
        return _nothing(path, wrong)

    def _read(self, path: str, bound: Bound, before: _Known | None) -> _Known:
        data, status = read_whole(path, bound)
        stamp = Stamp(sha256(data).digest(), self._clock.now().timestamp() - changed_at(status))
        if before is not None and before.found.stamp.digest == stamp.digest:
            data = before.found.content  # so that jobs which know it already share it with those to come
        return _Known(signature(status), Found(path, data, stamp))


def _nothing(path: str, wrong: str) -> Found:
    return Found(path, b"", Stamp(f"!{wrong}".encode(), float("inf")), wrong)


def bound_of(path: str) -> Bound:
    """How large a used file of this name may be."""
    suffix = PurePath(path).suffix.lower()
    if suffix == ".csv":
        return TABLE
    return YAML_LIST if suffix in (".yaml", ".yml") else TEMPLATE


@dataclass(slots=True, eq=False)
class Uses:
    """What one job file reads besides itself, out of the library. seen: all that was asked for, found or not."""

    library: Library
    folder: Path  # of the job file
    seen: dict[str, Found]

    @classmethod
    def of(cls, library: Library, file: str) -> "Uses":
        """For the job file with this display path."""
        return cls(library, Path(file).parent, {})

    def group(self, name: str) -> Found | None:
        """The list of a group, None where there is none; that there are several is what is wrong with it."""
        prefix = str(self.library.places.recipients / name)
        found = [self._get(prefix + ending) for ending in GROUP_ENDINGS]
        there = [each for each in found if each.wrong != MISSING]
        if len(there) == 1:
            return there[0]
        return _nothing(prefix, f"is both {' and '.join(each.path for each in there)}") if there else None

    def groups(self) -> list[str]:
        """The names of the groups that there are."""
        folder = self.library.places.recipients
        return sorted({PurePath(name).stem for name in _names(folder) if name.lower().endswith(GROUP_ENDINGS)})

    def list_at(self, written: str) -> Found:
        """The list at a path as it is written in the job file."""
        return self._get(str(self.folder / written))

    def hint_beside(self, found: Found) -> str:
        """What may be meant instead of a list that is not there."""
        path = Path(found.path)
        there = [name for name in _names(path.parent) if name.lower().endswith(GROUP_ENDINGS)]
        return did_you_mean(path.name, there) if found.wrong == MISSING else ""

    def people(self, found: Found, private: bool) -> PeopleList:
        return self.library.people(found, private)

    def template(self, name: str) -> Found:
        """The template of this name, which is a relative path."""
        return self._get(str(self.library.places.templates / name))

    def templates(self) -> list[str]:
        """The names of the templates that there are."""
        folder = self.library.places.templates
        return sorted(_names(folder, below=True))

    @property
    def unfinished(self) -> bool:
        """Whether somebody is writing one of these files."""
        return not self.library.busy.isdisjoint(self.seen)

    def _get(self, path: str) -> Found:
        found = self.library.get(path, bound_of(path))
        self.seen[path] = found
        return found


def _names(folder: Path, *, below: bool = False) -> Iterator[str]:
    """The names of files in a directory, or the paths of those in and below it; of some when there are very many."""
    number = 0
    for here, folders, files in os.walk(folder):
        prefix = os.path.relpath(here, folder)
        for name in files:
            number += 1
            if number > _MOST_NAMES:
                return
            yield name if prefix == "." else os.path.join(prefix, name)  # noqa: PTH118
        if not below:
            return
        folders.sort()


def hint_at(name: str, names: Collection[str], what: str, folder: Path) -> str:
    """What to write instead of a name that is not there."""
    if not names:
        return f"there are no {what} in {folder}"
    few = sorted(names)[:10]
    return did_you_mean(name, names) or f"there are {', '.join(few)}{' …' if len(names) > len(few) else ''}"
