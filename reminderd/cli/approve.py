"""reminderd approve"""

import json
import sys

import click

from reminderd.cli.acting import act, show
from reminderd.cli.common import SettingsSource, clean, fail, json_option, local, plural, settings_options
from reminderd.model import State, mask
from reminderd.store import Reports

_MOST_SHOWN = 20
_OF_ALL = ("clock", "restored")  # kinds that keep everything back


@click.command()
@click.argument("hold", type=int, required=False)
@click.option("--yes", is_flag=True, help="Do not ask before approving the only hold.")
@json_option
@settings_options
def command(source: SettingsSource, hold: int | None, yes: bool, as_json: bool) -> None:
    """Let what is on hold go on: a removal, a limit that was exceeded, a clock that jumped, a state that was put back.

    Without a HOLD it shows the only one, and asks; where it cannot ask, nothing is approved without --yes.
    """
    reports = source.reports()
    holds = reports.holds()
    if hold is None:
        if not holds:
            fail("nothing is on hold")
        # What keeps a single delivery back is let go by `release`.
        wide = [row for row in holds if row["kind"] != "delivery"] or holds
        if len(wide) > 1:
            listed = "\n".join(_described(row) for row in wide)
            fail(f"there are several holds; name one:\n{listed}")
        click.echo(_described(wide[0]), err=True)
        if wide[0]["kind"] == "restored":
            _show_pending(reports)
        hold = int(wide[0]["id"])
        if not yes and not sys.stdin.isatty():
            fail(f"nothing is approved: say `reminderd approve {hold}`, or --yes, where nobody can be asked")
        if not yes:
            click.confirm("Approve it?", abort=True, err=True)
    result = act(source, {"command": "approve", "hold": hold})
    lines = [f"hold {hold} is approved"]
    if result.get("released"):
        lines.append(f"{plural(result['released'], 'delivery', 'deliveries')} may go out now")
    whole = [row for row in holds if row["id"] != hold and row["kind"] in _OF_ALL]
    lines += [f"nothing goes out before hold {row['id']} ({row['kind']}) is approved too" for row in whole]
    show(result, as_json, *lines)


def _show_pending(reports: Reports) -> None:
    """What is sent once a state that was put back is approved."""
    rows = reports.history(states=[State.PENDING], limit=_MOST_SHOWN)
    number = reports.counts().get(State.PENDING, 0)
    click.echo(f"    what would be sent: {plural(number, 'pending delivery', 'pending deliveries')}", err=True)
    for row in rows:
        to = clean(row["name"]) if row["name"] else mask(row["phone"])
        kept = "  [stays on hold]" if row["hold_id"] else ""
        click.echo(
            f"    {row['id']:>6}  due {local(row['due_at'])}  {row['job']}  to {to}: {clean(row['text'])}{kept}",
            err=True,
        )
    if number > len(rows):
        click.echo(f"    and {number - len(rows)} more: reminderd history --state pending --limit 0", err=True)


def _described(row: dict[str, object]) -> str:
    names = json.loads(str(row["detail"])).get("jobs", [])
    shown = ", ".join(clean(name) for name in names[:20]) + (" …" if len(names) > 20 else "")
    jobs = f"\n    jobs: {shown}" if names else ""
    return f"hold {row['id']} since {local(str(row['opened_at']))}: {clean(row['reason'])}{jobs}"
