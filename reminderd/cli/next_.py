"""reminderd next"""

from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from typing import Any

import click

from reminderd.cli.catalog import mention_problems, read_catalog
from reminderd.cli.common import SettingsSource, clean, coloured, fail, json_option, local, print_json, settings_options
from reminderd.cli.overrides import opted_out, overrides_in_force
from reminderd.clock import to_text
from reminderd.documents import covering
from reminderd.jobs import people_shown
from reminderd.model import Instant, Job, State
from reminderd.plan import NewDelivery
from reminderd.upcoming import Upcoming, upcoming

OptedOut = frozenset[tuple[str, str]]  # as (phone, bare sender)


@click.command()
@click.argument("job", required=False)
@click.option("--count", "-n", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many.")
@click.option(
    "--people",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="To how many people each; 0: to all of them.",
)
@json_option
@settings_options
def command(source: SettingsSource, job: str | None, count: int, people: int, as_json: bool) -> None:
    """Show the coming occurrences, of one JOB or of all, as the files say now: when, in which zone, to whom, which text."""
    settings = source.settings()
    catalog = read_catalog(settings)
    mention_problems(catalog)
    if job is not None and job not in catalog.jobs:
        fail(f"the files declare no job {job!r}; `reminderd list` shows them")
    jobs = [catalog.jobs[job]] if job else [each for each in catalog.jobs.values() if each.enabled]
    now = datetime.now(UTC)
    found, gone = _coming(jobs, now, count), opted_out(settings)
    overrides = overrides_in_force(settings, now)
    most = people or None
    if as_json:
        print_json(
            [
                {**_document(each, gone, most), "override": covering(overrides, each.job.name, each.instant)}
                for each in found
            ]
        )
        return
    for each in found:
        _print(each, gone, covering(overrides, each.job.name, each.instant), most)
    if not found:
        click.echo("nothing is due any more")


def _coming(jobs: list[Job], now: datetime, count: int) -> list[Upcoming]:
    return list(islice(merge(*(upcoming(each, now) for each in jobs), key=lambda each: each.place), count))


def _document(coming: Upcoming, gone: OptedOut, most: int | None) -> dict[str, Any]:
    entry, instant, people = coming
    return {
        "job": entry.job.name,
        "due_at": to_text(instant.due_at),
        "local": local(instant.due_at, entry.zone),
        "timezone": entry.zone,
        "enabled": entry.job.enabled,
        "recipients": [_recipient(each) for each in coming.deliveries(gone, most)],
        "people": len(people),
        "lists": [each._asdict() for each in people_shown(entry.job).lists],
    }


def _recipient(delivery: NewDelivery) -> dict[str, Any]:
    who = {"name": delivery.name, "phone": delivery.phone, "key": delivery.key}
    message = delivery.message
    if message is None:
        return {**who, "text": None, "problem": delivery.reason}
    return {
        **who,
        "send_at": to_text(delivery.not_before) if delivery.not_before and delivery.state is State.PENDING else None,
        "text": message.text,
        "encoding": message.encoding,
        "segments": message.segments,
        "problem": None if delivery.state is State.PENDING else delivery.reason,
    }


def _print(coming: Upcoming, gone: OptedOut, override: dict[str, Any] | None, most: int | None) -> None:
    entry, instant, people = coming
    disabled = "" if entry.job.enabled else " (disabled: not sent)"
    kept = f" ({override['word']} by {clean(override['who'])}: {clean(override['why'])}: not sent)" if override else ""
    head = f"{local(instant.due_at, entry.zone)} ({entry.zone})  {entry.job.name}{disabled}{kept}"
    click.echo(click.style(head, bold=True) if coloured() else head)
    for private in people_shown(entry.job).private:
        click.echo(f"    {clean(str(private))}")
    for delivery in coming.deliveries(gone, most):
        click.echo(f"    {_line(delivery, entry.zone, instant)}")
    if most is not None and len(people) > most:
        click.echo(f"    ... and {len(people) - most:,} more (--people 0 shows all)")


def _line(delivery: NewDelivery, zone: str, instant: Instant) -> str:
    name = f" {clean(delivery.name)}" if delivery.name else ""
    who = f"{delivery.phone}{name}"
    message = delivery.message
    if message is None:
        return f"{who}: {clean(delivery.reason)}"
    if delivery.state is not State.PENDING:
        return f"{who} (not sent: {clean(delivery.reason)}): {clean(message.text)}"
    later = delivery.not_before is not None and delivery.not_before > instant.due_at
    facts = [f"at {local(delivery.not_before, zone)}"] if later else []
    if message.segments > 1:
        facts.append(f"{message.segments} segments" + (f", {message.encoding}" if message.encoding != "GSM-7" else ""))
    more = f" ({', '.join(facts)})" if facts else ""
    return f"{who}{more}: {clean(message.text)}"
