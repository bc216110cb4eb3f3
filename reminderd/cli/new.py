"""reminderd new"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from reminderd.cli.common import UNUSABLE, SettingsSource, fail, settings_options
from reminderd.document.scalars import Wrong
from reminderd.jobs.reader import is_job_file
from reminderd.jobs.spec import job_name
from reminderd.reference.starters import STARTERS, starter
from reminderd.settings import Settings

_STDOUT = "-"


@click.command()
@click.argument("name", default="example")
@click.option(
    "--kind", type=click.Choice(tuple(STARTERS)), default="cron", show_default=True, help="Of which schedule."
)
@click.option("--output", "-o", metavar="FILE|-", help="Where to; by default NAME.yaml in the first directory of jobs.")
@settings_options
def command(source: SettingsSource, name: str, kind: str, output: str | None) -> None:
    """Write a new job file with a commented example, switched off until you have changed it to what you need.

    With --output - it is printed. A file that exists is never overwritten.
    """
    settings, _ = source.load()
    settings = settings or Settings()
    name = _checked(name)
    path = _path(output, name, settings)
    shown = path.name if output == _STDOUT else str(path)
    files = starter(kind, name, shown, settings.timezone, datetime.now(UTC))
    if output == _STDOUT:
        if len(files) > 1:
            fail(f"--kind {kind} writes a list beside the job; give --output FILE", UNUSABLE)
        click.echo(files[""], nl=False)
        return
    _write({path.with_name(f"{name}{suffix}") if suffix else path: text for suffix, text in files.items()})
    click.echo(f"wrote {path}, switched off for now; change it and try `reminderd check {path}`")


def _checked(name: str) -> str:
    try:
        return job_name(name)
    except Wrong as error:
        fail(f"{error.message}, {error.hint}", UNUSABLE)


def _path(output: str | None, name: str, settings: Settings) -> Path:
    if output is None:
        return settings.jobs[0] / f"{name}.yaml"
    if output != _STDOUT and not is_job_file(Path(output).name):
        fail(f"{output} is no name of a job file, give one that ends in .yaml", UNUSABLE)
    return Path(f"{name}.yaml" if output == _STDOUT else output)


def _write(files: Mapping[Path, str]) -> None:
    for path in files:
        if path.exists() or path.is_symlink():
            fail(f"{path} exists already, and is left as it is; give another NAME or --output FILE")
    for path, text in files.items():
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            hint = "give --jobs DIR or --output FILE"
            fail(f"{path} cannot be written: {error.strerror}; {hint}", UNUSABLE)
