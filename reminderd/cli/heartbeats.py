"""Alerts and heartbeats as commands show them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from reminderd.alerts import DO, Name
from reminderd.cli.common import clean, local
from reminderd.clock import from_text
from reminderd.duration import format_duration

# Backups that come each night may be half a day late.
_LEAST_PATIENCE = timedelta(hours=36)


def alert_document(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the alerts for JSON."""
    return {
        "name": row["name"],
        "summary": row["summary"],
        "do": what_to_do(row["name"]),
        "since": row["opened_at"],
        "told_at": row["told_at"],
        "over_at": row["over_at"],
        "over_told_at": row["over_told_at"],
        "told_by": row["told_by"].split(),
        "over_told_by": row["over_told_by"].split(),
    }


def said_of_telling(told_at: str | None, ways: Sequence[str]) -> str:
    """When they were told that it began; the ways that told of it so far where others did not."""
    if told_at is not None:
        return local(told_at)
    return f"by {' and '.join(ways)} only" if ways else ""


def what_to_do(name: str) -> str:
    """The command that comes next; nothing for what this version does not know."""
    return DO[Name(name)] if name in list(Name) else ""


def said_of_run(row: dict[str, Any], *, mended: bool = False) -> str:
    """How the last run of a task went: `ok 2026-11-22 09:00:00 UTC, 3 jobs`. mended: why it failed is over since."""
    if row["status"] == "running":
        return f"running since {local(row['started_at'])}"
    took = from_text(row["finished_at"]) - from_text(row["started_at"])
    long = "" if row["task"] == "loop" or took < timedelta(seconds=1) else f" in {format_duration(took)}"
    status = row["status"] if row["status"] == "ok" or mended else row["status"].upper()
    detail = f", {clean(row['detail'])}" if row["detail"] else ""
    since = "; mended since" if mended and row["status"] != "ok" else ""
    return f"{status} {local(row['finished_at'])}{long}{detail}{since}"


def backup_is_old(good: Sequence[str], now: datetime) -> bool:
    """Whether another backup should have been made by now, by how they came before. good: the newest first."""
    if not good:
        return False
    times = [from_text(each) for each in good]
    longest = max((later - earlier for later, earlier in pairwise(times)), default=timedelta(0))
    return now - times[0] > max(_LEAST_PATIENCE, longest * 1.5)
