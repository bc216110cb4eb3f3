"""What a daemon costs that has a thousand jobs and nothing to do, beside the usual loop around `schedule`."""

import os
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.jobfiles import FAR, write_single
from benchmarks.processes import Server, bare, begin, daemon
from benchmarks.table import Figure

_LOADED = 1000
_SETTLE = 3.0  # seconds after READY that still belong to the start
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Cost(NamedTuple):
    """Of a process so far. wake_ups: how often one of its threads slept and went on."""

    cpu: float
    wake_ups: int
    memory: int


def measure(folder: Path, server: Server, seconds: int) -> list[Figure]:
    """Shown for a minute, whatever time was measured."""
    (folder / "jobs.d").mkdir()
    for number in range(_LOADED):
        write_single(folder / "jobs.d", f"far-{number}", time.time() + FAR, number)
    with daemon(folder, server.url) as running, bare("idle", str(_LOADED)) as loop:
        begin(loop)
        time.sleep(_SETTLE)
        before = [_cost(pid) for pid in (running.pid, loop.pid)]
        time.sleep(seconds)
        after = [_cost(pid) for pid in (running.pid, loop.pid)]
    ours, theirs = (_spent(a, b, 60 / seconds) for a, b in zip(before, after, strict=True))
    memory, bare_memory = (f"{cost.memory / 2**20:.1f} MB" for cost in after)
    return [
        Figure(
            "idle, CPU a minute", f"{ours.cpu:.3f} s", "< 0.2 s", f"{theirs.cpu:.3f} s", f"{ours.cpu / theirs.cpu:.2f}"
        ),
        Figure(
            "idle, wake-ups a minute",
            f"{ours.wake_ups}",
            "",
            f"{theirs.wake_ups}",
            f"{ours.wake_ups / theirs.wake_ups:.2f}",
        ),
        Figure(f"idle, memory grown in {seconds} s", f"{(after[0].memory - before[0].memory) // 1024} kB", "none"),
        Figure("idle, memory", memory, "", bare_memory),
    ]


def _spent(before: Cost, after: Cost, share: float) -> Cost:
    return Cost((after.cpu - before.cpu) * share, round((after.wake_ups - before.wake_ups) * share), after.memory)


def _cost(pid: int) -> Cost:
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    nanoseconds = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Cost(nanoseconds / 1e9, sum(_wake_ups(task) for task in tasks), resident * _PAGE)


def _wake_ups(task: Path) -> int:
    lines = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines())
    return int(lines["voluntary_ctxt_switches"])
