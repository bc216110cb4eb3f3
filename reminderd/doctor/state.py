"""The state: is it there, is it whole, and is it written as it should be?"""

from collections.abc import Iterator

from reminderd.doctor.finding import Finding, fail, few, ok, skip, warn
from reminderd.doctor.scene import Scene
from reminderd.store import SQLITE_VERSION, Checkup, StateError, check_up, state_exists

PATIENCE = 30.0  # seconds for looking through the file; a million deliveries take less
LARGE_LOG = 256 << 20  # bytes; SQLite keeps it at a few megabytes unless somebody holds a read open
# The write-ahead log was corrupted in rare cases before; where only one process writes, as here, none of them arises.
_MENDED = (3, 51, 3)
_RESTORE = "stop the daemon and put a backup back, or recover what can be read with `sqlite3 STATE .recover`; do not just delete it: only it knows what was sent"


def look(scene: Scene) -> Iterator[Finding]:
    yield _sqlite()
    if scene.hidden(scene.state):
        yield skip("state", f"{scene.state} is hidden from us", "run doctor as root, or as the daemon's user")
        return
    try:
        if not state_exists(scene.state):
            yield skip("state", f"there is none yet at {scene.state}; the daemon makes it at its first start")
            return
        found = check_up(scene.state, PATIENCE)
    except StateError as error:
        yield fail("state", str(error), "see what lies there, or set `state` to another path")
        return
    yield _whole(scene, found)
    yield _journal(scene, found)


def _sqlite() -> Finding:
    version = tuple(map(int, SQLITE_VERSION.split(".")))
    known = "" if version >= _MENDED else "; its known defect of the write-ahead log needs two writers, and here is one"
    return ok("state.sqlite", f"SQLite {SQLITE_VERSION}{known}")


def _whole(scene: Scene, found: Checkup) -> Finding:
    size = f"{scene.state}, {found.size / (1 << 20):,.1f} MiB"
    if found.damage is not None:
        return fail("state", f"{scene.state} is damaged: {found.damage}", _RESTORE)
    if found.newer:
        return fail("state", f"{size}, of a newer reminderd: {few(list(found.newer))}", "install that version again")
    if not found.whole:
        return ok("state", f"{size}; no damage in what {PATIENCE:g} s sufficed to look at")
    return ok("state", f"{size}, whole")


def _journal(scene: Scene, found: Checkup) -> Finding:
    if found.journal != "wal" and scene.running:
        seen = f"journal mode {found.journal} under a running daemon: something else has changed it"
        return fail("state.journal", seen, "restart the daemon, which makes it wal again, and keep other tools off")
    if found.journal != "wal":
        seen = f"journal mode {found.journal}, as in a backup"
        return warn("state.journal", seen, "the next start of the daemon makes it wal; see that it starts")
    if found.log > LARGE_LOG:
        seen = f"wal, and the log has grown to {found.log >> 20:,} MiB"
        return warn("state.journal", seen, "end what reads the state all the time: `fuser -v` on the file names it")
    return ok("state.journal", f"wal, {found.log / (1 << 20):,.1f} MiB of log")
