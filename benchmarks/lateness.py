"""From the moment at which a reminder is due to the arrival of its request at the server, with an idle daemon."""

import time
from pathlib import Path

from benchmarks.bare import SLEEPER, phone
from benchmarks.jobfiles import FAR, write_single
from benchmarks.processes import Server, bare, begin, daemon
from benchmarks.table import Figure, lateness

_LOADED = 1000
_EACH_SECOND = 5
_AHEAD = 4.0


def measure(folder: Path, server: Server, seconds: int) -> list[Figure]:
    """1,000 jobs loaded; five fall due with each second, and five times between them a bare sleeper sends."""
    jobs = folder / "jobs.d"
    jobs.mkdir()
    number = seconds * _EACH_SECOND
    for far in range(_LOADED - number):
        write_single(jobs, f"far-{far}", time.time() + FAR, far)
    server.latency(0)
    with daemon(folder, server.url):
        first = int(time.time()) + _AHEAD
        ours = {phone(n): first + n // _EACH_SECOND for n in range(number)}
        for n, due in enumerate(ours.values()):
            write_single(jobs, f"near-{n}", due, n)
        spacing = 1 / _EACH_SECOND
        begins = first + spacing / 2
        theirs = {phone(SLEEPER + n): begins + n * spacing for n in range(number)}
        with bare("clock", server.url, str(begins), str(spacing), str(number)) as child:
            begin(child)
            arrivals = {arrival.phone: arrival.at for arrival in server.take(2 * number)}
    late, bare_late = ([arrivals[who] - due for who, due in dues.items()] for dues in (ours, theirs))
    return lateness(f"late, {_LOADED} jobs loaded", late, ("< 20 ms", "< 100 ms"), bare_late)
