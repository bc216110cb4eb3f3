"""The daemon's command socket: one JSON object a line in each direction, over a unix socket beside the state.

Only the daemon's own user and root may connect; who they are is the peer's uid as the kernel gives it.
"""

import contextlib
import json
import os
import pwd
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from reminderd.telemetry import Event, traceback

_LONGEST_REQUEST = 64 * 1024
_LONGEST_ANSWER = 64 * 1024 * 1024
_READ_SECONDS = 5.0
_ANSWER_SECONDS = 150.0
_PAUSE_SECONDS = 1.0
_MOST_CLIENTS = 32
_BACKLOG = 128

Handle = Callable[[dict[str, Any], str], dict[str, Any]]


def socket_path(state: Path) -> Path:
    state = Path(os.path.realpath(state))
    return state.with_name(state.name + ".sock")


class NotRunning(Exception):
    """No daemon listens beside this state."""


class ControlServer:
    """Listens in a thread; `handle(request, who)` is called in a thread of each connection and may take its time."""

    def __init__(self, state: Path, handle: Handle) -> None:
        self._path = socket_path(state)
        self._handle = handle
        self._stopping = threading.Event()
        self._places = threading.Semaphore(_MOST_CLIENTS)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)

    def start(self) -> None:
        """The caller holds the state's lock, so a socket that lies there is a dead daemon's."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        mask = os.umask(0o177)
        try:
            with _short(self._path) as address:
                self._listener.bind(address)
        finally:
            os.umask(mask)
        self._listener.listen(_BACKLOG)
        threading.Thread(target=self._accept, name="control", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed by `stop`; or too many files are open, and some may be closed soon
                self._stopping.wait(_PAUSE_SECONDS)
                continue
            if not self._places.acquire(blocking=False):
                _turn_away(connection)
                continue
            try:
                threading.Thread(target=self._serve, args=(connection,), name="control-client", daemon=True).start()
            except RuntimeError:  # too many threads: the client is told nothing, and may ask again
                connection.close()
                self._places.release()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, contextlib.suppress(OSError):  # the client has gone, or takes its time
                who = _peer(connection)
                answer = self._answer(_read_line(connection, _LONGEST_REQUEST, _READ_SECONDS), who)
                connection.settimeout(_READ_SECONDS)
                connection.sendall(json.dumps(answer).encode() + b"\n")
        finally:
            self._places.release()

    def _answer(self, line: bytes, who: str) -> dict[str, Any]:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                return {"ok": False, "error": "a command is a JSON object"}
        except (ValueError, RecursionError):
            return {"ok": False, "error": "a command is one line of JSON"}
        try:
            return self._handle(request, who)
        except Exception as error:  # noqa: BLE001 - the boundary of a command, as of a web request
            traceback(Event.COMMAND_FAILED, command=str(request.get("command")), who=who)
            return {"ok": False, "error": f"a defect in the daemon ({type(error).__name__}); its log has the traceback"}


def _turn_away(connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        connection.setblocking(False)
        connection.send(b'{"ok": false, "error": "too many commands at once; try again"}\n')


def _peer(connection: socket.socket) -> str:
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return user_name(struct.unpack("3i", raw)[1])


def user_name(uid: int) -> str:
    """`name`, or `uid 1234` where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _read_line(connection: socket.socket, longest: int, seconds: float) -> bytes:
    """What comes up to a line's end; raises TimeoutError when the whole of it takes longer than `seconds`."""
    received = bytearray()
    until = time.monotonic() + seconds
    while b"\n" not in received[-65536:] and len(received) < longest:
        connection.settimeout(max(0.001, until - time.monotonic()))
        part = connection.recv(65536)
        if not part:
            break
        received += part
    return bytes(received).split(b"\n", 1)[0]


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """An address for a socket at `path`, which may be longer than the 107 bytes that one may have."""
    descriptor = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)


def ask(state: Path, request: dict[str, Any], seconds: float = _ANSWER_SECONDS) -> dict[str, Any]:
    """Send a command to the daemon of this state and wait for its answer; raises NotRunning, and TimeoutError after so
    many seconds.
    """
    path = socket_path(state)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
        connection.settimeout(seconds)
        try:
            with _short(path) as address:
                connection.connect(address)
        except PermissionError:
            raise NotRunning(f"{path} may only be used by the daemon's own user and root") from None
        except OSError as error:
            raise NotRunning(f"no daemon answers at {path}: {error.strerror}") from None
        try:
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer: dict[str, Any] = json.loads(_read_line(connection, _LONGEST_ANSWER, seconds) or b"{}")
        except (ConnectionError, ValueError):
            raise NotRunning("the daemon ended before it answered; look whether it was done, and ask again") from None
        return answer
