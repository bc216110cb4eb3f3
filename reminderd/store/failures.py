"""What can be wrong with the disk under a state, in words for whoever has to mend it."""

import sqlite3

# What any method of the store raises when the disk, or the file on it, fails; nothing of that call's transaction is kept.
StateFailure = sqlite3.Error

_DO = {
    sqlite3.SQLITE_FULL: "free space on its disk",
    sqlite3.SQLITE_IOERR: "its disk fails: see the kernel's log",
    sqlite3.SQLITE_READONLY: "make its disk, its directory and the file writable again",
    sqlite3.SQLITE_BUSY: "another process holds it: end that, `fuser` names it",
    sqlite3.SQLITE_CANTOPEN: "make its directory and the file accessible again",
}


def advice(error: sqlite3.Error) -> str:
    """What to do about the state's file."""
    return _DO.get(_code(error), "stop the daemon, and check the file with `sqlite3 STATE 'pragma integrity_check'`")


def may_pass(error: sqlite3.Error) -> bool:
    """Whether the same may work later with the file as it is."""
    return _code(error) in _DO


def _code(error: sqlite3.Error) -> int:
    """The primary code; the others tell its kinds apart in the higher bytes."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
