"""Settings and job files, and whether the daemon's user may do with all files what it must, and others not too much."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from reminderd.control import socket_path
from reminderd.doctor.finding import Finding, count, fail, few, ok, skip, warn
from reminderd.doctor.scene import Scene, nearest
from reminderd.doctor.users import CannotTell, named
from reminderd.jobs import places_for
from reminderd.store import default_folder
from reminderd.web.extra import missing_extras

Look = Callable[[Scene], Iterable[Finding]]

_AS_ROOT = "run doctor as root, or as that user"
# What package managers leave beside a file that they did not dare to replace.
_LEFT_BY_PACKAGES = (".dpkg-new", ".dpkg-dist", ".ucf-dist", ".rpmnew", ".pacnew")


def settings(scene: Scene) -> Iterator[Finding]:
    """Can they be read, and are credentials among them?"""
    if scene.file is not None and scene.hidden(scene.file):
        yield skip("settings", f"{scene.file} is hidden from us; the defaults are looked at", _AS_ROOT)
    elif scene.problems:
        seen = f"{len(scene.problems)} wrong: {few([str(each) for each in scene.problems], 1)}"
        yield fail("settings", seen, "mend it; the checks below go by what is right in them")
    else:
        yield ok("settings", str(scene.file) if scene.file else "no file; the defaults and the environment")
    if lacking := list(missing_extras(scene.settings)):
        seen = f"{few([each.path for each in lacking])}: {lacking[0].message}; the daemon runs without"
        yield fail("settings.extras", seen, lacking[0].hint)


def jobs(scene: Scene) -> Iterator[Finding]:
    """Do the files say what can run?"""
    if hidden := scene.hidden(*scene.settings.jobs):
        yield skip("jobs", f"{hidden} is hidden from us", _AS_ROOT)
        return
    problems, number = scene.catalog.problems, len(scene.catalog.jobs)
    if problems:
        seen = f"{count(number, 'job')} {'runs' if number == 1 else 'run'}, {count(len(problems), 'problem')}: {few([str(each) for each in problems], 1)}"
        yield fail("jobs", seen, "`reminderd check` shows them all; a broken file keeps its last good version")
    elif not number:
        yield warn("jobs", f"no job in {few([str(path) for path in scene.settings.jobs])}", "put a job file there")
    else:
        yield ok("jobs", f"{count(number, 'job')}, no problem")
    left = [
        str(path) for folder in scene.settings.jobs for path in _listed(folder) if path.name.endswith(_LEFT_BY_PACKAGES)
    ]
    if left:
        yield warn("jobs.leftovers", few(left), "take over what is new in them, then remove them")


def permissions(scene: Scene) -> Iterator[Finding]:
    """Each of them by itself, whatever keeps others from being looked at."""
    if scene.user is not None and named(scene.user) is None:
        yield fail("files.user", f"there is no user {scene.user!r}", "name the user of the daemon with --user")
        return
    yield ok("files.user", f"the daemon's user is {scene.service_user.name}")
    for check, look in _LOOKS.items():
        yield from _seen(scene, check, look)


def _seen(scene: Scene, check: str, look: Look) -> Iterator[Finding]:
    """What `look` finds. What we may not see says something only where we are the daemon's user, or root."""
    try:
        yield from look(scene)
    except CannotTell as error:
        yield skip(check, str(error), _AS_ROOT)
    except OSError as error:
        seen = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        if isinstance(error, PermissionError) and not scene.service_user.is_us and os.geteuid() != 0:
            yield skip(check, seen, _AS_ROOT)
        else:
            yield fail(check, seen, f"make it accessible to {scene.service_user.name}")


def _settings_file(scene: Scene) -> Finding:
    check, file = "files.settings", scene.file
    if file is None:
        return skip(check, "there is no settings file")
    mode = file.stat().st_mode
    if mode & stat.S_IWOTH:
        return fail(check, f"{file} can be written by everybody ({_shown(mode)})", f"chmod o-w {file}")
    if mode & stat.S_IROTH and _has_token(scene):
        seen = f"{file} holds Plivo's token and can be read by everybody ({_shown(mode)})"
        return fail(check, seen, f"chmod o-r {file}, or keep the token in a file of its own")
    wanted = [path for path in (file, scene.settings.plivo.ca_file) if path is not None]
    return _readable(scene, check, wanted, f"{file} ({_shown(mode)})")


