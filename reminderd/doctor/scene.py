"""What there is to look at: one machine, its settings, and what several checks need to know."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

from reminderd.clock import Clock
from reminderd.doctor.users import SERVICE_USER, User, named, of_process, of_uid
from reminderd.gateway.port import Probe
from reminderd.jobs import Archive, Scan, assemble, reader_for, restore
from reminderd.model import Catalog, Job, Problem, Source
from reminderd.settings import SYSTEM_TOKEN, Settings
from reminderd.store import Reports, Row, StateError, StateFailure, Task, holder_pid, is_locked, open_reports

BOOTED = Path("/run/systemd/system")  # is there where systemd is PID 1
SYSTEM_STATE = Path("/var/lib/reminderd")

Answer = TypeVar("Answer")


class Noted(NamedTuple):
    """daemon, gateway: their rows. held: whether a removal of jobs or of people is on hold. backup: the last run that was
    noted, and the last one that went well. unheard: why what Plivo says by itself does not come, if the daemon knows."""

    daemon: Row
    gateway: Row
    held: bool
    backup: tuple[Row | None, Row | None]
    unheard: str | None = None

    @classmethod
    def of(cls, reports: Reports) -> Self:
        people = any(hold["kind"] == "recipients" for hold in reports.holds())
        backup = reports.last_run(Task.BACKUP), reports.last_run(Task.BACKUP, "ok")
        unheard = next((row["message"] for row in reports.problems() if row["path"] == "web.public_url"), None)
        return cls(reports.daemon(), reports.gateway(), people or bool(reports.job_counts()["held"]), backup, unheard)


@dataclass
class Scene:
    """settings: as far as they can be used. problems: of the settings. file: theirs, if there is one. user: as whom the
    daemon runs, where somebody said so. unit: its name. backups: where its timer puts them. reached: whether the way to Plivo can be gone, once somebody looked. probe: what Plivo said of the
    account, once it was asked."""

    settings: Settings
    problems: Sequence[Problem]
    file: Path | None
    clock: Clock
    user: str | None = None
    unit: str = "reminderd.service"
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    backups: Path = Path("/var/lib/reminderd-backups")
    reached: bool | None = None
    probe: Probe | None = None

    @property
    def state(self) -> Path:
        return self.settings.state

    @property
    def is_system(self) -> bool:
        """Whether the state lies where the unit keeps it."""
        return self.state.parent == SYSTEM_STATE

    def made_by_unit(self, folder: Path) -> bool:
        """Whether the unit, at its next start, makes this directory or gives it to its user: those of StateDirectory=."""
        if not self.is_system or self.running or not BOOTED.exists():
            return False
        return not folder.exists() or folder.stat().st_uid != self.service_user.uid

    @cached_property
    def holder(self) -> int | None:
        """The process that holds the state now, by its own word."""
        return holder_pid(self.state) if is_locked(self.state) else None

    @cached_property
    def noted(self) -> Noted | None:
        """What the daemon noted in its state; None where there is none that can be read."""
        return self._read(Noted.of)

    def _read(self, question: Callable[[Reports], Answer]) -> Answer | None:
        """Each question has a connection of its own: the checks do not share a thread."""
        try:
            reports = open_reports(self.state)
        except StateError:
            return None
        try:
            return question(reports)
        except StateFailure:  # what is wrong with it is said by the check of the state
            return None
        finally:
            reports.close()

    @cached_property
    def running(self) -> bool:
        """Whether a daemon runs on this state. A command that works on a stopped daemon's state holds its lock too."""
        return self.holder is not None and (self.noted is None or self.noted.daemon["pid"] == self.holder)

    @cached_property
    def service_user(self) -> User:
        """As whom the daemon runs, or will: as somebody said, as it does now, as the unit says, else as the state's owner."""
        if self.user is not None and (found := named(self.user)) is not None:
            return found
        if self.running and self.holder is not None and (found := of_process(self.holder)) is not None:
            return found
        if self.is_system and (found := named(SERVICE_USER)) is not None:
            return found
        return of_uid(nearest(self.state.parent).stat().st_uid)

    def hidden(self, *paths: Path) -> Path | None:
        """The first of these that we may not see, where that says nothing of the daemon: we are neither its user nor root."""
        if os.geteuid() == 0 or self.service_user.is_us:
            return None
        return next((path for path in paths if not _seen(path)), None)

    @cached_property
    def scan(self) -> Scan:
        """The job files as they are now."""
        return reader_for(self.settings).scan()

    @cached_property
    def catalog(self) -> Catalog:
        """What the files say should run; where one is broken, its last good version as the state has it."""
        return assemble(self.scan, self._last_good())

    def _last_good(self) -> dict[str, Job]:
        rows, files = self._read(lambda reports: (reports.running(), reports.files())) or ([], {})
        archive, jobs = Archive(files), {}
        for row in rows:
            with suppress(ValueError):  # a zone that the system no longer knows: the check of the zones has it
                source = Source(row["file"], row["line"])
                jobs[row["name"]] = restore(row["definition"], source, self.settings.defaults, archive)
        return jobs

    @property
    def token_file(self) -> Path | None:
        """Where Plivo's token lies, if in a file: the settings', else the one that the unit hands over."""
        plivo = self.settings.plivo
        if plivo.auth_token_file is not None:
            return plivo.auth_token_file
        return SYSTEM_TOKEN if plivo.auth_token is None and os.path.lexists(SYSTEM_TOKEN) else None


def _seen(path: Path) -> bool:
    """Whether we may read this, or see that it is not there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError:
        return False
    except OSError:
        return True
    os.close(descriptor)
    return True


def nearest(path: Path) -> Path:
    """The path itself, or the nearest directory above it that exists."""
    path = Path(os.path.abspath(path))  # noqa: PTH100 - links stay as they are written
    return next(each for each in (path, *path.parents) if os.path.lexists(each))
