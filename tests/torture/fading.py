"""Rows that go and people who are forgotten in the middle of a run: what the state knew of them, kept for the judge.

As a program it prunes a state whose daemon is down, of all that has ended: `python -m tests.torture.fading STATE MARKS`.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from reminderd.clock import SystemClock, to_text
from reminderd.store import COMMAND, Mark, Store, locked
from reminderd.store.mark import NOTHING
from tests.torture.views import Row, State

_HIDDEN = ("phone", "text", "recipient_name", "message_uuid")


def whole(known: State | None, now: State) -> State:
    """The state as it would be if nothing had gone from it since it was `known`."""
    if known is None:
        return now
    ids = {row["id"] for row in now.deliveries}
    gone = [row for row in known.deliveries if row["id"] not in ids]
    hidden = {row["id"] for row in (*gone, *(row for row in now.deliveries if row["erased"]))}
    return replace(
        now,
        deliveries=_sorted([*gone, *_unerased(known.deliveries, now.deliveries)]),
        attempts=_kept(known.attempts, now.attempts, hidden),
        moves=_kept(known.moves, now.moves, hidden),
        occurrences=_occurrences(known.occurrences, now.occurrences, gone),
        holds=_sorted([*_missing(known.holds, now.holds), *now.holds]),
        actions=_sorted([*known.actions, *_missing(now.actions, known.actions)]),
    )


def _unerased(known: Sequence[Row], now: Sequence[Row]) -> Iterable[Row]:
    before = {row["id"]: row for row in known}
    for row in now:
        old = before.get(row["id"])
        if not row["erased"] or old is None:
            yield row
        else:
            reason = old["reason"] if old["state"] == row["state"] else row["reason"]
            yield {**row, **{name: old[name] for name in _HIDDEN}, "reason": reason}


def _kept(known: Sequence[Row], now: Sequence[Row], hidden: set[int]) -> tuple[Row, ...]:
    """Of deliveries that went or were emptied, their rows as they were. The number of a move that went is given again."""
    old = {(row["delivery_id"], row["id"]): row for row in known if row["delivery_id"] in hidden}
    return _sorted([*old.values(), *(row for row in now if (row["delivery_id"], row["id"]) not in old)])


def _occurrences(known: Sequence[Row], now: Sequence[Row], gone: Sequence[Row]) -> tuple[Row, ...]:
    """Each with what went of it counted in; one whose row went, and was made anew, is one."""
    planned = Counter((row["job"], row["nominal"]) for row in gone)
    accepted = Counter((row["job"], row["nominal"]) for row in gone if row["state"] == "accepted")
    skipped = {(row["job"], row["nominal"]): row["skipped"] for row in known}
    keys = {(row["job"], row["nominal"]) for row in now}
    rows = [row for row in known if (row["job"], row["nominal"]) not in keys]
    for row in now:
        key = row["job"], row["nominal"]
        counts = {"planned": row["planned"] + planned[key], "accepted": row["accepted"] + accepted[key]}
        rows.append({**row, **counts, "skipped": max(row["skipped"], skipped.get(key, 0))})
    return _sorted(rows)


def _missing(rows: Sequence[Row], there: Sequence[Row]) -> list[Row]:
    ids = {row["id"] for row in there}
    return [row for row in rows if row["id"] not in ids]


def _sorted(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: row["id"]))


def prune(state: Path, marks: Path) -> None:
    """All that has ended goes. The mark is that of the newest beginning, as a daemon writes it when it starts."""
    now = SystemClock().now()
    with locked(state, to_text(now), COMMAND), closing(Store.open(state)) as store:
        mark = Mark(marks, store.origin.identity().state_id)
        if not store.origin.knows(mark.read() or NOTHING):
            return  # the next daemon is to see that
        mark.write(store.origin.last_began())
        mark.close()
        retention = store.retention
        while retention.empty_texts(now, 50):
            pass
        while retention.prune(now, 50, witnesses=timedelta(0)):
            pass
        retention.empty_definitions(now - timedelta(minutes=11))
        retention.prune_empty(now, 0, 1_000_000)
        while retention.prune_rest(now - timedelta(minutes=11), now, 50):
            pass


if __name__ == "__main__":
    prune(Path(sys.argv[1]), Path(sys.argv[2]))