def _has_token(scene: Scene) -> bool:
    """Whether the token stands in the settings file itself. It is not shown by anything."""
    plivo = scene.settings.plivo
    given = any(scene.environ.get(name) for name in ("PLIVO_AUTH_TOKEN", "REMINDERD_PLIVO__AUTH_TOKEN"))
    return plivo.auth_token is not None and plivo.auth_token_file is None and not given


def _token(scene: Scene) -> Finding:
    check, file = "files.token", scene.token_file
    if file is None:
        return skip(check, "Plivo's token does not lie in a file of its own")
    mode = file.stat().st_mode
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        return fail(check, f"{file} is open to everybody ({_shown(mode)})", f"chmod 600 {file}, and renew the token")
    if scene.settings.plivo.auth_token_file is None:
        return ok(check, f"{file} ({_shown(mode)}), handed over by systemd")
    return _readable(scene, check, [file], f"{file} ({_shown(mode)})")


def _job_files(scene: Scene) -> Iterator[Finding]:
    check, user = "files.jobs", scene.service_user
    places = places_for(scene.settings)
    named_ones = [path for path in scene.settings.jobs if path.exists()]
    if missing := [str(path) for path in scene.settings.jobs if path not in named_ones]:
        yield fail(check, f"{few(missing)}: not there", "create it, or set `jobs` to where the job files are")
        return
    folders = [path for path in (*scene.settings.reads, places.templates, places.recipients) if path.is_dir()]
    files = [*map(Path, scene.scan.files), *map(Path, scene.scan.unreadable), *map(Path, scene.scan.used)]
    # Not Path's own: what a link does not lead to is said by the check of the jobs.
    files = sorted({path for path in (*files, *named_ones) if os.path.exists(path) and not os.path.isdir(path)})  # noqa: PTH110, PTH112
    if loose := [str(path) for path in (*folders, *files) if path.stat().st_mode & stat.S_IWOTH]:
        yield fail(check, f"everybody can write {few(loose)}", "chmod o-w: who writes there sends messages")
    shut = user.denied("-x", folders) + user.denied("-r", folders) + user.denied("-r", files)
    if shut:
        seen = f"{user.name} cannot read {few([str(path) for path in dict.fromkeys(shut)])}"
        yield fail(check, seen, "chmod 644 (755 for a directory), or give them to its group")
    if not loose and not shut:
        seen = f"{count(len(files), 'file')} in {count(len(folders), 'directory', 'directories')}"
        yield ok(check, f"{seen} can be read by {user.name}")


def _reminders(scene: Scene) -> Iterator[Finding]:
    """Where reminders made through the API are written, if anything listens for them."""
    check, user, folder = "files.reminders", scene.service_user, scene.settings.written_to
    if scene.settings.web.listen is None or scene.made_by_unit(scene.state.parent):
        return
    there = folder if folder.exists() else nearest(folder.parent)
    if not there.is_dir() or user.denied("-w", [there]) or user.denied("-x", [there]):
        do = f"make it, writable for {user.name}, or set `web.write_to`: reminders made through the API lie there"
        yield fail(check, f"{user.name} cannot write {there}", do)
    else:
        yield ok(check, f"{folder}" if folder.exists() else f"{folder} can be made")


