"""Make what the files say the jobs that run: last good versions, the guard against mass removal, cursors.

A removal of more than half of ten or more jobs, against the catalog of ten minutes ago, is not believed: those jobs go on
until the files come back or an operator approves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminderd.jobs import Scan, assemble, restore
from reminderd.model import Catalog, Defaults, Job, Problem, Source, State
from reminderd.planner import BEGINNING, Entry, Planner
from reminderd.shifts import Shifts
from reminderd.store import Hold, KnownJob, Store
from reminderd.telemetry import Event, emit, in_one_write

REMOVAL = "removal"
_WINDOW = timedelta(minutes=10)
_GUARDED_SIZE = 10


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did. changed: names of jobs that are new, changed or removed."""

    catalog: Catalog
    changed: tuple[str, ...]
    held: frozenset[str]


class Syncer:
    """Keeps the jobs that run. All methods belong to the loop's thread."""

    def __init__(self, store: Store, planner: Planner, defaults: Defaults) -> None:
        self._store = store
        self._planner = planner
        self._defaults = defaults
        known = store.jobs.known().values()
        self._held = frozenset(job.name for job in known if job.present and job.held)
        self._shifts = Shifts(store)
        self._lost: dict[str, Problem] = {}
        self._running = self._restored()
        self._counts_from = store.holds.last_approved(REMOVAL) or BEGINNING
        self._problems: tuple[Problem, ...] | None = None
        # What is wrong in the settings, shown with the problems of the files.
        self.settings_problems: list[Problem] = []
        # And what is wrong with the host.
        self.host_problems: list[Problem] = []
        # What the state has taken over and the planner has not: a failure between the two must not part them.
        self._owed_to_planner: set[str] = set()

    def _restored(self) -> dict[str, Job]:
        """The jobs of the last daemon, from their last good versions in the state."""
        jobs = {}
        for known in self._store.jobs.known().values():
            if known.present:
                try:
                    jobs[known.name] = restore(known.definition, Source(known.file, known.line), self._defaults)
                except ValueError as error:  # a zone that the system no longer knows
                    said = f"the last good version of job {known.name!r} cannot be used any more: {error}"
                    self._lost[known.name] = Problem(known.file, known.line, 1, "", said, "mend the file")
        return jobs

    def configure(self, defaults: Defaults) -> None:
        """New defaults also reach the jobs that run on from a last good version."""
        self._defaults = defaults
        self._running = {name: restore(job.definition, job.source, defaults) for name, job in self._running.items()}

    @property
    def running(self) -> Mapping[str, Job]:
        return self._running

    def sync(self, scan: Scan, now: datetime, awake_since: datetime) -> Synced:
        """Take a scan of the files over, in one transaction. Returns what came of it."""
        catalog = assemble(scan, self._running)
        # What nobody can run is not gone either: its deliveries are left as they are until its file is mended.
        lost = {name: problem for name, problem in self._lost.items() if name not in catalog.jobs}
        problems = tuple(
            sorted(
                (
                    *self.settings_problems,
                    *self.host_problems,
                    *catalog.problems,
                    *lost.values(),
                    *_without_sender(catalog.jobs),
                )
            )
        )
        with self._store.together():
            held, hold = self._guard(catalog, now)
            held -= lost.keys()
            jobs = {**catalog.jobs, **{name: self._running[name] for name in held}}
            changed, moved = self._store.jobs.replace(jobs, held, problems, now, awake_since, keep=lost)
            self._owed_to_planner.update(changed)  # before the commit, which can seem to fail and be done all the same
            effective = Catalog(jobs, problems)
            self._store.health.loaded(effective.digest, now)
            self._note_hold(held, hold, now)
        self._running, self._held = jobs, held
        self.hand_over()
        self._shifts.look(self._planner.entries().values(), now)
        for delivery, job, state, reason in moved:
            event = Event.DELIVERY_CANCELLED if state is State.CANCELLED else Event.DELIVERY_RETRYING
            emit(event, job=job, delivery=delivery, reason=reason)
        self._tell(effective, changed)
        return Synced(effective, tuple(changed), held)

    # -- the guard --------------------------------------------------------------------------------------

    def _guard(self, catalog: Catalog, now: datetime) -> tuple[frozenset[str], Hold | None]:
        """The names whose removal is not believed, and the open hold of the removal if there is one."""
        known = self._store.jobs.known()
        hold = next((hold for hold in self._store.holds.open_ones() if hold.kind == REMOVAL), None)
        # While a removal waits, the last approval was for an earlier one.
        approved = set() if hold else {name for name in self._approved(known) if name not in catalog.jobs}
        if approved:
            self._counts_from = now
        since = max(now - _WINDOW, self._counts_from)
        let_go = set(self._store.holds.last_approved_detail(REMOVAL).get("jobs", []))
        remembered = {
            job.name
            for job in known.values()
            if job.present or (job.name not in let_go and (job.absent_since or BEGINNING) > since)
        }
        missing = {name for name in remembered if name not in catalog.jobs} - approved
        going = {name for name in missing if known[name].present}
        # Jobs that have just been added must not hide that those of before are gone.
        elders = {name for name in remembered if known[name].first_loaded_at <= since}
        if any(len(jobs) >= _GUARDED_SIZE and len(missing & jobs) * 2 > len(jobs) for jobs in (remembered, elders)):
            return frozenset(going), hold
        # What is held stays held until it comes back or is approved, however the numbers move.
        return frozenset(name for name in going if known[name].held), hold

    def _approved(self, known: Mapping[str, KnownJob]) -> set[str]:
        names = self._store.holds.last_approved_detail(REMOVAL).get("jobs", [])
        return {name for name in names if name in known and known[name].held}

    def _note_hold(self, held: frozenset[str], hold: Hold | None, now: datetime) -> None:
        if held:
            reason = (
                f"the files no longer declare {len(held)} of {len(self._running)} jobs, and more than half of those of "
                "ten minutes ago are gone; they go on until the files come back or the removal is approved"
            )
            if self._store.holds.open(REMOVAL, reason, {"jobs": sorted(held)}, now):
                emit(Event.HOLD_OPENED, kind=REMOVAL, jobs=len(held), settle_with="reminderd approve")
        elif hold is not None and self._store.holds.close(hold.id, "the files", False, now):
            emit(Event.HOLD_CLOSED, hold=hold.id, kind=REMOVAL, by="the files came back")

    # -- the planner ------------------------------------------------------------------------------------

    def zones_changed(self, now: datetime) -> None:
        """The zone data of this machine was replaced: derive everything anew, and tell what moved."""
        self._shifts.forget()
        self.reload_planner()
        self._shifts.look(self._planner.entries().values(), now)

    def note_alive(self, now: datetime) -> bool:
        """Write down that the daemon lives, and that all is planned; False, and nothing, while something due is not.

        From then on is owed what a job says that is changed while the daemon is down. Noted too early, what was still to
        be caught up would be owed by nobody.
        """
        due = self._planner.next_due()
        if due is not None and due <= now:
            return False
        self._store.health.alive(now)
        return True

    def reload_planner(self) -> None:
        """Give the planner every job with its cursor as the state has it."""
        self._owed_to_planner.update(self._running)
        self.hand_over()

    def hand_over(self) -> None:
        """Give the planner what a failure kept from it. Not while a sync that failed is still to be done again."""
        self._hand_to_planner(sorted(self._owed_to_planner))
        self._owed_to_planner.clear()

    def _hand_to_planner(self, names: list[str]) -> None:
        if not names:
            return
        known, cursors = self._store.jobs.known(), self._store.jobs.cursors()
        entries = [
            Entry(
                job,
                cursors.get((job.name, job.timezone), BEGINNING),
                known[job.name].loaded_at,
                job.name in self._held,
            )
            for job in (self._running[name] for name in names if name in self._running)
        ]
        self._planner.replace(entries, [name for name in names if name not in self._running])

    def _tell(self, catalog: Catalog, changed: list[str]) -> None:
        if changed or self._problems is None:
            emit(
                Event.CATALOG_LOADED,
                jobs=len(catalog.jobs),
                changed=len(changed),
                problems=len(catalog.problems),
                digest=catalog.digest,
            )
        if catalog.problems != self._problems:
            known = frozenset(self._problems or ())
            with in_one_write():
                for problem in catalog.problems:
                    if problem not in known:
                        emit(Event.CATALOG_PROBLEM, problem=str(problem))
            self._problems = catalog.problems


def _without_sender(jobs: Mapping[str, Job]) -> list[Problem]:
    return [
        Problem(
            job.source.file,
            job.source.line,
            1,
            "sender",
            f"job {job.name!r} has no sender, so each of its messages will fail",
            "give `sender` here, or `plivo.sender` in the settings",
        )
        for job in jobs.values()
        if job.sender is None
    ]
