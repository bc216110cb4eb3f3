"""What a daemon hands to those that watch over it, and act on it, from other threads."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from reminderd.gateway.callbacks import Arrival
from reminderd.gateway.port import Gateway
from reminderd.model import Job
from reminderd.reconciler import Result
from reminderd.reminders import Reminders
from reminderd.settings import Settings
from reminderd.store.view import open_view_beside
from reminderd.telemetry import Figures
from reminderd.web.readings import Readings

Perform = Callable[[dict[str, Any], str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Sources:
    """All of it may be asked from any thread.

    state: the file. due(): when each job is due next. running(): the jobs that run, by name. settings(): those in use.

    perform(request, who): carry out a command as on the socket; waits for the loop, so it is not for the listener's own thread. Returns
    {"ok": True, "result": ...} or {"ok": False, "error": sentence, "kind": as `Desk.handle` has it}.

    arrive(arrival): hand on what Plivo says by itself; the future has what comes of it, once that is committed. Raises queue.Full where
    too much waits. gateway(): the one in use.

    reminders: makes and removes them, in a thread of its own. when(met, done): call done() in the loop's thread once met(), which is asked
    there now and whenever what the job files say was taken over, until it is true.

    formerly(): each `web.public_url` that Plivo was told before this one, and may still call.
    """

    figures: Figures
    state: Path
    now: Callable[[], datetime]
    due: Callable[[], Mapping[str, datetime]]
    running: Callable[[], Mapping[str, Job]]
    settings: Callable[[], Settings]
    perform: Perform
    arrive: Callable[[Arrival], Future[Result]]
    gateway: Callable[[], Gateway]
    reminders: Reminders
    when: Callable[[Callable[[], bool], Callable[[], None]], None]
    formerly: Callable[[], Sequence[str]] = tuple

    def overdue_after(self) -> timedelta:
        """How long a message may wait past its time before it counts as overdue."""
        return self.settings().alerts.overdue_after

    def readings(self) -> Readings:
        """For one thread, which closes them."""
        return Readings(lambda: open_view_beside(self.state), self.now, self.overdue_after)
