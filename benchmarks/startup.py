"""What it takes to begin: one file checked, a thousand jobs loaded, and five thousand files that land at once."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.bare import phone
from benchmarks.jobfiles import FAR, write_single
from benchmarks.processes import Server, daemon
from benchmarks.table import Figure, milliseconds

_LIBRARIES = "import click, jinja2, phonenumbers, plivo, pydantic, schedule, sqlite_utils, watchdog.observers, yaml"
_LOADED = 1000
_SECONDS = 8


def start(folder: Path, server: Server, rounds: int) -> list[Figure]:
    """Cold as a user's shell has it: a new process, with the files in the system's cache."""
    (folder / "jobs.d").mkdir()
    for number in range(_LOADED):
        write_single(folder / "jobs.d", f"far-{number}", time.time() + FAR, number)
    one = str(folder / "jobs.d" / "far-0.yaml")
    bare: list[float] = []
    check: list[float] = []
    landing: list[float] = []
    first: list[float] = []
    again: list[float] = []
    for _ in range(rounds):
        bare.append(_seconds("-c", _LIBRARIES))
        check.append(_seconds("-m", "reminderd", "check", one))
        live = ("--jobs", str(folder / "jobs.d"))
        landing.append(_seconds("-m", "reminderd", *live, "check", "--as", "new.yaml", one))
        (folder / "state" / "state.db").unlink(missing_ok=True)
        for times in (first, again):
            with daemon(folder, server.url) as running:
                times.append(running.seconds)
    imports = median(bare)
    lines = (
        ("check of one file", check),
        (f"check --as of one beside {_LOADED} others", landing),
        (f"start with {_LOADED} new jobs to READY", first),
        (f"restart with {_LOADED} jobs to READY", again),
    )
    return [
        Figure(what, milliseconds(median(times)), "", milliseconds(imports), f"{median(times) / imports:.2f}")
        for what, times in lines
    ]


def _seconds(*arguments: str) -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def landslide(folder: Path, server: Server, files: int) -> Figure:
    """One reminder is due with each of the seconds in which so many files come to be; the latest of them counts."""
    (folder / "jobs.d").mkdir()
    server.latency(0)
    with daemon(folder, server.url):
        dues = dict(_due_meanwhile(folder / "jobs.d"))
        time.sleep(max(0.0, min(dues.values()) - time.time()))
        for number in range(files):
            write_single(folder / "jobs.d", f"far-{number}", time.time() + FAR, number)
        late = [arrival.at - dues[arrival.phone] for arrival in server.take(len(dues))]
    return Figure(f"worst lateness while {files} files land", milliseconds(max(late)))


def _due_meanwhile(jobs: Path) -> Iterator[tuple[str, float]]:
    first = int(time.time()) + 3.0
    for number in range(_SECONDS):
        write_single(jobs, f"meanwhile-{number}", first + number, number)
        yield phone(number), first + number
