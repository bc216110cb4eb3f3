"""sd_notify: telling systemd READY, STATUS and STOPPING over the socket that it names."""

import os
import socket


def notify(*lines: str) -> None:
    """Send `NAME=value` lines to NOTIFY_SOCKET; without one, nothing. A lost note is no reason to stop working."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.settimeout(1)
        try:
            channel.sendto("\n".join(lines).encode(), address)
        except OSError:
            return
