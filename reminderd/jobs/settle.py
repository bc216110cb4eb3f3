"""What to believe of a scan: a file that looks bad or half-written is looked at twice before it counts."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

from reminderd.jobs.library import Stamp
from reminderd.jobs.reader import Scan, folder_of

GRACE = 0.7  # seconds between the two looks
_FRESH = 0.05  # seconds; a file that changed so shortly before it was read may be changing still

_NOTHING = Scan({})
_UNUSED: Mapping[str, Stamp] = {}
_GONE = "gone"
_UNREADABLE = "unreadable"


class Settler:
    """Keeps the last believed scan, and the doubts about what came since.

    What is gone, unreadable, broken, or changed without a sign that its writer has finished, is held back: the file
    keeps what was believed of it, until it has looked the same for `GRACE` seconds. A file counts together with those
    that it uses: a doubt about a list is a doubt about the job files that read it. Pure: no I/O, no clock.
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

        finished: files, used ones too, whose writer is known to have closed or renamed them before they were read.
        busy: files that somebody is writing. now: seconds, monotonic.
        """
        suspects = dict(self._suspects(scan, finished))
        doubts: dict[str, tuple[str | bytes, float]] = {}
        for path, state in suspects.items():
            seen, since = self._doubts.get(path, (state, now))
            if seen != state or path in busy or not scan.uses.get(path, _UNUSED).keys().isdisjoint(busy):
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
            changed = known is None or known.digest != stamp.digest or _differ(before, scan, path)
            if changed and not self._certain(scan, path, finished):
                yield path, _look_of(stamp, scan.uses.get(path, _UNUSED))

    def _certain(self, scan: Scan, path: str, finished: Collection[str]) -> bool:
        parts = {path: scan.stamps[path], **scan.uses.get(path, _UNUSED)}
        broken = bool(scan.files[path].problems)
        if self.believed is None:  # no event can have told anything yet
            # A list that is missing may be about to come back.
            return min(part.quiet for part in parts.values()) >= GRACE and not (broken and len(parts) > 1)
        before = self.believed
        known = {**before.uses.get(path, _UNUSED), **_own(before, path)}
        return not broken and all(
            (used in finished and stamp.quiet >= _FRESH)
            or (used != path and used not in known and stamp.quiet >= GRACE)
            for used, stamp in parts.items()
            if used not in known or known[used].digest != stamp.digest
        )

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
            uses={path: uses for path, uses in scan.uses.items() if path in files}
            | {path: before.uses[path] for path in held if path in before.uses},
        )


def _own(scan: Scan, path: str) -> Mapping[str, Stamp]:
    return {path: scan.stamps[path]} if path in scan.stamps else {}


def _differ(before: Scan, scan: Scan, path: str) -> bool:
    """Whether anything that the file uses is not as it was."""
    then, now = before.uses.get(path, _UNUSED), scan.uses.get(path, _UNUSED)
    return then is not now and any(used not in then or then[used].digest != now[used].digest for used in now)


def _look_of(stamp: Stamp, uses: Mapping[str, Stamp]) -> bytes:
    """What the file looks like, with all that it uses."""
    if not uses:
        return stamp.digest
    return sha256(b"\0".join([stamp.digest, *(uses[path].digest for path in sorted(uses))])).digest()
