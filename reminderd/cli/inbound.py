"""reminderd inbound"""

from typing import Any

import click

from reminderd.cli.common import (
    SettingsSource,
    json_option,
    local,
    parse_moment,
    plural,
    print_json,
    print_table,
    settings_options,
)
from reminderd.message import PhoneError, parse_phone


@click.command()
@click.option("--phone", metavar="PHONE", help="Only what this phone wrote.")
@click.option("--since", metavar="T", help="Come in since a time (2026-11-22T08:00, UTC) or for so long (2h, 7d).")
@click.option("--limit", type=click.IntRange(0), default=50, show_default=True, help="How many; 0 for all.")
@json_option
@settings_options
def command(source: SettingsSource, phone: str | None, since: str | None, limit: int, as_json: bool) -> None:
    """Show what people wrote to your numbers, newest first, and what came of it."""
    moment = parse_moment(since) if since else None
    rows = source.reports().inbound(_phone(phone) if phone else None, None, moment, limit)
    if as_json:
        print_json(rows)
    elif rows:
        print_table(("RECEIVED", "FROM", "TO", "INTENT", "RESULT", "TEXT"), [_row(row) for row in rows])
    else:
        click.echo("nobody has written")


def _phone(given: str) -> str:
    """As the state has it. Short codes write too."""
    if given.isdigit():
        return given
    try:
        return parse_phone(given)
    except PhoneError as error:
        hint = f"; {error.hint}" if error.hint else ""
        raise click.BadParameter(f"{error.message}{hint}", param_hint="--phone") from None


def _row(row: dict[str, Any]) -> tuple[object, ...]:
    return (
        local(row["received_at"]),
        row["phone"] or "forgotten",
        row["sender"],
        row["intent"],
        row["result"],
        said(row),
    )


def said(row: dict[str, Any]) -> str:
    """The text of a row, and what came with it, on one line for people."""
    media = f"({plural(row['media'], 'file')})" if row["media"] else ""
    text = "(no longer kept)" if row["text"] is None else row["text"]
    return " ".join(part for part in (text, media) if part)
