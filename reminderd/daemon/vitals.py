"""What those who watch over this daemon are told of it: systemd, by readiness, status and a watchdog.

All methods belong to the loop's thread, so that a loop that hangs tells nothing, and is killed for it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reminderd.clock import Clock, to_text
from reminderd.daemon.systemd import is_listened_to, notify, takes
from reminderd.store import StateFailure, advice
from reminderd.telemetry import Figures

_FED = "WATCHDOG=1"
_STATUS_SECONDS, _FEED_SECONDS = 2.0, 1.0  # a busy loop makes many passes a second
_PATIENCE = 90.0  # how long a pass may take while somebody waits for the first load, or for the end
# After so long nobody waits for a reload any more; `reminderd reload` has its answer by then, and systemd gives it 90 s.
_RELOAD_SECONDS = 80.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What the daemon has before it at one moment. suspended: why the gateway is not used; None while it is.

    waiting: deliveries that are pending. taken: what was read of the files runs.
    """

    jobs: int
    next_due: datetime | None
    waiting: int
    problems: int
    holds: int
    suspended: str | None
    taken: bool


class Vitals:
    """standing(): asked when there is something to tell."""

    def __init__(self, standing: Callable[[], Standing], figures: Figures, clock: Clock) -> None:
        self._standing = standing
        self._clock = clock
        self._figures = figures
        self._loaded = False
        self._awaits_ready = True  # whoever started the daemon, or had it reload, waits
        self._readers = 0  # reloads whose files are being read
        self._reload_ends_at = 0.0
        self._stopping = False
        self._told_at = self._fed_at = -_STATUS_SECONDS

    def ready(self) -> None:
        """The first good load is over, and the state is open."""
        self._loaded = self._figures.loaded = True
        self._tell()

    def held(self, why: str) -> None:
        """Nothing is taken from the files for this reason, and nobody need wait until it is."""
        self._awaits_ready = not notify("READY=1", f"STATUS=on hold: {why}; see `reminderd status`")

    def reloading(self) -> None:
        """Settings and files are read anew, because somebody asked."""
        self._readers += 1
        self._reload_ends_at = self._clock.boottime() + _RELOAD_SECONDS
        if self._loaded and not self._stopping:
            self._awaits_ready = True
            clock = f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"
            notify("RELOADING=1", clock, "STATUS=reading settings and files", patience=1)

    def read_anew(self) -> None:
        """One reload has read its files; they need not run yet."""
        self._readers -= 1

    def tell(self) -> None:
        """What is before the daemon has changed; it is told at the end of this pass."""
        self._told_at = -_STATUS_SECONDS

    def pass_done(self) -> None:
        """A pass is over, and all of it went well."""
        self._figures.pass_done()
        now = self._clock.boottime()
        if now >= self._fed_at + _FEED_SECONDS and notify(_FED, *self._patience()):
            self._fed_at = now
        due = self._awaits_ready or now >= self._told_at + _STATUS_SECONDS
        if due and self._loaded and not self._stopping:
            self._tell()

    def pass_failed(self, error: Exception, failures: int) -> None:
        """A pass was cut short by this; so many in a row were. A disk that fails is waited out; a defect is not."""
        # Whoever waits for a reload would wait until the disk is mended; one who waits for the start does.
        ready = ["READY=1"] if self._awaits_ready and self._loaded and not self._stopping else []
        if isinstance(error, StateFailure):
            trouble = f"the state cannot be used, nothing goes out: {error}; {advice(error)}"
            told = notify(*ready, _FED, *self._patience(), f"STATUS={trouble}")
        else:
            trouble = f"{failures} in a row of the loop's passes met a defect, {type(error).__name__}; see the log"
            told = notify(*ready, f"STATUS={trouble}")
        self._figures.pass_failed(error, failures, trouble)
        self.tell()
        self._awaits_ready &= not (ready and told)

    def stopping(self, in_flight: int, seconds: float) -> None:
        """It ends as soon as the requests under way are over, in so many seconds at the latest."""
        self._stopping = self._figures.stopping = True
        status = f"STATUS=stopping: {_number(in_flight, 'request')} under way"
        notify("STOPPING=1", takes(seconds + _PATIENCE), status, patience=1)

    def _patience(self) -> list[str]:
        """The first load may take many passes, a failing disk among them."""
        return [] if self._loaded or not self._awaits_ready else [takes(_PATIENCE)]

    def _tell(self) -> None:
        if not is_listened_to():
            return
        now = self._standing()
        behind = self._readers > 0 or not now.taken
        if self._awaits_ready and behind and self._clock.boottime() < self._reload_ends_at:
            return
        ready = ["READY=1"] if self._awaits_ready else []
        unread = "files as they are now do not run yet; " if behind else ""
        self._told_at = self._clock.boottime()
        self._awaits_ready &= not notify(*ready, f"STATUS={unread}{_in_words(now)}")


def _in_words(now: Standing) -> str:
    words = [_number(now.jobs, "job"), f"next due {to_text(now.next_due) if now.next_due else 'never'}"]
    words.append(f"{now.waiting} waiting")
    words += [_number(number, name) for number, name in ((now.problems, "problem"), (now.holds, "hold")) if number]
    if now.suspended is not None:
        words.append(f"gateway suspended: {now.suspended}")
    return ", ".join(words)


def _number(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
