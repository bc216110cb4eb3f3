"""sd_notify: what a service manager is told, over the socket that it names."""

import os
import socket


def is_listened_to() -> bool:
    """Whether anybody wants to be told."""
    return os.environ.get("NOTIFY_SOCKET", "").startswith(("/", "@"))


def notify(*lines: str, patience: float = 0.0) -> bool:
    """Send `NAME=value` lines to NOTIFY_SOCKET; without one, nothing. False when the note is lost.

    That is no reason to stop working; what must arrive is sent again. patience: how many seconds a service manager that
    is behind with its notes is waited for.
    """
    if not is_listened_to():
        return True
    address = os.environ["NOTIFY_SOCKET"]
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.settimeout(patience)
        try:
            channel.sendto("\n".join(map(_one_line, lines)).encode(errors="replace"), address)
        except OSError:
            return False
    return True


def _one_line(line: str) -> str:
    """What others wrote (a gateway's reason, a path) must not become a line of its own."""
    return line if line.isprintable() else "".join(c if c.isprintable() else " " for c in line)


def takes(seconds: float) -> str:
    """The line that asks for patience: starting or stopping is not given up for so long, unless it is asked again."""
    return f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}"
