"""The rules of a zone over a stretch of time, to be kept and compared with those of later zone data."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from reminderd.recurrence import series
from reminderd.recurrence.zones import changes, forget, get_zone, offset_of


class Rules(NamedTuple):
    """offsets: (from when on, seconds east of UTC), in order; the first holds from `since`. Nothing is said past `until`."""

    since: datetime
    until: datetime
    offsets: tuple[tuple[datetime, int], ...]

    def offset(self, instant: datetime) -> timedelta | None:
        """The offset at that instant, None where these rules say nothing."""
        if not self.since <= instant < self.until:
            return None
        return timedelta(seconds=next(seconds for start, seconds in reversed(self.offsets) if start <= instant))


def rules_of(zone: str, since: datetime, until: datetime) -> Rules:
    """The zone's rules as the zone data has them now, from `since` to `until`, in whole seconds."""
    start, end = (moment.astimezone(UTC).replace(microsecond=0) for moment in (since, until))
    info = get_zone(zone)
    moments = [start, *changes(info, start, end)]
    return Rules(start, end, tuple((each, int(offset_of(each, info).total_seconds())) for each in moments))


def first_difference(before: Rules, after: Rules) -> datetime | None:
    """The first instant for which both say something, and not the same."""
    moments = sorted({before.since, after.since, *(start for start, _ in (*before.offsets, *after.offsets))})
    for moment in moments:
        said, says = before.offset(moment), after.offset(moment)
        if said is not None and says is not None and said != says:
            return moment
    return None


def forget_zones() -> None:
    """Read zone data anew from now on."""
    forget()
    series.forget()
