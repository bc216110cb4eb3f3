"""What file events tell: when to look, who is still writing, who has finished."""

from collections.abc import Collection

from reminderd.jobs.reader import is_job_file

QUIET = 0.3  # seconds without events before a look
QUIET_COMPLETE = 0.1  # the same when every touched file is known to be complete
LONGEST = 3.0  # seconds from the first event to a look, whatever goes on
WRITING = 5.0  # seconds for which a file that was modified and not closed is left alone


class Activity:
    """The state of a directory's traffic. Paths are display paths; times are monotonic seconds.

    Events are hints: they say when to look and which files to trust, never what there is. Pure.
    """

    def __init__(self) -> None:
        self._first: float | None = None
        self._last = 0.0
        self._loose: set[str] = set()  # touched, and more must come: created, modified, deleted, moved away
        self._writing: dict[str, float] = {}  # modified and not closed; when last modified
        self._finished: dict[str, float] = {}  # closed or moved here and not modified since; when

    def stirred(self, now: float) -> None:
        """Something happened that may change what there is to read."""
        self._first = now if self._first is None else self._first
        self._last = now

    def touched(self, path: str, now: float) -> None:
        """Created: more must come."""
        self.stirred(now)
        self._loose.add(path)
        self._finished.pop(path, None)

    def modified(self, path: str, now: float) -> None:
        self.touched(path, now)
        self._writing[path] = now

    def deleted(self, path: str, now: float) -> None:
        """Deleted or moved away. A job file may be about to come back; a temporary file has served its purpose."""
        self.touched(path, now)
        self._writing.pop(path, None)
        if not is_job_file(path.rpartition("/")[2]):
            self._loose.discard(path)

    def closed(self, path: str, now: float) -> None:
        """Its writer has closed it."""
        self.stirred(now)
        self._loose.discard(path)
        self._writing.pop(path, None)
        self._finished[path] = now

    def moved(self, source: str | None, target: str | None, now: float) -> None:
        """Renamed; None for the side that lies elsewhere."""
        writing = None
        if source is not None:
            writing = self._writing.get(source)
            self.deleted(source, now)
        if target is not None:
            self.closed(target, now)
            if writing is not None:
                self.modified(target, writing)

    def due(self) -> float | None:
        """When to look; None while nothing happened and nobody writes."""
        released = min((since + WRITING for since in self._writing.values()), default=None)
        if self._first is None:
            return released
        quiet = QUIET if self._loose else QUIET_COMPLETE
        settled = min(self._last + quiet, self._first + LONGEST)
        return settled if released is None else min(settled, released)

    def busy(self, now: float) -> frozenset[str]:
        """The files that somebody is writing."""
        return frozenset(path for path, since in self._writing.items() if now < since + WRITING)

    def looking(self, now: float) -> frozenset[str]:
        """A look begins: the traffic until now is answered. Returns the busy files."""
        self._first = None
        self._loose.clear()
        self._writing = {path: since for path, since in self._writing.items() if now < since + WRITING}
        self._finished = {path: since for path, since in self._finished.items() if now < since + WRITING}
        return self.busy(now)

    def finished(self, before: float) -> frozenset[str]:
        """The files whose writers had finished before then and that nobody has touched since."""
        return frozenset(path for path, since in self._finished.items() if since <= before)

    def used(self, paths: Collection[str], before: float) -> None:
        """These files were read as finished: their next change needs a new word."""
        for path in self.finished(before).intersection(paths):
            del self._finished[path]
