"""The words in which a plan tells of jobs, holds and limits, shared by its forms."""

import json
from typing import Any

from reminderd.cli.common import plural
from reminderd.cli.money import cost_of, money
from reminderd.cli.planview.items import when
from reminderd.review import Exceeded, JobReview, Kind, Review
from reminderd.settings import Settings

_LIMITS = {
    "per_occurrence": "messages for one occurrence",
    "per_job_and_day": "messages of one job within 24 hours",
    "per_recipient_and_day": "messages to one recipient within 24 hours",
    "spend_per_day": "spent within 24 hours",
}


def value(found: object) -> str:
    """A value of a job file on one line."""
    match found:
        case None:
            return "(not written)"
        case str():
            return json.dumps(found, ensure_ascii=False)
        case {**pairs}:
            return ", ".join(f"{key}: {_inner(each)}" for key, each in pairs.items()) or "{}"
        case list():
            return f"[{', '.join(_inner(each) for each in found)}]"
        case _:
            return json.dumps(found, ensure_ascii=False)


def _inner(found: Any) -> str:
    return f"{{{value(found)}}}" if isinstance(found, dict) else value(found)


def headline(review: Review) -> str:
    """The change in one line: 1 job added, 2 changed; 14 messages added, 3 moved."""
    jobs: dict[str, int] = {}
    for job in review.jobs:
        jobs[job.change.fate] = jobs.get(job.change.fate, 0) + 1
    parts = [f"{number} {fate}" for fate, number in sorted(jobs.items())]
    messages = [f"{review.count(kind):,} {kind}" for kind in Kind if review.count(kind)]
    said = [f"jobs: {', '.join(parts) or 'none changed'}", f"messages: {', '.join(messages) or 'none changed'}"]
    return "; ".join(said)


def sums(review: Review, settings: Settings) -> str:
    """Messages, segments and cost of the days to come, before and after."""
    about = "about " if review.approximate else ""
    before, after = review.before, review.after
    said = (
        f"{about}{before.messages:,} -> {after.messages:,} messages, {before.segments:,} -> {after.segments:,} segments"
    )
    price, currency = settings.plivo.price, settings.plivo.currency
    costs = cost_of(before.segments, price), cost_of(after.segments, price)
    if costs[0] is None or costs[1] is None:
        return said
    sign = "-" if costs[1] < costs[0] else "+"
    difference = money(abs(costs[1] - costs[0]), currency)
    return f"{said}, {money(costs[0], currency)} -> {money(costs[1], currency)} ({sign}{difference})"


def looked_at(job: JobReview) -> str:
    """What is said of a job whose messages are too many to look at each; "" where all were."""
    if job.whole:
        return ""
    side = max(job.before, job.after, key=lambda each: each.people)
    return (
        f"{side.total:,} messages to {plural(side.people, 'person', 'people')}; "
        f"those to {side.looked_at:,} of them were looked at (--all looks at all)"
    )


def over(found: Exceeded, settings: Settings) -> str:
    """A limit that is exceeded, in words."""
    spent = found.limit == "spend_per_day"
    allowed, number = (
        (money(found.allowed, settings.plivo.currency), money(found.found, settings.plivo.currency))
        if spent
        else (f"{found.allowed:,.0f}", f"{found.found:,.0f}")
    )
    of = f" of job {found.job}" if found.job else f" ({found.who})" if found.who else ""
    return (
        f"limits.{found.limit}{of}: {number} {_LIMITS[found.limit]}, allowed are {allowed}; "
        f"first on {when(found.at, settings.timezone)}: will be on hold until it is approved"
    )
