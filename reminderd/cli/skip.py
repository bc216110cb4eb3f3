"""reminderd skip"""

import click

from reminderd.cli.acting import act, show
from reminderd.cli.common import SettingsSource, clean, json_option, local, settings_options


@click.command()
@click.argument("job")
@click.argument("time", metavar="T")
@click.option("--why", metavar="TEXT", required=True, help="For those who see it later.")
@json_option
@settings_options
def command(source: SettingsSource, job: str, time: str, why: str, as_json: bool) -> None:
    """Do not send one coming occurrence of a JOB: the one that is due at T.

    T is meant in the job's time zone (2026-12-01T09:00), or has an offset or Z. `reminderd next JOB` shows the coming ones;
    `reminderd resume JOB --at T` takes it back. What is planned already can be cancelled.
    """
    result = act(source, {"command": "skip", "job": job, "at": time, "why": why})
    due = "; ".join(f"{local(moment, zone)} ({zone})" for zone, moment in result["due_at"].items())
    lines = [f"the occurrence of {clean(job)} at {clean(result['nominal'])} is skipped: {due}"]
    if result["planned"]:
        ids = " ".join(map(str, result["planned"]))
        lines.append(f"in some zones it is planned already; cancel that too: reminderd cancel {ids}")
    show(result, as_json, *lines)
