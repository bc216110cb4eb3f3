"""The birth of deliveries: what a plan owes becomes rows, once."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from reminderd.clock import to_text
from reminderd.model import OnQuiet, State, bare
from reminderd.plan import OPTED_OUT, NewDelivery, NewOccurrence, Plan, Quiet
from reminderd.store.connection import Connection, Row, listed, listed_rows
from reminderd.store.limits import hold_excess
from reminderd.store.memory import Memory, not_remembered
from reminderd.store.optouts import recall_opt_outs

# What was withdrawn counts when it may have gone out all the same.
_EQUAL = """
select d.id, d.job, d.state from deliveries d
where d.phone = :phone and d.due_at = :due_at and d.text = :text and d.occurrence_id <> :occurrence
  and (d.state in ('accepted', 'in_doubt') or d.proven_by is not null or d.state in ('pending', 'sending') and d.withdrawn is null
    or d.state = 'sending' and exists (
      select 1 from attempts a where a.delivery_id = d.id and a.number = d.attempts and a.begun_at is not null))
order by d.id limit 1
"""

_COLUMNS = (
    "occurrence_id, job, job_file, job_line, due_at, recipient, phone, name, sender, text, encoding, segments, state, "
    "reason, retry_delays, on_doubt, valid_for, not_before, valid_until, created_at, updated_at, zone, on_undelivered, "
    "quiet_hours, quiet_zone, on_quiet, quiet_from, quiet_until"
)

# Rows of one statement; SQLite takes some 32,000 values at once.
_AT_ONCE = 200


class _Occurrence(NamedTuple):
    """The row of an occurrence. zone: of the part that is planned, where it is not the row's own."""

    id: int
    due_at: str
    zone: str | None = None


class _Born(NamedTuple):
    """A delivery to be born, with its occurrence's row."""

    occurrence: _Occurrence
    new: NewOccurrence
    delivery: NewDelivery


def add_plan(db: Connection, plan: Plan, now: datetime) -> list[Row]:
    """Record what a plan owes and move its cursors, inside an open transaction.

    Returns `id, job, recipient, state, reason, hold` of each delivery that was born; hold: the id of the hold that keeps it.
    """
    at = to_text(now)
    added = list(_add_occurrences(db, not_remembered(Memory(db), plan.occurrences), at))
    gone = opted_out(db, {each.phone for new, _ in added for each in new.deliveries if each.phone is not None})
    rows = [
        _Born(occurrence, new, _unless_opted_out(delivery, gone))
        for new, occurrence in added
        for delivery in new.deliveries
    ]
    # Those that must not repeat others come after them, one by one.
    born = _insert(db, [row for row in rows if not row.delivery.unless_equal], at)
    for row in rows:
        if row.delivery.unless_equal:
            born += _insert(db, [row._replace(delivery=_unless_equal(db, row))], at)
    _note_unfinished(db, plan.occurrences)
    _move_cursors(db, plan)
    held = hold_excess(db, plan, [(new, each.id, each.due_at) for new, each in added], born, now)
    return [{**row, "hold": held.get(row["id"])} for row in born]


def _note_unfinished(db: Connection, occurrences: Sequence[NewOccurrence]) -> None:
    """Keep which occurrences are planned in part only, so that they are planned to their end whatever comes between."""
    parts = [(new.job, new.key, new.instant.nominal) for new in occurrences if new.unfinished]
    whole = [(new.job, new.key, new.instant.nominal) for new in occurrences if not new.unfinished]
    if db.value("select 1 from unfinished limit 1") is None:
        whole = []  # as nearly always
    for start in range(0, len(whole), _AT_ONCE):
        rows, values = listed_rows(whole[start : start + _AT_ONCE])
        db.execute(f"delete from unfinished where (job, zone, nominal) in (values {rows})", values)
    if parts:
        rows, values = listed_rows(parts)
        db.execute(
            f"insert into unfinished (job, zone, nominal) values {rows} "
            "on conflict (job, zone) do update set nominal = excluded.nominal",
            values,
        )


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
) -> Iterator[tuple[NewOccurrence, _Occurrence]]:
    """Each occurrence with its row; none for the summary of what is planned after all."""
    ids: dict[tuple[str, str], int] = {}
    first = {(new.job, new.instant.nominal): new for new in reversed(occurrences)}
    fresh = [new for new in occurrences if first[new.job, new.instant.nominal] is new]
    for start in range(0, len(fresh), _AT_ONCE):
        rows, values = listed_rows([_occurrence(new, at) for new in fresh[start : start + _AT_ONCE]])
        for row in db.rows(
            f"insert into occurrences (job, nominal, zone, due_at, planned, skipped, created_at) values {rows} "
            "on conflict (job, nominal) do nothing returning id, job, nominal",
            values,
        ):
            ids[row["job"], row["nominal"]] = row["id"]
    for new in occurrences:
        occurrence = ids.get((new.job, new.instant.nominal)) if first[new.job, new.instant.nominal] is new else None
        if occurrence is not None:
            yield new, _Occurrence(occurrence, to_text(new.instant.due_at))
        elif not new.skipped or new.each_zone:
            known = db.row(
                "select id, due_at, zone from occurrences where job = :job and nominal = :nominal",
                {"job": new.job, "nominal": new.instant.nominal},
            )
            assert known is not None
            if known["zone"] != new.zone and not (new.skipped and _has_zone(db, known["id"], new.zone)):
                yield new, _Occurrence(known["id"], to_text(new.instant.due_at), new.zone)
            elif not new.skipped:
                # The time first derived stays: other zone rules do not make it another occurrence.
                yield new, _Occurrence(known["id"], known["due_at"])