def _state(scene: Scene) -> Iterator[Finding]:
    check, user, folder = "files.state", scene.service_user, scene.state.parent
    if scene.made_by_unit(folder):
        yield skip(check, f"the unit makes {folder} at its start, and gives it to {user.name}")
        return
    if not folder.is_dir():
        yield fail(check, f"the directory {folder} does not exist", "create it, or set `state` to another path")
        return
    real = Path(os.path.realpath(scene.state))
    beside = [real, *(real.with_name(real.name + suffix) for suffix in ("-wal", "-shm", ".lock"))]
    there = [path for path in beside if path.exists()]
    open_ones = [f"{path} ({_shown(path.stat().st_mode)})" for path in there if path.stat().st_mode & 0o077]
    shut = user.denied("-x", [real.parent]) + user.denied("-w", [real.parent, *there])
    if shut:
        do = f"chown -R {user.name} {folder}; a command that ran as somebody else may have made it"
        yield fail(check, f"{user.name} cannot write {few([str(path) for path in dict.fromkeys(shut)])}", do)
    elif open_ones:
        yield warn(check, f"others may read texts and numbers: {few(open_ones)}", "chmod 600")
    else:
        yield ok(check, f"{folder} ({_shown(folder.stat().st_mode)}) can be written by {user.name}")
    left = [str(path) for path in _listed(real.parent) if path.name.startswith(f".{real.name}.") and not scene.running]
    if left:
        yield warn("files.leftovers", f"of a start or a backup that was cut off: {few(left)}", "remove them")


def _marks(scene: Scene) -> Finding:
    check, user = "files.marks", scene.service_user
    if scene.settings.marks is None and not user.is_us and os.geteuid() != 0:
        return skip(check, f"where {user.name} keeps them cannot be seen", _AS_ROOT)
    folder = scene.settings.marks or default_folder()
    if scene.settings.marks is None and scene.made_by_unit(folder):
        return skip(check, f"the unit makes {folder} at its start, and gives it to {user.name}")
    there = nearest(folder)
    shut = user.denied("-w", [there]) + user.denied("-x", [there])
    if shut:
        do = f"chown {user.name} {folder}: without the mark a backup that is put back is not noticed"
        return fail(check, f"{user.name} cannot write {there}", do)
    return ok(check, f"{folder}" if folder.exists() else f"{folder} can be made")


def _socket(scene: Scene) -> Finding:
    check, path = "files.socket", socket_path(scene.state)
    if not scene.running:
        return skip(check, "no daemon runs")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return fail(check, f"{path} is gone, so that no command reaches the daemon", "restart the daemon")
    if mode & 0o077:
        return fail(check, f"{path} is open to others ({_shown(mode)})", f"chmod 600 {path}")
    return ok(check, f"{path} ({_shown(mode)})")


def _alerts(scene: Scene) -> Iterator[Finding]:
    """The program that is told what needs someone, and the file for node_exporter; where there are any."""
    user, command, textfile = scene.service_user, scene.settings.alerts.command, scene.settings.metrics.textfile
    if command is not None:
        path = Path(command[0])
        if not path.is_file() or user.denied("-x", [path]):
            yield fail("files.alerts", f"{user.name} cannot run {path}", "install it, chmod 755")
        else:
            yield ok("files.alerts", f"{path} can be run by {user.name}")
    if textfile is not None:
        if not textfile.parent.is_dir() or user.denied("-w", [textfile.parent]):
            yield fail(
                "files.metrics", f"{user.name} cannot write {textfile.parent}", "make it, writable for that user"
            )
        else:
            yield ok("files.metrics", f"{textfile.parent} can be written by {user.name}")


def _readable(scene: Scene, check: str, paths: Sequence[Path], seen: str) -> Finding:
    user = scene.service_user
    shut = user.denied("-r", paths)
    if shut:
        do = f"give it to the group of {user.name} with mode 640"
        return fail(check, f"{user.name} cannot read {few([str(path) for path in shut])}", do)
    return ok(check, f"{seen} can be read by {user.name}")


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _shown(mode: int) -> str:
    return f"{stat.S_IMODE(mode):04o}"


# By the name of the check.
_LOOKS: Mapping[str, Look] = {
    "files.settings": lambda scene: [_settings_file(scene)],
    "files.token": lambda scene: [_token(scene)],
    "files.jobs": _job_files,
    "files.reminders": _reminders,
    "files.state": _state,
    "files.marks": lambda scene: [_marks(scene)],
    "files.socket": lambda scene: [_socket(scene)],
    "files.alerts": _alerts,
}
