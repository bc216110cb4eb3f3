"""Make what the files say the jobs that run: last good versions, the guards against mass removal, cursors."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reminderd.guard import RecipientsGuard, RemovalGuard
from reminderd.jobs import Archive, Scan, assemble, restore
from reminderd.model import Catalog, Defaults, Job, Problem, Source, State
from reminderd.planner import Planner, entries_of
from reminderd.shifts import Shifts
from reminderd.store import Store
from reminderd.telemetry import Event, emit, in_one_write


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
        self._removal, self._recipients = RemovalGuard(store), RecipientsGuard(store)
        self._problems: tuple[Problem, ...] | None = None
        # What is wrong in the settings, shown with the problems of the files.
        self.settings_problems: list[Problem] = []
        # And what is wrong with the host.
        self.host_problems: list[Problem] = []
        # What the state has taken over and the planner has not: a failure between the two must not part them.
        self._owed_to_planner: set[str] = set()

    def _restored(self) -> dict[str, Job]:
        """The jobs of the last daemon, from their last good versions in the state."""
        jobs, archive = {}, Archive(self._store.jobs.files())
        for known in self._store.jobs.known().values():
            if known.present:
                source = Source(known.file, known.line)
                try:
                    jobs[known.name] = restore(known.definition, source, self._defaults, archive)
                except ValueError as error:  # a zone that the system no longer knows
                    said = f"the last good version of job {known.name!r} cannot be used any more: {error}"
                    self._lost[known.name] = Problem(known.file, known.line, 1, "", said, "mend the file")
        return jobs

    def configure(self, defaults: Defaults) -> None:
        """New defaults also reach the jobs that run on from a last good version."""
        self._defaults = defaults
        archive = Archive.of(self._running.values())
        self._running = {
            name: restore(job.definition, job.source, defaults, archive) for name, job in self._running.items()
        }

    def rehome(self, files: Mapping[str, str]) -> None:
        """Let the jobs that run from the files named by the keys be those of the files named by the values.

        For a copy of the state that is looked at where the files lie elsewhere.
        """
        self._running = {
            name: replace(job, source=job.source._replace(file=files.get(job.source.file, job.source.file)))
            for name, job in self._running.items()
        }

    @property
    def running(self) -> Mapping[str, Job]:
        return self._running

    def belongs(self, job: str, recipient: str) -> bool:
        """Whether the recipient of this identity is in the job as it runs."""
        runs = self._running.get(job)
        return runs is not None and any(person.identity == recipient for person in runs.recipients)

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
            held = self._removal.kept(catalog.jobs.keys(), now) - lost.keys()
            losses = self._recipients.losses(catalog.jobs, self._running)
            jobs = {**catalog.jobs, **{name: self._running[name] for name in (*held, *losses)}}
            changed, moved = self._store.jobs.replace(jobs, held, problems, now, awake_since, keep=lost)
            self._owed_to_planner.update(changed)  # before the commit, which can seem to fail and be done all the same
            effective = Catalog(jobs, problems)
            self._store.health.loaded(effective.digest, now)
            self._removal.note(held, len(self._running), now)
            self._recipients.note(losses, now)
        self._running, self._held = jobs, held
        self.hand_over()
        self._shifts.look(self._planner.entries(), self._planner.terms, now)
        for delivery, job, state, reason in moved:
            event = Event.DELIVERY_CANCELLED if state is State.CANCELLED else Event.DELIVERY_RETRYING
            emit(event, job=job, delivery=delivery, reason=reason)
        self._tell(effective, changed)
        return Synced(effective, tuple(changed), held)

    # -- the planner ------------------------------------------------------------------------------------

    def zones_changed(self, now: datetime) -> None:
        """The zone data of this machine was replaced: derive everything anew, and tell what moved."""
        self._shifts.forget()
        self.reload_planner()
        self._shifts.look(self._planner.entries(), self._planner.terms, now)

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
        known, cursors, unfinished = self._store.jobs.known(), self._store.jobs.cursors(), self._store.jobs.unfinished()
        entries = [
            entry
            for job in (self._running[name] for name in names if name in self._running)
            for entry in entries_of(job, cursors, known[job.name].loaded_at, job.name in self._held, unfinished)
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
