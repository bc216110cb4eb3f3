"""How pauses and skips are shown beside what they stand above."""

from datetime import datetime
from typing import Any

from reminderd.cli.common import clean, local
from reminderd.documents import override_document
from reminderd.model import bare
from reminderd.settings import Settings
from reminderd.store import StateError, open_reports


def said_of_override(each: dict[str, Any]) -> str:
    """The same on one line."""
    what = clean(each["job"] or "every job") + (f" at {clean(each['nominal'])}" if each["nominal"] else "")
    until = f" until {local(each['until'])}" if each["until"] else ""
    return f"{what}, since {local(each['since'])}{until} by {clean(each['who'])}: {clean(each['why'])}; end it with: {each['end_with']}"


def overrides_in_force(settings: Settings, now: datetime) -> list[dict[str, Any]]:
    """All of them, as documents; none where no daemon has run yet."""
    try:
        return [override_document(row) for row in open_reports(settings.state).overrides(now)]
    except StateError:
        return []


def opted_out(settings: Settings) -> frozenset[tuple[str, str]]:
    """Who wants no messages, as (phone, bare sender), the sender empty for any; nobody where no daemon has run yet."""
    try:
        return frozenset((row["phone"], bare(row["sender"])) for row in open_reports(settings.state).opt_outs())
    except StateError:
        return frozenset()
