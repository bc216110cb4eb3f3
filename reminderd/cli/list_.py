"""reminderd list"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from reminderd.cli.catalog import mention_problems, read_catalog, running_jobs
from reminderd.cli.common import SettingsSource, json_option, local, plural, print_json, print_table, settings_options
from reminderd.cli.overrides import overrides_in_force
from reminderd.documents import job_document, of_job
from reminderd.settings import Settings
from reminderd.store import StateError, open_reports

Result = Mapping[str, Any]


@click.command()
@json_option
@settings_options
def command(source: SettingsSource, as_json: bool) -> None:
    """List the jobs that the files declare: schedule in words, next due, last result; finished one-offs apart.

    Those go with them whose removal is on hold.
    """
    settings = source.settings()
    catalog = read_catalog(settings)
    mention_problems(catalog)
    results = _results(settings)
    now = datetime.now(UTC)
    overrides = overrides_in_force(settings, now)
    held = {name for name, result in results.items() if result["held"] and name not in catalog.jobs}
    # Their files are gone, and they go on until that is approved.
    kept = [job for name, job in running_jobs(settings).items() if name in held] if held else []
    jobs = [
        {**job_document(job, results.get(job.name, {}), now), "overrides": of_job(overrides, job.name)}
        for job in (*catalog.jobs.values(), *kept)
    ]
    jobs.sort(key=lambda job: (job["next_due"] is None, job["next_due"] or "", job["name"]))
    if as_json:
        print_json(jobs)
        return
    _print([job for job in jobs if not job["finished"]], [job for job in jobs if job["finished"]])


def _results(settings: Settings) -> Mapping[str, Result]:
    try:
        return open_reports(settings.state).last_results()
    except StateError:
        return {}  # no daemon has run yet: the files alone can be listed too


def _print(active: list[dict[str, Any]], finished: list[dict[str, Any]]) -> None:
    if active:
        print_table(("JOB", "NEXT DUE", "LAST", "TO", "SCHEDULE"), [_row(job) for job in active])
    if finished:
        click.echo(("\n" if active else "") + f"{plural(len(finished), 'job')} with nothing left to do:")
        print_table(("JOB", "LAST DUE", "LAST", "TO", "SCHEDULE"), [_row(job) for job in finished])
    if not active and not finished:
        click.echo("the files declare no jobs")


def _row(job: dict[str, Any]) -> tuple[object, ...]:
    when = job["last_due"] if job["finished"] else job["next_due"]
    shown = local(when, job["timezone"]) if when else "disabled" if not job["enabled"] else "never"
    paused = [each for each in job["overrides"] if each["word"] == "paused"]
    notes = "".join(f"; {each['word'].upper()} {_note(each)}" for each in job["overrides"])
    shown = f"{shown} (paused)" if paused else shown
    notes += "; its removal is on hold, see `reminderd status`" if job["held"] else ""
    return job["name"], shown, job["last_state"] or "-", job["recipients"], job["schedule"] + notes


def _note(each: dict[str, Any]) -> str:
    when = f" {each['nominal']}" if each["nominal"] else f" until {local(each['until'])}" if each["until"] else ""
    everything = " (every job)" if each["job"] is None else ""
    return f"{when.strip()}{everything} by {each['who']}: {each['why']}".strip()
