"""What pages cost in a state that holds many deliveries, asked of a running daemon as a browser asks."""

import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from benchmarks import listing
from benchmarks.processes import Server, daemon
from benchmarks.table import Figure, milliseconds

_WEEKS = 12
_TIMES = 7
_PATIENCE = 60.0
_FOREVER = "retention: {text: forever, deliveries: forever}\n"
_PAGES = (
    "/",
    "/deliveries",
    "/deliveries?state=needs_someone",
    "/deliveries?job=everybody",
    "/deliveries?q=%2B1+415+555+7919",
    "/deliveries?q=Name+77",
    "/deliveries?q=nowhere",
    "/deliveries/1000",
    "/jobs",
    "/jobs/everybody",
    "/figures",
)
_ATTEMPTS = """
insert into attempts (id, delivery_id, number, token, claimed_at, lease_until, begun_at, finished_at, outcome, message_uuid,
    uuid_from, charged, parts)
select id, id, 1, printf('%032x', id), due_at, due_at, due_at, due_at, 'accepted', printf('%032x', id), 'answer', 7000, 1
from deliveries where state = 'accepted'
"""
_JOBS = """
insert into jobs (name, file, line, definition, digest, zone, enabled, present, first_loaded_at, loaded_at)
select distinct job, 'old.yaml', 1, '{}', 'old', 'UTC', 1, 0, due_at, due_at from deliveries group by job
"""


def fill(path: Path, number: int) -> None:
    """So many deliveries over the last twelve weeks, as `listing` makes them, with an attempt for each that was accepted."""
    listing.fill(path, number)
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("pragma foreign_keys = off")
        raw.execute("pragma synchronous = off")
        raw.execute(
            "create temporary table moved as select id, row_number() over (order by due_at, id) as place from deliveries"
        )
        raw.execute("create unique index temp.moved_by_id on moved (id)")
        began, step = datetime.now(UTC) - timedelta(weeks=_WEEKS), timedelta(weeks=_WEEKS) / number
        raw.execute(
            "update deliveries set due_at = strftime('%Y-%m-%dT%H:%M:%fZ', :began, "
            "((select place from moved m where m.id = deliveries.id) * :step) || ' seconds')",
            {"began": f"{began:%Y-%m-%d %H:%M:%S}", "step": step.total_seconds()},
        )
        raw.execute("update deliveries set not_before = due_at")
        raw.execute(_ATTEMPTS)
        raw.execute("update deliveries set attempt_id = id, attempts = 1 where state = 'accepted'")
        raw.execute(_JOBS)


def measure(folder: Path, server: Server, number: int) -> Iterator[Figure]:
    """The median of a few askings of each page, and how long it takes until all weeks are counted."""
    state, port = folder / "state.db", _free_port()
    fill(state, number)
    (folder / "jobs.d").mkdir()
    (folder / "state").mkdir()
    shutil.move(state, folder / "state" / "state.db")
    web = f"web: {{listen: '127.0.0.1:{port}', rate: 1000}}\n"
    with daemon(folder, server.url, settings=_FOREVER + web):
        began = time.perf_counter()
        while b"still being counted" in _get(port, "/figures"):
            time.sleep(0.1)
        yield Figure(f"{_WEEKS} weeks of {number:,} counted", f"{time.perf_counter() - began:.1f} s")
        for page in _PAGES:
            yield Figure(f"{page}, of {number:,}", milliseconds(median(_timed(port, page) for _ in range(_TIMES))))


def _timed(port: int, path: str) -> float:
    began = time.perf_counter()
    _get(port, path)
    return time.perf_counter() - began


def _get(port: int, path: str) -> bytes:
    until = time.monotonic() + _PATIENCE
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
        try:
            connection.request("GET", path, headers={"accept": "text/html"})
            answer = connection.getresponse()
            body = answer.read()
        except ConnectionRefusedError:  # it opens a moment after the daemon is ready
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
            continue
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return body


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
