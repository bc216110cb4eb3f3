"""Does the wall clock tell the time? It is compared with the clock that counts since boot and never steps."""

from datetime import datetime, timedelta

from reminderd.duration import format_duration

JUMP = timedelta(minutes=5)

# No wall clock can rightly show a year before the program's own.
EARLIEST_YEAR = 2026


class ClockGuard:
    """Compares each reading of the two clocks with the one before."""

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None
        self._trusted: tuple[datetime, float] | None = None
        self._believed = False

    def remember(self, wall: datetime, boottime: float) -> None:
        """What an earlier process of this boot saw last, and believed."""
        self._last = self._trusted = (wall, boottime)

    def believe(self) -> None:
        """An operator says that the clock is right, whatever year it shows."""
        self._believed = True

    def jumped(self, now: datetime, boottime: float, *, held: bool) -> str | None:
        """Why the wall clock cannot be believed, in words; None when it went on as time does.

        held: it is not believed yet, because of an earlier jump.
        """
        before, self._last = self._last, (now, boottime)
        reason = self._reason(before, now, boottime)
        if reason is None and not held:
            self._trusted = self._last
        return reason

    def _reason(self, before: tuple[datetime, float] | None, now: datetime, boottime: float) -> str | None:
        if now.year < EARLIEST_YEAR and not self._believed:
            return f"the clock shows the year {now.year}, before this program was written"
        if before is None:
            return None
        jump = (now - before[0]) - timedelta(seconds=boottime - before[1])
        if abs(jump) <= JUMP:
            return None
        direction = "forward" if jump > timedelta(0) else "back"
        return f"the clock jumped {direction} by {format_duration(abs(jump))}"

    def believed(self, now: datetime, boottime: float) -> datetime:
        """The time by the last reading that was believed, as the steady clock went on from there."""
        if self._trusted is None:
            return now
        wall, since = self._trusted
        return wall + timedelta(seconds=boottime - since)
