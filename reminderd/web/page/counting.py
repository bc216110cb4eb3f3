"""Weeks are counted one after the other, beside whatever else is asked, and what was counted is kept for a while."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from reminderd.store import StateError
from reminderd.store.weeks import Counted
from reminderd.web.page.weekly import Stretch
from reminderd.web.reader import Reader

# Plivo reports for a day, and people settle what is left soon after.
_SETTLED = timedelta(days=3)
_FRESH, _FRESH_SETTLED = timedelta(seconds=30), timedelta(hours=1)
_REST = 20  # times what counting took: at most a twentieth of the time goes into it
_PATIENCE, _PATIENCE_FOR_FRESH = 1.0, 0.1  # seconds that who asks waits for what is not counted yet, or anew
_MOST_KEPT = 60


class _Kept(NamedTuple):
    """until: as long as nobody counts it anew."""

    until: datetime
    counted: Counted


class Counting:
    """Belongs to the listener's event loop, and has a reader of its own: a week of many messages takes a while to count."""

    def __init__(self, reader: Reader, now: Callable[[], datetime]) -> None:
        self._reader = reader
        self._now = now
        self._kept: dict[tuple[datetime, datetime], _Kept] = {}
        self._wanted: dict[tuple[datetime, datetime], None] = {}
        self._running: asyncio.Task[None] | None = None
        self._trouble: StateError | None = None

    async def of(self, stretches: Sequence[Stretch]) -> list[Counted | None]:
        """What is known of each; None for what is still being counted. What is old is counted anew meanwhile.

        Raises StateError where the state cannot be read.
        """
        # The newest first, which is what people look at.
        keys = [(each.since, each.until) for each in stretches]
        for key in reversed(keys):
            if not self._is_fresh(key):
                self._wanted[key] = None
        if self._wanted and self._running is None:
            self._trouble = None
            self._running = asyncio.create_task(self._count())
        if self._running is not None:
            patience = _PATIENCE if any(key not in self._kept for key in keys) else _PATIENCE_FOR_FRESH
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._running), patience)
        if self._trouble is not None:
            raise self._trouble
        return [kept.counted if (kept := self._kept.get(key)) else None for key in keys]

    def _is_fresh(self, key: tuple[datetime, datetime]) -> bool:
        kept = self._kept.get(key)
        if kept is None:
            return False
        return self._now() < kept.until

    async def _count(self) -> None:
        try:
            while self._wanted:
                key = next(iter(self._wanted))
                del self._wanted[key]
                since, until = key
                began, at = time.monotonic(), self._now()
                counted = await self._reader.ask(lambda view: view.weeks.count(since, until))  # noqa: B023 - awaited
                self._kept.pop(key, None)
                took = timedelta(seconds=time.monotonic() - began)
                fresh = _FRESH_SETTLED if until + _SETTLED < at else _FRESH
                self._kept[key] = _Kept(at + max(fresh, _REST * took), counted)
                while len(self._kept) > _MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
        except StateError as error:
            self._trouble = error
            self._wanted.clear()
        finally:
            self._running = None

    def close(self) -> None:
        """Does not wait for what is being counted."""
        if self._running is not None:
            self._running.cancel()
        self._reader.close()
