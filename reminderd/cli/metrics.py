"""reminderd metrics"""

import click

from reminderd.cli.common import SettingsSource, fail, json_option, print_json, settings_options
from reminderd.clock import SystemClock
from reminderd.store import StateError
from reminderd.store.view import open_view
from reminderd.web.extra import HINT, has_figures
from reminderd.web.readings import Readings


@click.command()
@json_option
@settings_options
def command(source: SettingsSource, as_json: bool) -> None:
    """Print the state's figures for Prometheus, also without a daemon.

    What only a running daemon knows is not among them: the listener and the textfile have it. Needs the extra `web`.
    """
    settings = source.settings_for_state()
    if not has_figures():
        fail(f"this needs libraries that are not installed: {HINT}")
    from reminderd.web.exposition import Exposition

    readings = Readings(lambda: open_view(settings.state), SystemClock().now, lambda: settings.alerts.overdue_after)
    exposition = Exposition(readings, settings.state, None)
    try:
        if as_json:
            print_json(exposition.samples())
        else:
            click.echo(exposition.text(), nl=False)
    except StateError as error:
        fail(str(error))
    finally:
        readings.close()
