"""Run inside of the service's sandbox with the system's own Python: what may it do? Prints one JSON document."""

import json
import mmap
import os
import socket
import subprocess
import sys
from pathlib import Path

DEPTH = 4
TRUSTED_TO_FAIL = ("/proc", "/sys")  # file systems of the kernel, in which nobody makes files


def makes_a_file(folder: str) -> bool:
    path = Path(folder, ".probe")
    try:
        path.touch(exist_ok=False)
    except OSError:
        return False
    path.unlink()
    return True


def writable_folders() -> list[str]:
    """Where a file can be made."""
    found = []
    for folder, below, _ in os.walk("/"):
        if folder.count("/") >= DEPTH or folder in TRUSTED_TO_FAIL:
            below.clear()
        if makes_a_file(folder):
            found.append(folder)
    return sorted(found)


def opens(path: str, mode: str) -> bool:
    try:
        with Path(path).open(mode):
            return True
    except IsADirectoryError:
        return lists(path)
    except OSError:
        return False


def lists(folder: str) -> bool:
    try:
        return any(Path(folder).iterdir())
    except OSError:
        return False


def makes_a_socket(family: str) -> bool:
    try:
        socket.socket(getattr(socket, family), socket.SOCK_DGRAM).close()
    except OSError:
        return False
    return True


def runs_what_it_wrote() -> bool:
    try:
        mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()
    except OSError:
        return False
    return True


def status() -> dict[str, str]:
    return dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)


def main(target: str) -> None:
    of = status()
    credential = Path(os.environ["CREDENTIALS_DIRECTORY"], "plivo-token")
    others = [path for path in Path("/proc").iterdir() if path.name.isdigit() and path.stat().st_uid != os.getuid()]
    ours = ["/etc/passwd", "/etc/reminderd/reminderd.yaml", "/usr/bin/env", "/opt/reminderd/bin/reminderd"]
    secret = ["/root", "/home", "/etc/shadow", "/etc/reminderd/plivo-token", "/dev/shm"]
    families = ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET", "AF_VSOCK"]
    document = {
        "makes files in": writable_folders(),
        "writes": [path for path in ours if opens(path, "r+b")],
        "reads": [path for path in secret if opens(path, "rb")],
        "speaks": [family for family in families if makes_a_socket(family)],
        "rights": {name: of[name] for name in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")},
        "others": len(others),
        "token": credential.read_text(),
        "mode": f"{credential.stat().st_mode & 0o777:o}",
        "boot": len(Path("/proc/sys/kernel/random/boot_id").read_text().strip()),
        "runs what it wrote": runs_what_it_wrote(),
        "runs programs": subprocess.run(
            ["/bin/sh", "-c", "echo it"], capture_output=True, text=True, check=False
        ).stdout,
    }
    Path(target).write_text(json.dumps(document))


if __name__ == "__main__":
    main(sys.argv[1])
