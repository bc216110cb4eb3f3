"""reminderd check"""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from reminderd.cli.common import (
    FAILED,
    SettingsSource,
    json_option,
    plural,
    print_json,
    print_problems,
    settings_options,
)
from reminderd.jobs import Reader, Scan, assemble, parse_file
from reminderd.model import Catalog, Defaults, ParsedFile, Problem

_STDIN = "-"
_LONGEST_STDIN = 1 << 20
_MOST_SHOWN = 1000


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH|-]...")
@json_option
@settings_options
def command(source: SettingsSource, paths: tuple[str, ...], as_json: bool) -> None:
    """Find every problem in job files (or directories of them) and in the settings, offline.

    Without a PATH it checks the directories of the settings; with - a job file from standard input. Ends with 0 when
    all is well, with 1 when there is any problem.
    """
    settings, problems = source.load()
    defaults = settings.defaults if settings else Defaults()
    where = [Path(path) for path in paths if path != _STDIN] or (
        [] if paths else list(settings.jobs if settings else ())
    )
    catalog = _catalog(where, defaults, _STDIN in paths)
    found = sorted({*problems, *catalog.problems})
    if as_json:
        print_json({"ok": not found, "jobs": sorted(catalog.jobs), "problems": [_fields(problem) for problem in found]})
    else:
        _print(found, catalog)
    sys.exit(FAILED if found else 0)


def _catalog(where: Sequence[Path], defaults: Defaults, stdin: bool) -> Catalog:
    scan = Reader(where, defaults).scan()
    if stdin:
        scan = Scan({**scan.files, _STDIN: _read_stdin(defaults)}, scan.problems, scan.unreadable, scan.folders)
    return assemble(scan, {})


def _read_stdin(defaults: Defaults) -> ParsedFile:
    data = sys.stdin.buffer.read(_LONGEST_STDIN + 1)
    return parse_file(_STDIN, data, defaults, name="stdin")


def _fields(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "message": problem.message,
        "hint": problem.hint,
        "text": str(problem),
    }


def _print(found: Sequence[Problem], catalog: Catalog) -> None:
    print_problems(found, _MOST_SHOWN, "`reminderd check --json` shows all")
    if found:
        click.echo(f"{plural(len(found), 'problem')}", err=True)
    else:
        click.echo(f"no problems in {plural(len(catalog.jobs), 'job')}")
