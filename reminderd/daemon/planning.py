"""Planning as the loop does it: chunk by chunk into the state, and told."""

from datetime import datetime

from reminderd.clock import Clock
from reminderd.model import State
from reminderd.plan import Plan, is_summary
from reminderd.planner import Planner
from reminderd.store import Store
from reminderd.telemetry import Event, emit

# Rows planned in one transaction, so that senders never wait long for the loop.
_CHUNK = 25
_PATIENCE = 0.25  # seconds of one pass before new files are taken over

_BIRTHS = {
    State.FAILED: Event.DELIVERY_FAILED,
    State.MISSED: Event.DELIVERY_MISSED,
    State.CANCELLED: Event.DELIVERY_CANCELLED,
}


class Planning:
    """Takes what is owed into the state. awake_since: as the planner means it."""

    def __init__(self, store: Store, planner: Planner, clock: Clock) -> None:
        self._store = store
        self._planner = planner
        self._clock = clock
        self._told_holds: set[int] = set()

    def step(self, now: datetime, awake_since: datetime) -> None:
        """One chunk of what is due."""
        self._planner.overrides = self._store.overrides.all_for_planning(now)
        plan = self._planner.plan(now, awake_since, _CHUNK)
        if not plan.cursors:
            return
        born = self._store.deliveries.add(plan, now)
        self._planner.committed(plan)
        _tell_of_occurrences(plan)
        self._tell_of_holds({row["hold"] for row in born if row["hold"] is not None})
        for row in born:
            if row["state"] != State.PENDING and not is_summary(row["recipient"]):
                emit(_BIRTHS[row["state"]], job=row["job"], delivery=row["id"], reason=row["reason"])

    def up_to(self, now: datetime, awake_since: datetime) -> bool:
        """All of what is due; False when there is more of it than one pass should take."""
        ends_at = self._clock.boottime() + _PATIENCE
        while (due := self._planner.next_due()) is not None and due <= now:
            if self._clock.boottime() > ends_at:
                return False
            self.step(now, awake_since)
        return True

    def _tell_of_holds(self, opened: set[int]) -> None:
        fresh = opened - self._told_holds
        for hold in self._store.holds.open_ones() if fresh else ():
            if hold.id in fresh:
                command = f"reminderd approve {hold.id}"
                emit(Event.HOLD_OPENED, hold=hold.id, kind=hold.kind, reason=hold.reason, settle_with=command)
        self._told_holds |= opened


def _tell_of_occurrences(plan: Plan) -> None:
    for occurrence in plan.occurrences:
        if occurrence.offset:
            continue  # a further part of one that was told of
        event = Event.OCCURRENCE_SKIPPED if occurrence.skipped else Event.OCCURRENCE_PLANNED
        emit(event, job=occurrence.job, due_at=occurrence.instant.due_at, skipped=occurrence.skipped or None)
