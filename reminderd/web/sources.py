"""What a daemon hands to those that watch over it from other threads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from reminderd.store.view import open_view_beside
from reminderd.telemetry import Figures
from reminderd.web.readings import Readings


@dataclass(frozen=True, slots=True)
class Sources:
    """All of it may be asked from any thread. due(): when each job is due next. overdue_after(): see `alerts`."""

    figures: Figures
    state: Path
    now: Callable[[], datetime]
    due: Callable[[], Mapping[str, datetime]]
    overdue_after: Callable[[], timedelta]

    def readings(self) -> Readings:
        """For one thread, which closes them."""
        return Readings(lambda: open_view_beside(self.state), self.now, self.overdue_after)