def _has_zone(db: Connection, occurrence_id: int, zone: str) -> bool:
    """Whether the occurrence has deliveries in this zone, which is not its own, already."""
    query = "select 1 from deliveries where occurrence_id = :id and zone = :zone limit 1"
    return db.value(query, {"id": occurrence_id, "zone": zone}) is not None


def _occurrence(new: NewOccurrence, at: str) -> tuple[object, ...]:
    return new.job, new.instant.nominal, new.zone, to_text(new.instant.due_at), 0, new.skipped, at


def _insert(db: Connection, born: Sequence[_Born], at: str) -> list[Row]:
    inserted: list[Row] = []
    for start in range(0, len(born), _AT_ONCE):
        rows, values = listed_rows([_delivery(row, at) for row in born[start : start + _AT_ONCE]])
        inserted += db.rows(
            f"insert into deliveries ({_COLUMNS}) values {rows} on conflict (occurrence_id, recipient) do nothing "
            "returning id, job, recipient, state, reason, occurrence_id, phone, segments",
            values,
        )
    return inserted


def _delivery(row: _Born, at: str) -> tuple[object, ...]:
    """The values of `_COLUMNS`."""
    occurrence, new, delivery = row
    quiet = delivery.quiet
    return (
        occurrence.id,
        new.job,
        new.source.file,
        new.source.line,
        occurrence.due_at,
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
        occurrence.due_at if delivery.not_before is None else to_text(delivery.not_before),
        to_text(delivery.valid_until),
        at,
        at,
        occurrence.zone,
        new.on_undelivered,
        *((None, None, OnQuiet.WAIT, None, None) if quiet is None else _quiet(quiet)),
    )


def _quiet(quiet: Quiet) -> tuple[object, ...]:
    return str(quiet.hours), quiet.zone, quiet.on_quiet, to_text(quiet.since), to_text(quiet.until)


def opted_out(db: Connection, phones: Collection[str]) -> frozenset[tuple[str, str]]:
    """Who of these wants no messages, as (phone, bare sender); the sender is "" where it is from anybody."""
    found: set[tuple[str, str]] = set()
    known = sorted(phones)
    recall_opt_outs(db, known)
    for start in range(0, len(known), _AT_ONCE):
        places, values = listed(known[start : start + _AT_ONCE])
        rows = db.rows(f"select phone, sender from opt_outs where phone in ({places})", values)
        found |= {(row["phone"], bare(row["sender"])) for row in rows}
    return frozenset(found)


def _unless_opted_out(delivery: NewDelivery, gone: frozenset[tuple[str, str]]) -> NewDelivery:
    """The delivery, born cancelled where its recipient wants none."""
    wanted = delivery.state is State.PENDING and delivery.phone is not None
    if not wanted or gone.isdisjoint({(delivery.phone, ""), (delivery.phone, bare(delivery.sender or ""))}):
        return delivery
    return replace(delivery, state=State.CANCELLED, reason=OPTED_OUT)


def find_equal(db: Connection, occurrence_id: int, wanted: Mapping[str, object]) -> str | None:
    """What became of a delivery of another occurrence with this `phone`, `due_at` and `text` that went out, may have, or
    will, in words; None where there is none."""
    values = {name: wanted[name] for name in ("phone", "due_at", "text")}
    found = db.row(_EQUAL, {**values, "occurrence": occurrence_id})
    if found is not None:
        return f"is {found['state']} as delivery {found['id']} of job {found['job']}"
    own = db.row("select job, nominal from occurrences where id = :id", {"id": occurrence_id})
    assert own is not None
    memory = Memory(db)
    text = memory.text(*(str(each) for each in values.values()))
    if memory.known_elsewhere(text, memory.occurrence(own["job"], own["nominal"])):
        return "was accepted as a delivery that is no longer kept"
    return None


def _unless_equal(db: Connection, row: _Born) -> NewDelivery:
    """The delivery, born missed where an equal one went out, or will."""
    delivery = row.delivery
    if delivery.state is not State.PENDING or delivery.message is None:
        return delivery
    wanted = {"phone": delivery.phone, "due_at": row.occurrence.due_at, "text": delivery.message.text}
    equal = find_equal(db, row.occurrence.id, wanted)
    if equal is None:
        return delivery
    reason = f"the same text to the same phone for the same time {equal}"
    return replace(delivery, state=State.MISSED, reason=reason)
