"""The guards against mass removal: of jobs, and of the recipients of one.

A removal of more than half of ten or more jobs, against the catalog of ten minutes ago, is not believed: those jobs go
on until the files come back or an operator approves. Nor is a new version of a job that would lose more than half of its
ten or more recipients: the job goes on with the version before.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from reminderd.model import Job
from reminderd.planner import BEGINNING
from reminderd.store import Hold, KnownJob, Store
from reminderd.telemetry import Event, emit

REMOVAL = "removal"
RECIPIENTS = "recipients"

_WINDOW = timedelta(minutes=10)
_GUARDED_SIZE = 10
_MOST_NAMED = 5


class RemovalGuard:
    """Keeps jobs that are gone in too great a number."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counts_from = store.holds.last_approved(REMOVAL) or BEGINNING

    def kept(self, declared: Collection[str], now: datetime) -> frozenset[str]:
        """The names of running jobs that are not `declared` any more, and whose removal is not believed."""
        known = self._store.jobs.known()
        # While a removal waits, the last approval was for an earlier one.
        waits = _open_hold(self._store, REMOVAL) is not None
        approved = set() if waits else {name for name in self._approved(known) if name not in declared}
        if approved:
            self._counts_from = now
        since = max(now - _WINDOW, self._counts_from)
        let_go = set(self._store.holds.last_approved_detail(REMOVAL).get("jobs", []))
        remembered = {
            job.name
            for job in known.values()
            if job.present or (job.name not in let_go and (job.absent_since or BEGINNING) > since)
        }
        # Who had the API remove a reminder has said so for each of them: that is no accident, however many these are.
        remembered -= self._store.reminders.ended(name for name in remembered if name not in declared)
        missing = {name for name in remembered if name not in declared} - approved
        going = {name for name in missing if known[name].present}
        # Jobs that have just been added must not hide that those of before are gone.
        elders = {name for name in remembered if known[name].first_loaded_at <= since}
        if any(_is_most(len(missing & jobs), len(jobs)) for jobs in (remembered, elders)):
            return frozenset(going)
        # What is held stays held until it comes back or is approved, however the numbers move.
        return frozenset(name for name in going if known[name].held)

    def _approved(self, known: Mapping[str, KnownJob]) -> set[str]:
        names = self._store.holds.last_approved_detail(REMOVAL).get("jobs", [])
        return {name for name in names if name in known and known[name].held}

    def note(self, held: Collection[str], running: int, now: datetime) -> None:
        """Open the hold for these jobs, or close it when there are none."""
        reason = (
            f"the files no longer declare {len(held)} of {running} jobs, and more than half of those of "
            "ten minutes ago are gone; they go on until the files come back or the removal is approved"
        )
        _note(self._store, REMOVAL, reason, {"jobs": sorted(held)}, now)


class Loss(NamedTuple):
    """A new version of a job that is not believed. before, after: how many recipients; the digest is the new one's."""

    before: int
    after: int
    digest: str


class RecipientsGuard:
    """Keeps jobs as they were whose new versions would lose most of their recipients."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def losses(self, declared: Mapping[str, Job], running: Mapping[str, Job]) -> dict[str, Loss]:
        """By name, the jobs of `declared` whose versions before, those in `running`, have to go on."""
        found = {}
        for name, job in declared.items():
            before = running.get(name)
            if before is not None and before.digest != job.digest and (loss := _loss(before, job)):
                found[name] = loss
        approved = self._approved() if found else {}
        return {name: loss for name, loss in found.items() if approved.get(name) != loss.digest}

    def _approved(self) -> Mapping[str, str]:
        """The versions that may run, by job: those of the last approval that have not been loaded since."""
        if _open_hold(self._store, RECIPIENTS) is not None:
            return {}  # while a loss waits, the last approval was for an earlier one
        when = self._store.holds.last_approved(RECIPIENTS)
        versions = self._store.holds.last_approved_detail(RECIPIENTS).get("versions", {})
        known = self._store.jobs.known()
        return {
            name: each["digest"]
            for name, each in versions.items()
            if name in known and when is not None and known[name].loaded_at <= when
        }

    def note(self, losses: Mapping[str, Loss], now: datetime) -> None:
        """Open the hold for these jobs, or close it when there are none."""
        shown = [f"{name} {each.before:,} -> {each.after:,}" for name, each in sorted(losses.items())]
        more = f" and {len(shown) - _MOST_NAMED} more" if len(shown) > _MOST_NAMED else ""
        reason = (
            f"more than half of the recipients would be gone ({', '.join(shown[:_MOST_NAMED])}{more}); the jobs go on "
            "with those before until the files come back or the new versions are approved"
        )
        detail = {"jobs": sorted(losses), "versions": {name: each._asdict() for name, each in losses.items()}}
        _note(self._store, RECIPIENTS, reason, detail, now)


def _loss(before: Job, after: Job) -> Loss | None:
    """What the new version would lose, if that is most of its recipients."""
    were = {person.identity for person in before.recipients}
    lost = len(were - {person.identity for person in after.recipients})
    return Loss(len(were), len(after.recipients), after.digest) if _is_most(lost, len(were)) else None


def _is_most(gone: int, of: int) -> bool:
    return of >= _GUARDED_SIZE and gone * 2 > of


def _open_hold(store: Store, kind: str) -> Hold | None:
    return next((hold for hold in store.holds.open_ones() if hold.kind == kind), None)


def _note(store: Store, kind: str, reason: str, detail: Mapping[str, Any], now: datetime) -> None:
    hold = _open_hold(store, kind)
    if detail["jobs"]:
        if store.holds.open(kind, reason, dict(detail), now) and (opened := _open_hold(store, kind)) is not None:
            settle_with = f"reminderd approve {opened.id}"
            emit(
                Event.HOLD_OPENED,
                hold=opened.id,
                kind=kind,
                jobs=len(detail["jobs"]),
                reason=reason,
                settle_with=settle_with,
            )
    elif hold is not None and store.holds.close(hold.id, "the files", False, now):
        emit(Event.HOLD_CLOSED, hold=hold.id, kind=kind, by="the files came back")
