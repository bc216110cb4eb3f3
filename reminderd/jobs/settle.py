"""What to believe of a scan: a file that looks bad or half-written is looked at twice before it counts."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from reminderd.jobs.reader import Scan, Stamp, folder_of

GRACE = 0.7  # seconds between the two looks
_FRESH = 0.05  # seconds; a file that changed so shortly before it was read may be changing still

_NOTHING = Scan({})
_GONE = "gone"
_UNREADABLE = "unreadable"


class Settler:
    """Keeps the last believed scan, and the doubts about what came since.

    What is gone, unreadable, broken, or changed without a sign that its writer has finished, is held back: the file
    keeps what was believed of it, until it has looked the same for `GRACE` seconds. Pure: no I/O, no clock.
    """

    def __init__(self, known: Collection[str] = ()) -> None:
        """known: display paths of files that ran before this start; their absence is a doubt too."""
        self.believed: Scan | None = None
        self._known = set(known)
        self._doubts: dict[str, tuple[str | bytes, float]] = {}

    @property
    def doubtful(self) -> bool:
        """Whether the last scan was not believed in everything."""
        return bool(self._doubts)

    def next_look(self) -> float | None:
        """When the oldest doubt may be resolved by another scan; None without doubts."""
        return min((since + GRACE for _, since in self._doubts.values()), default=None)

    def settle(self, scan: Scan, finished: Collection[str], busy: Collection[str], now: float) -> Scan:
        """What to believe after `scan`. Only this advances the doubts.

        finished: files whose writer is known to have closed or renamed them before they were read.
        busy: files that somebody is writing. now: seconds, monotonic.
        """
        suspects = dict(self._suspects(scan, finished))
        doubts: dict[str, tuple[str | bytes, float]] = {}
        for path, state in suspects.items():
            seen, since = self._doubts.get(path, (state, now))
            if seen != state or path in busy:
                since = now
            if now < since + GRACE:
                doubts[path] = (state, since)
        self._doubts = doubts
        self.believed = self._hold_back(scan, doubts.keys())
        gone = {path for path, state in suspects.items() if state == _GONE and path not in doubts}
        self._known = (self._known - gone) | self.believed.files.keys()
        return self.believed

    def _suspects(self, scan: Scan, finished: Collection[str]) -> Iterator[tuple[str, str | bytes]]:
        """What may not be the truth, each with what it looks like."""
        before = self.believed or _NOTHING
        if self.believed is not None:
            yield from ((path, _UNREADABLE) for path in scan.unreadable - before.unreadable)
        for path in self._known - scan.files.keys() - scan.unreadable:
            if folder_of(path) not in scan.unreadable:
                yield path, _GONE
        for path, stamp in scan.stamps.items():
            known = before.stamps.get(path)
            if (known is None or known.digest != stamp.digest) and not self._certain(scan, path, stamp, finished):
                yield path, stamp.digest

    def _certain(self, scan: Scan, path: str, stamp: Stamp, finished: Collection[str]) -> bool:
        if self.believed is None:
            return stamp.quiet >= GRACE  # no event can have told anything yet
        return path in finished and stamp.quiet >= _FRESH and not scan.files[path].problems

    def _hold_back(self, scan: Scan, doubts: Collection[str]) -> Scan:
        """`scan`, with what was believed before in the place of what is doubted: files, and all of a directory."""
        if not doubts:
            return scan

        def doubted(path: str) -> bool:
            return path in doubts or folder_of(path) in doubts

        before = self.believed or _NOTHING
        held = {path for path in before.files if doubted(path)}
        files = {path: parsed for path, parsed in scan.files.items() if not doubted(path)}
        unknown = {path for path in before.unreadable | self._known if doubted(path) and path not in held}
        problems = [problem for problem in scan.problems if not doubted(problem.file)]
        problems += [problem for problem in before.problems if doubted(problem.file)]
        return replace(
            scan,
            files=files | {path: before.files[path] for path in held},
            problems=tuple(sorted(problems)),
            unreadable=frozenset(path for path in scan.unreadable if not doubted(path)) | unknown,
            stamps={path: scan.stamps[path] for path in files} | {path: before.stamps[path] for path in held},
        )
