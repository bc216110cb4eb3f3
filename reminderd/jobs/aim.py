"""Where a file is to land that is not there yet: its final name, and what it will be there."""

import os
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path, PurePath
from typing import NamedTuple

from reminderd.jobs.disk import Bound
from reminderd.jobs.library import GROUP_ENDINGS, bound_of, is_single, outside_of
from reminderd.jobs.person import is_group
from reminderd.jobs.reader import JOB_FILE, is_job_file, prefix_of
from reminderd.jobs.texts import is_template
from reminderd.model import Places

_JOB_NAMES = "names of job files end in .yaml or .yml, hold no # or ~, and begin with no dot"
_GROUP_NAMES = f"a group is a name of letters, digits, dots and dashes with {', '.join(GROUP_ENDINGS)}"
_TEMPLATE_NAMES = "the name of a template is a plain path below the directory of templates"


class AstrayError(Exception):
    """The name is none under which a file could land. hint: what to write."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Kind(StrEnum):
    """What a file is by the place where it lies."""

    JOB = "a job file"
    GROUP = "a group"
    LIST = "a list"
    TEMPLATE = "a template"


class Target(NamedTuple):
    """path: the display path under which the file will be known. unread: why nobody would read a file of this name."""

    path: str
    kind: Kind
    unread: str = ""

    @property
    def bound(self) -> Bound:
        """How large the file may be."""
        return JOB_FILE if self.kind is Kind.JOB else bound_of(self.path)


def aim(written: str, jobs: Sequence[Path], places: Places) -> Target:
    """Where a file lands that somebody calls by the name `written`.

    A bare name is that of a job file (or of a table of people beside them). A path is absolute, or meant from the
    directory above a directory of jobs, or from the current one, and must lead into the directory of jobs, templates or
    groups. A list may lie elsewhere; whether any job reads it there is not looked at. Raises AstrayError.
    """
    name = os.path.basename(written)  # noqa: PTH119 - Path drops what is after the last slash
    if name in ("", ".", "..") or "\0" in written:
        raise AstrayError(f"{written!r} is not the name of a file", "write a name such as rent.yaml")
    if "/" not in written:
        return _among_jobs(name, jobs)
    paths = list(_meant_by(written, jobs))
    found = next((target for path in paths if (target := _within(path, jobs, places))), None)
    if found is not None:
        return found
    if name.lower().endswith(GROUP_ENDINGS):
        return Target(str(paths[0]), Kind.LIST)
    folders = ", ".join(dict.fromkeys(map(str, (*jobs, *places))))
    raise AstrayError(f"{written!r} lies in none of the directories that are read", f"those are {folders}")


def location(path: str) -> str:
    """Where a file lies or would lie, whatever links lead to its directory; the file itself may be a link."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)  # noqa: PTH118


def _among_jobs(name: str, jobs: Sequence[Path]) -> Target:
    for path in jobs:
        if is_single(path) and path.name == name:
            return Target(str(path), Kind.JOB)
    folders = [path for path in jobs if not is_single(path)]
    if len(folders) == 1:
        return _in_folder(folders[0], name)
    if not folders:
        raise AstrayError(f"{name!r} is none of the job files", f"those are {', '.join(map(str, jobs))}")
    paths = " or ".join(prefix_of(folder) + name for folder in folders)
    raise AstrayError(f"{name!r} could land in several directories of jobs", f"write {paths}")


def _in_folder(folder: Path, name: str) -> Target:
    path = prefix_of(folder) + name
    if name.endswith(".csv") and not name.startswith("."):
        return Target(path, Kind.LIST)
    fits = is_job_file(name) and name.isprintable()
    return Target(path, Kind.JOB, "" if fits else _JOB_NAMES)


def _meant_by(written: str, jobs: Sequence[Path]) -> Iterator[Path]:
    if os.path.isabs(written):  # noqa: PTH117
        yield Path(written)
        return
    for path in jobs:
        yield outside_of(path.parent if is_single(path) else path) / written
    yield Path(written)


def _within(path: Path, jobs: Sequence[Path], places: Places) -> Target | None:
    """The target, if the path leads into a directory that is read."""
    here = os.path.realpath(path.parent)
    for each in jobs:
        if is_single(each):
            if location(str(each)) == location(str(path)):
                return Target(str(each), Kind.JOB)
        elif os.path.realpath(each) == here:
            return _in_folder(each, path.name)
    if os.path.realpath(places.recipients) == here:
        stem, ending = PurePath(path.name).stem, PurePath(path.name).suffix
        fits = is_group(stem) and ending in GROUP_ENDINGS
        return Target(str(places.recipients / path.name), Kind.GROUP, "" if fits else _GROUP_NAMES)
    below = PurePath(here, path.name)
    if below.is_relative_to(os.path.realpath(places.templates)):
        name = str(below.relative_to(os.path.realpath(places.templates)))
        return Target(str(places.templates / name), Kind.TEMPLATE, "" if is_template(name) else _TEMPLATE_NAMES)
    return None
