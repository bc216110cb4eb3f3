"""`python -m benchmarks`: measure, and print one table."""

import argparse
import os
import platform
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks import idle, lateness, listing, pages, pruning, startup, throughput
from benchmarks.processes import Server, server
from benchmarks.table import Figure, show
from benchmarks.throughput import Load

_PARTS = ("lateness", "throughput", "idle", "startup", "pruning", "listing", "pages")
_LOADS = (
    Load(threads=8, latency=0, rounds=3, messages=1000),
    Load(threads=8, latency=50, rounds=3, messages=1000),
    Load(threads=1, latency=0, rounds=3, messages=1000),
    Load(threads=4, latency=0, rounds=3, messages=1000),
    Load(threads=16, latency=0, rounds=3, messages=1000),
)
_QUICK_LOADS = (Load(threads=8, latency=0, rounds=2, messages=500), Load(threads=8, latency=50, rounds=1, messages=500))


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="reminderd-bench-", dir=options.directory) as name, server() as stand_in:
        figures: list[Figure] = []
        for part in options.parts or _PARTS:
            for figure in _measure(part, Path(name), stand_in, options):
                print(".", end="", flush=True)
                figures.append(figure)
    print(f"\nPython {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} CPUs, {_load()}\n")
    print(show(figures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure reminderd as it is installed here."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {', '.join(_PARTS)}")
    parser.add_argument("--quick", action="store_true", help="less of everything; under a minute")
    parser.add_argument("--idle-seconds", type=int, help="how long to watch an idle daemon (60, quick: 5)")
    parser.add_argument("--directory", type=Path, help="where states and job files lie meanwhile (a temporary folder)")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(_PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    return options


def _measure(part: str, folder: Path, stand_in: Server, options: argparse.Namespace) -> Iterable[Figure]:
    quick: bool = options.quick
    match part:
        case "lateness":
            return lateness.measure(_new(folder, part), stand_in, seconds=4 if quick else 20)
        case "throughput":
            return _throughput(folder, stand_in, _QUICK_LOADS if quick else _LOADS)
        case "pruning":
            number, seconds = (5_000, 4) if quick else (100_000, 20)
            return pruning.measure(_new(folder, part), stand_in, number, seconds)
        case "listing":
            return listing.measure(_new(folder, part), 50_000 if quick else 1_000_000)
        case "pages":
            return pages.measure(_new(folder, part), stand_in, 50_000 if quick else 1_000_000)
        case "idle":
            return idle.measure(_new(folder, part), stand_in, options.idle_seconds or (5 if quick else 60))
        case _:
            return _startup(folder, stand_in, quick)


def _throughput(folder: Path, stand_in: Server, loads: Iterable[Load]) -> Iterator[Figure]:
    for number, load in enumerate(loads):
        yield throughput.measure(_new(folder, f"throughput-{number}"), stand_in, load)


def _startup(folder: Path, stand_in: Server, quick: bool) -> Iterator[Figure]:
    yield from startup.start(_new(folder, "start"), stand_in, rounds=1 if quick else 3)
    yield startup.landslide(_new(folder, "landslide"), stand_in, files=500 if quick else 5000)


def _new(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


def _load() -> str:
    return "load {:.1f} {:.1f} {:.1f}".format(*os.getloadavg())


if __name__ == "__main__":
    main()
