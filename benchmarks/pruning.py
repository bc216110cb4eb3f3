"""What pruning costs: a step of it, how late messages are beside it, and forgetting one person of many."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks.bare import phone
from benchmarks.jobfiles import write_single
from benchmarks.processes import Server, daemon
from benchmarks.table import Figure, milliseconds, percentile
from reminderd.clock import to_text
from reminderd.message import in_any_notation
from reminderd.store import Store

_EACH_SECOND = 5
_AHEAD = 4.0
_AGE = timedelta(days=600)
_STEP = 50  # as the daemon does
_FOREVER = "retention: {text: forever, deliveries: forever}\n"

_OCCURRENCES = """
insert into occurrences (id, job, nominal, zone, due_at, planned, created_at)
values (:id, :job, :at, 'UTC', :at, 0, :at)
"""
_DELIVERIES = """
insert into deliveries (id, occurrence_id, job, job_file, job_line, due_at, recipient, phone, name, sender, text, encoding,
    segments, state, reason, retry_delays, on_doubt, valid_for, not_before, valid_until, created_at, updated_at)
values (:id, :id, :job, 'old.yaml', 1, :at, :phone, :phone, 'Somebody', '+14155550100', :text, 'GSM-7', 1, 'pending', 'due',
    '[60]', 'wait', 3600, :at, :at, :at, :at)
"""
_ATTEMPTS = """
insert into attempts (id, delivery_id, number, token, claimed_at, lease_until, begun_at, finished_at, outcome, message_uuid,
    uuid_from) values (:id, :id, 1, :uuid, :at, :at, :at, :at, 'accepted', :uuid, 'answer')
"""


def measure(folder: Path, server: Server, number: int, seconds: int) -> Iterator[Figure]:
    """number: of old deliveries. seconds: how long messages fall due beside their pruning; bare: where all is kept."""
    old = folder / "old.db"
    fill(old, number)
    usual = _late(folder / "usual", old, server, _FOREVER, seconds)
    cases = {"texts": ("texts are emptied", ""), "rows": ("deliveries are removed", "retention: {text: forever}\n")}
    for name, (what, retention) in cases.items():
        late = _late(folder / name, old, server, retention, seconds)
        for share, of in (("median", median), ("p99", _p99)):
            before, beside = of(usual), of(late)
            said = f"late, while {number:,} {what}, {share}"
            yield Figure(said, milliseconds(beside), "", milliseconds(before), f"{beside / before:.2f}")
    yield from _steps(old, number)


def _p99(values: Sequence[float]) -> float:
    return percentile(values, 0.99)


def fill(path: Path, number: int) -> None:
    """A new state with so many messages that were accepted long ago, one a minute."""
    Store.open(path, create=True).close()
    began = datetime.now(UTC) - _AGE
    rows = [
        {
            "id": n,
            "job": f"old-{n}",
            "at": to_text(began + n * timedelta(minutes=1)),
            "phone": phone(n),
            "text": f"Message {n}." * 8,
            "uuid": f"{n:032x}",
        }
        for n in range(1, number + 1)
    ]
    # One that closes it takes the log into the file.
    with closing(sqlite3.connect(path)) as raw, raw:
        for statement in (_OCCURRENCES, _DELIVERIES, _ATTEMPTS):
            raw.executemany(statement, rows)
        raw.execute("update deliveries set state = 'sending', attempts = 1, attempt_id = id")
        raw.execute(
            "update deliveries set state = 'accepted', "
            "message_uuid = (select a.message_uuid from attempts a where a.id = deliveries.attempt_id)"
        )


def _late(folder: Path, old: Path, server: Server, retention: str, seconds: int) -> list[float]:
    """Five messages fall due with each second; on a machine of its own, with a copy of the old state."""
    jobs, state = folder / "jobs.d", folder / "state" / "state.db"
    for made in (jobs, state.parent):
        made.mkdir(parents=True)
    shutil.copyfile(old, state)
    server.latency(0)
    with daemon(folder, server.url, settings=retention):
        first, number = int(time.time()) + _AHEAD, seconds * _EACH_SECOND
        dues = {phone(n): first + n // _EACH_SECOND for n in range(number)}
        for n, due in enumerate(dues.values()):
            write_single(jobs, f"near-{n}", due, n)
        return [arrival.at - dues[arrival.phone] for arrival in server.take(number)]


def _steps(state: Path, number: int) -> Iterator[Figure]:
    store, now = Store.open(state), datetime.now(UTC)
    one = phone(1)
    began = time.perf_counter()
    store.forgetting.forget(one, in_any_notation(one), "somebody", now)
    forgotten = time.perf_counter()
    store.forgetting.rewrite()
    yield Figure(f"forgetting one of 1,000 people with {number:,} deliveries", milliseconds(forgotten - began))
    yield Figure(
        f"and writing the file anew, {state.stat().st_size >> 20} MB", milliseconds(time.perf_counter() - forgotten)
    )
    for what, step in (
        ("emptying texts", lambda: store.retention.empty_texts(now, _STEP)),
        ("removing deliveries", lambda: store.retention.prune(now, _STEP)),
    ):
        taken = list(_timed(step))
        yield Figure(f"{what}, {_STEP} a step, median", milliseconds(median(taken)))
        yield Figure(f"{what}, {_STEP} a step, p99", milliseconds(percentile(taken, 0.99)))
    store.close()


def _timed(step: Callable[[], int]) -> Iterator[float]:
    while True:
        began = time.perf_counter()
        if not step():
            return
        yield time.perf_counter() - began
