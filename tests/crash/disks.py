"""Live a day on a failing disk for every statement and every call on the disk that can fail.

    python -m tests.crash.disks [--step N]

prints a line for each kind of failure. With a step only each N-th point is tried, from a start that REMINDERD_SEED draws.
"""

import argparse
import errno
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import count
from pathlib import Path

from reminderd.telemetry import configure
from tests.support.disks import SAYINGS, Day, DiskWorld, End, Fault, FaultyConnection, end_of, live, violations
from tests.support.shim import Shim

MEMORY = Path("/dev/shm")
STICKY_FOR = 6  # failures, until the disk is well again
_REPORTED = 10


@dataclass
class Walk:
    """What came of one kind of failure. tried: the points at which the disk failed. failures: what was seen of it."""

    kind: str
    tried: int = 0
    failures: int = 0
    violations: list[str] = field(default_factory=list)

    def note(self, point: int, failures: int, found: list[str]) -> None:
        self.tried += 1
        self.failures += failures
        self.violations += [f"{self.kind}, {point}: {one}" for one in found][:_REPORTED]

    def __str__(self) -> str:
        return f"{self.kind}: {self.tried} points, {self.failures} failures seen, {len(self.violations)} violations"


def first_point(step: int) -> int:
    """Where a walk in steps begins; drawn from REMINDERD_SEED, which is printed."""
    seed = int(os.environ.get("REMINDERD_SEED", random.randrange(1 << 32)))
    print(f"REMINDERD_SEED={seed}", file=sys.stderr)
    return random.Random(seed).randrange(1, step + 1)


def _lived(folder: Path, ready: int, begin: Callable[[Day], None], end: Callable[[], None]) -> tuple[Day, list[str]]:
    """A day; begin(day): the disk begins to fail as it shall, end(): it is well again."""
    day = Day(DiskWorld(folder, ready))
    try:
        begin(day)
        try:
            live(day)
            found = []
        except AssertionError as error:
            found = [str(error)]
        finally:
            end()
        return day, [*found, *violations(day, None if found else undisturbed(ready))]
    finally:
        day.world.kill()


@cache
def undisturbed(ready: int) -> End:
    """How a day ends on a disk that works."""
    with tempfile.TemporaryDirectory(prefix="day-", dir=_memory()) as folder:
        day = Day(DiskWorld(Path(folder), ready))
        live(day)
        assert violations(day, None) == []
        assert day.failures == []
        end = end_of(day)
        day.world.kill()
    return end


def _memory() -> Path | None:
    return MEMORY if MEMORY.is_dir() else None


# -- statements ------------------------------------------------------------------------------------------


def walk_statements(says: str, *, times: int = 1, done: bool = False, first: int = 1, step: int = 1) -> Walk:
    """Each statement fails with these words, so many in a row; done: each commit, and it is done in truth."""
    how = "commits that are done all the same" if done else "statements, once" if times == 1 else f"{times} statements"
    walk = Walk(f"{says}: {how}")
    for point in count(first, step):
        fault = Fault(point, says, times, done, ("commit",) if done else ("",))
        with tempfile.TemporaryDirectory(prefix="day-", dir=_memory()) as folder:
            day, found = _lived(Path(folder), point % 2 * 2, *_faulty(fault))
        if not day.failures and not found:
            return walk
        walk.note(point, len(day.failures), found)
    raise AssertionError


def _faulty(fault: Fault) -> tuple[Callable[[Day], None], Callable[[], None]]:
    def begin(day: Day) -> None:
        day.world.wrap = lambda raw: FaultyConnection(raw, fault)

    def end() -> None:
        fault.first = 0

    return begin, end


# -- calls on the disk -----------------------------------------------------------------------------------

ERRORS = {"no space left": errno.ENOSPC, "input/output error": errno.EIO, "read-only file system": errno.EROFS}
MANNERS: dict[str, dict[str, bool]] = {
    "once": {},
    f"until {STICKY_FOR} failures": {"sticky": True},
    "once, after half of a write": {"short": True},
    "once, and done all the same": {"done": True},
}


def walk_calls(folder: Path, error: str, manner: str, *, first: int = 1, step: int = 1) -> Walk:
    """Each call on the disk fails with this error, in a process of its own."""
    with Shim(folder, folder / "disk") as shim:
        command = [sys.executable, "-m", "tests.crash.disks", "--inside", str(folder / "disk")]
        command += ["--error", error, "--manner", manner, "--first", str(first), "--step", str(step)]
        done = subprocess.run(command, env={**os.environ, **shim.environment}, stdout=subprocess.PIPE, check=True)
    return Walk(**json.loads(done.stdout))


def _walk_inside(disk: Path, error: str, manner: str, first: int, step: int) -> Walk:
    walk = Walk(f"{error}: calls on the disk, {manner}")
    shim = Shim.our_own()
    disk.mkdir()
    for ready in (0, 2):
        undisturbed(ready)
    for point in count(first, step):
        with tempfile.TemporaryDirectory(dir=disk) as folder:
            day, found = _lived(Path(folder), point % 2 * 2, *_failing(shim, point, error, manner))
            failed = shim.failed
        if not failed and not found:
            return walk
        walk.note(point, len(day.failures), found)
    raise AssertionError


def _failing(shim: Shim, point: int, error: str, manner: str) -> tuple[Callable[[Day], None], Callable[[], None]]:
    def heal(failures: int) -> None:
        if failures >= STICKY_FOR:
            shim.heal()

    def begin(day: Day) -> None:
        day.failed = heal
        shim.fail(point, ERRORS[error], **MANNERS[manner])

    return begin, shim.heal


# -- all of it -------------------------------------------------------------------------------------------


def walks(step: int) -> Iterator[Walk]:
    """Every kind of failure."""
    first = first_point(step)
    for says in SAYINGS:
        yield walk_statements(says, first=first, step=step)
        yield walk_statements(says, times=STICKY_FOR, first=first, step=step)
    yield walk_statements(SAYINGS[1], done=True, first=min(first, 9), step=max(1, step // 7))
    for error in ERRORS:
        for manner in MANNERS:
            with tempfile.TemporaryDirectory(prefix="disks-", dir=_memory()) as folder:
                yield walk_calls(Path(folder), error, manner, first=first, step=step)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=1)
    for hidden in ("--inside", "--error", "--manner"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=1, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    with Path(os.devnull).open("w") as nowhere, suppress(BrokenPipeError):
        configure("text", "error", nowhere)
        if asked.inside:
            walk = _walk_inside(Path(asked.inside), asked.error, asked.manner, asked.first, asked.step)
            print(json.dumps(asdict(walk)))
            return
        bad = 0
        for walk in walks(asked.step):
            print(walk, *walk.violations, sep="\n  ", flush=True)
            bad += len(walk.violations)
        sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
