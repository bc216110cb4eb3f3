"""Jobs, deliveries and what operators said, as documents: for commands with `--json` and for the API."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from reminderd import recurrence
from reminderd.clock import from_text, to_text
from reminderd.model import Instant, Job, Problem
from reminderd.plan import Override

Document = dict[str, Any]
Row = Mapping[str, Any]


def job_document(job: Job, result: Row, now: datetime) -> Document:
    """A job with its next occurrence and its last result. result: its row of `Reports.last_results`; empty without one."""
    coming = (recurrence.next_after(job.schedule, zone, now) for zone in job.by_zone())
    following = min((each for each in coming if each is not None), key=lambda each: each.due_at, default=None)
    return {
        "name": job.name,
        "description": job.description,
        "file": str(job.source),
        "schedule": recurrence.describe_job(job),
        "timezone": job.timezone,
        "enabled": job.enabled,
        "recipients": len(job.recipients),
        "next_due": to_text(following.due_at) if following and job.enabled else None,
        "finished": following is None and not result.get("waiting"),
        "held": bool(result.get("held")),
        "last_state": result.get("state"),
        "last_due": result.get("due_at"),
    }


def delivery_document(row: Row) -> Document:
    """One row of `Reports.history` or of a page of `Listing`."""
    return {
        "id": row["id"],
        "job": row["job"],
        "due_at": row["due_at"],
        "timezone": row["zone"],
        "recipient": {"name": row["name"], "phone": row["phone"]},
        "text": row["text"],
        "state": row["state"],
        "reason": row["reason"],
        "attempts": row["attempts"],
        "message_uuid": row["message_uuid"],
        "receipt": row["receipt"],
        "receipt_code": row["receipt_code"],
        "receipt_at": row["receipt_at"],
        "parts": row["parts"],
        "charged": row["charged"],
        "drill": bool(row["drill"]),
        "hold": row["hold_id"] if row["state"] == "pending" else None,
        "not_before": row["not_before"],
        "updated_at": row["updated_at"],
        "erased": row["erased"],
    }


def hold_document(row: Row) -> Document:
    """One row of `Reports.holds`."""
    of_delivery = row["kind"] == "delivery"
    return {
        "id": row["id"],
        "kind": row["kind"],
        "reason": row["reason"],
        "key": row["key"],
        "since": row["opened_at"],
        "by": row["opened_by"],
        "until": row["until"],
        "detail": json.loads(row["detail"]),
        "idle": bool(row["idle"]),
        "settle_with": f"reminderd release {row['key']}" if of_delivery else f"reminderd approve {row['id']}",
    }


def problem_of(row: Row) -> Problem:
    """One row of `Reports.problems`."""
    return Problem(row["file"], row["line"], row["column"], row["path"], row["message"], row["hint"])


def override_document(row: Row) -> Document:
    """One row of `Reports.overrides`."""
    skip = row["kind"] == "skip"
    # The last moment of a skipped occurrence can be typed, whatever its nominal time looks like.
    end = f"{row['job']} --at {row['until'][:19]}Z" if skip else row["job"] or "--all"
    return {
        "word": "skipped" if skip else "paused",
        "job": row["job"],
        "nominal": row["nominal"],
        "who": row["who"],
        "why": row["why"],
        "since": row["since"],
        "until": None if skip else row["until"],
        "end_with": f"reminderd resume {end}",
    }


def of_job(overrides: Sequence[Document], job: str) -> list[Document]:
    """Those that say something about a job."""
    return [each for each in overrides if each["job"] in (None, job)]


def covering(overrides: Sequence[Document], job: str, instant: Instant) -> Document | None:
    """The one that keeps a coming occurrence from being sent."""
    return next((each for each in overrides if _override(each).covers(job, instant)), None)


def _override(each: Document) -> Override:
    kind: Literal["pause", "skip"] = "skip" if each["word"] == "skipped" else "pause"
    until = from_text(each["until"]) if each["until"] else None
    return Override(kind, each["job"], each["nominal"], each["who"], each["why"], from_text(each["since"]), until)
