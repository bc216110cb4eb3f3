"""Whether all is well, in three questions with an answer each: 200 or 503, and the reasons."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from reminderd.clock import to_text
from reminderd.telemetry import LONGEST_PASS, Figures
from reminderd.web.readings import Present

# Until when all is planned is noted twice a minute.
_NOTED = timedelta(seconds=90)
_GLOBAL_HOLDS = ("clock", "restored")


class Verdict(NamedTuple):
    """status: of the HTTP answer. body: of its JSON."""

    status: int
    body: dict[str, Any]


def _verdict(reasons: list[str], **more: Any) -> Verdict:
    status = "failing" if reasons else "ok"
    return Verdict(503 if reasons else 200, {"status": status, "reasons": reasons, **more})


def process(figures: Figures) -> Verdict:
    """The loop makes passes, also such as fail on a full disk: for whoever would end the process where it does not."""
    age = figures.since_pass()
    reasons = [f"the loop has made no pass for {age:.0f} seconds"] if age > LONGEST_PASS else []
    return _verdict(reasons, seconds_since_pass=round(age, 3))


def ready(figures: Figures, present: Present) -> Verdict:
    """It does what it is for. A suspended gateway is shown and does not count: what waits for it waits in good order."""
    reasons = not_ready(figures, present)
    gateway = {"suspended": present.suspended is not None, "reason": present.suspended}
    return _verdict(reasons, gateway=gateway, holds={kind: n for kind, n in present.holds.items() if n})


def not_ready(figures: Figures, present: Present) -> list[str]:
    """Why it does not do what it is for; nothing where it does."""
    reasons = []
    if figures.stopping:
        reasons.append("the daemon is stopping")
    if not figures.loaded:
        reasons.append("the job files are not loaded yet")
    if figures.failures:
        reasons.append(f"the last {figures.failures} passes failed ({figures.failure}); see the log")
    if figures.since_pass() > LONGEST_PASS:
        reasons.append("the loop makes no passes")
    reasons += [f"everything is on hold: {kind}" for kind in _GLOBAL_HOLDS if present.holds[kind]]
    return reasons


def scheduled(present: Present, after: timedelta, job: str | None) -> Verdict:
    """Nothing that is due waits for longer than `after`; of all jobs, or of one."""
    rows = [row for row in present.overdue if job in (None, row["job"])]
    reasons = [f"{row['job']}: {row['deliveries']} overdue since {row['since']}" for row in rows]
    if behind := _behind(present, after):
        reasons.append(behind)
    overdue = [{"job": row["job"], "deliveries": row["deliveries"], "since": row["since"]} for row in rows]
    return _verdict(reasons, overdue=overdue, planned_until=_text(present.planned_until))


def _behind(present: Present, after: timedelta) -> str | None:
    until = present.planned_until
    if until is None:
        return "nothing is planned yet"
    return f"what is due is planned only until {to_text(until)}" if present.at - until > max(after, _NOTED) else None


def _text(moment: datetime | None) -> str | None:
    return to_text(moment) if moment else None
