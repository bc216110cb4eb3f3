"""The words in which a plan tells of jobs, holds and limits, shared by its forms."""

import json
from typing import Any

from reminderd.cli.common import plural
from reminderd.cli.money import cost_of, money
from reminderd.cli.planview.items import Item, of_rows, when
from reminderd.plan import Override
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


def at_once(review: Review) -> list[tuple[str, str, list[Item]]]:
    """What happens at the deploy itself: a sign, a title and the messages of each kind that there is."""
    staged = review.staged
    jobs = staged.catalog.jobs
    found = [
        ("+", "Sent at once, since their time is past and they are still valid", of_rows(staged.sent, jobs)),
        ("!", "Past and still valid, but on hold until approved", of_rows(staged.on_hold, jobs)),
        ("!", "Not sent, since their time is past", of_rows(staged.not_sent, jobs)),
        ("-", "Pending now, cancelled by the deploy", of_rows(staged.withdrawn, staged.before)),
        ("+", "Cancelled now, owed again by the deploy", of_rows(staged.returned, jobs)),
        (
            "-",
            "Pending now, not sent while their job is switched off, and missed when they are too late",
            of_rows(staged.stopped, jobs),
        ),
        ("+", "Pending now, sent when their job is switched on again", of_rows(staged.released, jobs)),
    ]
    return [each for each in found if each[2]]


def held(review: Review, settings: Settings) -> list[str]:
    """What waits for somebody: holds, limits, and what operators have paused or skipped."""
    holds = [f"on hold until approved: {hold['reason']}" for hold in review.staged.holds]
    limits = [over(each, settings) for each in review.exceeded]
    return [*holds, *limits, *(_override(each, settings) for each in review.overrides)]


def _override(each: Override, settings: Settings) -> str:
    what = f"job {each.job}" if each.job else "all jobs"
    if each.kind == "skip":
        what = f"{what} at {each.nominal}"
    until = f", until {when(each.until, settings.timezone)}" if each.until else ""
    return f"{what}: {each.reason}{until}"


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
