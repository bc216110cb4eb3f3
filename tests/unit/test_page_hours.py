"""The day behind: its figures by hour and state, how they are drawn, and what the state is asked for them."""

from contextlib import closing
from datetime import timedelta

from reminderd.model import State
from reminderd.store.view import open_view
from reminderd.web.page.hours import HEIGHT, Hours, hours, stretch
from tests.support.clock import START
from tests.support.desk import Desk

NOW = START + timedelta(minutes=25)
HOUR = timedelta(hours=1)


def drawn(**numbers: int) -> Hours:
    """Of the hour that goes on."""
    return hours(
        [{"hour": "2027-03-01T08", "state": state, "number": number} for state, number in numbers.items()], NOW
    )


def test_it_ends_with_the_hour_that_goes_on() -> None:
    assert stretch(NOW) == (START - 23 * HOUR, START + HOUR)
    found = drawn(accepted=3)
    assert [hour.start for hour in (found.hours[0], found.hours[-1])] == [START - 23 * HOUR, START]
    assert (found.total, found.most, found.hours[-1].total, found.hours[0].total) == (3, 3, 3, 0)


def test_nothing_is_drawn_of_nothing() -> None:
    found = hours([], NOW)
    assert (found.total, found.most, found.totals) == (0, 0, {})
    assert all(hour.blocks == () for hour in found.hours)


def test_one_failure_among_a_hundred_thousand_is_seen() -> None:
    blocks = {block.state: block for block in drawn(accepted=100_000, failed=1, in_doubt=1).hours[-1].blocks}
    assert blocks[State.FAILED].height >= 3
    assert round(sum(block.height for block in blocks.values()), 1) == HEIGHT
    assert blocks[State.IN_DOUBT].y == 0  # at the top
    assert blocks[State.ACCEPTED].y + blocks[State.ACCEPTED].height == HEIGHT


def test_columns_stand_in_proportion() -> None:
    rows = [
        {"hour": "2027-03-01T07", "state": "accepted", "number": 50},
        {"hour": "2027-03-01T08", "state": "accepted", "number": 100},
    ]
    found = hours(rows, NOW)
    assert [hour.blocks[0].height for hour in found.hours[-2:]] == [HEIGHT / 2, HEIGHT]


def test_the_state_counts_by_the_hour_in_which_they_were_due(desk: Desk) -> None:
    for minutes in (-25 * 60, -61, -60, -1, 0, 59, 60):
        due = START + timedelta(minutes=minutes)
        desk.owe(nominal=f"{due:%Y-%m-%dT%H:%M:%S}", due=due)
    since, until = stretch(NOW)
    with closing(open_view(desk.path)) as view:
        rows = view.attention.by_hour(since, until)
    assert [(row["hour"][-2:], row["state"], row["number"]) for row in rows] == [
        ("06", "pending", 1),
        ("07", "pending", 2),
        ("08", "pending", 2),
    ]
