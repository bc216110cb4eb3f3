"""Listening sockets that systemd opened for this process (sd_listen_fds(3))."""

import os
import socket
from collections.abc import MutableMapping

_FIRST = 3
_NAME = "web"  # FileDescriptorName= of reminderd-web.socket
_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


def take_sockets(environ: MutableMapping[str, str], pid: int) -> list[socket.socket]:
    """Those handed to this process under the name `web`, or without names. The variables are removed, and programs that
    the daemon starts get neither them nor the sockets. What is no listening stream socket is closed and left out.
    """
    named, number, for_pid = (environ.pop(name, "") for name in reversed(_VARIABLES))
    if for_pid != str(pid) or not number.isascii() or not number.isdecimal():
        return []
    names = named.split(":") if named else []
    taken: list[socket.socket] = []
    for descriptor in range(_FIRST, _FIRST + min(int(number), 1000)):
        name = names[descriptor - _FIRST] if descriptor - _FIRST < len(names) else _NAME
        try:
            os.set_inheritable(descriptor, False)
            if name == _NAME:
                taken += _listening(socket.socket(fileno=descriptor))
        except OSError:  # no such descriptor, or no socket
            continue
    return taken


def _listening(found: socket.socket) -> list[socket.socket]:
    listens = found.type == socket.SOCK_STREAM and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if not listens:
        found.close()
        return []
    found.setblocking(False)
    return [found]
