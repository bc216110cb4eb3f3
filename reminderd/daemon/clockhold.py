"""The hold on the clock: while the wall clock cannot be believed nothing is planned, claimed or given up.

It ends when the kernel says that the clock is synchronised, or when an operator approves.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from reminderd.clock import Clock, to_text
from reminderd.daemon.clockguard import JUMP, ClockGuard
from reminderd.store import Reading, Store
from reminderd.telemetry import Event, emit

CLOCK = "clock"
CURSOR = "cursor"
_CLOCK_SETTLES = 5.0
# Waking up so much later than meant is as if the daemon had not been running.
_STALL = timedelta(seconds=60)


class ClockHold:
    """changed(): it was opened or released. released(now): after the state knows of it; may raise, then it is repeated."""

    def __init__(
        self, store: Store, clock: Clock, changed: Callable[[], None], released: Callable[[datetime], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._changed = changed
        self._released = released
        self._guard = ClockGuard()
        self.held = any(hold.kind == CLOCK for hold in store.holds.open_ones())
        self._approved = False
        self._untold: str | None = None  # a jump whose hold could not be written yet
        self._jumped_at = clock.boottime()
        self._wake_at: datetime | None = None

    def start(self, now: datetime) -> None:
        """Compare the clocks with what the last daemon saw of them."""
        known = self._store.health.last_clock()
        if known is not None and known.boot and known.boot == self._clock.boot():
            self._guard.remember(known.wall, known.boottime)
        elif known is not None and now < known.wall - JUMP:
            self._untold = f"the clock shows a time before {to_text(known.wall)}, when this state was last in use"
        self.look(now)

    def note(self) -> None:
        """Keep the clocks' reading for the next daemon, unless it is not believed."""
        if not self.held and self._untold is None:
            reading = Reading(self._clock.now(), self._clock.boottime(), self._clock.boot())
            self._store.health.note_clock(reading)

    def time(self) -> datetime:
        """Now; while the clock is not believed, as it was before its jump, so that retries and validity are right."""
        now = self._clock.now()
        return self._guard.believed(now, self._clock.boottime()) if self.held else now

    def waits_until(self, moment: datetime) -> None:
        """The loop goes to sleep until then."""
        self._wake_at = moment

    def overslept(self, now: datetime) -> bool:
        return self._wake_at is not None and now - self._wake_at > _STALL

    def look(self, now: datetime) -> None:
        """Compare the clocks; open the hold on a jump, release it when there is reason to."""
        jumped = self._guard.jumped(now, self._clock.boottime(), held=self.held)
        self._untold = jumped or self._untold
        if self._untold:
            self._open(self._untold, now)
            self._untold = None
        elif self.held and self._approved:
            self._release("an operator", now)
        elif self.held and self._settled_since_jump() and self._clock.synchronised():
            self._release("the clock is synchronised", now)

    def approve(self) -> None:
        """An operator says that the clock is right; the next look releases the hold."""
        self._guard.believe()
        self._approved = True

    def _settled_since_jump(self) -> bool:
        """Setting a clock takes the kernel's word for it back, but maybe not in the same instant."""
        return self._clock.boottime() - self._jumped_at >= _CLOCK_SETTLES

    def _open(self, reason: str, now: datetime) -> None:
        self._jumped_at = self._clock.boottime()
        self._approved = False
        self.held = True
        self._changed()
        said = f"{reason}; nothing is planned, sent or given up until it is synchronised or approved"
        if self._store.holds.open(CLOCK, said, {"shows": now.isoformat()}, now):
            emit(Event.HOLD_OPENED, kind=CLOCK, reason=reason, settle_with="reminderd approve")

    def _release(self, by: str, now: datetime) -> None:
        with self._store.together():
            for hold in self._store.holds.open_ones():
                if hold.kind == CLOCK:
                    self._store.holds.close(hold.id, by, False, now)
            self._store.health.forget_future(now, now + JUMP)
        self._released(now)
        self.held = self._approved = False
        emit(Event.HOLD_CLOSED, kind=CLOCK, by=by)
        self._changed()


def check_cursors(store: Store, now: datetime) -> None:
    """A cursor ahead of now means that the clock once ran ahead: its job would owe nothing until then."""
    ahead = sorted({job for (job, _), until in store.jobs.cursors().items() if until > now + JUMP})
    holds = [hold for hold in store.holds.open_ones() if hold.kind == CURSOR]
    if ahead:
        reason = f"{len(ahead)} jobs are planned beyond the present; they owe nothing until then, or until approved"
        if store.holds.open(CURSOR, reason, {"jobs": ahead}, now):
            emit(Event.HOLD_OPENED, kind=CURSOR, jobs=len(ahead), settle_with="reminderd approve")
    for hold in holds if not ahead else ():
        store.holds.close(hold.id, "time went on", False, now)
        emit(Event.HOLD_CLOSED, hold=hold.id, kind=CURSOR, by="time went on")
