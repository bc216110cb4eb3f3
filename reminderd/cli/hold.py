"""reminderd hold"""

import click

from reminderd.cli.acting import act, show
from reminderd.cli.common import SettingsSource, json_option, local, settings_options


@click.command()
@click.argument("ids", type=int, nargs=-1, required=True, metavar="ID...")
@click.option(
    "--until", metavar="T", help="When it ends by itself: for so long (2h, 1d), or at a time (2026-11-22T09:00)."
)
@click.option("--why", metavar="TEXT", required=True, help="For those who see it later.")
@json_option
@settings_options
def command(source: SettingsSource, ids: tuple[int, ...], until: str | None, why: str, as_json: bool) -> None:
    """Keep pending deliveries back until they are released. Their validity goes on counting.

    Times without an offset are meant in the settings' time zone.
    """
    result = act(source, {"command": "hold", "ids": list(ids), "until": until, "why": why})
    ends = f"until {local(result['until'])}" if result["until"] else "until it is released"
    lines = [
        f"delivery {each} is held {ends}{', as it was already' if each in result['changed'] else ''}"
        for each in result["held"]
    ]
    show(result, as_json, *lines)
