from hypothesis import given
from hypothesis import strategies as st

from reminderd.dispatcher.pace import Pace


def test_without_a_rate_everything_may_go_at_once() -> None:
    pace = Pace(0, 0)
    assert pace.available(0, 1000) == 1000
    pace.spend(1000)
    assert (pace.available(0, 1000), pace.wait()) == (1000, 0)


def test_at_most_a_second_s_worth_goes_at_once() -> None:
    pace = Pace(5, 0)
    assert pace.available(100, 9) == 5


def test_what_was_spent_comes_back_with_time() -> None:
    pace = Pace(5, 0)
    assert pace.available(0, 9) == 5
    pace.spend(5)
    assert [pace.available(at, 9) for at in (0.1, 0.2, 0.4, 1.0)] == [0, 1, 2, 5]


def test_it_tells_when_the_next_one_may_go() -> None:
    pace = Pace(4, 0)
    pace.available(0, 9)
    pace.spend(4)
    assert pace.wait() == 0.25
    assert pace.available(0.25, 9) == 1


def test_a_rate_below_one_a_second_still_lets_one_go() -> None:
    pace = Pace(0.5, 0)
    assert pace.available(0, 9) == 1
    pace.spend(1)
    assert pace.wait() == 2
    assert [pace.available(at, 9) for at in (1.9, 2.0)] == [0, 1]


def test_it_never_grants_more_than_is_wanted() -> None:
    assert Pace(100, 0).available(0, 3) == 3


def test_a_clock_that_stands_still_or_goes_back_gives_nothing() -> None:
    pace = Pace(5, 10)
    pace.available(10, 9)
    pace.spend(5)
    assert [pace.available(at, 9) for at in (10, 3)] == [0, 0]


@given(st.integers(1, 50), st.lists(st.tuples(st.floats(0, 3), st.integers(0, 60)), max_size=40))
def test_in_no_stretch_of_time_more_goes_out_than_the_rate_and_one_burst(
    rate: int, steps: list[tuple[float, int]]
) -> None:
    pace, now = Pace(rate, 0), 0.0
    sent: list[tuple[float, int]] = []
    for passed, wanted in steps:
        now += passed
        number = pace.available(now, wanted)
        pace.spend(number)
        sent.append((now, number))
    for start, (begin, _) in enumerate(sent):
        total = 0
        for at, number in sent[start:]:
            total += number
            assert total <= rate + rate * (at - begin) + 0.01
