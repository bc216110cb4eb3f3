"""Whether the time zone data of this machine was replaced while the daemon runs."""

import importlib.metadata
import zoneinfo
from collections.abc import Iterable
from pathlib import Path

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
