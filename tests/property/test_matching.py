"""Matching the log's rows to attempts, against every way in which it could have been."""

import os
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from reminderd.model import LogRow
from reminderd.reconciler.matching import Pair, match, rows_for
from reminderd.store import Doubt
from tests.unit.test_matching import doubt, row

EXAMPLES = 20_000 if os.environ.get("NIGHTLY") else 300
SLACK = timedelta(0)

doubts = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 4), st.integers(1, 2)), max_size=5).map(
    lambda found: [doubt(number, begun, length, segments) for number, (begun, length, segments) in enumerate(found)]
)
rows = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 2)), max_size=5).map(
    lambda found: [row(f"uuid-{number}", at, units) for number, (at, units) in enumerate(found)]
)


def worlds(doubts: list[Doubt], rows: list[LogRow]) -> list[frozenset[int]]:
    """Who was sent, in each world that explains as many rows as can be explained at all."""
    options = {frozenset[int]()}
    for one in rows:
        owners = [each.attempt_id for each in doubts if rows_for(each, [one], SLACK)]
        options |= {option | {owner} for option in options for owner in owners if owner not in option}
    most = max(map(len, options))
    return [option for option in options if len(option) == most]


@settings(max_examples=EXAMPLES, deadline=None)
@given(doubts, rows)
def test_no_row_and_no_attempt_is_used_twice_and_no_pair_lies_outside_its_window(
    doubts: list[Doubt], rows: list[LogRow]
) -> None:
    pairs = match(doubts, rows, SLACK)
    assert len({pair[0].attempt_id for pair in pairs}) == len({pair[1].message_uuid for pair in pairs}) == len(pairs)
    for owner, one in pairs:
        assert owner.begun_at - SLACK <= one.sent_at <= owner.ended_by + SLACK


@settings(max_examples=EXAMPLES, deadline=None)
@given(doubts, rows)
def test_only_who_was_sent_in_every_possible_world_gets_a_row_and_everyone_of_them_does(
    doubts: list[Doubt], rows: list[LogRow]
) -> None:
    certain = frozenset.intersection(*worlds(doubts, rows))
    assert {doubt.attempt_id for doubt, _ in match(doubts, rows, SLACK)} == certain


@settings(max_examples=EXAMPLES, deadline=None)
@given(doubts, rows)
def test_the_order_of_what_is_given_does_not_matter(doubts: list[Doubt], rows: list[LogRow]) -> None:
    def shown(pairs: list[Pair]) -> set[tuple[int, str]]:
        return {(doubt.attempt_id, row.message_uuid) for doubt, row in pairs}

    assert shown(match(doubts, rows, SLACK)) == shown(match(doubts[::-1], rows[::-1], SLACK))
