"""A thousand messages due at one instant, against a bare loop with as many threads; by turns, several times."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.jobfiles import write_many
from benchmarks.processes import Server, bare, begin, daemon
from benchmarks.table import Figure

_TARGET = 0.8
_AHEAD = 5.0  # seconds from writing the jobs to their instant: long enough to load them


class Load(NamedTuple):
    """threads: as many on both sides. latency: milliseconds that the server takes. rounds: turns of each side."""

    threads: int
    latency: int
    rounds: int
    messages: int


def measure(folder: Path, server: Server, load: Load) -> Figure:
    ours, theirs = zip(*_rounds(folder, server, load), strict=True)
    return Figure(
        f"{load.messages} at once, {load.threads} threads, server {load.latency} ms",
        f"{median(ours):.0f}/s",
        f">= {_TARGET} of bare",
        f"{median(theirs):.0f}/s",
        f"{median(ours) / median(theirs):.2f}",
    )


def _rounds(folder: Path, server: Server, load: Load) -> Iterator[tuple[float, float]]:
    """Messages a second: ours and the bare loop's."""
    (folder / "jobs.d").mkdir()
    server.latency(load.latency)
    with ExitStack() as stack:
        stack.enter_context(daemon(folder, server.url, load.threads))
        for turn in range(load.rounds):
            loop = stack.enter_context(bare("burst", server.url, str(load.threads), str(load.messages)))
            due = int(time.time()) + _AHEAD
            write_many(folder / "jobs.d", f"burst-{turn}", [due] * load.messages)
            ours = load.messages / (server.take(load.messages)[-1].at - due)
            began = begin(loop)
            yield ours, load.messages / (server.take(load.messages)[-1].at - began)
