"""The job files as they are now, for the commands that work without a daemon."""

from contextlib import suppress

import click

from reminderd.cli.common import plural
from reminderd.jobs import Archive, assemble, reader_for, restore
from reminderd.model import Catalog, Job, Source
from reminderd.settings import Settings
from reminderd.store import StateError, StateMissing, open_reports


def read_catalog(settings: Settings) -> Catalog:
    """What runs by the files as they are now: where one is broken, its last good version as the state has it."""
    return assemble(reader_for(settings).scan(), running_jobs(settings))


def running_jobs(settings: Settings) -> dict[str, Job]:
    """The last good versions; none where no daemon has run yet."""
    jobs: dict[str, Job] = {}
    try:
        reports = open_reports(settings.state)
        rows, archive = reports.running(), Archive(reports.files())
    except StateMissing:
        return jobs
    except StateError as error:
        click.echo(
            f"the files alone are shown, without last good versions, results, pauses and skips: {error}", err=True
        )
        return jobs
    for row in rows:
        source = Source(row["file"], row["line"])
        with suppress(ValueError):  # a zone that the system no longer knows; `status` has the problem
            jobs[row["name"]] = restore(row["definition"], source, settings.defaults, archive)
    return jobs


def mention_problems(catalog: Catalog) -> None:
    """One line on stderr when some files have problems, so that nobody takes the rest for all."""
    if catalog.problems:
        number = plural(len(catalog.problems), "problem")
        click.echo(f"{number} in the job files; `reminderd check` shows them", err=True)
