"""reminderd retry"""

import click

from reminderd.cli.acting import act, show
from reminderd.cli.common import SettingsSource, json_option, local, settings_options


@click.command()
@click.argument("ids", type=int, nargs=-1, required=True, metavar="ID...")
@click.option("--valid-for", metavar="D", help="How long from now it is worth sending (default: the job's valid_for).")
@json_option
@settings_options
def command(source: SettingsSource, ids: tuple[int, ...], valid_for: str | None, as_json: bool) -> None:
    """Send failed or missed deliveries after all, with a new validity from now."""
    result = act(source, {"command": "retry", "ids": list(ids), "valid_for": valid_for})
    lines = [
        f"delivery {each} is pending again, valid until {local(until)}" for each, until in result["retried"].items()
    ]
    show(result, as_json, *lines)
