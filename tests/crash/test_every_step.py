"""The promise at every crash point, by construction: the daemon dies at each, and what came of it is judged."""

import os
import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.crash.every_step import Tally, double, places, run, single
from tests.crash.scenarios import SCENARIOS
from tests.crash.story import Scenario

Record = Callable[[str, object], None]

_DRAWN = 8  # crash points, of each scenario
_SAMPLES = 1  # pairs of deaths, of each scenario

scenarios = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@pytest.fixture
def choose() -> random.Random:
    """REMINDERD_SEED makes the same choice again."""
    seed = int(os.environ.get("REMINDERD_SEED", random.randrange(1 << 32)))
    print(f"REMINDERD_SEED={seed}")
    return random.Random(seed)


@scenarios
def test_whoever_dies_at_some_step_keeps_the_promise(
    scenario: Scenario, choose: random.Random, record_property: Record
) -> None:
    check(single(scenario, choose=lambda all_: choose.sample(all_, min(_DRAWN, len(all_)))), record_property)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@scenarios
def test_whoever_dies_at_any_step_keeps_the_promise(scenario: Scenario, record_property: Record) -> None:
    check(single(scenario), record_property)


@scenarios
def test_whoever_dies_twice_keeps_the_promise(scenario: Scenario, choose: random.Random) -> None:
    """Some pairs of deaths."""
    for _ in range(_SAMPLES):
        first = choose.choice(places(run(scenario).lives[0]))
        second = choose.choice(places(run(scenario, [first]).lives[1]))
        verdict = run(scenario, [first, second])
        assert not verdict.violations, verdict


def test_a_life_is_the_same_each_time() -> None:
    """Or a crash point would not be what it was when they were counted."""
    for scenario in SCENARIOS[:2]:
        one, other = run(scenario).lives[0], run(scenario).lives[0]
        assert [point.label for point in one.points] == [point.label for point in other.points]
        assert places(one) == places(other)  # what they leave differs by the tokens, which are random


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@scenarios
def test_each_crash_point_has_a_run_of_its_own(scenario: Scenario, record_property: Record) -> None:
    """Also those that leave the same behind as others."""
    check(single(scenario, each=True), record_property)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seconds", [20, 90])
@pytest.mark.parametrize("scenario", [one for one in SCENARIOS if not one.prompt], ids=lambda scenario: scenario.name)
def test_who_starts_again_only_after_a_while_keeps_the_promise(
    scenario: Scenario, seconds: int, record_property: Record
) -> None:
    check(single(scenario, downtime=timedelta(seconds=seconds)), record_property)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scenario", [one for one in SCENARIOS if one.small], ids=lambda scenario: scenario.name)
def test_whoever_dies_at_any_two_steps_keeps_the_promise(scenario: Scenario, record_property: Record) -> None:
    check(double(scenario), record_property)


def check(tally: Tally, record: Record) -> None:
    """Nothing is wrong; the numbers go into the report of the tests."""
    record("crash_points", tally.points)
    record("runs", tally.runs)
    assert tally.violations == (), f"{tally}\n" + "\n".join(tally.violations[:10])
