"""How pauses and skips are shown beside what they stand above."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from reminderd.cli.common import clean, local
from reminderd.model import Instant, bare
from reminderd.plan import Override
from reminderd.settings import Settings
from reminderd.store import StateError, open_reports


def override_document(row: dict[str, Any]) -> dict[str, Any]:
    """One row of `Reports.overrides` as `--json` prints it."""
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


def of_job(overrides: Sequence[dict[str, Any]], job: str) -> list[dict[str, Any]]:
    """Those that say something about a job."""
    return [each for each in overrides if each["job"] in (None, job)]


def covering(overrides: Sequence[dict[str, Any]], job: str, instant: Instant) -> dict[str, Any] | None:
    """The one that keeps a coming occurrence from being sent."""
    return next((each for each in overrides if _override(each).covers(job, instant)), None)


def _override(each: dict[str, Any]) -> Override:
    kind: Literal["pause", "skip"] = "skip" if each["word"] == "skipped" else "pause"
    since, until = datetime.fromisoformat(each["since"]), each["until"] and datetime.fromisoformat(each["until"])
    return Override(kind, each["job"], each["nominal"], each["who"], each["why"], since, until or None)
