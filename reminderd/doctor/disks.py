"""The disks under the state and the marks: room, inodes, and whether they are fit for a database."""

import os
from collections.abc import Iterator
from pathlib import Path

from reminderd.doctor.finding import Finding, fail, ok, warn
from reminderd.doctor.scene import Scene, nearest
from reminderd.store import default_folder

MIB = 1 << 20
LEAST, LITTLE = 32 * MIB, 256 * MIB  # bytes that are free for a user who is not root
LEAST_INODES, FEW_INODES = 100, 1000
# Whose locks or shared memory cannot be relied on between hosts: a write-ahead log is no good there.
_OVER_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "afs", "fuse.sshfs", "fuse.glusterfs", "lustre"}
_PASSING = {"tmpfs", "ramfs"}
_LOCAL = "keep the state on a disk of this machine"


def look(scene: Scene) -> Iterator[Finding]:
    state = nearest(scene.state.parent)
    yield _room(scene, state)
    yield _kind(state)
    marks = nearest(scene.settings.marks or default_folder())
    if marks.stat().st_dev != state.stat().st_dev:
        yield _space("disk.marks", marks, 0)


def _room(scene: Scene, folder: Path) -> Finding:
    """As much again as the state takes must be free: its log grows, and a backup is a copy."""
    size = scene.state.stat().st_size if scene.state.is_file() else 0
    return _space("disk.state", folder, size)


def _space(check: str, folder: Path, size: int) -> Finding:
    found = os.statvfs(folder)
    free, inodes = found.f_bavail * found.f_frsize, found.f_favail
    counted = found.f_files > 0  # some file systems make inodes as they are needed
    seen = f"{free // MIB:,} MiB" + (f" and {inodes:,} inodes" if counted else "") + f" free at {folder}"
    if found.f_flag & os.ST_RDONLY:
        return fail(
            check, f"the file system at {folder} is mounted read-only", "see the kernel's log, and mount it anew"
        )
    if free < LEAST or (counted and inodes < LEAST_INODES):
        return fail(check, seen, "free space: nothing is sent that cannot be recorded")
    if free < max(LITTLE, size) or (counted and inodes < FEW_INODES):
        return warn(check, seen, "free space before it runs out")
    return ok(check, seen)


def _kind(folder: Path) -> Finding:
    kind = _file_system(folder)
    if kind in _OVER_NETWORK:
        return fail("disk.kind", f"the state lies on {kind}, over a network", _LOCAL)
    if kind in _PASSING:
        return warn("disk.kind", f"the state lies on {kind}, and is gone when the machine restarts", _LOCAL)
    return ok("disk.kind", f"the state lies on {kind or 'a file system that does not say its kind'}")


def _file_system(folder: Path) -> str | None:
    """The kind of file system, by the mount that is nearest above."""
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    real, found = Path(os.path.realpath(folder)), (Path(), "")
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(before.split()[4].replace("\\040", " "))
        if real.is_relative_to(point) and len(point.parts) >= len(found[0].parts):
            found = point, after.split()[0]
    return found[1] or None
