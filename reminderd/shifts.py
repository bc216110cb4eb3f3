"""What a change of the time zone data moves: told, and planned where planning would never look again.

The rules of each zone in use are kept in the state. When they are other ones than before, each job in that zone has its
first moved occurrence listed; an occurrence that fell behind its job's cursor is planned now, and the unique key of
(job, nominal time) keeps what was planned from being planned again at another instant.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from reminderd import recurrence
from reminderd.model import Every
from reminderd.plan import Plan
from reminderd.planner import Entry, Terms, fallen_behind
from reminderd.recurrence import Rules, first_difference, rules_of
from reminderd.store import Store
from reminderd.telemetry import Event, emit

_BACK, _AHEAD = timedelta(days=3), timedelta(days=400)
_RENEWED_BELOW = timedelta(days=370)


class Shifts:
    """Keeps the rules of the zones in use. Each zone is looked at once, and again after `forget`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: set[str] = set()

    def forget(self) -> None:
        """The zone data has changed under us."""
        self._seen.clear()

    def look(self, entries: Iterable[Entry], terms: Terms, now: datetime) -> int:
        """Compare the rules of these jobs' zones with those known; returns how many jobs have something moved."""
        jobs = [entry for entry in entries if not isinstance(entry.schedule, Every)]
        zones = {entry.zone for entry in jobs} - self._seen
        if not zones:
            return 0
        known = self._store.zones.known()
        current = {zone: rules_of(zone, now - _BACK, now + _AHEAD) for zone in zones}
        changed = {zone: rules for zone, rules in current.items() if _differ(known.get(zone), rules)}
        noted = {zone: rules for zone, rules in current.items() if zone in changed or _old(known.get(zone), now)}
        with self._store.together():
            moved = [self._move(entry, terms, known, current, now) for entry in jobs if entry.zone in changed]
            if noted:
                self._store.zones.note(noted, now)
        self._seen |= zones
        return sum(moved)

    def _move(
        self, entry: Entry, terms: Terms, known: Mapping[str, Rules], current: Mapping[str, Rules], now: datetime
    ) -> bool:
        job, zone = entry.job, entry.zone
        before, after = known[zone], current[zone]
        was, is_now = before.offset(entry.planned_until), after.offset(entry.planned_until)
        if was is not None and is_now is not None and is_now > was:
            owed = tuple(fallen_behind(entry, entry.planned_until - (is_now - was), now, terms.limits))
            self._store.deliveries.add(Plan(owed, {}, terms.price), now)
        moment = max(entry.planned_until, (first_difference(before, after) or now) - timedelta(days=1), before.since)
        for instant in recurrence.between(entry.schedule, zone, moment, before.until):
            if instant.nominal.endswith("Z"):
                continue  # no zone moves it
            local = instant.due_at + (after.offset(instant.due_at) or timedelta(0))
            offset = before.offset(instant.due_at)
            was_due_at = local - offset if offset is not None else instant.due_at
            if was_due_at != instant.due_at:
                self._store.zones.moved(job.name, zone, instant, was_due_at, now)
                emit(Event.OCCURRENCE_MOVED, job=job.name, nominal=instant.nominal, was=was_due_at, now=instant.due_at)
                return True
        return False


def _differ(before: Rules | None, after: Rules) -> bool:
    return before is not None and first_difference(before, after) is not None


def _old(known: Rules | None, now: datetime) -> bool:
    return known is None or known.until < now + _RENEWED_BELOW
