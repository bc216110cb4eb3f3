"""reminderd reload"""

import os
import sys
from pathlib import Path

import click

from reminderd.cli.common import (
    FAILED,
    UNUSABLE,
    SettingsSource,
    fail,
    json_option,
    plural,
    print_json,
    print_problems,
    settings_options,
)
from reminderd.control import NotRunning, ask

_MOST_SHOWN = 20


@click.command()
@json_option
@settings_options
def command(source: SettingsSource, as_json: bool) -> None:
    """Have the running daemon read its settings and job files now, and wait until they run.

    Ends with 1 when there are problems; what is broken keeps its last good version.
    """
    settings = source.settings_for_state()
    try:
        answer = ask(settings.state, {"command": "reload"})
    except NotRunning as error:
        fail(f"{error}{_perhaps(settings.state)}", UNUSABLE)
    except TimeoutError:
        fail("the daemon did not answer in time; see its log", UNUSABLE)
    if not answer.get("ok"):
        fail(str(answer.get("error", "the daemon gave no answer; see its log")))
    result = answer["result"]
    if as_json:
        print_json(result)
    else:
        print_problems(result["problems"], _MOST_SHOWN, "`reminderd check` shows them")
        holds = f", {plural(len(result['holds']), 'hold')}: see `reminderd status`" if result["holds"] else ""
        said = f"{plural(result['jobs'], 'job')} running, {plural(len(result['problems']), 'problem')}{holds}"
        click.echo(said, err=True)
    sys.exit(FAILED if result["problems"] else 0)


def _perhaps(state: Path) -> str:
    """Why a daemon that runs does not answer, as far as can be told from here: it keeps the state it started with."""
    if os.path.lexists(state):
        return ""
    return (
        "; there is no such state: where `state` was changed in the settings, a running daemon keeps the former one until "
        "it is restarted; stop it and move the file first, since a new state knows nothing of what was sent"
    )
