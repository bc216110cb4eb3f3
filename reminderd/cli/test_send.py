"""reminderd test-send"""

import sys
import time
from typing import Any

import click

from reminderd.cli.acting import act
from reminderd.cli.common import SettingsSource, clean, json_option, print_json, settings_options
from reminderd.cli.why import print_story
from reminderd.clock import SystemClock
from reminderd.store import Reports
from reminderd.story import story_of

_PATIENCE = 60.0
_LOOK_EVERY = 0.2
_ON_ITS_WAY = ("pending", "sending")


@click.command()
@click.argument("job")
@click.option("--to", "phone", metavar="PHONE", required=True, help="Who gets it.")
@click.option("--as", "as_", metavar="WHO", help="As which recipient gets it: phone, key or name (default: the first).")
@json_option
@settings_options
def command(source: SettingsSource, job: str, phone: str, as_: str | None, as_json: bool) -> None:
    """Send a JOB's text to a phone of yours, through the running daemon and the real gateway.

    It is marked [TEST] and shown as a drill in the history; nothing of the job's own planning changes. Neither a pause nor
    `enabled: false` keeps it back. Waits up to a minute for what comes of it; ends with 0 when Plivo took it.
    """
    request = {"command": "test-send", "job": job, "phone": phone, "as": as_}
    delivery = int(act(source, request)["delivery"])
    story = _wait(source.reports(), delivery)
    if as_json:
        print_json(story)
    else:
        print_story(story)
        if story["state"] in _ON_ITS_WAY:
            click.echo(f"\nit is on its way still: reminderd why {delivery}; `reminderd status` shows what keeps it")
    if story["state"] == "in_doubt":
        click.echo(clean(f"reminderd: nobody knows yet whether it was sent: reminderd why {delivery}"), err=True)
    sys.exit(0 if story["state"] == "accepted" else 1)


def _wait(reports: Reports, delivery: int) -> dict[str, Any]:
    """The delivery's story as soon as it is settled or in doubt, or after a minute."""
    ends_at = time.monotonic() + _PATIENCE
    while True:
        story = story_of(reports, delivery, SystemClock().now())
        assert story is not None
        if story["state"] not in _ON_ITS_WAY or time.monotonic() > ends_at:
            return story
        time.sleep(_LOOK_EVERY)
