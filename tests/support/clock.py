"""Time that goes on only when a test says so."""

from datetime import UTC, datetime, timedelta

START = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)  # a Monday


def utc(text: str) -> datetime:
    """The moment of `2027-03-01 09:00[:00]`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class FakeClock:
    """Both clocks of a machine, and whether the wall clock is synchronised."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._boottime = 1000.0
        self.in_sync = True
        self.boot_id = "this boot"

    def now(self) -> datetime:
        return self._now

    def boottime(self) -> float:
        return self._boottime

    def boot(self) -> str:
        return self.boot_id

    def synchronised(self) -> bool:
        return self.in_sync

    def go_to(self, moment: datetime) -> None:
        """Time passes until `moment`, on both clocks."""
        self.advance(moment - self._now)

    def advance(self, length: timedelta) -> None:
        """Time passes, on both clocks."""
        assert length >= timedelta(0)
        self._now += length
        self._boottime += length.total_seconds()

    def reboot(self, shows: datetime) -> None:
        """The machine starts again, and its wall clock shows that time."""
        self._now, self._boottime, self.boot_id = shows, 20.0, f"{self.boot_id} and the next"

    def jump(self, length: timedelta) -> None:
        """Somebody sets the wall clock."""
        self._now += length
