"""Pruning as the loop does it: now and then a round over all that is old, a little of it at a time."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from reminderd.clock import Clock
from reminderd.settings import RetentionSettings
from reminderd.store import Store, Task
from reminderd.telemetry import Event, emit

# Rows of one transaction, and the least pause between two; it rests nine times as long as it works, so that messages
# hardly wait for it, also on a slow disk or a busy machine.
_CHUNK = 50
_PAUSE = timedelta(milliseconds=250)
_REST = 9
_MANY = 2000  # occurrences looked at at once


class Pruning:
    """One round begins with the daemon, others with `begin`."""

    def __init__(self, store: Store, kept: RetentionSettings, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._rests_until = 0.0  # by the clock that counts
        self._kept = kept
        self._round: Iterator[None] | None = None
        self._wanted = True
        self._at: datetime | None = None

    def configure(self, kept: RetentionSettings) -> None:
        """These count from the next round on."""
        self._kept = kept

    def begin(self) -> None:
        """A round is due; one that goes on goes on."""
        self._wanted = True

    @property
    def busy(self) -> bool:
        """Whether there is something to do now."""
        return self._wanted or self._round is not None

    def advance(self, now: datetime) -> None:
        """A little of it. A round that fails is over; the next one begins anew."""
        self._at = now
        if self._round is None and self._wanted:
            self._round, self._wanted = self._over(now), False
        began = self._clock.boottime()
        if self._round is not None and began >= self._rests_until:
            going, self._round = self._round, None
            if next(going, self) is not self:
                self._round = going
            ended = self._clock.boottime()
            self._rests_until = ended + _REST * (ended - began)

    def next_wake(self, now: datetime) -> datetime | None:
        if self._round is None:
            return None
        return now + max(_PAUSE, timedelta(seconds=self._rests_until - self._clock.boottime()))

    def _over(self, now: datetime) -> Iterator[None]:
        """One round; each step is a transaction."""
        emptied = pruned = 0
        run = self._store.heartbeats.begin(Task.PRUNE, now)
        if self._kept.text is not None:
            before = now - self._kept.text
            while done := self._store.retention.empty_texts(before, _CHUNK):
                emptied += done
                yield
            while done := self._store.inbound.empty_texts(before, _CHUNK):
                emptied += done
                yield
            self._store.retention.empty_definitions(before)
            yield
        if self._kept.deliveries is not None:
            before = now - self._kept.deliveries
            while done := self._store.retention.prune(before, _CHUNK):
                pruned += done
                yield
            yield from self._rest(before, now)
        if self._store.forgetting.log_is_full:
            self._store.forgetting.empty_log()
        self._store.heartbeats.end(run, True, f"{emptied} texts, {pruned} deliveries", self._at or now)
        if emptied or pruned:
            emit(Event.STATE_PRUNED, texts=emptied, deliveries=pruned)

    def _rest(self, before: datetime, now: datetime) -> Iterator[None]:
        after: int | None = 0
        while after is not None:
            after = self._store.retention.prune_empty(before, after, _MANY)
            yield
        while self._store.inbound.prune(before, _CHUNK):
            yield
        while self._store.retention.prune_rest(before, now, _CHUNK):
            yield
