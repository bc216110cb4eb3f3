"""reminderd pause"""

import click

from reminderd.cli.acting import act, show
from reminderd.cli.common import SettingsSource, clean, json_option, local, settings_options


@click.command()
@click.argument("job", required=False)
@click.option("--all", "all_", is_flag=True, help="Every job, also those that come.")
@click.option(
    "--until", metavar="T", help="When it ends by itself: for so long (2h, 1d), or at a time (2026-11-22T09:00)."
)
@click.option("--why", metavar="TEXT", required=True, help="For those who see it later.")
@json_option
@settings_options
def command(source: SettingsSource, job: str | None, all_: bool, until: str | None, why: str, as_json: bool) -> None:
    """Send nothing of a JOB, or of any, until it is resumed.

    What falls due meanwhile is recorded as missed, with your reason. What waits already goes out when the pause ends, if it
    is still valid. A pause stands above the files: it survives each deploy and restart. Times without an offset are meant in
    the job's zone. Pausing again changes the reason and the end.
    """
    request = {"command": "pause", "job": job, "all": all_, "until": until, "why": why}
    result = act(source, request)
    what = "every job" if result["paused"] is None else f"job {clean(result['paused'])}"
    lines = [f"{what} is paused {_until(result['until'])}"]
    if before := result["before"]:
        lines.append(f"it was already, {_until(before['until'])}, by {clean(before['who'])}: {clean(before['why'])}")
    if not result["declared"]:
        lines.append("the files do not declare it now; the pause counts when they do")
    show(result, as_json, *lines)


def _until(until: str | None) -> str:
    return f"until {local(until)}" if until else "until it is resumed"
