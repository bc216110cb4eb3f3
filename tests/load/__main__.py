"""`python -m tests.load [--deliveries N] [--seed N]`"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.load.run import default_seed, run


def main() -> int:
    parser = argparse.ArgumentParser(description="Send many messages through the daemon and the sandbox, with faults.")
    parser.add_argument("--deliveries", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=default_seed())
    parser.add_argument("--patience", type=float, default=1800.0, help="seconds for each of its two parts")
    given = parser.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    with tempfile.TemporaryDirectory(prefix="reminderd-load-") as folder:
        result = run(Path(folder), given.deliveries, given.seed, given.patience, lambda line: print(line, flush=True))
    rate = result.deliveries / result.seconds
    print(f"{result.deliveries} deliveries in {result.seconds:.0f} s ({rate:.0f}/s), by state {result.states}")
    print(f"accepted by Plivo: {result.accepted_by_plivo}, each once" if not result.violations else "VIOLATED")
    print(f"memory {[size >> 20 for size in result.memory]} MiB, growth {result.growth / 2**20:.1f} MiB")
    for violation in result.violations:
        print(violation)
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
