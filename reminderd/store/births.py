"""The birth of deliveries: what a plan owes becomes rows, once."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from reminderd.clock import to_text
from reminderd.model import State
from reminderd.plan import NewDelivery, NewOccurrence, Plan
from reminderd.store.connection import Connection, Row, listed_rows

# What was withdrawn counts when it may have gone out all the same.
_EQUAL = """
select d.id, d.job, d.state from deliveries d
where d.phone = :phone and d.due_at = :due_at and d.text = :text and d.occurrence_id <> :occurrence
  and (d.state in ('accepted', 'in_doubt') or d.state in ('pending', 'sending') and d.withdrawn is null
    or d.state = 'sending' and exists (
      select 1 from attempts a where a.delivery_id = d.id and a.number = d.attempts and a.begun_at is not null))
order by d.id limit 1
"""

_COLUMNS = (
    "occurrence_id, job, job_file, job_line, due_at, recipient, phone, name, sender, text, encoding, segments, state, "
    "reason, retry_delays, on_doubt, valid_for, not_before, valid_until, created_at, updated_at"
)

# Rows of one statement; SQLite takes some 32,000 values at once.
_AT_ONCE = 200


class _Born(NamedTuple):
    """A delivery to be born, with its occurrence's row."""

    occurrence: int
    due_at: str
    new: NewOccurrence
    delivery: NewDelivery


def add_plan(db: Connection, plan: Plan, now: datetime) -> list[Row]:
    """Record what a plan owes and move its cursors, inside an open transaction.

    Returns `id, job, recipient, state, reason` of each delivery that was born.
    """
    at = to_text(now)
    rows = [
        _Born(occurrence, due_at, new, delivery)
        for new, occurrence, due_at in _add_occurrences(db, plan.occurrences, at)
        for delivery in new.deliveries
    ]
    # Those that must not repeat others come after them, one by one.
    born = _insert(db, [row for row in rows if not row.delivery.unless_equal], at)
    for row in rows:
        if row.delivery.unless_equal:
            born += _insert(db, [row._replace(delivery=_unless_equal(db, row))], at)
    _move_cursors(db, plan)
    return born


def _move_cursors(db: Connection, plan: Plan) -> None:
    moved = [(job, zone, to_text(until)) for (job, zone), until in plan.cursors.items()]
    if moved:
        rows, values = listed_rows(moved)
        db.execute(
            f"insert into cursors (job, zone, planned_until) values {rows} "
            "on conflict (job, zone) do update set planned_until = excluded.planned_until",
            values,
        )


def _add_occurrences(
    db: Connection, occurrences: Sequence[NewOccurrence], at: str
) -> Iterator[tuple[NewOccurrence, int, str]]:
    """Each occurrence with its row's id and due time; none for the summary of what is planned after all."""
    ids: dict[tuple[str, str], int] = {}
    for start in range(0, len(occurrences), _AT_ONCE):
        rows, values = listed_rows([_occurrence(new, at) for new in occurrences[start : start + _AT_ONCE]])
        for row in db.rows(
            f"insert into occurrences (job, nominal, zone, due_at, planned, skipped, created_at) values {rows} "
            "on conflict (job, nominal) do nothing returning id, job, nominal",
            values,
        ):
            ids[row["job"], row["nominal"]] = row["id"]
    for new in occurrences:
        occurrence = ids.get((new.job, new.instant.nominal))
        if occurrence is not None:
            yield new, occurrence, to_text(new.instant.due_at)
        elif not new.skipped:
            # The time first derived stays: another zone or other zone rules do not make it another occurrence.
            known = db.row(
                "select id, due_at from occurrences where job = :job and nominal = :nominal",
                {"job": new.job, "nominal": new.instant.nominal},
            )
            assert known is not None
            yield new, known["id"], known["due_at"]


def _occurrence(new: NewOccurrence, at: str) -> tuple[object, ...]:
    return new.job, new.instant.nominal, new.zone, to_text(new.instant.due_at), 0, new.skipped, at


def _insert(db: Connection, born: Sequence[_Born], at: str) -> list[Row]:
    inserted: list[Row] = []
    for start in range(0, len(born), _AT_ONCE):
        rows, values = listed_rows([_delivery(row, at) for row in born[start : start + _AT_ONCE]])
        inserted += db.rows(
            f"insert into deliveries ({_COLUMNS}) values {rows} on conflict (occurrence_id, recipient) do nothing "
            "returning id, job, recipient, state, reason",
            values,
        )
    return inserted


def _delivery(row: _Born, at: str) -> tuple[object, ...]:
    """The values of `_COLUMNS`."""
    occurrence, due_at, new, delivery = row
    return (
        occurrence,
        new.job,
        new.source.file,
        new.source.line,
        due_at,
        delivery.recipient,
        delivery.phone,
        delivery.name,
        delivery.sender,
        *(delivery.message or (None, None, None)),
        delivery.state,
        delivery.reason,
        json.dumps([int(delay.total_seconds()) for delay in new.retry]),
        new.on_doubt,
        int(new.valid_for.total_seconds()),
        due_at,
        to_text(delivery.valid_until),
        at,
        at,
    )


def find_equal(db: Connection, occurrence_id: int, wanted: Mapping[str, object]) -> Row | None:
    """A delivery of another occurrence with this `phone`, `due_at` and `text` that went out, may have, or will."""
    values = {name: wanted[name] for name in ("phone", "due_at", "text")}
    return db.row(_EQUAL, {**values, "occurrence": occurrence_id})


def _unless_equal(db: Connection, row: _Born) -> NewDelivery:
    """The delivery, born missed where an equal one went out, or will."""
    delivery = row.delivery
    if delivery.state is not State.PENDING or delivery.message is None:
        return delivery
    wanted = {"phone": delivery.phone, "due_at": row.due_at, "text": delivery.message.text}
    equal = find_equal(db, row.occurrence, wanted)
    if equal is None:
        return delivery
    reason = (
        f"the same text to the same phone for the same time is {equal['state']} "
        f"as delivery {equal['id']} of job {equal['job']}"
    )
    return replace(delivery, state=State.MISSED, reason=reason)
