"""Time zones by name, and where wall time and instants part: gaps, repeated hours, changes of the offset."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from reminderd.model import DstFold, DstGap
from reminderd.recurrence.errors import ScheduleError

_NAME = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")
# Files of a system's zone directory that are zones of this machine or of another time scale, not IANA names.
_NOT_IANA = re.compile(r"localtime|posixrules|Factory|(posix|right)(/.*)?")
_ABBREVIATION = re.compile(r"[A-Z]{2,5}")
_SECOND = timedelta(seconds=1)
# Shorter than the time between any two changes of one zone's offset since 1970 (the least: a week less an hour).
STRIDE = timedelta(days=5)


def parse_zone(name: str) -> str:
    """`name` again if it is an IANA zone name such as Europe/Berlin or UTC; raises ScheduleError."""
    if _NAME.fullmatch(name) and not _NOT_IANA.fullmatch(name):
        try:
            get_zone(name)
        except (KeyError, ValueError, OSError):
            pass
        else:
            return name
    shown = name if len(name) <= 60 else f"{name[:60]}…"
    raise ScheduleError(f"unknown time zone {shown!r}", _zone_hint(name[:60]))


@lru_cache(maxsize=1024)
def get_zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def forget() -> None:
    """Read the data of each zone anew when it is next asked for."""
    ZoneInfo.clear_cache()
    get_zone.cache_clear()
    _known_zones.cache_clear()


# One wrong zone may stand beside thousands of recipients.
@lru_cache(maxsize=256)
def _zone_hint(name: str) -> str:
    known = _known_zones()
    wanted = name.casefold().replace(" ", "_")
    same = [zone for zone in known if wanted in (zone.casefold(), zone.casefold().rsplit("/", 1)[-1])]
    if not same and _ABBREVIATION.fullmatch(name):
        return "abbreviations mean several zones: use an IANA name such as Europe/Berlin"
    # A name with a region comes first: Asia/Singapore before the old link Singapore.
    close = sorted(same, key=lambda zone: "/" not in zone) or get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else "use an IANA name such as Europe/Berlin, or UTC"


@cache
def _known_zones() -> tuple[str, ...]:
    return tuple(sorted(zone for zone in available_timezones() if not _NOT_IANA.fullmatch(zone)))


def instants_of(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """The UTC instants at which clocks in `zone` show `wall` (naive): none in a gap, two in a repeated hour."""
    found: list[datetime] = []
    for fold in (0, 1):
        instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if wall_of(instant, zone) == wall and instant not in found:
            found.append(instant)
    return found


def settle(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of `wall` (naive) by Debian cron's rule: the first pass of a repeated hour, the end of a gap.

    Never decreases when `wall` grows.
    """
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return instant if wall_of(instant, zone) == wall else gap_end(wall, zone)


def resolve(wall: datetime, zone: ZoneInfo, gap: DstGap, fold: DstFold) -> list[datetime]:
    """The UTC instants, in order, that are meant by `wall` (naive) by these rules for where clocks change."""
    found = instants_of(wall, zone)
    if len(found) == 2:
        return found if fold is DstFold.BOTH else [found[fold is DstFold.SECOND]]
    if found:
        return found
    match gap:
        case DstGap.END:
            return [gap_end(wall, zone)]
        case DstGap.LATER:
            return [wall.replace(tzinfo=zone, fold=0).astimezone(UTC)]
        case DstGap.SKIP:
            return []


def gap_end(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant at which the gap around `wall` (naive, in no pass) is over."""
    before_gap = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after_gap = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return next(changes(zone, before_gap, after_gap))


def wall_of(instant: datetime, zone: ZoneInfo) -> datetime:
    """What clocks in `zone` show at `instant`, naive."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def offset_of(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)


def changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Each UTC instant in (start, end] from which on the offset is another one. Both ends are whole seconds."""
    here, offset = start, offset_of(start, zone)
    while here < end:
        ahead = min(here + STRIDE, end)
        if offset_of(ahead, zone) != offset:
            ahead = _first_with_other_offset(zone, here, ahead)
            offset = offset_of(ahead, zone)
            yield ahead
        here = ahead


def last_change(zone: ZoneInfo, start: datetime, end: datetime) -> datetime | None:
    """The last of `changes(zone, start, end)`, looked for from the end."""
    here, offset = end, offset_of(end, zone)
    while here > start:
        back = max(here - STRIDE, start)
        if offset_of(back, zone) != offset:
            return _first_with_other_offset(zone, back, here)
        here = back
    return None


def _first_with_other_offset(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    offset = offset_of(low, zone)
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if offset_of(middle, zone) == offset:
            low = middle
        else:
            high = middle
    return high
