"""reminderd release"""

import click

from reminderd.cli.acting import act, show
from reminderd.cli.common import SettingsSource, json_option, settings_options


@click.command()
@click.argument("ids", type=int, nargs=-1, required=True, metavar="ID...")
@json_option
@settings_options
def command(source: SettingsSource, ids: tuple[int, ...], as_json: bool) -> None:
    """Let deliveries go that were held: they are sent if they are still valid."""
    result = act(source, {"command": "release", "ids": list(ids)})
    show(result, as_json, *(f"delivery {each} is released and {state}" for each, state in result["released"].items()))
