"""reminderd backup"""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
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
from reminderd.cli.noting import note_backup
from reminderd.store import BackupUnderWay, Kept, StateError, StateFailure, back_up, back_up_into, open_reports


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@click.option("--into", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Make a dated file in DIR.")
@click.option(
    "--keep", metavar="N", type=click.IntRange(min=1), help="With --into: remove this state's backups but the newest N."
)
@json_option
@settings_options
def command(
    source: SettingsSource, file: Path | None, force: bool, folder: Path | None, keep: int | None, as_json: bool
) -> None:
    """Copy the state to FILE, or into DIR, consistently, also while the daemon runs.

    FILE appears only when it is complete, checked and on the disk. To put it back: stop the daemon, copy FILE over the
    state, remove the files beside it that end in -wal and -shm, and start. The daemon then sees that it has sent more
    than the state knows, sends nothing, and waits for `reminderd approve`.

    \b
    reminderd backup --into DIR --keep 14    is what a timer runs: a dated file, and then only the newest 14 stay
    """
    if (file is None) == (folder is None):
        raise click.UsageError("Say either FILE or --into DIR.")
    if (folder is None and keep is not None) or (folder is not None and force):
        raise click.UsageError("--keep goes with --into DIR, and --force with FILE.")
    state = source.settings_for_state().state
    if file is not None and file.exists() and not force:
        fail(f"{file} exists; give another name, or --force to replace it", FAILED)
    started = datetime.now(UTC)
    note = functools.partial(note_backup, state, started)
    kept, deliveries = _back_up(state, file, folder, keep, note)
    note(not kept.trouble, kept.trouble or f"{kept.file.name}, {kept.file.stat().st_size} bytes")
    _tell(kept, deliveries, as_json)
    if kept.trouble:
        fail(kept.trouble, FAILED)


def _back_up(
    state: Path, file: Path | None, folder: Path | None, keep: int | None, note: Callable[[bool, str], None]
) -> tuple[Kept, int]:
    """Make it; returns it and its number of deliveries. Ends the command where none could be made, and notes why."""
    try:
        if folder is not None:
            kept = back_up_into(state, folder, datetime.now(UTC), keep)
        else:
            assert file is not None
            back_up(state, file)
            kept = Kept(file, [], "")
        return kept, sum(open_reports(kept.file).counts().values())
    except BackupUnderWay as busy:
        fail(str(busy), FAILED)
    except StateError as error:
        note(False, str(error))
        fail(str(error), UNUSABLE)
    except (OSError, StateFailure) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        note(False, f"{file or folder}: {reason}")
        fail(f"no backup was made: {file or folder}: {reason}; nothing was changed", FAILED)


def _tell(kept: Kept, deliveries: int, as_json: bool) -> None:
    size = kept.file.stat().st_size
    if as_json:
        removed = [str(path) for path in kept.removed]
        print_json({"file": str(kept.file), "bytes": size, "deliveries": deliveries, "removed": removed})
        return
    gone = f"; {plural(len(kept.removed), 'older backup')} removed" if kept.removed else ""
    click.echo(f"{kept.file} has {plural(deliveries, 'delivery', 'deliveries')} in {size} bytes{gone}")
