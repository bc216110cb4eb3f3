"""A deploy played through on a throwaway state: what the daemon would do the moment it saw the files.

The guards, the cursors, what is withdrawn and what is sent at once are the daemon's own word: the same `Syncer`, `Planner` and
state say it, on a copy.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from reminderd.jobs import Scan, assemble
from reminderd.model import Accepted, Catalog, Job, ParsedFile, State, bare
from reminderd.plan import Override
from reminderd.planner import Planner, Terms
from reminderd.settings import Settings
from reminderd.store import Finished, Row, Store
from reminderd.sync import Syncer

_CHUNK = 1_000
_CLAIMS = 200
# Long enough ago that the guards take what ran then for settled.
_SINCE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Staged:
    """What was found. before: the jobs that ran. catalog: those that run then, and what is wrong in the files.

    declared: what the files want to run, whatever the guards say. holds: what would wait for approval, as the state has it.
    withdrawn, returned: deliveries that are cancelled, or owed again. stopped, released: deliveries that are pending, and
    whose job is switched off, or on again. born: what is owed at once. overrides: pauses and skips in force. opted_out: (phone, bare sender) of who wants nothing; from anybody where the sender is empty.
    """

    before: Mapping[str, Job]
    catalog: Catalog
    declared: Mapping[str, Job]
    holds: tuple[Row, ...]
    withdrawn: tuple[Row, ...]
    returned: tuple[Row, ...]
    stopped: tuple[Row, ...]
    released: tuple[Row, ...]
    born: tuple[Row, ...]
    overrides: tuple[Override, ...]
    opted_out: frozenset[tuple[str, str]]

    @property
    def sent(self) -> list[Row]:
        """What goes out at once, or as soon as its quiet hours end."""
        return [row for row in self.born if row["state"] == State.PENDING and row["hold_id"] is None]

    @property
    def on_hold(self) -> list[Row]:
        """What would, if it exceeded no limit."""
        return [row for row in self.born if row["state"] == State.PENDING and row["hold_id"] is not None]

    @property
    def not_sent(self) -> list[Row]:
        """What is recorded as missed, failed or cancelled."""
        return [row for row in self.born if row["state"] != State.PENDING]


class Stage:
    """A throwaway state in `folder`, with what is live now: the copy of a state, or what other files say, or nothing."""

    def __init__(self, settings: Settings, folder: Path, now: datetime, copy_of: Path | None = None) -> None:
        """Raises StateError. Close it after use."""
        self._now = now
        self._store = Store.throwaway(folder, copy_of)
        self._planner = Planner(Terms(settings.limits.limits, settings.plivo.price))
        self._syncer = Syncer(self._store, self._planner, settings.defaults)
        self._copied = copy_of is not None

    def close(self) -> None:
        self._store.close()

    def run(self, scan: Scan) -> Catalog:
        """Let these files be what has been running for a while: what they owed is sent."""
        since = self._now - _SINCE
        synced = self._syncer.sync(scan, since, since)
        self._plan(self._now, since)
        self._settle()
        return synced.catalog

    def deploy(self, scan: Scan) -> Staged:
        """Let the daemon see these files now."""
        if self._copied:
            self._syncer.reload_planner()
            self._plan(self._now, self._now)  # what is due by now goes out by the jobs of before, whatever is deployed
        self._rehome(scan)
        before = dict(self._syncer.running)
        known = {hold["id"] for hold in self._store.reports.holds()}
        last = self._store.reports.newest_delivery()
        synced = self._syncer.sync(scan, self._now, self._now)
        moves = self._store.reports.moved(self._now, last)
        stopped, released = self._switched(before, synced.catalog.jobs, {row["id"] for row in moves})
        self._plan(self._now, self._now)
        return Staged(
            before=before,
            catalog=synced.catalog,
            declared=assemble(scan, before).jobs,
            holds=tuple(hold for hold in self._store.reports.holds() if hold["id"] not in known),
            withdrawn=tuple(row for row in moves if row["state"] == "cancelled"),
            returned=tuple(row for row in moves if row["state"] == "pending"),
            stopped=stopped,
            released=released,
            born=tuple(self._store.reports.born_after(last)),
            overrides=self._planner.overrides,
            opted_out=frozenset((row["phone"], bare(row["sender"])) for row in self._store.reports.opt_outs()),
        )

    def _switched(
        self, before: Mapping[str, Job], after: Mapping[str, Job], moved: Collection[int]
    ) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        """What is pending of jobs that are switched off, and of those that are switched on again."""
        found: dict[bool, list[Row]] = {False: [], True: []}
        for name, job in after.items():
            if name in before and before[name].enabled is not job.enabled:
                found[job.enabled] += [row for row in self._store.reports.pending_of(name) if row["id"] not in moved]
        return tuple(found[False]), tuple(found[True])

    def _plan(self, now: datetime, awake_since: datetime) -> None:
        self._planner.overrides = self._store.overrides.all_for_planning(now)
        while (due := self._planner.next_due()) is not None and due <= now:
            plan = self._planner.plan(now, awake_since, _CHUNK)
            self._store.deliveries.add(plan, now)
            self._planner.committed(plan)

    def _settle(self) -> None:
        """All that may go out by now went out."""
        at = self._now
        while claims := self._store.deliveries.claim(_CLAIMS, at, timedelta(minutes=1), _tokens(), _CLAIMS):
            done = [Finished(claim, Accepted(f"assumed-{claim.token}")) for claim in claims]
            self._store.deliveries.finish(done, at, jitter=0, first_look=timedelta(0))

    def _rehome(self, scan: Scan) -> None:
        """Jobs that ran from directories of another place belong to the files of the same names in this one.

        A broken file goes on with what ran from it, and finds that by its path.
        """
        here = {Path(path).name: path for path in (*scan.files, *scan.unreadable)}
        moved = {
            job.source.file: here[Path(job.source.file).name]
            for job in self._syncer.running.values()
            if job.source.file not in scan.files and Path(job.source.file).name in here
        }
        if moved:
            self._syncer.rehome(moved)


def _tokens() -> list[str]:
    return [secrets.token_hex(16) for _ in range(_CLAIMS)]


def placed_like(scan: Scan, folders: Mapping[str, str]) -> Scan:
    """The scan as if its directories were those of the other side. folders: theirs, by its own."""
    files = {_under(path, folders): _moved(parsed, folders) for path, parsed in scan.files.items()}
    unreadable = frozenset(_under(path, folders) for path in scan.unreadable)
    return replace(scan, files=files, unreadable=unreadable, folders=frozenset(folders.values()))


def _under(path: str, folders: Mapping[str, str]) -> str:
    for old, new in folders.items():
        if path == old:
            return new
        if path.startswith(f"{old}/"):
            return f"{new}/{path[len(old) + 1 :]}"
    return path


def _moved(parsed: ParsedFile, folders: Mapping[str, str]) -> ParsedFile:
    jobs = tuple(replace(job, source=job.source._replace(file=_under(job.source.file, folders))) for job in parsed.jobs)
    return parsed._replace(jobs=jobs)
