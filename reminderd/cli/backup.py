"""reminderd backup"""

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
    settings_options,
)
from reminderd.store import StateError, StateFailure, back_up, open_reports


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@json_option
@settings_options
def command(source: SettingsSource, file: Path, force: bool, as_json: bool) -> None:
    """Copy the state to FILE, consistently, also while the daemon runs.

    FILE appears only when it is complete, checked and on the disk. To put it back: stop the daemon, copy FILE over the
    state, remove the files beside it that end in -wal and -shm, and start. The daemon then sees that it has sent more
    than the state knows, sends nothing, and waits for `reminderd approve`.
    """
    state = source.settings_for_state().state
    if file.exists() and not force:
        fail(f"{file} exists; give another name, or --force to replace it", FAILED)
    try:
        back_up(state, file)
        reports = open_reports(file)
        document = {"file": str(file), "bytes": file.stat().st_size, "deliveries": sum(reports.counts().values())}
    except StateError as error:
        fail(str(error), UNUSABLE)
    except (OSError, StateFailure) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        fail(f"no backup was made: {file}: {reason}; nothing was changed", FAILED)
    if as_json:
        print_json(document)
    else:
        click.echo(
            f"{file} has {plural(int(str(document['deliveries'])), 'delivery', 'deliveries')} in {document['bytes']} bytes"
        )
