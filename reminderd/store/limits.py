"""The limits on what goes out unasked: what exceeds one is born on hold, and waits for `approve`."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from reminderd.clock import from_text, to_text
from reminderd.model import State
from reminderd.plan import NewOccurrence, Plan
from reminderd.store.connection import Connection, Row, listed

LIMIT = "limit"

_DAY = timedelta(hours=24)
_AT_ONCE = 200
# What was, or may still be, sent; a drill is its operator's own business.
_COUNTS = "state not in ('missed', 'cancelled', 'failed') and drill = 0"


def hold_excess(
    db: Connection, plan: Plan, added: Sequence[tuple[NewOccurrence, int, str]], born: Sequence[Row], now: datetime
) -> dict[int, int]:
    """Put what exceeds a limit on hold, inside the transaction of its birth; by delivery, its hold.

    added: each planned occurrence with its row's id and time due. One hold an occurrence: where it was approved once,
    what is planned of it later is not held again.
    """
    by_occurrence: dict[int, list[Row]] = {}
    for row in born:
        if row["state"] == State.PENDING:
            by_occurrence.setdefault(row["occurrence_id"], []).append(row)
    held: dict[int, int] = {}
    for new, occurrence, due_at in added:
        rows = by_occurrence.pop(occurrence, None)
        excesses = _excesses(db, plan, new, occurrence, due_at, rows) if rows is not None else []
        if not excesses or _is_approved(db, occurrence):
            continue
        for reason, excess in excesses:
            ids = [row["id"] for row in excess if row["id"] not in held]
            if ids:
                hold = _open(db, new, occurrence, reason, now)
                _keep(db, ids, hold)
                held |= dict.fromkeys(ids, hold)
    return held


def _excesses(
    db: Connection, plan: Plan, new: NewOccurrence, occurrence: int, due_at: str, rows: Sequence[Row]
) -> list[tuple[str, Sequence[Row]]]:
    """Each limit that is exceeded: a sentence, and which of the rows exceed it."""
    limits, found = new.limits, list[tuple[str, Sequence[Row]]]()
    since = to_text(from_text(due_at) - _DAY)
    if limits.per_occurrence is not None and new.size > limits.per_occurrence:
        found.append((f"{new.size:,} deliveries at once, per_occurrence is {limits.per_occurrence:,}", rows))
    if limits.per_job_and_day is not None:
        others = db.value(
            f"select count(*) from deliveries d where job = :job and due_at > :since and due_at <= :due and {_COUNTS} "
            "and (occurrence_id <> :occurrence or coalesce("
            "d.zone, (select o.zone from occurrences o where o.id = d.occurrence_id)) <> :zone)",
            {"job": new.job, "since": since, "due": due_at, "occurrence": occurrence, "zone": new.zone},
        )
        # Of the occurrence itself all that this zone has, however little of it is planned; other zones have other times.
        number = others + new.in_zone
        if number > limits.per_job_and_day:
            said = f"{number:,} deliveries of the job in 24 hours, per_job_and_day is {limits.per_job_and_day:,}"
            found.append((said, rows))
    if limits.per_recipient_and_day is not None:
        many = [row for row in rows if _to_phone(db, row["phone"], since, due_at) > limits.per_recipient_and_day]
        if many:
            said = f"too many messages to {len(many)} of its recipients in 24 hours"
            found.append((f"{said}, per_recipient_and_day is {limits.per_recipient_and_day:,}", many))
    if limits.spend_per_day is not None and plan.price is not None:
        excess = _beyond(
            rows, (limits.spend_per_day / plan.price if plan.price else float("inf")), _segments(db, since)
        )
        if excess:
            found.append(
                (f"the messages of 24 hours would cost more than spend_per_day, {limits.spend_per_day:g}", excess)
            )
    return found


def _to_phone(db: Connection, phone: str, since: str, until: str) -> int:
    """How many messages to this phone are due in the day up to then, this one included."""
    query = (
        f"select count(*) from deliveries where phone = :phone and due_at > :since and due_at <= :until and {_COUNTS}"
    )
    return int(db.value(query, {"phone": phone, "since": since, "until": until}))


def _segments(db: Connection, since: str) -> int:
    """The segments of all that was due since then and is not on hold."""
    query = (
        "select coalesce(sum(segments), 0) from deliveries indexed by deliveries_by_time "
        f"where due_at > :since and hold_id is null and {_COUNTS}"
    )
    return int(db.value(query, {"since": since}))


def _beyond(rows: Sequence[Row], most: float, segments: int) -> Sequence[Row]:
    """Those of the rows, the last ones first, without which all segments together are not more than `most`."""
    excess: list[Row] = []
    for row in reversed(rows):
        if segments <= most:
            break
        excess.append(row)
        segments -= row["segments"] or 1
    return excess


def _is_approved(db: Connection, occurrence: int) -> bool:
    query = "select 1 from holds where kind = 'limit' and key = :key and approved = 1 limit 1"
    return db.value(query, {"key": str(occurrence)}) is not None


def _open(db: Connection, new: NewOccurrence, occurrence: int, reason: str, now: datetime) -> int:
    """The open hold of this occurrence, made where there is none."""
    known = db.value(
        "select id from holds where kind = 'limit' and key = :key and closed_at is null", {"key": str(occurrence)}
    )
    if known is not None:
        return int(known)
    detail = {"job": new.job, "nominal": new.instant.nominal, "due_at": to_text(new.instant.due_at), "size": new.size}
    return db.insert(
        "insert into holds (kind, key, reason, detail, opened_at) values ('limit', :key, :reason, :detail, :now)",
        {
            "key": str(occurrence),
            "reason": f"job {new.job} at {new.instant.nominal}: {reason}",
            "detail": json.dumps(detail, sort_keys=True),
            "now": to_text(now),
        },
    )


def _keep(db: Connection, ids: Sequence[int], hold: int) -> None:
    for start in range(0, len(ids), _AT_ONCE):
        places, values = listed(ids[start : start + _AT_ONCE])
        db.execute(f"update deliveries set hold_id = :hold where id in ({places})", {**values, "hold": hold})
