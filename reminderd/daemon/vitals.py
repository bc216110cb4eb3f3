"""What those who watch over this daemon are told of it: for now systemd, by readiness, status and a watchdog.

All methods belong to the loop's thread, so that a loop that hangs tells nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reminderd.daemon.systemd import notify


@dataclass(frozen=True, slots=True)
class Standing:
    """What the daemon has before it at one moment. suspended: why the gateway is not used; None while it is."""

    jobs: int
    next_due: datetime | None
    in_flight: int
    problems: int
    holds: int
    suspended: str | None


class Vitals:
    """standing(): asked when there is something to tell."""

    def __init__(self, standing: Callable[[], Standing]) -> None:
        self._standing = standing

    def ready(self) -> None:
        """The first good load is over, and the state is open."""
        notify("READY=1")

    def held(self, why: str) -> None:
        """Nothing is loaded yet, and systemd need not wait for it."""
        notify("READY=1", f"STATUS=on hold: {why}")

    def tell(self) -> None:
        """What is before the daemon may have changed."""
        now = self._standing()
        notify(
            f"STATUS={now.jobs} jobs, next due {now.next_due.isoformat() if now.next_due else 'never'}, "
            f"{now.in_flight} in flight, {now.holds} holds"
        )

    def pass_done(self) -> None:
        """A pass is over, and all of it went well."""

    def pass_failed(self, error: Exception, failures: int) -> None:
        """A pass was cut short by this; so many in a row were."""

    def stopping(self) -> None:
        notify("STOPPING=1")
