"""Weeks in figures, as the page shows them. Pure: from what was counted to what is said of it.

Success: of the messages that were to go out and are over (accepted, failed, missed, in doubt; not those that somebody or
something cancelled), the share that Plivo took and has not reported as not delivered. Late: from when a message might go
out (its time, the end of quiet hours or of a splay) until the request that Plivo took began; the pauses of retries count,
what somebody or a limit held is left out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminderd.gateway.codes import meaning
from reminderd.message import country_of_number
from reminderd.model import State
from reminderd.store.weeks import Area, Counted, Spend

_OVER = (State.ACCEPTED, State.FAILED, State.MISSED, State.IN_DOUBT)
_WELL = ("delivered", "read")
_MILLIONTHS = 1_000_000
ELSEWHERE = "unknown"


@dataclass(frozen=True, slots=True)
class Stretch:
    """One week: from `since` on, before `until`. begins, ends: its Monday and its Sunday."""

    begins: str
    ends: str
    since: datetime
    until: datetime


class Cost(NamedTuple):
    """What a week cost. charged: what Plivo says, in US dollars, of `charged_messages`. reckoned: the settings' price of a
    segment for the segments of the others, in the settings' currency; None where no price is set. untold: of how many
    messages nobody knows the price."""

    charged: float
    charged_messages: int
    reckoned: float | None
    untold: int


@dataclass(frozen=True, slots=True)
class Week:
    """What is said of one week. success: from 0 to 1; None where nothing is over. median, p95: seconds late; None likewise.

    reasons: of what was not delivered, why, in words. countries: by country, how many Plivo took and how many of these were
    not delivered.
    """

    stretch: Stretch
    going_on: bool
    planned: int
    states: Mapping[State, int]
    skipped: int
    delivered: int
    undelivered: int
    success: float | None
    median: float | None
    p95: float | None
    reasons: Mapping[str, int]
    countries: Mapping[str, tuple[int, int]]
    cost: Cost

    @property
    def open(self) -> int:
        """What is not over yet."""
        return self.states[State.PENDING] + self.states[State.SENDING]

    @property
    def trouble(self) -> int:
        """What did not go out, or nobody knows whether it did."""
        return self.states[State.FAILED] + self.states[State.MISSED] + self.states[State.IN_DOUBT]


def weeks_until(now: datetime, zone: ZoneInfo, number: int) -> list[Stretch]:
    """The last weeks, the one that goes on last; each begins at midnight of a Monday there."""
    monday = (now.astimezone(zone) - timedelta(days=now.astimezone(zone).weekday())).date()
    mondays = [monday - timedelta(weeks=back) for back in range(number - 1, -2, -1)]
    starts = [datetime.combine(each, time(), zone).astimezone(now.tzinfo) for each in mondays]
    sunday = timedelta(days=6)
    return [
        Stretch(day.isoformat(), (day + sunday).isoformat(), since, until)
        for day, since, until in zip(mondays, starts, starts[1:], strict=False)
    ]


def week_of(stretch: Stretch, counted: Counted, now: datetime, price: float | None) -> Week:
    """price: of one segment, where the settings have one."""
    states = {state: counted.states.get(state, 0) for state in State}
    undelivered = sum(counted.bad.values())
    over = sum(states[state] for state in _OVER)
    return Week(
        stretch=stretch,
        going_on=stretch.since <= now < stretch.until,
        planned=sum(states.values()),
        states=states,
        skipped=counted.skipped,
        delivered=sum(counted.receipts.get(word, 0) for word in _WELL),
        undelivered=undelivered,
        success=(states[State.ACCEPTED] - undelivered) / over if over else None,
        median=_percentile(counted.late, 0.5),
        p95=_percentile(counted.late, 0.95),
        reasons=_reasons(counted.bad),
        countries=_countries(counted.areas),
        cost=_cost(counted.spend, price),
    )


def _percentile(late: Mapping[int, int], share: float) -> float | None:
    """The least time, in seconds, within which that share of them went out."""
    wanted, found = share * sum(late.values()), 0
    for tenths in sorted(late):
        found += late[tenths]
        if found >= wanted:
            return tenths / 10
    return None


def _reasons(bad: Mapping[tuple[str, int | None], int]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for (word, code), number in bad.items():
        said = meaning(code).words
        found[f"{word}: {said}" if code is None else f"{word}: {said} ({code})"] += number
    return dict(found.most_common())


def _countries(areas: Iterable[Area]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for area in areas:
        country = _country(area.example) or ELSEWHERE
        accepted, undelivered = found.get(country, (0, 0))
        found[country] = accepted + area.accepted, undelivered + area.undelivered
    return found


@lru_cache(maxsize=20_000)
def _country(phone: str) -> str | None:
    return country_of_number(phone)


def _cost(spend: Spend, price: float | None) -> Cost:
    reckoned = None if price is None else round(spend.other_segments * price, 6)
    untold = spend.other_messages if price is None else 0
    return Cost(spend.charged / _MILLIONTHS, spend.charged_messages, reckoned, untold)


def reasons_of(weeks: Sequence[Week]) -> list[tuple[str, int]]:
    """Of all these weeks, the most frequent first."""
    found: Counter[str] = Counter()
    for week in weeks:
        found.update(week.reasons)
    return found.most_common()


def countries_of(weeks: Sequence[Week]) -> list[tuple[str, int, int]]:
    """(country, accepted, undelivered) of all these weeks, where most went first."""
    accepted: Counter[str] = Counter()
    undelivered: Counter[str] = Counter()
    for week in weeks:
        for country, (taken, lost) in week.countries.items():
            accepted[country] += taken
            undelivered[country] += lost
    return [(country, number, undelivered[country]) for country, number in accepted.most_common()]
