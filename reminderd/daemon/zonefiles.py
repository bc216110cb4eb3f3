"""Whether the time zone data of this machine was replaced while the daemon runs."""

import importlib.metadata
import zoneinfo
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from reminderd.recurrence import forget_zones
from reminderd.sync import Syncer
from reminderd.telemetry import Event, emit

Fingerprint = dict[str, tuple[str, ...]]  # by zone


def fingerprint(zones: Iterable[str]) -> Fingerprint:
    """What tells the data of these zones from earlier data: their files, or the version of Python's own package."""
    return {zone: _data(zone) for zone in set(zones)}


def _data(zone: str) -> tuple[str, ...]:
    for folder in zoneinfo.TZPATH:
        try:
            found = (Path(folder) / zone).stat()
        except OSError:
            continue
        return str(found.st_ino), str(found.st_mtime_ns), str(found.st_size)
    try:
        return (importlib.metadata.version("tzdata"),)
    except importlib.metadata.PackageNotFoundError:
        return ()


class ZoneWatch:
    """Notices that the rules of a zone in use are others than when its jobs were loaded."""

    def __init__(self, syncer: Syncer) -> None:
        self._syncer = syncer
        self._seen: Fingerprint = {}

    def learn(self) -> None:
        """Take in the zones of jobs that are new."""
        self._seen = self._in_use() | self._seen

    def look(self, now: datetime) -> None:
        """Use new rules, where there are any, and say so."""
        found = self._in_use()
        if any(found[zone] != data for zone, data in self._seen.items() if zone in found):
            emit(Event.ZONES_CHANGED)
            forget_zones()
            self._syncer.zones_changed(now)
        self._seen = found

    def _in_use(self) -> Fingerprint:
        return fingerprint({zone for job in self._syncer.running.values() for zone in job.zones})
