"""The files that jobs read besides their own, as they will be when one of them has landed."""

import os
from collections.abc import Iterator
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePath

from reminderd.jobs.aim import Kind, Target, location
from reminderd.jobs.disk import Bound
from reminderd.jobs.library import Found, Library, Stamp, Uses
from reminderd.jobs.texts import template_problems
from reminderd.model import Places, Problem


class Overlay(Library):
    """A library in which one file says what it will say."""

    def __init__(self, places: Places, target: str, data: bytes) -> None:
        super().__init__(places)
        self._location = location(target)
        self._data = data
        self._stamp = Stamp(sha256(data).digest(), float("inf"))

    def get(self, path: str, bound: Bound) -> Found:
        if self.is_target(path):
            return Found(path, self._data, self._stamp)
        return super().get(path, bound)

    def is_target(self, path: str) -> bool:
        """Whether this path leads to the file, perhaps by links."""
        return "\0" not in path and self._location in (location(path), os.path.realpath(path))

    @cached_property
    def group_words(self) -> frozenset[bytes]:
        """The names by which jobs ask for it, when it is a group: its own, and those of links to it."""
        folder = self.places.recipients
        try:
            names = [entry.name for entry in os.scandir(folder) if entry.is_symlink()]
        except OSError:
            names = []
        names = [name for name in names if self.is_target(str(folder / name))]
        return frozenset(PurePath(name).stem.encode() for name in (*names, Path(self._location).name))


def problems_alone(target: Target, overlay: Overlay) -> Iterator[Problem]:
    """What is wrong with a file that no job reads yet."""
    uses = Uses.of(overlay, target.path)
    if target.kind is Kind.TEMPLATE:
        yield from template_problems(str(PurePath(target.path).relative_to(overlay.places.templates)), uses)
        return
    found = (
        uses.group(PurePath(target.path).stem) if target.kind is Kind.GROUP else overlay.get(target.path, target.bound)
    )
    assert found is not None
    if found.wrong:
        yield Problem(target.path, 0, 0, "", found.wrong)
    else:
        yield from uses.people(found, private=False).problems
