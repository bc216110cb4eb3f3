"""reminderd opt-out"""

import click

from reminderd.cli.acting import act, show
from reminderd.cli.common import (
    SettingsSource,
    clean,
    json_option,
    local,
    plural,
    print_json,
    print_table,
    settings_options,
)

_SENDER = click.option("--sender", metavar="S", help="Only what comes from this sender; without it, from any.")


@click.group()
def command() -> None:
    """Who wants no messages: add, remove, list. It is looked at right before each message is sent."""


@command.command()
@click.argument("phone")
@_SENDER
@click.option("--why", metavar="TEXT", help="How they said so, for those who see it later.")
@json_option
@settings_options
def add(source: SettingsSource, phone: str, sender: str | None, why: str | None, as_json: bool) -> None:
    """Send nothing more to a PHONE; what waits for it is cancelled."""
    result = act(source, {"command": "opt-out add", "phone": phone, "sender": sender, "why": why})
    already = "" if result["new"] else " already"
    lines = [f"{result['phone']} has{already} opted out of {clean(result['sender']) or 'every sender'}"]
    if result["cancelled"]:
        ids = ", ".join(map(str, result["cancelled"]))
        lines.append(f"cancelled: {plural(len(result['cancelled']), 'delivery', 'deliveries')} ({ids})")
    show(result, as_json, *lines)


@command.command()
@click.argument("phone")
@_SENDER
@json_option
@settings_options
def remove(source: SettingsSource, phone: str, sender: str | None, as_json: bool) -> None:
    """Send what falls due from now on to a PHONE again; what was cancelled stays so."""
    result = act(source, {"command": "opt-out remove", "phone": phone, "sender": sender})
    lines = [f"{result['phone']} gets messages from {clean(result['sender']) or 'every sender'} again"]
    if result["still"]:
        lines.append(f"but not from: {', '.join(clean(each) or 'any' for each in result['still'])}")
    if result["stopped_at"]:
        lines.append(
            f"they have texted a word that stops messages at {local(result['stopped_at'])}, and none since that begins them"
        )
    if result["source"] != "operator":
        lines.append("Plivo keeps a list of its own: there it ends when they text START")
    show(result, as_json, *lines)


@command.command("list")
@json_option
@settings_options
def list_(source: SettingsSource, as_json: bool) -> None:
    """Show who has opted out, of which sender, since when, and how that is known."""
    rows = source.reports().opt_outs()
    if as_json:
        print_json(rows)
    elif rows:
        head = ("PHONE", "SENDER", "SINCE", "SOURCE", "BY", "WHY")
        print_table(head, [_row(row) for row in rows])
    else:
        click.echo("nobody has opted out")


def _row(row: dict[str, str]) -> tuple[str, ...]:
    return row["phone"], row["sender"] or "any", local(row["since"]), row["source"], row["who"], row["why"]
