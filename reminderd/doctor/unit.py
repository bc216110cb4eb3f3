"""The unit under systemd: is it installed as shipped, loaded as it is on the disk, and started at boot?"""

import subprocess
from collections.abc import Iterator, Set
from pathlib import Path

from reminderd.doctor.finding import Finding, fail, few, ok, skip, warn
from reminderd.doctor.scene import BOOTED, Scene
from reminderd.doctor.unittext import differences, read_unit
from reminderd.doctor.users import SERVICE_USER, named
from reminderd.shipped import shipped_unit

_SECONDS = 10.0
_PROPERTIES = ("LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload", "MainPID", "Result", "NRestarts")


def look(scene: Scene) -> Iterator[Finding]:
    if not BOOTED.exists():
        yield skip("unit", "this machine does not run under systemd")
        return
    try:
        shown = dict(line.partition("=")[::2] for line in _systemctl("show", "-p", ",".join(_PROPERTIES), scene.unit))
        if shown.get("LoadState") != "loaded":
            seen = f"{scene.unit} is {shown.get('LoadState', 'unknown')}"
            yield warn("unit", seen, "install systemd/reminderd.service; docs/systemd.md has the steps")
            return
        yield _standing(scene, shown)
        if shown.get("NeedDaemonReload") == "yes":
            return  # what the files say is not what is in force
        text = "\n".join(_systemctl("cat", scene.unit))
    except (OSError, subprocess.SubprocessError) as error:
        yield skip("unit", f"systemd cannot be asked: {error}")
        return
    textfile = scene.settings.metrics.textfile
    yield from against_shipped(text, {str(textfile.parent)} if textfile is not None else set())
    yield _user(text)
    yield from credentials(text)


def against_shipped(installed: str, wanted: Set[str] = frozenset()) -> Iterator[Finding]:
    """The unit with its drop-ins, as `systemctl cat` shows it, against the shipped one. wanted: directories that the
    settings have the daemon write.
    """
    found = differences(shipped_unit(), installed, wanted)
    if not found:
        yield ok("unit.hardening", "every line of the shipped unit is in force")
    for each in found:
        yield warn("unit.hardening", each.seen, f"the shipped unit has {each.shipped}: remove what takes it away")


def _systemctl(*arguments: str) -> list[str]:
    """Raises OSError, and SubprocessError also where it says no."""
    done = subprocess.run(
        ["systemctl", "--no-pager", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_SECONDS,
        check=True,
    )
    return done.stdout.splitlines()


def _standing(scene: Scene, shown: dict[str, str]) -> Finding:
    state, pid = shown.get("ActiveState", ""), shown.get("MainPID", "0")
    if shown.get("NeedDaemonReload") == "yes":
        return warn(
            "unit", "its files were changed since systemd read them", "systemctl daemon-reload, then restart it"
        )
    if state == "failed":
        return fail(
            "unit", f"it has failed: {shown.get('Result')}", f"journalctl -u {scene.unit}; mend it and start it"
        )
    if scene.running and pid not in ("0", str(scene.holder)):
        seen = f"process {scene.holder} holds the state, and the unit's process is {pid}: two daemons"
        return fail("unit", seen, "end the one that is not the unit's")
    if shown.get("UnitFileState") not in ("enabled", "enabled-runtime", "static", "alias", "generated"):
        seen = f"it is {state}, and not started at boot ({shown.get('UnitFileState')})"
        return warn("unit", seen, f"systemctl enable {scene.unit}")
    restarts = shown.get("NRestarts", "0")
    if restarts not in ("0", ""):
        return warn("unit", f"it is {state}, restarted {restarts} times", f"journalctl -u {scene.unit} says why")
    return ok("unit", f"it is {state}, and started at boot")


def _user(installed: str) -> Finding:
    names = read_unit(installed).get("User", [""])
    if names[-1] in ("", "root", "0"):
        return fail("unit.user", "the daemon runs as root", f"User={SERVICE_USER}: it needs none of root's rights")
    if named(names[-1]) is None:
        seen = f"the unit's user {few(names)} does not exist"
        return fail("unit.user", seen, f"systemd-sysusers makes {SERVICE_USER} from the shipped sysusers file")
    return ok("unit.user", f"{names[-1]} exists")


def credentials(installed: str) -> Iterator[Finding]:
    """Are the files there that systemd hands over? It fails without, and names none of them."""
    for value in read_unit(installed).get("LoadCredential", []):
        path = Path(value.partition(":")[2])
        if not path.is_absolute():  # taken away, or looked for where systemd keeps its own
            continue
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            seen = f"{path} is missing, and without it the unit fails with 243/CREDENTIALS"
            yield fail("unit.credentials", seen, f"write Plivo's auth token into it, chmod 600 {path}, start the unit")
        except OSError as error:
            yield skip("unit.credentials", f"{path}: {error.strerror}", "run doctor as root")
        else:
            yield _handed_over(path, size)


def _handed_over(path: Path, size: int) -> Finding:
    if size == 0:
        do = "write Plivo's auth token into it, and restart the unit"
        return fail("unit.credentials", f"{path} is empty", do)
    return ok("unit.credentials", f"{path} is there")
