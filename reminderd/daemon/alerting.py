"""Looks now and then at what may need someone, cheaply, and has the watch compare it with what was told."""

import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from reminderd.alerts import Present, Space, Watch, needs
from reminderd.alerts.rules import CLOCK_AFTER, Ended, Name
from reminderd.alerts.trial import node_of, teller_of
from reminderd.clock import Clock
from reminderd.daemon.inbox import Inbox
from reminderd.daemon.worker import Worker
from reminderd.settings import Settings
from reminderd.store import StateFailure, Store, Suspension, advice
from reminderd.telemetry import Figures

# A little less than the loop's longest wait, so that each of an idle loop's passes is one.
LOOK_SECONDS = 14.0
# Whoever was told, and is not noted, would be told again.
_LAST_WORDS = 10.0
_HOUR = timedelta(hours=1)
# After the last look into Plivo's log is due: it may be late, and wait for others.
_LATE = timedelta(minutes=5)


class Alerting:
    """All methods belong to the loop's thread. now(): the time as it is to be written down. unplanned(): when the first
    of what is not planned yet is due, unless nothing is to be planned now."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        inbox: Inbox,
        now: Callable[[], datetime],
        unplanned: Callable[[], datetime | None],
        figures: Figures,
    ) -> None:
        self._store = store
        self._figures = figures
        self._clock = clock
        self._now = now
        self._unplanned = unplanned
        self._worker = Worker(inbox.post)
        self._hour = LastHour(store)
        self._look_at = 0.0
        self._ends_at: float | None = None
        self._watch = Watch(store, node_of(settings), teller_of(settings), now, clock.boottime, self._worker.run)
        self._unusable_since: float | None = None
        self._unsynchronised_since: float | None = None
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Use these from the next look on."""
        self._settings = settings
        self._watch.configure(teller_of(settings))

    @property
    def last_words(self) -> float:
        """For how many seconds at most a daemon that is to end waits for somebody who is being told of something."""
        if self._ends_at is None or not self._watch.telling:
            return 0.0
        return max(0.0, self._ends_at - self._clock.boottime())

    def stop(self) -> None:
        """Look and begin to tell no more; what is being told is still noted, as long as passes are made."""
        self._ends_at = self._clock.boottime() + _LAST_WORDS
        self._watch.stop()

    def pass_done(self) -> None:
        """A pass was good. Raises what the state raises."""
        if self._ends_at is not None:
            self._watch.save()
        elif (at := self._clock.boottime()) >= self._look_at:
            self._look_at = at + LOOK_SECONDS
            self._watch.look(needs(self._present(self._now(), at)))
            self._figures.alerts = self._watch.opened

    def pass_failed(self, error: Exception) -> None:
        """A pass was cut short: while the state cannot be written, nothing else can be known."""
        if self._ends_at is not None:
            return
        if isinstance(error, StateFailure) and (at := self._clock.boottime()) >= self._look_at:
            self._look_at = at + LOOK_SECONDS
            with suppress(RuntimeError):  # no thread can be had to tell it in; the next look tries again
                self._watch.look_without_state(needs(Present(unwritable=f"{error}; {advice(error)}")))
            self._figures.alerts = self._watch.opened

    # -- what is the case -------------------------------------------------------------------------------

    def _present(self, now: datetime, at: float) -> Present:
        conditions, settings = self._store.conditions, self._settings
        last_look = max(settings.plivo.reconcile, default=timedelta(0))
        suspension = self._store.health.suspension()
        rows = conditions.overdue(now, settings.alerts.overdue_after)
        return Present(
            doubtful=conditions.doubtful(now - last_look - _LATE),
            ended=self._hour.look(now),
            overdue=[(row["job"], row["deliveries"]) for row in rows],
            behind=self._behind(now),
            suspended=suspension.reason,
            unusable=self._unusable(suspension, now, at),
            problems=conditions.problems(),
            holds=conditions.holds(),
            space=_space(settings),
            unsynchronised=self._unsynchronised(at),
        )

    def _behind(self, now: datetime) -> timedelta | None:
        """For how long something due has not been planned, beyond what may be."""
        due = self._unplanned()
        late = now - due if due is not None else timedelta(0)
        return late if late > self._settings.alerts.overdue_after else None

    def _unusable(self, suspension: Suspension, now: datetime, at: float) -> timedelta | None:
        """Since the first suspension after which no message was accepted: a good probe alone does not end it."""
        if suspension.level == 0:
            self._unusable_since = None
            return None
        if self._unusable_since is None:
            known = now - suspension.since if suspension.since else timedelta(0)
            self._unusable_since = at - max(0.0, known.total_seconds())
        return timedelta(seconds=at - self._unusable_since)

    def _unsynchronised(self, at: float) -> timedelta | None:
        if self._clock.synchronised():
            self._unsynchronised_since = None
            return None
        if self._unsynchronised_since is None:
            # What the daemon before has opened goes on: a restart synchronises no clock.
            known = CLOCK_AFTER.total_seconds() if Name.CLOCK in self._watch.open else 0.0
            self._unsynchronised_since = at - known
        return timedelta(seconds=at - self._unsynchronised_since)


class _Part(NamedTuple):
    """What one look found new."""

    at: datetime
    ended: Ended


class LastHour:
    """What ended within the last hour. Each look reads only what is new since the one before."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._parts: deque[_Part] = deque()
        self._move: int | None = None
        self._until: datetime | None = None

    def look(self, now: datetime) -> Ended:
        conditions = self._store.conditions
        after = conditions.newest_move(before=now - _HOUR) if self._move is None else self._move
        since = self._until or now - _HOUR
        newest = conditions.newest_move()
        states = conditions.ended_after(after, newest) if newest > after else {}
        bad = conditions.reported_badly(since, now) if now > since else 0
        self._move, self._until = newest, max(since, now)
        ended = Ended(states.get("accepted", 0), states.get("failed", 0), states.get("missed", 0), bad)
        if any(ended):
            self._parts.append(_Part(now, ended))
        while self._parts and not now - _HOUR < self._parts[0].at <= now:  # or the clock was set back
            self._parts.popleft()
        return _sum([part.ended for part in self._parts])


def _sum(parts: Sequence[Ended]) -> Ended:
    return Ended(
        sum(part.accepted for part in parts),
        sum(part.failed for part in parts),
        sum(part.missed for part in parts),
        sum(part.undelivered for part in parts),
    )


def _space(settings: Settings) -> Space | None:
    try:
        there = os.statvfs(settings.state.parent)
    except OSError:  # the state itself tells what is wrong
        return None
    return Space(there.f_bavail * there.f_frsize, there.f_blocks * there.f_frsize)
