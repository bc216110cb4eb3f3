"""The files of reminders: written so that they are there whole or not at all, and in nobody's place."""

import errno
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from reminderd.jobs import JOB_FILE, UnfitError, read_whole

# A file system without hard links.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_MODE, _FOLDER_MODE = 0o640, 0o750  # less what the process' umask takes away


def put(path: Path, draft: Path, data: bytes) -> None:
    """Have the file there with this content. draft: what it is called until it is whole, in the same directory.

    Raises FileExistsError where anything has the name, and OSError; then nothing is left of it.
    """
    _make_folder(path.parent)
    try:
        _write(draft, data)
        _give_name(draft, path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    _sync_folder(path.parent)
    # To a watcher the link alone does not say that its writer has finished; to close what was open for writing does.
    os.close(os.open(path, os.O_WRONLY | os.O_CLOEXEC))


def remove(path: Path) -> None:
    """Have it gone. Raises OSError."""
    with suppress(FileNotFoundError):
        path.unlink()
    _sync_folder(path.parent)


def content_of(path: Path) -> bytes | None:
    """What it says now; None where it is not there. Raises OSError."""
    try:
        return read_whole(str(path), JOB_FILE)[0]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnfitError as error:
        raise OSError(errno.EIO, str(error), str(path)) from None


def digest_of(data: bytes) -> str:
    return sha256(data).hexdigest()


def _write(draft: Path, data: bytes) -> None:
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _give_name(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        draft.rename(path)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        try:
            folder.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
