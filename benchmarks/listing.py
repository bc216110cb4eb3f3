"""What a page of the list of deliveries costs, in a state that holds many, whatever the list is narrowed by."""

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.table import Figure, milliseconds
from reminderd.clock import to_text
from reminderd.model import State
from reminderd.store import Store
from reminderd.store.listing import Place, Wanted
from reminderd.store.view import open_view

_BEGAN = datetime(2025, 1, 1, tzinfo=UTC)
_SIZES = (1, 1, 2, 5, 50, 200, 800)  # of occurrences; now and then one has a tenth of all
_TEXT = "Hello Name {}, your rent of {} is due. Please pay by the third of the month, thank you. Your landlord."

_OCCURRENCES = """
insert into occurrences (id, job, nominal, zone, due_at, planned, created_at)
select occurrence_id, min(job), min(due_at), 'UTC', min(due_at), 0, min(due_at) from deliveries group by occurrence_id
"""
_DELIVERIES = """
insert into deliveries (id, occurrence_id, job, job_file, job_line, due_at, recipient, phone, name, sender, text, encoding,
    segments, state, reason, retry_delays, on_doubt, valid_for, not_before, valid_until, created_at, updated_at, receipt,
    receipt_at)
values (:id, :occurrence, :job, 'old.yaml', 1, :at, :phone || '#' || :id, :phone, :name, '+14155550100', :text, 'GSM-7', 1,
    :state, 'due', '[60]', 'wait', 3600, :at, :at, :at, :at, :receipt, :at)
"""


def fill(path: Path, number: int) -> None:
    """A new state with so many deliveries of 200 jobs, to 90,000 phones, mostly accepted and delivered."""
    Store.open(path, create=True).close()
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("pragma foreign_keys = off")
        raw.execute("pragma synchronous = off")
        for (name,) in raw.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            raw.execute(f"drop trigger {name}")
        raw.executemany(_DELIVERIES, _rows(number))
        raw.execute(_OCCURRENCES)


def _rows(number: int) -> Iterator[dict[str, Any]]:
    dice = random.Random(1)
    made = occurrence = 0
    while made < number:
        occurrence += 1
        many = occurrence % 2500 == 2
        job, size = ("everybody", number // 10) if many else (f"job-{dice.randrange(200)}", dice.choice(_SIZES))
        at = to_text(_BEGAN + occurrence * timedelta(minutes=3))
        for _ in range(min(size, number - made)):
            made += 1
            yield {
                "id": made,
                "occurrence": occurrence,
                "job": job,
                "at": at,
                "phone": f"+1415{5550000 + made * 7919 % 90_000}",
                "name": f"Name {made % 5000}",
                "text": _TEXT.format(made % 5000, made),
                **_end(dice.random()),
            }


def _end(drawn: float) -> dict[str, str | None]:
    for below, state, receipt in (
        (0.95, State.ACCEPTED, "delivered"),
        (0.97, State.ACCEPTED, "undelivered (30: spam detected)"),
        (0.98, State.FAILED, None),
        (0.99, State.MISSED, None),
    ):
        if drawn < below:
            return {"state": str(state), "receipt": receipt}
    return {"state": str(State.CANCELLED), "receipt": None}


def questions() -> Iterator[tuple[str, Wanted]]:
    """What is asked, in words; also what nothing, or hardly anything, fits."""
    bad = frozenset((State.FAILED, State.MISSED, State.IN_DOUBT))
    yield "everything", Wanted()
    yield "one job", Wanted(job="job-7")
    yield "one job with a tenth of all", Wanted(job="everybody")
    yield "one phone", Wanted(phone="+14155557919")
    yield "nothing in doubt", Wanted(states=frozenset((State.IN_DOUBT,)))
    yield "failed, missed, in doubt", Wanted(states=bad)
    yield "all but failed", Wanted(states=frozenset(State) - {State.FAILED})
    yield "failed of one job", Wanted(job="everybody", states=bad)
    yield "not delivered", Wanted(receipts=frozenset(("undelivered",)))
    yield "not delivered of one job", Wanted(job="job-7", receipts=frozenset(("failed",)))
    yield "a report that nothing has", Wanted(receipts=frozenset(("queued",)))
    yield "a week", Wanted(since=_BEGAN + timedelta(days=3), until=_BEGAN + timedelta(days=10))
    yield "a text that many have", Wanted(text="rent of 1")
    yield "a text that nothing has", Wanted(text="nowhere")
    yield "a text that nothing has, in another writing", Wanted(text="nirgends für", job="everybody")
    yield "a part of a number", Wanted(text="0557919")


def measure(folder: Path, number: int) -> Iterator[Figure]:
    """For each question the slowest of its first pages, and of one from the middle of the state."""
    path = folder / "listing.db"
    fill(path, number)
    middle = Place(to_text(_BEGAN + timedelta(days=4)), number // 2)
    with closing(open_view(path)) as view:
        yield Figure(f"counted, of {number:,}: all", milliseconds(_timed(lambda: view.listing.counts(Wanted()))))
        for words, wanted in questions():
            worst = max(_timed(lambda place=place: view.listing.page(wanted, place, 200)) for place in (None, middle))  # noqa: B023
            yield Figure(f"a page of {number:,}: {words}", milliseconds(worst))


def _timed(ask: Any) -> float:
    ask()  # what is read often is in memory
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began
