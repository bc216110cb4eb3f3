"""Which limits the coming messages would exceed: what waits for approval then."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from reminderd import recurrence
from reminderd.forecast import Forecast
from reminderd.model import Job, Limits

_DAY = timedelta(days=1)
_MOST = 100_000  # messages of a job whose recipients are counted one by one


class Exceeded(NamedTuple):
    """A limit that is exceeded first at `at`. who: the job, or the recipient's number; "" for all together."""

    limit: str
    allowed: float
    found: float
    job: str
    who: str
    at: datetime


def exceeded(
    jobs: Mapping[str, Job],
    forecasts: Mapping[str, Forecast],
    common: Limits,
    price: float | None,
    window: tuple[datetime, datetime],
) -> list[Exceeded]:
    """The limits that these jobs exceed in the window, each where it happens first; days are 24 hours, by the times due.

    forecasts: of these jobs. What was sent before the window is not counted.
    """
    found: list[Exceeded] = []
    for name in sorted(jobs):
        found += _of_job(jobs[name], common, window)
    if common.per_recipient_and_day is not None:
        found += _of_recipients(jobs, forecasts, common.per_recipient_and_day)
    if common.spend_per_day is not None and price is not None:
        found += _of_spending(jobs, forecasts, common.spend_per_day, price, window)
    return found


def _of_job(job: Job, common: Limits, window: tuple[datetime, datetime]) -> Iterator[Exceeded]:
    instants = _instants(job, window)
    largest = job.limits.per_occurrence or common.per_occurrence
    if largest is not None:
        first = next(((at, number) for at, number in instants if number > largest), None)
        if first is not None:
            yield Exceeded("per_occurrence", largest, first[1], job.name, "", first[0])
    daily = job.limits.per_job_and_day or common.per_job_and_day
    if daily is not None and (over := _first_over(instants, daily)):
        yield Exceeded("per_job_and_day", daily, over[1], job.name, "", over[0])


def _instants(job: Job, window: tuple[datetime, datetime]) -> list[tuple[datetime, int]]:
    """When each occurrence of the job is first due, and how many deliveries it has, in whatever zones."""
    if not job.enabled:
        return []
    first: dict[str, datetime] = {}
    for zone in job.by_zone():
        for instant in recurrence.between(job.schedule, zone, *window, limit=_MOST):
            first[instant.nominal] = min(instant.due_at, first.get(instant.nominal, instant.due_at))
    return sorted((due_at, len(job.recipients)) for due_at in first.values())


def _first_over(amounts: Iterable[tuple[datetime, float]], allowed: float) -> tuple[datetime, float] | None:
    """When, and by what sum, 24 hours first hold more than is allowed."""
    recent: deque[tuple[datetime, float]] = deque()
    total = 0.0
    for at, amount in amounts:
        recent.append((at, amount))
        total += amount
        while recent[0][0] <= at - _DAY:
            total -= recent.popleft()[1]
        if total > allowed + 1e-9:
            return at, total
    return None


def _of_recipients(jobs: Mapping[str, Job], forecasts: Mapping[str, Forecast], allowed: int) -> Iterator[Exceeded]:
    times: dict[str, list[tuple[datetime, float]]] = defaultdict(list)
    hidden: set[str] = set()
    for name in jobs:
        for each in forecasts[name].messages:
            times[each.recipient.phone].append((each.instant.due_at, 1))
            if each.recipient.private:
                hidden.add(each.recipient.phone)
    private = 0
    for phone in sorted(times):
        if len(times[phone]) > allowed and (over := _first_over(sorted(times[phone]), allowed)):
            private += phone in hidden
            if phone not in hidden:
                yield Exceeded("per_recipient_and_day", allowed, over[1], "", phone, over[0])
            elif private == 1:  # one stands for all of them
                yield Exceeded("per_recipient_and_day", allowed, over[1], "", "people of a private list", over[0])


def _of_spending(
    jobs: Mapping[str, Job],
    forecasts: Mapping[str, Forecast],
    allowed: float,
    price: float,
    window: tuple[datetime, datetime],
) -> Iterator[Exceeded]:
    amounts: list[tuple[datetime, float]] = []
    for name, job in jobs.items():
        known = forecasts[name]
        each = known.segments / known.total * price if known.total else 0.0
        amounts += [(at, number * each) for at, number in _instants(job, window)]
    if over := _first_over(sorted(amounts), allowed):
        yield Exceeded("spend_per_day", allowed, over[1], "", "", over[0])
