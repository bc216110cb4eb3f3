"""The daemon: does it run, answer, and run what is installed and what the files say?"""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from reminderd import __version__
from reminderd.clock import from_text, to_text
from reminderd.control import NotRunning, ask
from reminderd.doctor.finding import Finding, fail, ok, skip, warn
from reminderd.doctor.scene import Noted, Scene
from reminderd.duration import format_duration
from reminderd.store import StateError, last_backup_in

PATIENCE = 10.0  # seconds for an answer over the socket
SILENT = timedelta(minutes=2)  # it notes every 30 s that all is planned
BACKED_UP = timedelta(days=8)  # the timer makes one each night; others may make one each week
_LOG = "see its log: journalctl -u reminderd"


def look(scene: Scene) -> Iterator[Finding]:
    yield from _daemon(scene)
    if scene.noted is not None:
        yield _backup(scene, scene.noted)


def _daemon(scene: Scene) -> Iterator[Finding]:
    if scene.hidden(scene.state):
        yield skip("daemon", "its state is hidden from us", "run doctor as root, or as the daemon's user")
        return
    if not scene.running:
        held = f"; process {scene.holder} holds its state" if scene.holder else ""
        yield warn("daemon", f"it does not run{held}", "start it: systemctl start reminderd")
        return
    noted = scene.noted
    yield _alive(scene, noted)
    yield _answers(scene)
    if noted is None:
        return
    yield _version(noted)
    yield _catalog(scene, noted)
    if noted.gateway["reason"] is not None:
        seen = f"suspended: {noted.gateway['reason']}"
        yield warn("daemon.gateway", seen, "mend what it names; it goes on by itself")


def _alive(scene: Scene, noted: Noted | None) -> Finding:
    seen = f"process {scene.holder}, as {scene.service_user.name}"
    if noted is None or not noted.daemon["alive_at"]:
        return ok("daemon", seen)
    silent = scene.clock.now() - from_text(noted.daemon["alive_at"])
    if silent > SILENT:
        seen = f"{seen}; the last pass in which all was planned is {format_duration(silent)} ago"
        return warn("daemon", seen, "`reminderd status` shows whether it is on hold; else " + _LOG)
    if scene.service_user.uid == 0:
        return warn("daemon", f"{seen}: it needs none of root's rights", "run it by the shipped unit")
    return ok("daemon", seen)


def _answers(scene: Scene) -> Finding:
    """No command of this name exists: the loop says so, and that is its sign of life."""
    answer: list[dict[str, Any] | NotRunning] = []

    def call() -> None:
        try:
            answer.append(ask(scene.state, {"command": "doctor"}))
        except (NotRunning, TimeoutError) as error:
            answer.append(NotRunning(str(error)))

    thread = threading.Thread(target=call, name="doctor-socket", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    match answer:
        case [NotRunning() as error]:
            return fail("daemon.answers", str(error), _LOG)
        case [_]:
            return ok("daemon.answers", "its loop takes commands")
        case _:
            return fail("daemon.answers", f"no answer for {PATIENCE:g} s: its loop is busy or hangs", _LOG)


def _version(noted: Noted) -> Finding:
    if noted.daemon["version"] != __version__:
        seen = f"{noted.daemon['version']} runs, and {__version__} is installed"
        return warn("daemon.version", seen, "systemctl restart reminderd")
    return ok("daemon.version", f"{__version__} runs and is installed")


def _catalog(scene: Scene, noted: Noted) -> Finding:
    """Files that were just changed count once they have been left alone for a moment."""
    if noted.held:
        return skip("daemon.catalog", "a removal is on hold, so that more runs than the files say", "reminderd status")
    if noted.daemon["catalog_digest"] != scene.catalog.digest:
        seen = "what runs is not what the job files say"
        return warn("daemon.catalog", seen, "`reminderd reload` takes the files over, or says what is wrong")
    return ok("daemon.catalog", f"the job files run as they are, since {noted.daemon['catalog_loaded_at']}")


def _backup(scene: Scene, noted: Noted) -> Finding:
    """Those that are made by other means are not known here."""
    last, good = noted.backup
    if last is not None and last["status"] == "failed":
        return warn(
            "backup", f"the last one failed: {last['detail']}", "see the log of what makes it, and its directory"
        )
    at = from_text(good["finished_at"]) if good is not None else _by_timer(scene)
    if at is None:
        return skip(
            "backup", "none is known", "systemctl enable --now reminderd-backup.timer, or see to it by other means"
        )
    age = scene.clock.now() - at
    if age > BACKED_UP:
        return warn(
            "backup", f"the last one is {age.days} days old", "see `systemctl list-timers reminderd-backup.timer`"
        )
    return ok("backup", f"the last one was made at {to_text(at)}")


def _by_timer(scene: Scene) -> datetime | None:
    try:
        return last_backup_in(scene.backups, scene.state)
    except (OSError, StateError):  # there is no such directory, or it is hidden from us
        return None
