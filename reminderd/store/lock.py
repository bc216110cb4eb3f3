"""One writer a state: an advisory lock beside it, which the kernel drops when its holder dies."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reminderd.store.connection import StateError, unusable

_TRIES, _PAUSE = 5, 0.05
# What a command may take that looks into Plivo's log.
_LONGEST_COMMAND = 90.0
DAEMON, COMMAND = "daemon", "command"


class StateLocked(StateError):
    """Another process holds the state."""


def lock_path(state: Path) -> Path:
    """Beside the file itself, by whatever links its name leads there: one state has one lock."""
    state = Path(os.path.realpath(state))
    return state.with_name(state.name + ".lock")


class Tenure:
    """The holding of a state: it is lost when somebody removes the lock, or puts another file in the state's place."""

    def __init__(self, state: Path, descriptor: int) -> None:
        self._files = {str(lock_path(state)): _file(os.fstat(descriptor))}
        self._state = Path(os.path.realpath(state))

    def opened(self) -> None:
        """The state is open now, so that its file must stay where it is."""
        self._files[str(self._state)] = _file(self._state.stat())

    def lost(self) -> str | None:
        """What happened to the state under us, in words; None while it is ours."""
        for path, file in self._files.items():
            try:
                if _file(os.stat(path)) != file:  # noqa: PTH116 - asked in each pass, and Path's takes twice as long
                    return f"{path} was replaced while the daemon used it"
            except FileNotFoundError:
                return f"{path} was removed while the daemon used it"
            except OSError:
                continue  # a disk that fails now: whether it is still there cannot be seen
        return None


def _file(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


@contextmanager
def locked(state: Path, started: str, role: str = DAEMON) -> Iterator[Tenure]:
    """Hold the state for as long as the block runs; raises StateLocked, naming the holder, when it is taken.

    A command holds it for its work alone, so that is waited for.

    The lock file stays behind: removing it would let two processes lock two different files.
    """
    path = lock_path(state)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError as error:
        do = "create it, or set `state` to another path"
        raise StateError(f"the directory {state.parent} does not exist; {do}") from error
    except PermissionError as error:
        do = "run this as root, or as the user whom the state belongs to"
        raise StateError(f"the lock {path} cannot be opened: {error.strerror}; {do}") from error
    except OSError as error:
        raise unusable(f"the lock {path} cannot be opened", error) from error
    try:
        if not _acquire(descriptor, path):
            raise StateLocked(f"the state {state} is in use by {_holder(path)}")
        _check_not_emptied(Path(os.path.realpath(state)), descriptor)
        _sign(path, descriptor, started, role)
        yield Tenure(state, descriptor)
    finally:
        os.close(descriptor)


def _check_not_emptied(state: Path, descriptor: int) -> None:
    """A state appears whole; with nothing in it, beside a lock that somebody held, it has lost what it had."""
    if os.fstat(descriptor).st_size and state.is_file() and state.stat().st_size == 0:
        raise StateError(
            f"the state {state} is empty, and was in use before; nothing was changed: restore a backup, "
            "or remove it to begin with nothing"
        )


def _sign(path: Path, descriptor: int, started: str, role: str) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, _ourselves(started, role), 0)
    except OSError as error:
        raise unusable(f"the lock {path} cannot be written", error) from error


def _acquire(descriptor: int, path: Path) -> bool:
    tries = float(_TRIES)  # `is_locked` in another process holds a shared lock for a moment
    while tries > 0:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tries -= _PAUSE / _LONGEST_COMMAND * _TRIES if _role(path) == COMMAND else 1
            time.sleep(_PAUSE)
        else:
            return True
    return False


def _role(path: Path) -> str:
    try:
        return str(json.loads(path.read_text())["role"])
    except (OSError, ValueError, KeyError, TypeError):
        return DAEMON


def _ourselves(started: str, role: str) -> bytes:
    return json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": started, "role": role}).encode()


def _holder(path: Path) -> str:
    try:
        found = json.loads(path.read_text())
        return f"process {found['pid']} on {found['host']} since {found['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def holder_pid(state: Path) -> int | None:
    """The process that held the state last, by its own word."""
    try:
        pid = json.loads(lock_path(state).read_text())["pid"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pid if isinstance(pid, int) else None


def is_locked(state: Path) -> bool:
    """Whether some process holds the state now."""
    try:
        descriptor = os.open(lock_path(state), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
