"""reminderd resume"""

import click

from reminderd.cli.acting import act, show
from reminderd.cli.common import SettingsSource, clean, json_option, settings_options


@click.command()
@click.argument("job", required=False)
@click.option("--all", "all_", is_flag=True, help="End the pause of all jobs; those of single ones stay.")
@click.option("--at", metavar="T", help="Have the occurrence at this time sent, which was to be skipped.")
@json_option
@settings_options
def command(source: SettingsSource, job: str | None, all_: bool, at: str | None, as_json: bool) -> None:
    """End a pause, or take a skip back.

    \b
    reminderd resume rent                        what falls due from now on is sent
    reminderd resume --all                       the same for the pause of all jobs
    reminderd resume rent --at 2026-12-01T09:00  this occurrence is not skipped after all
    """
    result = act(source, {"command": "resume", "job": job, "all": all_, "at": at})
    if at is not None:
        show(result, as_json, f"the occurrence of {clean(job)} at {clean(result['nominal'])} will be sent")
    what = "the pause of all jobs has ended" if result["resumed"] is None else f"job {clean(job)} is resumed"
    lines = [f"{what}: what falls due from now on is sent"]
    if result["all_paused"]:
        lines.append("every job is paused still: reminderd resume --all")
    elif result["resumed"] is None and result["still_paused"]:
        names = ", ".join(clean(each) for each in result["still_paused"])
        lines.append(f"by themselves are paused still: {names}")
    show(result, as_json, *lines)
