"""`check --as`: one file, which lies anywhere, checked under the name under which it is to land."""

import sys
from collections.abc import Sequence

import click

from reminderd.jobs import (
    AstrayError,
    Landing,
    Surroundings,
    Target,
    UnfitError,
    aim,
    check_size,
    land,
    places_for,
    read_whole,
    reason,
)
from reminderd.model import Problem, Review
from reminderd.settings import Settings

STDIN = "-"


def check_as(settings: Settings, name: str, paths: Sequence[str], without: Sequence[str], review: Review) -> Landing:
    """What landing the one file of `paths` as `name` would do. Raises click.UsageError where it cannot be said."""
    if len(paths) != 1:
        raise click.UsageError("--as goes with one file: give its path, or - for standard input")
    target = _aimed(settings, name)
    gone = [_aimed(settings, each).path for each in without]
    data, problem = _read(paths[0], target)
    if problem is not None:
        return Landing({}, (problem,), ())
    around = Surroundings(settings.jobs, settings.defaults, places_for(settings), review, frozenset(gone))
    return land(target, data, around)


def _aimed(settings: Settings, name: str) -> Target:
    try:
        return aim(name, settings.jobs, places_for(settings))
    except AstrayError as error:
        raise click.UsageError(f"{error}; {error.hint}") from None


def _read(path: str, target: Target) -> tuple[bytes, Problem | None]:
    """The content, or why it cannot be read; waits for nothing but standard input."""
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(target.bound.bytes + 1)
            check_size(len(data), target.bound)
            return data, None
        return read_whole(path, target.bound)[0], None
    except UnfitError as error:
        said = str(error)
    except OSError as error:
        said = reason(error)
    except ValueError:  # a NUL in the path
        said = "does not exist"
    hint = "write - for standard input" if said.startswith("is a FIFO") else ""
    return b"", Problem(target.path, 0, 0, "", f"the file to check, {path}, {said}", hint)
