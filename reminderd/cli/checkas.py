"""`check --as`: one file, which lies anywhere, checked under the name under which it is to land."""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from reminderd.cli.checkhost import lacking
from reminderd.cli.common import SettingsSource
from reminderd.jobs import (
    AstrayError,
    Bound,
    Kind,
    Landing,
    Surroundings,
    Target,
    UnfitError,
    aim,
    assemble,
    check_size,
    land,
    location,
    parse_file,
    places_for,
    read_whole,
    reader_for,
    reason,
)
from reminderd.model import Catalog, Limits, Problem, Review
from reminderd.settings import Settings
from reminderd.web.extra import missing_extras

STDIN = "-"
_SETTINGS = Bound("a settings file", 1 << 20)


def check_as(
    source: SettingsSource, name: str, paths: Sequence[str], without: Sequence[str], everybody: bool
) -> tuple[Settings | None, Landing]:
    """What landing the one file of `paths` as `name` would do, and the settings that hold then, where they can be used.

    Raises click.UsageError where it cannot be said; ends the command when the settings that it needs cannot be used.
    """
    if len(paths) != 1:
        raise click.UsageError("--as goes with one file: give its path, or - for standard input")
    if "/" in name and location(name) == location(str(source.file)):
        return _as_settings(source, paths[0], everybody)
    settings = source.settings()
    target = _aimed(settings, name)
    if name == source.file.name and not os.path.lexists(target.path):
        raise click.UsageError(f"{name!r} is the name of the settings file: write --as {source.file}, or {target.path}")
    gone = frozenset(_leaving(settings, each) for each in without)
    data, problem = _read(paths[0], target.path, target.bound)
    if problem is not None:
        return settings, Landing({}, (problem,), ())
    review = review_of(settings, everybody)
    return settings, land(target, data, Surroundings.of(settings, review, gone))


def review_of(settings: Settings | None, everybody: bool) -> Review:
    return Review(datetime.now(UTC), settings.limits.limits if settings else Limits(), everybody)


def _aimed(settings: Settings, name: str) -> Target:
    try:
        return aim(name, settings.reads if "/" in name else settings.jobs, places_for(settings))
    except AstrayError as error:
        raise click.UsageError(f"{error}; {error.hint}") from None


def _leaving(settings: Settings, name: str) -> str:
    """The display path of the job file that is to be gone; a name that means none is most often a mistyped one."""
    target = _aimed(settings, name)
    if target.kind is not Kind.JOB or target.unread:
        raise click.UsageError(f"--without {name!r} is no job file; {target.unread or 'only those can be left out'}")
    if not os.path.lexists(target.path):
        raise click.UsageError(f"--without {name!r}: {target.path} does not exist")
    return target.path


def _as_settings(source: SettingsSource, path: str, everybody: bool) -> tuple[Settings | None, Landing]:
    """What the settings file would say, and what that brings to the jobs; what is wrong with them now does not count."""
    data, problem = _read(path, str(source.file), _SETTINGS)
    if problem is not None:
        return None, Landing({}, (problem,), ())
    settings, problems = source.load(data)
    if settings is None:
        return None, Landing({}, tuple(problems), ())
    after = _catalog(settings, everybody)
    usable, _ = source.load()
    before = after if usable is None else _catalog(usable, everybody)
    moved = [] if usable is None or usable.state == settings.state else [_another_state(path=source.file, was=usable)]
    return settings, Landing(
        after.jobs,
        # Those of the program that checks are those of the daemon, where the file lands.
        (*missing_extras(settings), *(each for each in after.problems if each not in before.problems)),
        (
            *(each for each in after.warnings if each not in before.warnings),
            *lacking(source.file, settings, given=True),
            *moved,
        ),
    )


def _another_state(path: Path, was: Settings) -> Problem:
    message = f"is another one than {was.state}, and is used from the next restart on"
    hint = "stop the daemon and move the file first: a new state knows nothing of what was sent"
    return Problem(str(path), 0, 0, "state", message, hint)


def _catalog(settings: Settings, everybody: bool) -> Catalog:
    parse = partial(parse_file, review=review_of(settings, everybody))
    return assemble(reader_for(settings, parse).scan(), {})


def _read(path: str, final: str, bound: Bound) -> tuple[bytes, Problem | None]:
    """The content, or why it cannot be read; waits for nothing but standard input."""
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(bound.bytes + 1)
            check_size(len(data), bound)
            return data, None
        return read_whole(path, bound)[0], None
    except UnfitError as error:
        said = str(error)
    except OSError as error:
        said = reason(error)
    except ValueError:  # a NUL in the path
        said = "does not exist"
    hint = "write - for standard input" if said.startswith("is a FIFO") else ""
    return b"", Problem(final, 0, 0, "", f"the file to check, {path}, {said}", hint)
