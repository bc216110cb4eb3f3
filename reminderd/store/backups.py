"""A directory of dated backups, of which the newest are kept."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from reminderd.clock import to_text
from reminderd.store.connection import back_up, open_read_only, upgraded
from reminderd.store.origin import Origin

_NAME = r"reminderd-[0-9]{8}T[0-9]{6}Z-"


class Kept(NamedTuple):
    """A backup that was made, and which older ones went for it. trouble: what kept others from going; "" if nothing."""

    file: Path
    removed: list[Path]
    trouble: str


class BackupUnderWay(Exception):
    """Another process makes a backup into the same directory."""


def back_up_into(state: Path, folder: Path, now: datetime, keep: int | None) -> Kept:
    """A backup in `folder`, named by `now` (to the second) and the state; then only the newest `keep` of this state stay.

    Older ones go when the new one is complete, checked and on the disk. Files of other names stay, and backups of other
    states too. Raises what `back_up` raises, and BackupUnderWay.
    """
    ours = _state_id(state)[:12]
    with _alone_in(folder):
        _remove_drafts(folder, ours)
        stamp = re.sub(r"[-:]|\.\d+", "", to_text(now))
        file = folder / f"reminderd-{stamp}-{ours}.db"
        back_up(state, file)
        removed, trouble = _thin_out(folder, ours, file, keep) if keep is not None else ([], "")
    return Kept(file, removed, trouble)


def last_backup_in(folder: Path, state: Path) -> datetime | None:
    """When the newest backup of this state in `folder` was made, as its name says; None where there is none.

    Raises StateError where the state cannot be read, and OSError.
    """
    name = re.compile(rf"reminderd-([0-9]{{8}}T[0-9]{{6}}Z)-{_state_id(state)[:12]}\.db")
    stamps = [found[1] for path in folder.iterdir() if (found := name.fullmatch(path.name))]
    return datetime.fromisoformat(max(stamps)) if stamps else None


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupUnderWay(f"another backup into {folder} is under way; wait until it is done") from None
        yield
    finally:
        os.close(descriptor)


def _state_id(state: Path) -> str:
    connection = upgraded(open_read_only(state))
    with closing(connection.raw):
        return Origin(connection).identity().state_id


def _remove_drafts(folder: Path, ours: str) -> None:
    """What is left of backups that were killed; we are alone here, so nobody writes on."""
    left = re.compile(rf"\.{_NAME}{ours}\.db\.[0-9]+\.part(-journal)?")
    for path in folder.iterdir():
        if left.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _thin_out(folder: Path, ours: str, newest: Path, keep: int) -> tuple[list[Path], str]:
    name = re.compile(rf"{_NAME}{ours}\.db")
    others = sorted((path for path in folder.iterdir() if name.fullmatch(path.name) and path != newest), reverse=True)
    removed, trouble = [], ""
    for path in others[keep - 1 :]:
        try:
            path.unlink(missing_ok=True)
            removed.append(path)
        except OSError as error:
            trouble = f"{path} is older than the newest {keep} and cannot be removed: {error.strerror}"
    return removed, trouble
