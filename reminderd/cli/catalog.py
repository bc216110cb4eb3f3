"""The job files as they are now, for the commands that work without a daemon."""

import click

from reminderd.cli.common import plural
from reminderd.jobs import Reader, assemble
from reminderd.model import Catalog
from reminderd.settings import Settings


def read_catalog(settings: Settings) -> Catalog:
    """Everything the files declare; with problems, what is good of it."""
    return assemble(Reader(settings.jobs, settings.defaults).scan(), {})


def mention_problems(catalog: Catalog) -> None:
    """One line on stderr when some files have problems, so that nobody takes the rest for all."""
    if catalog.problems:
        number = plural(len(catalog.problems), "problem")
        click.echo(f"{number} in the job files; `reminderd check` shows them", err=True)
