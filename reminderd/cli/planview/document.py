"""A plan as one JSON document."""

from collections.abc import Iterable, Sequence
from typing import Any

from reminderd.cli.money import cost_of
from reminderd.cli.planview.items import Item, Side, of_differences, of_rows
from reminderd.clock import to_text
from reminderd.forecast import Forecast
from reminderd.model import Recipient
from reminderd.plan import Override
from reminderd.review import Difference, JobReview, Kind, People, Review
from reminderd.settings import Settings

MOST = 1_000  # entries of each list, unless all are asked for


class _Bounded:
    """Lists cut to `most` entries; truncated: whether any was."""

    def __init__(self, most: int | None) -> None:
        self.most = most
        self.truncated = False

    def cut(self, found: Sequence[Any]) -> list[Any]:
        self.truncated = self.truncated or (self.most is not None and len(found) > self.most)
        return list(found[: self.most])


def document(review: Review, settings: Settings, *, everything: bool) -> dict[str, Any]:
    """The plan. truncated: that a list holds fewer entries than the counts say."""
    bounded = _Bounded(None if everything else MOST)
    live, staged = review.live, review.staged
    found: dict[str, Any] = {
        "compared_with": live.name,
        "first": live.state is None and live.scan is None,
        "from": review.now,
        "until": review.until,
        "changes": review.changes,
        "summary": _summary(review, settings),
        "problems": bounded.cut([str(problem) for problem in review.problems]),
        "kept": {path: list(names) for path, names in review.kept.items()},
        "jobs": bounded.cut([_job(job, bounded) for job in review.jobs]),
        "messages": _messages(review.differences, bounded),
        "at_once": {
            "sent": bounded.cut([_item(item) for item in of_rows(staged.sent, staged.catalog.jobs)]),
            "on_hold": bounded.cut([_item(item) for item in of_rows(staged.on_hold, staged.catalog.jobs)]),
            "not_sent": bounded.cut([_item(item) for item in of_rows(staged.not_sent, staged.catalog.jobs)]),
            "cancelled": bounded.cut([_item(item) for item in of_rows(staged.withdrawn, staged.before)]),
            "owed_again": bounded.cut([_item(item) for item in of_rows(staged.returned, staged.catalog.jobs)]),
            "stopped": bounded.cut([_item(item) for item in of_rows(staged.stopped, staged.catalog.jobs)]),
            "released": bounded.cut([_item(item) for item in of_rows(staged.released, staged.catalog.jobs)]),
        },
        "holds": [{"kind": hold["kind"], "reason": hold["reason"]} for hold in staged.holds],
        "overrides": [_override(each) for each in review.overrides],
        "limits": bounded.cut([each._asdict() for each in review.exceeded]),
    }
    return {**found, "truncated": bounded.truncated}


def _override(each: Override) -> dict[str, Any]:
    return {"kind": each.kind, "job": each.job, "nominal": each.nominal, "until": each.until, "reason": each.reason}


def _summary(review: Review, settings: Settings) -> dict[str, Any]:
    price = settings.plivo.price
    fates: dict[str, int] = {}
    for job in review.jobs:
        fates[job.change.fate] = fates.get(job.change.fate, 0) + 1
    cost = None
    before, after = (cost_of(each.segments, price) for each in (review.before, review.after))
    if before is not None and after is not None:
        cost = {
            "currency": settings.plivo.currency,
            "before": before,
            "after": after,
            "difference": round(after - before, 6),
        }
    return {
        "jobs": {**dict(sorted(fates.items())), "unchanged": review.unchanged_jobs},
        "messages": {
            **{kind: review.count(kind) for kind in Kind},
            "before": review.before.messages,
            "after": review.after.messages,
        },
        "segments": {"before": review.before.segments, "after": review.after.segments},
        "cost": cost,
        "at_once": {
            "sent": len(review.staged.sent),
            "on_hold": len(review.staged.on_hold),
            "not_sent": len(review.staged.not_sent),
            "cancelled": len(review.staged.withdrawn),
            "owed_again": len(review.staged.returned),
            "stopped": len(review.staged.stopped),
            "released": len(review.staged.released),
        },
        "approximate": review.approximate,
    }


def _job(job: JobReview, bounded: _Bounded) -> dict[str, Any]:
    change = job.change
    return {
        "name": change.name,
        "change": change.fate,
        "formerly": change.before.name if change.before and change.before.name != change.name else None,
        "file": str(change.shown.source),
        "digest": change.shown.digest,
        "held": change.held,
        "keys": [key._asdict() for key in change.keys],
        "people": _people(change.people, bounded),
        "before": _forecast(job.before),
        "after": _forecast(job.after),
    }


def _people(people: People, bounded: _Bounded) -> dict[str, Any]:
    return {
        "before": people.before,
        "after": people.after,
        "added": _crowd(people.added, bounded),
        "removed": _crowd(people.removed, bounded),
        "changed": _crowd(people.changed, bounded),
    }


def _crowd(people: Sequence[Recipient], bounded: _Bounded) -> dict[str, Any]:
    shown = [_person(each) for each in people if not each.private]
    return {"number": len(people), "private": len(people) - len(shown), "shown": bounded.cut(shown)}


def _person(who: Recipient) -> dict[str, Any]:
    return {"name": who.name, "phone": who.phone, "key": who.key}


def _forecast(found: Forecast) -> dict[str, Any]:
    return {
        "messages": found.total,
        "people": found.people,
        "looked_at": found.looked_at,
        "segments": found.segments,
    }


def _messages(differences: Iterable[Difference], bounded: _Bounded) -> dict[str, Any]:
    by_kind: dict[Kind, list[Difference]] = {kind: [] for kind in Kind}
    for each in differences:
        by_kind[each.kind].append(each)
    return {kind: bounded.cut([_item(item) for item in of_differences(found)]) for kind, found in by_kind.items()}


def _item(item: Item) -> dict[str, Any]:
    who = _person(item.who) if item.who else {"private_people": item.people}
    return {"job": item.job, **who, "before": _side(item.before), "after": _side(item.after)}


def _side(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "local": side.when,
        "timezone": side.zone,
        "due_at": to_text(side.due_at),
        "send_at": to_text(side.at),
        "text": side.text,
        "encoding": side.encoding,
        "segments": side.segments,
        "state": side.state,
        "reason": None if side.state == "pending" else side.reason,
    }
