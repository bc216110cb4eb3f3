"""The time zone data: which is in use, how old it is, and whether it knows the zones of the jobs."""

import importlib.metadata
import importlib.resources
import re
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminderd.doctor.finding import Finding, fail, few, ok, skip, warn
from reminderd.doctor.scene import Scene
from reminderd.recurrence.zones import changes

OLD = timedelta(days=548)  # 18 months; there are about three releases a year
_VERSION = re.compile(r"(\d{4})([a-z])")
# A release's letter says about when in its year it came; IANA promises no dates.
_MONTHS = {"a": 2, "b": 5, "c": 8, "d": 10, "e": 11}
_AHEAD = timedelta(days=400)
_PACKAGE = "Python's package tzdata"


class Data(NamedTuple):
    """One set of zone data. version: like 2025b; None where it does not say. folder: None for the package."""

    name: str
    version: str | None
    folder: Path | None


def look(scene: Scene) -> Iterator[Finding]:
    """The version in use against the time and against the other set; then the zones themselves."""
    sets = found_sets()
    if not sets:
        yield fail("zones", "there is no time zone data", "install your system's package tzdata")
        return
    zones = sorted({scene.settings.timezone, *(zone for job in scene.catalog.jobs.values() for zone in job.zones)})
    yield _age(sets, zones, scene.clock.now())
    yield _known(scene, zones)


def found_sets() -> list[Data]:
    """The sets of zone data that Python would look into, the one in use first."""
    found = [_in_folder(Path(each)) for each in zoneinfo.TZPATH]
    try:
        version = importlib.metadata.version("tzdata")
    except importlib.metadata.PackageNotFoundError:
        package = None
    else:
        year, _, number = version.partition(".")
        letter = chr(ord("a") + int(number) - 1) if number.isdecimal() and 1 <= int(number) <= 26 else ""
        package = Data(_PACKAGE, f"{year}{letter}", None)
    return [each for each in (*found, package) if each is not None]


def _in_folder(folder: Path) -> Data | None:
    """Debian and others keep the version in tzdata.zi, BSD's in +VERSION."""
    if not (folder / "UTC").exists() and not (folder / "Etc" / "UTC").exists():
        return None
    for name in ("tzdata.zi", "+VERSION"):
        try:
            with (folder / name).open(encoding="ascii", errors="replace") as file:
                said = _VERSION.search(file.readline())
        except OSError:
            continue
        if said:
            return Data(str(folder), said.group(), folder)
    return Data(str(folder), None, folder)


def released(version: str) -> datetime | None:
    """About when a release came."""
    parts = _VERSION.fullmatch(version)
    return datetime(int(parts[1]), _MONTHS.get(parts[2], 12), 1, tzinfo=UTC) if parts else None


def _age(sets: list[Data], zones: list[str], now: datetime) -> Finding:
    used, others = sets[0], sets[1:]
    seen = f"{used.version or 'a version that it does not say'} of {used.name}"
    update = f"update {'the system package tzdata' if used.folder else _PACKAGE}, then restart the daemon"
    newer = max((each for each in others if _later(each, used)), key=lambda each: each.version or "", default=None)
    if newer is not None and (apart := [zone for zone in zones if _differ(zone, used, newer, now)]):
        return warn("zones", f"{seen}; {newer.version} of {newer.name} has other rules for {few(apart)}", update)
    came = released(used.version) if used.version else None
    if came is None:
        return skip("zones", f"{seen}, so its age cannot be told")
    if now - came > OLD:
        return warn("zones", f"{seen}, which is older than 18 months", update)
    also = f"; {newer.version} of {newer.name} has the same rules for the zones in use" if newer else ""
    return ok("zones", seen + also)


def _later(one: Data, other: Data) -> bool:
    return one.version is not None and other.version is not None and one.version > other.version


def _differ(zone: str, one: Data, other: Data, now: datetime) -> bool:
    """Whether the two disagree about this zone in the time to come, as far as both know it."""
    start = now.replace(microsecond=0)
    rules = [_read(each, zone) for each in (one, other)]
    if None in rules:
        return False
    said = [
        [start.astimezone(each).utcoffset(), *((at, at.astimezone(each).utcoffset()) for at in moments)]
        for each in rules
        if each is not None
        for moments in [list(changes(each, start, start + _AHEAD))]
    ]
    return said[0] != said[1]


def _read(data: Data, zone: str) -> ZoneInfo | None:
    try:
        if data.folder is not None:
            with (data.folder / zone).open("rb") as file:
                return ZoneInfo.from_file(file, zone)
        *package, name = ("tzdata.zoneinfo", *zone.split("/"))
        with importlib.resources.files(".".join(package)).joinpath(name).open("rb") as file:
            return ZoneInfo.from_file(file, zone)
    except (OSError, ValueError, ModuleNotFoundError):
        return None


def _known(scene: Scene, zones: list[str]) -> Finding:
    """A zone that was known when its job was loaded, and is not any more."""
    lost = [each for each in scene.catalog.problems if "unknown time zone" in each.message]
    unknown = [zone for zone in zones if not _is_known(zone)]
    if lost or unknown:
        named = [*(f"{each.file}:{each.line}: {each.message}" for each in lost), *unknown]
        return fail("zones.jobs", few(named), "write an IANA name, or update tzdata if the name is new")
    return ok("zones.jobs", f"{few(zones, 5)}: known")


def _is_known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True
