"""Reading one file whole, as it is at one moment."""

import errno
import os
import stat
from typing import NamedTuple

MISSING = "does not exist"

_TRIES = 3
# O_NONBLOCK: a FIFO that took the file's place since the stat must not hang the reader.
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Bound(NamedTuple):
    """How large a file may be. what: it is, with its article: "a job file"."""

    what: str
    bytes: int


class UnfitError(Exception):
    """The file is there, and cannot be used as it is."""


def read_whole(path: str, bound: Bound) -> tuple[bytes, os.stat_result]:
    """The content of `path` and the status that it had before and after the reading. Raises UnfitError and OSError."""
    descriptor = os.open(path, _OPEN)
    try:
        for _ in range(_TRIES):
            before = os.fstat(descriptor)
            check_fit(before, bound)
            data = os.pread(descriptor, bound.bytes + 1, 0)
            if len(data) == before.st_size and signature(os.fstat(descriptor)) == signature(before):
                return data, before
    finally:
        os.close(descriptor)
    raise UnfitError("keeps changing while it is read")


def check_fit(status: os.stat_result, bound: Bound) -> None:
    """Raise UnfitError unless it is a file of a size that can be read."""
    if not stat.S_ISREG(status.st_mode):
        raise UnfitError(f"is {_kind(status.st_mode)}, not a file")
    check_size(status.st_size, bound)


def check_size(size: int, bound: Bound) -> None:
    """Raise UnfitError where it is too large."""
    if size > bound.bytes:
        raise UnfitError(f"is too large: {size:,} bytes, and {bound.what} has at most {bound.bytes:,}")


def signature(status: os.stat_result) -> tuple[int, ...]:
    """What changes whenever the content does, but within one instant of the clock."""
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev)


def changed_at(status: os.stat_result) -> float:
    """When the file or its inode last changed, in seconds of the wall clock."""
    return max(status.st_mtime_ns, status.st_ctime_ns) / 1e9


def reason(error: OSError) -> str:
    """Why a file cannot be read, in words."""
    if error.errno == errno.ENOENT:
        return MISSING
    return f"cannot be read: {error.strerror}"


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
