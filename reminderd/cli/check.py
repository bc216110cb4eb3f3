"""reminderd check"""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from reminderd.cli.common import FAILED, SettingsSource, json_option, plural, settings_options
from reminderd.cli.problems import print_annotations, print_document, print_text
from reminderd.document.scalars import did_you_mean
from reminderd.jobs import Library, Reader, Scan, Uses, assemble, parse_file, places_for
from reminderd.model import Catalog, Defaults, Limits, ParsedFile, Places, Problem, Review
from reminderd.settings import Settings

_STDIN = "-"
_LONGEST_STDIN = 1 << 20
_FORMATS = ("text", "json", "github")


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH|-]...")
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help="How it is said."
)
@click.option("--strict", is_flag=True, help="End with 1 also when there are only warnings; notes are none.")
@click.option("--all", "everybody", is_flag=True, help="Try the texts of a long list for everybody, and not for some.")
@json_option
@settings_options
def command(
    source: SettingsSource, paths: tuple[str, ...], form: str, strict: bool, everybody: bool, as_json: bool
) -> None:
    """Find every problem in job files (or directories of them) and in the settings, offline.

    Without a PATH it checks the directories of the settings; with - a job file from standard input. Ends with 0 when
    all is well, with 1 when there is any problem. Warnings are about what is allowed and perhaps not meant: no file is
    refused for them.
    """
    settings, problems = source.load()
    named = [Path(path) for path in paths if path != _STDIN]
    missing = [path for path in named if _is_missing(path)]
    problems = [*problems, *map(_not_there, missing)]
    where = [path for path in named if path not in missing] if paths else list(settings.jobs if settings else ())
    limits = settings.limits.limits if settings else Limits()
    review = Review(datetime.now(UTC), limits, everybody)
    catalog = _catalog(where, settings, review, _STDIN in paths)
    found = sorted({*problems, *catalog.problems})
    warnings = [*catalog.warnings, *_without_sender(settings, catalog)]
    ok = not found and not (strict and any(not each.is_note for each in warnings))
    if as_json or form == "json":
        print_document(ok, found, warnings, catalog.jobs)
    elif form == "github":
        print_annotations(found, warnings)
    else:
        print_text(found, warnings, len(catalog.jobs))
    sys.exit(0 if ok else FAILED)


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


def _without_sender(settings: Settings | None, catalog: Catalog) -> Iterator[Problem]:
    """One warning for all jobs that have no sender, where the settings are those of a gateway."""
    without = [job for job in catalog.jobs.values() if job.enabled and job.sender is None]
    if settings is not None and settings.plivo.auth_id is not None and without:
        first, others = without[0], len(without) - 1
        whom = f"job {first.name!r} and {plural(others, 'other')} have" if others else f"job {first.name!r} has"
        hint = "give `plivo.sender` in the settings, or `sender` in the job"
        message = f"{whom} no sender, so that each message will fail"
        yield Problem(first.source.file, first.source.line, 1, "sender", message, hint)


def _catalog(where: Sequence[Path], settings: Settings | None, review: Review, stdin: bool) -> Catalog:
    defaults = settings.defaults if settings else Defaults()
    places = places_for(settings or Settings(), where)
    scan = Reader(where, defaults, partial(parse_file, review=review), places=places).scan()
    if stdin:
        said = _read_stdin(defaults, review, places)
        scan = Scan({**scan.files, _STDIN: said}, scan.problems, scan.unreadable, scan.folders)
    return assemble(scan, {})


def _read_stdin(defaults: Defaults, review: Review, places: Places) -> ParsedFile:
    data = sys.stdin.buffer.read(_LONGEST_STDIN + 1)
    uses = Uses.of(Library(places), _STDIN)
    return parse_file(_STDIN, data, defaults, uses, name="stdin", review=review)
