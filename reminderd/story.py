"""One delivery's whole story, as a document: for a terminal, for programs and for the page."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from reminderd.clock import from_text, to_text
from reminderd.store import Reports

Document = dict[str, Any]
Row = Mapping[str, Any]

MOST_ANSWERS = 5
_ANSWERED_WITHIN = timedelta(days=7)


def story_of(reports: Reports, delivery_id: int, now: datetime) -> Document | None:
    """Everything that is known of one delivery, as `why --json` prints it; None where there is none."""
    row = reports.delivery(delivery_id)
    if row is None:
        return None
    attempts = reports.attempts(delivery_id)
    return {
        "id": row["id"],
        "job": row["job"],
        "file": row["job_file"],
        "line": row["job_line"],
        "nominal": row["nominal"],
        "timezone": row["zone"],
        "due_at": row["due_at"],
        "recipient": {"name": row["name"], "phone": row["phone"]},
        "sender": row["sender"],
        "text": row["text"],
        "erased": row["erased"],
        "encoding": row["encoding"],
        "segments": row["segments"],
        "state": row["state"],
        "reason": row["reason"],
        "not_before": row["not_before"],
        "valid_until": row["valid_until"],
        "withdrawn": row["withdrawn"],
        "drill": bool(row["drill"]),
        "kept_back": _kept_back(reports, row, now),
        "opted_out": reports.opt_outs_of(row["phone"], row["sender"]),
        "message_uuid": row["message_uuid"],
        "receipt": row["receipt"],
        "receipt_code": row["receipt_code"],
        "receipt_at": row["receipt_at"],
        "proven_by": next((each["number"] for each in attempts if each["id"] == row["proven_by"]), None),
        "parts": row["parts"],
        "charged": row["charged"],
        "next_question_at": row["receipt_due_at"],
        "next_look_at": row["reconcile_at"] if row["state"] == "in_doubt" else None,
        "skipped": row["skipped"],
        "attempts": [_without(each, "id", "delivery_id", "receipt_stage", "callback_sequence") for each in attempts],
        "lookups": reports.lookups(delivery_id),
        "answers": _answers(reports, row),
        "holds": reports.holds_of(delivery_id),
        "moves": [_without(move, "id", "delivery_id", "attempt_id") for move in reports.moves(delivery_id)],
    }


def _answers(reports: Reports, row: Row) -> list[Document]:
    """What its recipient wrote to its sender after it was planned."""
    until = from_text(row["created_at"]) + _ANSWERED_WITHIN
    return reports.answers(row["phone"], row["sender"], row["created_at"], to_text(until), MOST_ANSWERS)


def _kept_back(reports: Reports, row: Row, now: datetime) -> list[Document]:
    """What keeps a pending delivery from being sent now."""
    if row["state"] != "pending":
        return []
    found = [_hold(each) for each in reports.holds() if each["id"] == row["hold_id"]]
    if not row["drill"]:
        pauses = reports.overrides(now)
        found += [_pause(each) for each in pauses if each["kind"] == "pause" and each["job"] in (None, row["job"])]
        if not reports.job_enabled(row["job"]):
            found.append(_switched_off(row))
    gateway = reports.gateway()
    if gateway["reason"]:
        found.append(_suspended(gateway))
    return found


def _switched_off(row: Row) -> Document:
    file = f"{row['job_file']}:{row['job_line']}"
    return {"by": file, "why": "its job is switched off", "until": None, "end_with": f"enabled: true in {file}"}


def _suspended(gateway: Row) -> Document:
    why = f"the gateway is suspended: {gateway['reason']}"
    return {
        "by": "the gateway",
        "why": why,
        "until": gateway["suspended_until"],
        "end_with": "what `reminderd status` says",
    }


def _hold(hold: Row) -> Document:
    end_with = f"reminderd release {hold['key']}" if hold["kind"] == "delivery" else f"reminderd approve {hold['id']}"
    return {"by": hold["opened_by"], "why": hold["reason"], "until": hold["until"], "end_with": end_with}


def _pause(pause: Row) -> Document:
    what = "every job" if pause["job"] is None else "its job"
    return {
        "by": pause["who"],
        "why": f"{what} is paused by {pause['who']}: {pause['why']}",
        "until": pause["until"],
        "end_with": f"reminderd resume {pause['job'] or '--all'}",
    }


def _without(row: Row, *names: str) -> Document:
    return {name: value for name, value in row.items() if name not in names}
