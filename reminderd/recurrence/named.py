"""The occurrences that people name by a time."""

from datetime import UTC, datetime, timedelta

from reminderd.model import Instant, Schedule
from reminderd.recurrence.notation import parse_at
from reminderd.recurrence.series import between
from reminderd.recurrence.zones import get_zone, wall_of

_JUST_BEFORE = timedelta(microseconds=1)


def read_time(text: str, zone: str) -> datetime:
    """The instant of a time as people write it: with an offset or Z, else wall time in `zone`. Raises ScheduleError."""
    (normal,) = parse_at([text], zone).times
    moment = datetime.fromisoformat(normal)
    return moment if moment.tzinfo else _passes(moment, zone)[0]


def named(schedule: Schedule, zone: str, text: str) -> list[Instant]:
    """The instants of a schedule that `text` names: by their nominal time, by what clocks in `zone` show, or with an
    offset by their moment. Mostly one; in a repeated hour there can be two. Raises ScheduleError for what is no time.
    """
    (normal,) = parse_at([text], "UTC").times  # where nothing is skipped or repeated: the schedule says what there is
    moment = datetime.fromisoformat(normal)
    if moment.tzinfo is not None:
        return list(between(schedule, zone, moment - _JUST_BEFORE, moment))
    passes = _passes(moment, zone)
    return [
        instant
        for instant in between(schedule, zone, passes[0] - _JUST_BEFORE, passes[-1])
        if instant.nominal.split(" ")[0] == normal or wall_of(instant.due_at, get_zone(zone)) == moment
    ]


def around(text: str, zone: str) -> datetime:
    """Some moment close to the time that `text` says, also where it does not exist."""
    (normal,) = parse_at([text], "UTC").times
    moment = datetime.fromisoformat(normal)
    return moment if moment.tzinfo else _passes(moment, zone)[0]


def _passes(wall: datetime, zone: str) -> list[datetime]:
    """The moments at which clocks show this time, in order; around a gap, those on both sides of it."""
    return sorted(wall.replace(tzinfo=get_zone(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
