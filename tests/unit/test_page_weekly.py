"""Weeks in figures: what is said of what was counted."""

import asyncio
import sqlite3
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest

from reminderd.message import country_of_number
from reminderd.model import State
from reminderd.store import StateError
from reminderd.store.weeks import Area, Counted, Spend
from reminderd.web.page import words
from reminderd.web.page.charts import HEIGHT, chart
from reminderd.web.page.counting import Counting
from reminderd.web.page.weekly import Stretch, week_of, weeks_until
from reminderd.web.reader import Reader
from tests.support.clock import utc
from tests.support.world import ANNA, World, job

T = TypeVar("T")

_NOW = utc("2027-03-31 12:00")
_BERLIN = ZoneInfo("Europe/Berlin")
_STRETCH = weeks_until(_NOW, _BERLIN, 1)[0]


def elsewhere(question: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own: the one of the tests may have a loop that runs, of a browser's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, question).result()


def _counted(**values: object) -> Counted:
    empty: dict[str, object] = {
        "states": {},
        "skipped": 0,
        "receipts": {},
        "bad": {},
        "late": {},
        "areas": (),
        "spend": Spend(),
    }
    return Counted(**{**empty, **values})  # type: ignore[arg-type]


def test_weeks_begin_on_mondays_at_midnight_of_their_zone_also_where_its_clock_changes() -> None:
    weeks = weeks_until(_NOW, _BERLIN, 3)
    assert [week.begins for week in weeks] == ["2027-03-15", "2027-03-22", "2027-03-29"]
    assert [week.since for week in weeks] == [utc("2027-03-14 23:00"), utc("2027-03-21 23:00"), utc("2027-03-28 22:00")]
    assert all(one.until == other.since for one, other in pairwise(weeks))
    assert weeks[-1].ends == "2027-04-04"


def test_success_leaves_out_what_was_cancelled_or_is_not_over_and_what_arrived_nowhere() -> None:
    states = {
        State.ACCEPTED: 90,
        State.FAILED: 5,
        State.MISSED: 4,
        State.IN_DOUBT: 1,
        State.CANCELLED: 50,
        State.PENDING: 7,
    }
    week = week_of(_STRETCH, _counted(states=states, bad={("failed", 20): 10}), _NOW, None)
    assert week.success == pytest.approx(0.8)
    assert (week.planned, week.open, week.trouble, week.undelivered) == (157, 7, 10, 10)
    assert week_of(_STRETCH, _counted(states={State.CANCELLED: 3}), _NOW, None).success is None


def test_half_and_95_of_100_went_out_within() -> None:
    week = week_of(_STRETCH, _counted(late={0: 50, 10: 44, 600: 5, 9000: 1}), _NOW, None)
    assert (week.median, week.p95) == (0.0, 60.0)
    assert week_of(_STRETCH, _counted(), _NOW, None).median is None


def test_reasons_are_in_words_and_countries_added_up() -> None:
    bad = {("undelivered", 30): 2, ("failed", None): 5, ("rejected", 31337): 1}
    areas = (Area("+14155550101", 3, 1), Area("+14165550101", 1, 0), Area("+14255550101", 4, 2), Area("+999123", 1, 1))
    week = week_of(_STRETCH, _counted(bad=bad, areas=areas), _NOW, None)
    assert list(week.reasons.items()) == [
        ("failed: no error code given", 5),
        ("undelivered: spam detected (30)", 2),
        ("rejected: unknown code (31337)", 1),
    ]
    assert week.countries == {"US": (7, 3), "CA": (1, 0), "unknown": (1, 1)}


def test_a_number_tells_its_country_also_where_nobody_can_have_it() -> None:
    assert country_of_number(ANNA) == "US"
    assert country_of_number("+447700900123") == "GB"
    assert country_of_number("+447781123456") == "GG"
    assert country_of_number("+870773111632") is None
    assert country_of_number("nothing") is None


def test_what_plivo_charged_counts_and_the_rest_by_the_price_of_a_segment() -> None:
    spend = Spend(1_500_000, 100, 40, 20)
    assert week_of(_STRETCH, _counted(spend=spend), _NOW, 0.01).cost == (1.5, 100, 0.4, 0)
    assert week_of(_STRETCH, _counted(spend=spend), _NOW, None).cost == (1.5, 100, None, 20)


def test_bars_are_as_high_as_their_values_and_what_is_little_is_not_nothing() -> None:
    drawn = chart("Planned", ["a", "b", "c", "d"], [100.0, 0.01, 0.0, None], str, counted=[True, True, True, False])
    heights = [bar.height for bar in drawn.bars]
    assert heights[0] == HEIGHT
    assert 0 < heights[1] < 3
    assert heights[2:] == [0, 0]
    assert [bar.said for bar in drawn.bars] == ["a: 100.0", "b: 0.01", "c: 0.0", "d: being counted"]


@pytest.mark.parametrize(
    ("value", "said"),
    [(1.0, "100 %"), (0.99999, "> 99.9 %"), (0.954, "95.4 %"), (0.00001, "< 0.1 %"), (0.0, "0 %"), (None, "–")],
)
def test_nothing_is_rounded_to_all_or_nothing(value: float | None, said: str) -> None:
    assert words.share(value) == said


def test_what_is_counted_is_kept_and_counted_anew_when_it_is_old(world: World, tmp_path: Path) -> None:
    world.load("a.yaml", job(at="2027-03-01T09:00"))
    world.go_to("09:01")
    clock = [utc("2027-03-01 10:00")]
    stretch = Stretch("2027-03-01", "2027-03-07", utc("2027-03-01 00:00"), utc("2027-03-08 00:00"))
    old = Stretch("2027-01-04", "2027-01-10", utc("2027-01-04 00:00"), utc("2027-01-11 00:00"))

    async def ask() -> list[int]:
        counting = Counting(Reader(world.path, "test"), lambda: clock[0])
        found = []
        try:
            for later in (0, 20, 20):
                clock[0] += timedelta(seconds=later)
                this, before = await counting.of([old, stretch])
                assert this is not None
                assert before is not None
                found.append(sum(before.states.values()))
                with closing(sqlite3.connect(world.path)) as raw, raw:
                    raw.execute("update deliveries set drill = 1")
        finally:
            counting.close()
        return found

    assert elsewhere(ask()) == [1, 1, 0]


def test_a_state_that_cannot_be_read_is_said_and_asked_again(tmp_path: Path) -> None:
    async def ask() -> None:
        counting = Counting(Reader(tmp_path / "none.db", "test"), lambda: datetime.now(UTC))
        try:
            for _ in range(2):
                with pytest.raises(StateError):
                    await counting.of([_STRETCH])
        finally:
            counting.close()

    elsewhere(ask())
