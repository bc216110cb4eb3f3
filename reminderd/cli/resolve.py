"""reminderd resolve"""

import click

from reminderd.cli.acting import act, show
from reminderd.cli.common import SettingsSource, json_option, settings_options


@click.command()
@click.argument("delivery", type=int, metavar="ID")
@click.option("--sent", is_flag=True, help="It was sent; a message_uuid may follow.")
@click.argument("uuid", required=False)
@click.option("--not-sent", is_flag=True, help="It was not sent: send it again if it is still valid.")
@click.option("--force", is_flag=True, help="Also when Plivo's log speaks against it, or cannot be read.")
@json_option
@settings_options
def command(
    source: SettingsSource, delivery: int, sent: bool, uuid: str | None, not_sent: bool, force: bool, as_json: bool
) -> None:
    """Settle a delivery that is in doubt, by your word.

    \b
    reminderd resolve 42 --sent            the person has it
    reminderd resolve 42 --sent UUID       and this is its name at Plivo
    reminderd resolve 42 --not-sent        nobody has it: send it if it is still valid

    --not-sent looks into Plivo's own log first, and refuses when a message there could be this one. --sent UUID looks
    there too, and refuses when the log has no such message, or shows that it is another.
    """
    if sent == not_sent:
        raise click.UsageError("Say either --sent or --not-sent.")
    if not_sent and uuid:
        raise click.UsageError("A message_uuid goes with --sent only.")
    if sent and force and not uuid:
        raise click.UsageError("--force goes with --not-sent or a message_uuid.")
    request = {"command": "resolve", "id": delivery, "sent": sent, "uuid": uuid, "force": force}
    result = act(source, request)
    show(result, as_json, f"delivery {delivery} is {result['state']}")
