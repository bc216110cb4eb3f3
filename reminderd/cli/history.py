"""reminderd history"""

import difflib
from datetime import UTC, datetime
from typing import Any

import click

from reminderd.cli.common import (
    SettingsSource,
    fail,
    json_option,
    local,
    parse_moment,
    print_json,
    print_table,
    settings_options_but_state,
)
from reminderd.clock import to_text
from reminderd.documents import delivery_document
from reminderd.gateway.port import MessageState
from reminderd.model import State

_STATES = [str(state) for state in State]
_RECEIPTS = [str(state) for state in MessageState if state is not MessageState.RECEIVED] + ["none"]


class _StateOrFile(click.ParamType[str]):
    """--state means the deliveries' state here; a path is taken as the state's file, as in every other command."""

    name = "state"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value in _STATES or "/" in value or "." in value:
            return value
        close = difflib.get_close_matches(value.replace("-", "_"), _STATES, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"one of {', '.join(_STATES)}"
        return self.fail(f"{value!r} is not a state of a delivery, {hint}", param, ctx)


@click.command()
@click.argument("job", required=False)
@click.option(
    "--state",
    "states",
    type=_StateOrFile(),
    multiple=True,
    help=f"Only these: {', '.join(_STATES)}. A path: the state's file.",
)
@click.option(
    "--receipt",
    "receipts",
    type=click.Choice(_RECEIPTS),
    multiple=True,
    help="Only those of which Plivo reports this; none: of which it knows nothing.",
)
@click.option("--since", metavar="T", help="Due since a time (2026-11-22T08:00, UTC) or for so long (2h, 7d).")
@click.option("--limit", type=click.IntRange(0), default=50, show_default=True, help="How many; 0 for all.")
@json_option
@settings_options_but_state
def command(
    source: SettingsSource,
    job: str | None,
    states: tuple[str, ...],
    receipts: tuple[str, ...],
    since: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show deliveries, newest due time first: of one JOB or of all."""
    wanted = [state for state in states if state in _STATES]
    source.state = next((state for state in states if state not in _STATES), source.state)
    reports = source.reports()
    # Bytes of an argument that are not UTF-8 are half characters here, which no database takes.
    if job is not None and not (job.isprintable() and reports.job_exists(job)):
        fail(f"there was never a job {job!r}; `reminderd list` shows those declared now")
    rows = reports.history(job, wanted, parse_moment(since) if since else None, limit, receipts)
    if as_json:
        print_json([delivery_document(row) for row in rows])
    elif rows:
        headings = ("ID", "DUE", "JOB", "TO", "STATE", "RECEIPT", "REASON")
        print_table(headings, [_row(row) for row in rows], state_column=4)
    else:
        click.echo("no deliveries")


def _row(row: dict[str, Any]) -> tuple[object, ...]:
    person = " ".join(part for part in (row["phone"], row["name"]) if part) or row["erased"] or "-"
    job = f"{row['job']} (drill)" if row["drill"] else row["job"]
    due, receipt = local(row["due_at"], row["zone"]), row["receipt"] or "-"
    held = f"on hold {row['hold_id']}; " if row["hold_id"] and row["state"] == "pending" else ""
    waits = row["state"] == "pending" and row["not_before"] > to_text(datetime.now(UTC))
    later = f"; not before {local(row['not_before'], row['zone'])}" if waits else ""
    return row["id"], due, job, person, row["state"], receipt, held + row["reason"] + later
