"""reminderd cancel"""

import click

from reminderd.cli.acting import act, show
from reminderd.cli.common import SettingsSource, json_option, settings_options


@click.command()
@click.argument("ids", type=int, nargs=-1, required=True, metavar="ID...")
@json_option
@settings_options
def command(source: SettingsSource, ids: tuple[int, ...], as_json: bool) -> None:
    """Give up pending deliveries: they are not sent, and recorded as cancelled by you."""
    result = act(source, {"command": "cancel", "ids": list(ids)})
    show(result, as_json, *(f"delivery {each} is cancelled" for each in result["cancelled"]))
