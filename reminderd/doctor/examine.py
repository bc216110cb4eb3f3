"""All checks in their order, each bounded in time and none able to stop the others."""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from reminderd.doctor import account, clocks, daemon, disks, files, network, state, unit, web, zones
from reminderd.doctor.finding import Finding, fail, skip
from reminderd.doctor.scene import Scene

Look = Callable[[Scene], Iterable[Finding]]


class Check(NamedTuple):
    """One look, which gives one finding or several. what: it looks at. seconds: that it may take. asks: the network."""

    name: str
    what: str
    look: Look
    seconds: float = 30.0
    asks: bool = False


CHECKS = (
    Check("settings", "the settings", files.settings),
    Check("jobs", "the job files", files.jobs, 120.0),
    Check("clock", "the clock", clocks.synchronised),
    Check("zones", "the time zones", zones.look, 60.0),
    Check("files", "who may do what with the files", files.permissions, 120.0),
    Check("web", "the listener", web.look),
    Check("disk", "the disks", disks.look),
    Check("state", "the state", state.look, state.PATIENCE + 20.0),
    Check("daemon", "the daemon", daemon.look),
    Check("unit", "the unit", unit.look),
    Check("network", "the way to Plivo", network.look, network.PATIENCE, asks=True),
    Check("account", "Plivo's account", account.look, account.PATIENCE, asks=True),
    Check("senders", "the senders", account.senders, account.PATIENCE * 2, asks=True),
)


def examine(scene: Scene, *, offline: bool = False, begin: Callable[[str], None] = lambda _: None) -> Iterator[Finding]:
    """Every finding as soon as it is there. begin: told what is looked at next."""
    for check in CHECKS:
        if offline and check.asks:
            yield skip(check.name, "left out by --offline")
            continue
        begin(check.what)
        yield from _bounded(check, scene)


def _bounded(check: Check, scene: Scene) -> list[Finding]:
    """What the check finds in its time. One that hangs, on a dead file system or a resolver, is left behind."""
    found: list[Finding] = []
    done = threading.Event()

    def look() -> None:
        try:
            found.extend(check.look(scene))
        except PermissionError as error:
            found.append(skip(check.name, f"{error.filename}: {error.strerror}", "run doctor as root"))
        except Exception as error:  # noqa: BLE001 - the boundary of a check: the others go on
            said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            found.append(fail(check.name, f"could not be looked at ({said})", "see whether the rest says why"))
        finally:
            done.set()

    threading.Thread(target=look, name=f"doctor-{check.name}", daemon=True).start()
    if done.wait(check.seconds):
        return found
    hangs = fail(check.name, f"no end of {check.what} after {check.seconds:g} s", "see what hangs: a disk, a resolver")
    return [*found, hangs]
