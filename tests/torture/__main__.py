"""`make torture`: the real daemon against the real sandbox, killed again and again."""

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.torture.driver import possible
from tests.torture.run import torture


def main() -> int:
    """Ends with 0 when every promise was kept, with 1 when not, with 2 when this machine cannot run it."""
    given = _arguments().parse_args()
    reason = possible()
    if reason is not None:
        print(f"torture cannot run here: {reason}", file=sys.stderr)
        return 2
    seed = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    jobs = 2 * given.rounds if given.jobs is None else given.jobs
    folder = _folder(given.keep)
    print(
        f"seed {seed}, {given.rounds} rounds, {jobs} jobs, in {folder}; the same seed plans the same, its timing differs"
    )
    result = torture(seed, given.rounds, jobs, folder, lambda line: print(line, flush=True), clock=not given.no_clock)
    if not result.breaches and given.keep is None:
        shutil.rmtree(folder)
    return 1 if result.breaches else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--seed", type=int, help="of an earlier run, to plan the same again")
    parser.add_argument("--rounds", type=int, default=200, help="how often the daemon is started and ended")
    parser.add_argument("--jobs", type=int, help="how many one-off jobs, about (default: two a round)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in this new directory, and keep it")
    parser.add_argument("--no-clock", action="store_true", help="leave the clock alone")
    return parser


def _folder(keep: Path | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="reminderd-torture-"))
    keep.mkdir(parents=True)
    return keep


if __name__ == "__main__":
    sys.exit(main())
