"""What was due in each hour of the last day, by state: the figures, and how they are drawn. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reminderd.model import State
from reminderd.store import Row

HOURS = 24
_HOUR = timedelta(hours=1)
# From the bottom up: what went well first, what needs someone at the top, where it stands out.
STATES = (
    State.ACCEPTED,
    State.SENDING,
    State.PENDING,
    State.CANCELLED,
    State.MISSED,
    State.FAILED,
    State.IN_DOUBT,
)
HEIGHT = 100.0
_LEAST = 3.0  # what is drawn of a number however small it is beside others


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a column, from the top of the drawing down."""

    state: State
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Hour:
    """start: of the hour. numbers: by state, of those that there are."""

    start: datetime
    numbers: Mapping[State, int]
    blocks: tuple[Block, ...]

    @property
    def total(self) -> int:
        return sum(self.numbers.values())


@dataclass(frozen=True, slots=True)
class Hours:
    """The last ones, the one that goes on included. totals: by state, of those that there are. most: of one hour."""

    hours: tuple[Hour, ...]
    totals: Mapping[State, int]
    most: int

    @property
    def total(self) -> int:
        return sum(self.totals.values())


def stretch(now: datetime) -> tuple[datetime, datetime]:
    """From when until when they are."""
    until = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + _HOUR
    return until - HOURS * _HOUR, until


def hours(rows: Iterable[Row], now: datetime) -> Hours:
    """rows: of `Attention.by_hour` for that stretch."""
    since, _ = stretch(now)
    found: dict[str, dict[State, int]] = {}
    for row in rows:
        found.setdefault(row["hour"], {})[State(row["state"])] = row["number"]
    starts = [since + number * _HOUR for number in range(HOURS)]
    numbers = [_ordered(found.get(f"{start:%Y-%m-%dT%H}", {})) for start in starts]
    most = max(sum(each.values()) for each in numbers)
    drawn = tuple(Hour(start, each, tuple(_blocks(each, most))) for start, each in zip(starts, numbers, strict=True))
    totals = {state: sum(each.get(state, 0) for each in numbers) for state in STATES}
    return Hours(drawn, {state: number for state, number in totals.items() if number}, most)


def _ordered(numbers: Mapping[State, int]) -> Mapping[State, int]:
    return {state: numbers[state] for state in STATES if numbers.get(state)}


def _blocks(numbers: Mapping[State, int], most: int) -> Iterable[Block]:
    heights = {state: max(_LEAST, HEIGHT * number / most) for state, number in numbers.items()}
    over = sum(heights.values()) - HEIGHT
    if over > 0:  # what was raised is taken from the largest
        largest = max(heights, key=lambda state: heights[state])
        heights[largest] = max(_LEAST, heights[largest] - over)
    bottom = HEIGHT
    for state, height in heights.items():
        bottom -= height
        yield Block(state, round(bottom, 2), round(height, 2))
