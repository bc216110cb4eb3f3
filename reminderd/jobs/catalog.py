"""From what the files say to the jobs that run: the last good version of each file, and one owner for each name."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from reminderd.jobs.reader import Scan, folder_of
from reminderd.model import Catalog, Job, Problem


def assemble(scan: Scan, running: Mapping[str, Job]) -> Catalog:
    """The catalog of `scan`, given the jobs that run now by name. Pure.

    A file counts as a whole: with its new jobs, or, while anything is wrong with it, with those jobs that run from it
    now (compared by `source.file`). A file that is gone from a readable directory has none. A name that several files
    claim stays with the file it runs from, else goes to the first file in sorted order; the others fall back and each
    gets a problem that names the owner.
    """
    jobs, clashes = _Assembly(scan, running).result()
    while clashes:
        # One file's fall may free what another one lost by; whoever is in stays in, so this ends.
        again, clashes = _Assembly(scan, jobs).result()
        if again == jobs:
            break
        jobs = again
    wrong = [problem for parsed in scan.files.values() for problem in parsed.problems]
    # What is wrong with a list is found by each file that names it.
    noted = sorted({note for parsed in scan.files.values() for note in parsed.warnings})
    return Catalog(jobs, tuple(sorted({*scan.problems, *_bereft(scan, jobs), *wrong, *clashes})), tuple(noted))


def _bereft(scan: Scan, jobs: Mapping[str, Job]) -> Iterator[Problem]:
    """Directories that need not be there, and from which jobs go on that ran."""
    told = {problem.file for problem in scan.problems}
    for folder in sorted({folder_of(job.source.file) for job in jobs.values()} & scan.unreadable - told):
        hint = "what ran from it goes on; make it again, without the files of jobs that are to end"
        yield Problem(folder, 0, 0, "", "is not there any more, or cannot be seen", hint)


class _Assembly:
    """One round. Every file is `fresh` (its new jobs count) or has fallen back to its `former` jobs."""

    def __init__(self, scan: Scan, running: Mapping[str, Job]) -> None:
        good = (path for path, parsed in scan.files.items() if not parsed.problems)
        self._running = running
        self._fresh = {path: scan.files[path].jobs for path in sorted(good)}
        self._former = _still_there(scan, running)
        self._claims: dict[str, dict[str, Job]] = {}
        for path, jobs in self._fresh.items():
            for job in jobs:
                self._claims.setdefault(job.name, {})[path] = job
        self._clashes: list[Problem] = []

    def result(self) -> tuple[dict[str, Job], list[Problem]]:
        defended = {job.name for job in self._fallen()}
        contested = [name for name, claims in self._claims.items() if len(claims) > 1 or name in defended]
        # Names that run now come first: their owners are certain, the others only came first in order.
        self._resolve(name for name in contested if self._incumbent(name))
        for name in contested:
            self._resolve((name,))
        jobs = {job.name: job for fresh in self._fresh.values() for job in fresh}
        return jobs | {job.name: job for job in self._fallen()}, self._clashes

    def _fallen(self) -> Iterator[Job]:
        """The former jobs of the files that have fallen back."""
        return (job for path, jobs in self._former.items() if path not in self._fresh for job in jobs)

    def _resolve(self, names: Iterable[str]) -> None:
        pending = deque(names)
        while pending:
            for path in self._losers(pending.popleft()):
                self._fall_back(path)
                # With its former jobs the file now defends their names against files that took them over.
                pending.extend(job.name for job in self._former.get(path, ()))

    def _fall_back(self, path: str) -> None:
        for job in self._fresh[path]:
            owner = self._owner(job.name)
            if owner is not None and owner.source.file != path:
                self._clashes.append(_clash(job, owner))
        del self._fresh[path]

    def _losers(self, name: str) -> list[str]:
        """The fresh files that claim a name which is another's."""
        owner = self._owner(name)
        claims = self._claims.get(name, {})
        return [path for path, job in claims.items() if path in self._fresh and job is not owner]

    def _owner(self, name: str) -> Job | None:
        incumbent = self._incumbent(name)
        if incumbent is not None:
            return incumbent
        claims = self._claims.get(name, {})
        return next((job for path, job in claims.items() if path in self._fresh), None)

    def _incumbent(self, name: str) -> Job | None:
        """The job of this name in the file from which it runs now, if that file still has one."""
        runs = self._running.get(name)
        if runs is None or runs.source.file not in self._former:
            return None
        if runs.source.file not in self._fresh:
            return runs
        return self._claims.get(name, {}).get(runs.source.file)


def _still_there(scan: Scan, running: Mapping[str, Job]) -> dict[str, list[Job]]:
    """The running jobs by file, without those of files that are gone."""
    former: dict[str, list[Job]] = {}
    for job in running.values():
        path = job.source.file
        if path in scan.files or path in scan.unreadable or folder_of(path) in scan.unreadable:
            former.setdefault(path, []).append(job)
    return former


def _clash(job: Job, owner: Job) -> Problem:
    message = f"job {job.name!r} is already declared in {owner.source}"
    hint = "give one of them another name; until then this file's previous version runs"
    return Problem(job.source.file, job.source.line, 1, "", message, hint)
