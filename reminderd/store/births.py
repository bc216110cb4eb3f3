"""The birth of deliveries: what a plan owes becomes rows, once."""

import json
from datetime import datetime

from reminderd.clock import to_text
from reminderd.model import State
from reminderd.plan import NewDelivery, NewOccurrence, Plan
from reminderd.store.connection import Connection

# What was withdrawn counts when it may have gone out all the same.
_EQUAL = """
select d.id, d.job, d.state from deliveries d
where d.phone = :phone and d.due_at = :due_at and d.text = :text and d.occurrence_id <> :occurrence
  and (d.state in ('accepted', 'in_doubt') or d.state in ('pending', 'sending') and d.withdrawn is null
    or d.state = 'sending' and exists (
      select 1 from attempts a where a.delivery_id = d.id and a.number = d.attempts and a.begun_at is not null))
order by d.id limit 1
"""

_INSERT = """
insert into deliveries (occurrence_id, job, job_file, job_line, due_at, recipient, phone, name, sender, text,
    encoding, segments, state, reason, retry_delays, on_doubt, valid_for, not_before, valid_until,
    created_at, updated_at)
values (:occurrence, :job, :file, :line, :due_at, :recipient, :phone, :name, :sender, :text,
    :encoding, :segments, :state, :reason, :retry, :on_doubt, :valid_for, :due_at, :valid_until, :at, :at)
on conflict (occurrence_id, recipient) do nothing
"""


def add_plan(db: Connection, plan: Plan, now: datetime) -> int:
    """Record what a plan owes and move its cursors, inside an open transaction. Returns how many were born."""
    at = to_text(now)
    born = sum(_add_occurrence(db, occurrence, at) for occurrence in plan.occurrences)
    for (job, zone), until in plan.cursors.items():
        db.execute(
            "insert into cursors (job, zone, planned_until) values (:job, :zone, :until) "
            "on conflict (job, zone) do update set planned_until = :until",
            {"job": job, "zone": zone, "until": to_text(until)},
        )
    return born


def _add_occurrence(db: Connection, new: NewOccurrence, at: str) -> int:
    due_at = to_text(new.instant.due_at)
    values = {
        "job": new.job,
        "nominal": new.instant.nominal,
        "zone": new.zone,
        "due_at": due_at,
        "skipped": new.skipped,
        "now": at,
    }
    occurrence = db.value(
        "insert into occurrences (job, nominal, zone, due_at, planned, skipped, created_at) "
        "values (:job, :nominal, :zone, :due_at, 0, :skipped, :now) on conflict (job, nominal) do nothing returning id",
        values,
    )
    if occurrence is None:
        if new.skipped:
            return 0  # something was planned for this instant after all; it speaks for itself
        # The time first derived stays: another zone or other zone rules do not make it another occurrence.
        known = db.row("select id, due_at from occurrences where job = :job and nominal = :nominal", values)
        assert known is not None
        occurrence, due_at = known["id"], known["due_at"]
    return sum(_add_delivery(db, occurrence, due_at, new, delivery, at) for delivery in new.deliveries)


def _add_delivery(
    db: Connection, occurrence: int, due_at: str, new: NewOccurrence, delivery: NewDelivery, at: str
) -> int:
    state, reason = _state_at_birth(db, occurrence, due_at, delivery)
    message = delivery.message
    return db.execute(
        _INSERT,
        {
            "occurrence": occurrence,
            "job": new.job,
            "file": new.source.file,
            "line": new.source.line,
            "due_at": due_at,
            "recipient": delivery.recipient,
            "phone": delivery.phone,
            "name": delivery.name,
            "sender": delivery.sender,
            "text": message.text if message else None,
            "encoding": message.encoding if message else None,
            "segments": message.segments if message else None,
            "state": state,
            "reason": reason,
            "retry": json.dumps([int(delay.total_seconds()) for delay in new.retry]),
            "on_doubt": new.on_doubt,
            "valid_for": int(new.valid_for.total_seconds()),
            "valid_until": to_text(delivery.valid_until),
            "at": at,
        },
    )


def _state_at_birth(db: Connection, occurrence: int, due_at: str, delivery: NewDelivery) -> tuple[State, str]:
    if delivery.state is State.PENDING and delivery.unless_equal and delivery.message is not None:
        text = delivery.message.text
        values = {"phone": delivery.phone, "due_at": due_at, "text": text, "occurrence": occurrence}
        equal = db.row(_EQUAL, values)
        if equal:
            return State.MISSED, (
                f"the same text to the same phone for the same time is {equal['state']} "
                f"as delivery {equal['id']} of job {equal['job']}"
            )
    return delivery.state, delivery.reason
