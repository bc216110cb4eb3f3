"""A running watcher for tests, and everything that it published."""

import queue
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from reminderd.clock import SystemClock
from reminderd.jobs.catalog import assemble
from reminderd.jobs.reader import Reader, Scan
from reminderd.jobs.watcher import Watcher
from reminderd.model import Defaults, Job

PATIENCE = 30.0  # seconds; only a test that fails waits so long


class ShiftedClock(SystemClock):
    """The machine's clock, ahead by some time."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return super().now() + self.ahead


class Watched:
    """What a watcher told, and the jobs that a daemon would run by it.

    jobs: those of the last scan. history: after every scan, the message of each job by its name.
    """

    def __init__(self) -> None:
        self.scans: queue.SimpleQueue[Scan] = queue.SimpleQueue()
        self.errors: list[BaseException] = []
        self.last: Scan | None = None
        self.jobs: dict[str, Job] = {}
        self.history: list[dict[str, str]] = []
        self.watcher: Watcher | None = None

    def until(self, satisfied: Callable[[Scan], bool]) -> Scan:
        """The first scan from the current one on that satisfies."""
        deadline = time.monotonic() + PATIENCE
        while self.last is None or not satisfied(self.last):
            try:
                self.take(self.scans.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"waited in vain, with {len(self.jobs)} jobs, errors {self.errors}") from None
        return self.last

    def until_jobs(self, **messages: str) -> Scan:
        """Wait until exactly these jobs would run, each with this message."""
        return self.until(lambda _: self.messages() == messages)

    def until_problem(self, words: str) -> Scan:
        """Wait for a problem that holds these words."""
        return self.until(lambda _: any(words in line for line in self.problems()))

    def rescan(self) -> Scan:
        """Ask for a look and wait for its answer; everything published before is taken in."""
        assert self.watcher is not None
        answers: queue.SimpleQueue[Scan] = queue.SimpleQueue()
        self.watcher.rescan(answers.put)
        answer = answers.get(timeout=PATIENCE)
        self.drain()
        return answer

    def drain(self) -> None:
        while not self.scans.empty():
            self.take(self.scans.get())

    def take(self, scan: Scan) -> None:
        self.last = scan
        self.jobs = dict(assemble(scan, self.jobs).jobs)
        self.history.append(self.messages())

    def messages(self) -> dict[str, str]:
        return {name: job.message for name, job in self.jobs.items()}

    def problems(self) -> list[str]:
        assert self.last is not None
        return [str(problem) for problem in assemble(self.last, self.jobs).problems]


@contextmanager
def watching(
    paths: Path | Sequence[Path], *, rescan_every: float = 600.0, known: Collection[str] = ()
) -> Iterator[Watched]:
    """A watcher on real directories; polling is too rare to help, unless asked for. It must not have failed.

    What lies there at the start counts as old, so that the first scan need not wait for it to settle.
    """
    watched = Watched()
    clock = ShiftedClock(timedelta(hours=1))
    reader = Reader([paths] if isinstance(paths, Path) else paths, Defaults(), clock=clock)
    watcher = Watcher(reader, watched.scans.put, on_error=watched.errors.append, rescan_every=rescan_every, known=known)
    watched.watcher = watcher
    watcher.start()
    try:
        watched.until(lambda _: True)
        clock.ahead = timedelta(0)
        yield watched
    finally:
        watcher.stop()
    assert not watched.errors
