"""reminderd approve"""

import json
import sys

import click

from reminderd.cli.acting import act, show
from reminderd.cli.common import SettingsSource, clean, fail, json_option, local, settings_options


@click.command()
@click.argument("hold", type=int, required=False)
@click.option("--yes", is_flag=True, help="Do not ask before approving the only hold.")
@json_option
@settings_options
def command(source: SettingsSource, hold: int | None, yes: bool, as_json: bool) -> None:
    """Let what is on hold go on: a removal of many jobs, a clock that jumped, a cursor ahead of time.

    Without a HOLD it approves the only one, after showing it.
    """
    holds = source.reports().holds()
    if hold is None:
        if not holds:
            fail("nothing is on hold")
        if len(holds) > 1:
            listed = "\n".join(_described(row) for row in holds)
            fail(f"there are several holds; name one:\n{listed}")
        click.echo(_described(holds[0]), err=True)
        if not yes and sys.stdin.isatty():
            click.confirm("Approve it?", abort=True, err=True)
        hold = int(holds[0]["id"])
    result = act(source, {"command": "approve", "hold": hold})
    show(result, as_json, f"hold {hold} is approved")


def _described(row: dict[str, object]) -> str:
    names = json.loads(str(row["detail"])).get("jobs", [])
    shown = ", ".join(clean(name) for name in names[:20]) + (" …" if len(names) > 20 else "")
    jobs = f"\n    jobs: {shown}" if names else ""
    return f"hold {row['id']} since {local(str(row['opened_at']))}: {clean(row['reason'])}{jobs}"
