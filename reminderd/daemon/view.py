"""The loop at one moment, as those see it who watch over it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from reminderd.daemon.clockhold import ClockHold
from reminderd.daemon.observers import Sight
from reminderd.daemon.originhold import OriginHold
from reminderd.daemon.vitals import Standing
from reminderd.dispatcher import Dispatcher
from reminderd.model import Problem
from reminderd.planner import Planner
from reminderd.store import Store
from reminderd.sync import Syncer


class Phase(NamedTuple):
    """loaded: files have been taken over. taken: what was read of them runs. stopping: nothing new begins."""

    loaded: bool
    taken: bool
    stopping: bool


class View:
    """Looks at the loop's parts. phase(): what only the loop itself knows."""

    def __init__(
        self,
        store: Store,
        syncer: Syncer,
        planner: Planner,
        dispatcher: Dispatcher,
        clock_hold: ClockHold,
        origin: OriginHold,
        phase: Callable[[], Phase],
    ) -> None:
        self._store = store
        self._syncer = syncer
        self._planner = planner
        self._dispatcher = dispatcher
        self._clock_hold = clock_hold
        self._origin = origin
        self._phase = phase

    def standing(self) -> Standing:
        """For systemd; asks the state."""
        return Standing(
            jobs=len(self._syncer.running),
            next_due=self._planner.next_due(),
            waiting=self._store.conditions.waiting(),
            problems=len(self._store.reports.problems()),
            holds=len(self._store.holds.open_ones()),
            suspended=self._dispatcher.why_suspended,
            taken=self._phase().taken,
        )

    def problems(self) -> dict[str, Any]:
        """For those who asked for the files to be read anew; asks the state."""
        rows = self._store.reports.problems()
        found = [
            Problem(row["file"], row["line"], row["column"], row["path"], row["message"], row["hint"]) for row in rows
        ]
        holds = [hold.id for hold in self._store.holds.open_ones()]
        return {"jobs": len(self._syncer.running), "problems": [str(problem) for problem in found], "holds": holds}

    def sight(self) -> Sight:
        """For alerts and heartbeats; asks nobody."""
        phase = self._phase()
        return Sight(
            loaded=phase.loaded,
            taken=phase.taken,
            on_hold=self._clock_hold.held or self._origin.held,
            sending=not (self._dispatcher.suspended or phase.stopping),
            next_due=self._planner.next_due(),
            jobs=len(self._syncer.running),
        )
