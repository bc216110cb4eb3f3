"""reminderd check"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, NoReturn

import click

from reminderd.cli.checkas import STDIN, check_as, review_of
from reminderd.cli.checkhost import lacking
from reminderd.cli.common import FAILED, SettingsSource, json_option, plural, settings_options
from reminderd.cli.problems import print_annotations, print_document, print_text
from reminderd.document.scalars import did_you_mean
from reminderd.jobs import Library, Reader, Scan, Uses, assemble, parse_file, places_for
from reminderd.model import Catalog, Defaults, Job, ParsedFile, Places, Problem, Review
from reminderd.settings import Settings
from reminderd.web.extra import missing_extras

_LONGESTSTDIN = 1 << 20
_FORMATS = ("text", "json", "github")


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH|-]...")
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help="How it is said."
)
@click.option("--strict", is_flag=True, help="End with 1 also when there are only warnings; notes are none.")
@click.option(
    "--as", "name", metavar="NAME", help="Check the one PATH as if it lay under this name among the live files."
)
@click.option(
    "--without", metavar="NAME", multiple=True, help="With --as: as if this job file were gone; may be repeated."
)
@click.option("--all", "everybody", is_flag=True, help="Try the texts of a long list for everybody, and not for some.")
@json_option
@settings_options
def command(
    source: SettingsSource,
    paths: tuple[str, ...],
    form: str,
    name: str | None,
    without: tuple[str, ...],
    strict: bool,
    everybody: bool,
    as_json: bool,
) -> None:
    """Find every problem in job files (or directories of them) and in the settings, offline.

    Without a PATH it checks the directories of the settings; with - a job file from standard input. Warnings are about
    what is allowed and perhaps not meant: no file is refused for them.

    With --as it is made for deployers that have a new file checked before it lands: reminderd check --as rent.yaml %s.
    The file may have any name and lie anywhere. NAME is that of a job file in the directory of jobs, or a path into
    that of jobs, templates or recipients, such as recipients.d/team.yaml; a relative one is meant from the directory
    above that of the jobs. The path of the settings file has the file checked as that. Problems are those of the new file and those that it brings to others, such as a job's name
    that is taken, or jobs that a template breaks; what is wrong elsewhere already does not count.

    Ends with 0 when all is well, 1 when there is any problem, 2 when the command is used wrongly or, with --as, the
    settings cannot be used.
    """
    if name is not None:
        settings, landing = check_as(source, name, paths, without, everybody)
        found = _Found(landing.problems, [*landing.warnings, *_without_sender(settings, landing.jobs)], landing.jobs)
    elif without:
        raise click.UsageError("--without goes with --as")
    else:
        found = _checked(source, paths, everybody)
    _say(found, "json" if as_json else form, strict)


class _Found(NamedTuple):
    problems: Sequence[Problem]
    warnings: Sequence[Problem]
    jobs: Mapping[str, Job]


def _say(found: _Found, form: str, strict: bool) -> NoReturn:
    """Print it, and end."""
    problems, warnings, jobs = found
    ok = not problems and not (strict and any(not each.is_note for each in warnings))
    if form == "json":
        print_document(ok, problems, warnings, jobs)
    elif form == "github":
        print_annotations(problems, warnings)
    else:
        print_text(problems, warnings, len(jobs))
    sys.exit(0 if ok else FAILED)


def _checked(source: SettingsSource, paths: Sequence[str], everybody: bool) -> _Found:
    """What is wrong in the settings and in these files, or where there are none in those of the settings."""
    settings, problems = source.load()
    named = [Path(path) for path in paths if path != STDIN]
    missing = [path for path in named if _is_missing(path)]
    problems = [*problems, *map(_not_there, missing)]
    where = [path for path in named if path not in missing] if paths else list(settings.reads if settings else ())
    catalog = _catalog(
        where,
        settings,
        () if paths or settings is None else settings.may_lack,
        review_of(settings, everybody),
        STDIN in paths,
    )
    warnings = [*catalog.warnings, *_without_sender(settings, catalog.jobs)]
    if settings is not None and not paths:
        warnings += lacking(source.file, settings, given=os.path.lexists(source.file))
        # Where they are checked need not be where they are used.
        warnings += [replace(each, is_note=True) for each in missing_extras(settings)]
    return _Found(sorted({*problems, *catalog.problems}), warnings, catalog.jobs)


def _is_missing(path: Path) -> bool:
    """Whether nothing is there; what else keeps a path from being read is said when it is."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def _not_there(path: Path) -> Problem:
    try:
        beside = [each.name for each in path.parent.iterdir()]
    except OSError:
        beside = []
    return Problem(str(path), 0, 0, "", "does not exist", did_you_mean(path.name, beside))


def _without_sender(settings: Settings | None, jobs: Mapping[str, Job]) -> Iterator[Problem]:
    """One warning for all jobs that have no sender, where the settings are those of a gateway."""
    without = [job for job in jobs.values() if job.enabled and job.sender is None]
    if settings is not None and settings.plivo.auth_id is not None and without:
        first, others = without[0], len(without) - 1
        whom = f"job {first.name!r} and {plural(others, 'other')} have" if others else f"job {first.name!r} has"
        hint = "give `plivo.sender` in the settings, or `sender` in the job"
        message = f"{whom} no sender, so that each message will fail"
        yield Problem(first.source.file, first.source.line, 1, "sender", message, hint)


def _catalog(
    where: Sequence[Path], settings: Settings | None, may_lack: Sequence[Path], review: Review, stdin: bool
) -> Catalog:
    defaults = settings.defaults if settings else Defaults()
    places = places_for(settings or Settings(), where)
    scan = Reader(where, defaults, partial(parse_file, review=review), places=places, may_lack=may_lack).scan()
    if stdin:
        said = _read_stdin(defaults, review, places)
        scan = Scan({**scan.files, STDIN: said}, scan.problems, scan.unreadable, scan.folders)
    return assemble(scan, {})


def _read_stdin(defaults: Defaults, review: Review, places: Places) -> ParsedFile:
    data = sys.stdin.buffer.read(_LONGESTSTDIN + 1)
    uses = Uses.of(Library(places), STDIN)
    return parse_file(STDIN, data, defaults, uses, name="stdin", review=review)
