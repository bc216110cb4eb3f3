"""What the state says at one moment, read through a connection of its own and kept for as long as that cost little."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from reminderd.clock import from_text
from reminderd.model import State
from reminderd.store import Row, StateError, StateFailure, advice
from reminderd.store.view import View

T = TypeVar("T")

# Jobs that have figures of their own; how many are left out is a figure too.
MOST_JOBS = 500
_FRESH = 1.0  # seconds for which a cheap reading is good
# What takes longer, the more the state holds, takes at most one part in so many of the time.
_REST = 30.0
_LONGEST_REST = 300.0
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Present:
    """What is cheap to ask. overdue: by job, since when and how many. planned_until: None in a state without any."""

    at: datetime
    daemon: Row
    suspended: str | None
    holds: Mapping[str, int]
    overrides: Mapping[str, int]
    opt_outs: int
    problems: int
    jobs: Row
    successes: Mapping[str, datetime]
    alerts: tuple[str, ...]
    overdue: tuple[Row, ...]
    planned_until: datetime | None


@dataclass(frozen=True, slots=True)
class Counted:
    """What takes longer the more there is. ended: of those due in the last day, by state; oldest: when it was
    due, by state; last_results: by job. receipts: what Plivo reported in the last day, by its word; charged: for that, in
    millionths of a US dollar."""

    deliveries: Mapping[str, int]
    ended: Mapping[str, int]
    receipts: Mapping[str, int]
    charged: int
    oldest: Mapping[str, datetime]
    last_results: Mapping[str, tuple[datetime, State]]
    jobs: tuple[str, ...]


class Readings:
    """Belongs to one thread. open_view(): a connection; made when it is needed, and anew after a failure.

    Each method raises StateError.
    """

    def __init__(
        self,
        open_view: Callable[[], View],
        now: Callable[[], datetime],
        overdue_after: Callable[[], timedelta],
    ) -> None:
        self._open_view = open_view
        self._now = now
        self._overdue_after = overdue_after
        self._view: View | None = None
        self._present: tuple[Present, float] | None = None
        self._counted: tuple[Counted, float] | None = None

    def present(self) -> Present:
        """At most a second old."""
        if self._present is None or time.monotonic() > self._present[1]:
            self._present = self._read(self._ask_present), time.monotonic() + _FRESH
        return self._present[0]

    def counted(self) -> Counted:
        """So old that counting takes a thirtieth of the time at most; never over five minutes and what it takes."""
        if self._counted is None or time.monotonic() > self._counted[1]:
            began = time.monotonic()
            counted = self._read(self._ask_counted)
            ended = time.monotonic()
            rest = min(_LONGEST_REST, max(_FRESH, _REST * (ended - began)))
            self._counted = counted, ended + rest
        return self._counted[0]

    def runs(self, job: str) -> bool:
        """Whether a job of this name runs."""
        return self._read(lambda view: view.measures.runs(job))

    def close(self) -> None:
        if self._view is not None:
            self._view.close()
            self._view = None

    def _read(self, ask: Callable[[View], T]) -> T:
        try:
            if self._view is None:
                self._view = self._open_view()
            return ask(self._view)
        except StateFailure as error:
            self.close()
            raise StateError(f"the state cannot be read: {error}; {advice(error)}") from error

    def _ask_present(self, view: View) -> Present:
        now, measures = self._now(), view.measures
        until = view.conditions.planned_until()
        return Present(
            now,
            measures.daemon(),
            measures.suspended(),
            measures.holds(),
            measures.overrides(now),
            measures.opt_outs(),
            measures.problems(),
            measures.jobs(),
            {task: from_text(at) for task, at in measures.successes().items()},
            tuple(measures.alerts()),
            tuple(view.conditions.overdue(now, self._overdue_after())),
            from_text(until) if until else None,
        )

    def _ask_counted(self, view: View) -> Counted:
        measures = view.measures
        return Counted(
            measures.deliveries(),
            view.conditions.ended(self._now() - _DAY),
            measures.receipts(self._now() - _DAY),
            measures.charged(self._now() - _DAY),
            {state: from_text(at) for state, at in measures.oldest().items()},
            {name: (from_text(at), state) for name, (at, state) in measures.last_results(MOST_JOBS).items()},
            tuple(measures.names(MOST_JOBS)),
        )
