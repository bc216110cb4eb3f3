"""Matching the log's rows to attempts, against every way in which it could have been."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from reminderd.matching import Pair, match, rows_for
from reminderd.model import LogRow
from reminderd.store import Doubt
from tests.unit.test_matching import doubt, row

SLACK = timedelta(seconds=2)

doubts = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 6), st.integers(1, 2)), max_size=5).map(
    lambda found: [doubt(number, begun, length, segments) for number, (begun, length, segments) in enumerate(found)]
)
rows = st.lists(st.tuples(st.integers(-3, 30), st.integers(1, 2)), max_size=5).map(
    lambda found: [row(f"uuid-{number}", at, units) for number, (at, units) in enumerate(found)]
)


def worlds(doubts: list[Doubt], rows: list[LogRow]) -> Iterator[set[int]]:
    """Who was sent, in each world that explains as many rows as can be explained at all."""
    options = [
        {doubt.attempt_id for doubt, row in zip(order, chosen, strict=False) if row in rows_for(doubt, [row], SLACK)}
        for order in permutations(doubts)
        for chosen in permutations(rows)
    ]
    most = max(map(len, options))
    yield from (option for option in options if len(option) == most)


@given(doubts, rows)
def test_no_row_and_no_attempt_is_used_twice_and_no_pair_lies_outside_its_window(
    doubts: list[Doubt], rows: list[LogRow]
) -> None:
    pairs = match(doubts, rows, SLACK)
    assert len({pair[0].attempt_id for pair in pairs}) == len({pair[1].message_uuid for pair in pairs}) == len(pairs)
    for doubt, row in pairs:
        assert doubt.begun_at - SLACK <= row.sent_at <= doubt.ended_by + SLACK


@given(doubts, rows)
def test_only_who_was_sent_in_every_possible_world_gets_a_row_and_everyone_of_them_does(
    doubts: list[Doubt], rows: list[LogRow]
) -> None:
    certain = set.intersection(*worlds(doubts, rows))
    assert {doubt.attempt_id for doubt, _ in match(doubts, rows, SLACK)} == certain


@given(doubts, rows, st.randoms())
def test_the_order_of_what_is_given_does_not_matter(doubts: list[Doubt], rows: list[LogRow], random: object) -> None:
    def shown(pairs: list[Pair]) -> set[tuple[int, str]]:
        return {(doubt.attempt_id, row.message_uuid) for doubt, row in pairs}

    assert shown(match(doubts, rows, SLACK)) == shown(match(doubts[::-1], rows[::-1], SLACK))
