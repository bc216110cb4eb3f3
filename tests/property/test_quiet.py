"""Quiet hours against a look at every minute, around changes of clocks of every kind."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from reminderd.model import QuietHours
from reminderd.recurrence import quiet_period
from tests.property.test_recurrence import CHANGES

MINUTE = timedelta(minutes=1)
HOURS = st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda ends: ends[0] != ends[1])
NEAR = st.integers(-40 * 60, 40 * 60)


def is_quiet(start: int, end: int, zone: ZoneInfo, instant: datetime) -> bool:
    wall = instant.astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    return start <= minute < end if start < end else minute >= start or minute < end


def walked(start: int, end: int, zone: ZoneInfo, moment: datetime) -> tuple[datetime, datetime]:
    """The period by looking at each minute: on to the first quiet one, back to where it began, on to where it ends."""
    here = moment
    while not is_quiet(start, end, zone, here):
        here += MINUTE
    begins = here
    while is_quiet(start, end, zone, begins - MINUTE):
        begins -= MINUTE
    while is_quiet(start, end, zone, here):
        here += MINUTE
    return begins, here


@given(HOURS, st.sampled_from(CHANGES), NEAR)
@example((21 * 60, 8 * 60), ("Europe/Berlin", "2026-03-29T01:00"), -60)
@example((2 * 60, 3 * 60), ("Europe/Berlin", "2026-03-29T01:00"), -60)  # a gap takes them whole
@example((60, 2 * 60 + 30), ("Europe/Berlin", "2026-10-25T01:00"), -10)  # they end in the repeated hour, twice
@example((1439, 1438), ("Pacific/Apia", "2011-12-30T10:00"), 0)
@settings(max_examples=250, deadline=None)
def test_quiet_periods_agree_with_a_walk_through_every_minute(
    hours: tuple[int, int], place: tuple[str, str], minutes: int
) -> None:
    zone, change = place
    moment = datetime.fromisoformat(change).replace(tzinfo=UTC) + minutes * MINUTE
    assert quiet_period(QuietHours(*hours), zone, moment) == walked(*hours, ZoneInfo(zone), moment)
    # Between two minutes it is as at the first of them.
    late = moment + timedelta(seconds=59, microseconds=999_999)
    assert quiet_period(QuietHours(*hours), zone, late) == walked(*hours, ZoneInfo(zone), moment)
