"""reminderd next"""

from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

import click

from reminderd import recurrence
from reminderd.cli.catalog import mention_problems, read_catalog
from reminderd.cli.common import SettingsSource, clean, coloured, fail, json_option, local, print_json, settings_options
from reminderd.cli.overrides import covering, overrides_in_force
from reminderd.clock import to_text
from reminderd.jobs import people_shown
from reminderd.message import RenderError, render
from reminderd.model import Instant, Job, Recipient


@click.command()
@click.argument("job", required=False)
@click.option("--count", "-n", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many.")
@json_option
@settings_options
def command(source: SettingsSource, job: str | None, count: int, as_json: bool) -> None:
    """Show the coming occurrences, of one JOB or of all, as the files say now: when, in which zone, to whom, which text."""
    settings = source.settings()
    catalog = read_catalog(settings)
    mention_problems(catalog)
    if job is not None and job not in catalog.jobs:
        fail(f"the files declare no job {job!r}; `reminderd list` shows them")
    jobs = [catalog.jobs[job]] if job else [each for each in catalog.jobs.values() if each.enabled]
    now = datetime.now(UTC)
    found = _coming(jobs, now, count)
    overrides = overrides_in_force(settings, now)
    if as_json:
        print_json(
            [
                {**_document(each, instant), "override": covering(overrides, each.name, instant)}
                for each, instant in found
            ]
        )
        return
    for each, instant in found:
        _print(each, instant, covering(overrides, each.name, instant))
    if not found:
        click.echo("nothing is due any more")


def _coming(jobs: list[Job], now: datetime, count: int) -> list[tuple[Job, Instant]]:
    far = datetime(9990, 1, 1, tzinfo=UTC)
    series = (
        ((job, instant) for instant in islice(recurrence.between(job.schedule, job.timezone, now, far), count))
        for job in jobs
    )
    # All of the first few of each job; the earliest of these are the earliest of all.
    return sorted(chain.from_iterable(series), key=lambda pair: (pair[1].due_at, pair[0].name))[:count]


def _document(job: Job, instant: Instant) -> dict[str, Any]:
    shown = people_shown(job)
    return {
        "job": job.name,
        "due_at": to_text(instant.due_at),
        "local": local(instant.due_at, job.timezone),
        "timezone": job.timezone,
        "enabled": job.enabled,
        "recipients": [_recipient(job, recipient, instant) for recipient in shown.people],
        "lists": [each._asdict() for each in shown.lists],
    }


def _recipient(job: Job, recipient: Recipient, instant: Instant) -> dict[str, Any]:
    who = {"name": recipient.name, "phone": recipient.phone, "key": recipient.key}
    try:
        message = render(job, recipient, instant.due_at)
    except RenderError as error:
        return {**who, "text": None, "problem": str(error)}
    return {**who, "text": message.text, "encoding": message.encoding, "segments": message.segments}


def _print(job: Job, instant: Instant, override: dict[str, Any] | None) -> None:
    disabled = "" if job.enabled else " (disabled: not sent)"
    kept = f" ({override['word']} by {clean(override['who'])}: {clean(override['why'])}: not sent)" if override else ""
    head = f"{local(instant.due_at, job.timezone)} ({job.timezone})  {job.name}{disabled}{kept}"
    click.echo(click.style(head, bold=True) if coloured() else head)
    shown = people_shown(job)
    for each in shown.private:
        click.echo(f"    {clean(str(each))}")
    for recipient in shown.people:
        found = _recipient(job, recipient, instant)
        name = f" {clean(recipient.name)}" if recipient.name else ""
        click.echo(f"    {recipient.phone}{name}: {clean(found['text'] or 'cannot be rendered: ' + found['problem'])}")
