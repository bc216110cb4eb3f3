from datetime import UTC, datetime, timedelta

import pytest

from reminderd.daemon.clockguard import ClockGuard
from tests.support.clock import START, FakeClock


def look(guard: ClockGuard, clock: FakeClock, *, held: bool = False) -> str | None:
    return guard.jumped(clock.now(), clock.boottime(), held=held)


def test_the_first_look_believes_the_clock() -> None:
    assert look(ClockGuard(), FakeClock()) is None


@pytest.mark.parametrize("passed", [timedelta(0), timedelta(seconds=15), timedelta(days=3)])
def test_time_that_passes_is_no_jump_however_long(passed: timedelta) -> None:
    guard, clock = ClockGuard(), FakeClock()
    look(guard, clock)
    clock.advance(passed)
    assert look(guard, clock) is None


@pytest.mark.parametrize(("minutes", "words"), [(6, "jumped forward by 6m"), (-6, "jumped back by 6m")])
def test_more_than_five_minutes_is_a_jump(minutes: int, words: str) -> None:
    guard, clock = ClockGuard(), FakeClock()
    look(guard, clock)
    clock.advance(timedelta(seconds=15))
    clock.jump(timedelta(minutes=minutes))
    assert words in (look(guard, clock) or "")


@pytest.mark.parametrize("minutes", [5, -5])
def test_five_minutes_are_no_jump(minutes: int) -> None:
    guard, clock = ClockGuard(), FakeClock()
    look(guard, clock)
    clock.jump(timedelta(minutes=minutes))
    assert look(guard, clock) is None


def test_a_jump_is_told_once() -> None:
    guard, clock = ClockGuard(), FakeClock()
    look(guard, clock)
    clock.jump(timedelta(hours=1))
    assert look(guard, clock) is not None
    assert look(guard, clock) is None


def test_a_year_before_the_program_s_own_is_not_believed_even_at_first() -> None:
    assert "1970" in (look(ClockGuard(), FakeClock(datetime(1970, 1, 1, tzinfo=UTC))) or "")


def test_an_operator_can_have_any_year_believed() -> None:
    guard = ClockGuard()
    guard.believe()
    assert look(guard, FakeClock(datetime(1970, 1, 1, tzinfo=UTC))) is None


def test_while_the_clock_is_not_believed_time_goes_on_from_the_last_that_was() -> None:
    guard, clock = ClockGuard(), FakeClock()
    look(guard, clock)
    clock.jump(timedelta(days=400))
    for held in (False, True):
        clock.advance(timedelta(minutes=1))
        look(guard, clock, held=held)
    assert guard.believed(clock.now(), clock.boottime()) == START + timedelta(minutes=2)


def test_what_is_believed_again_counts_from_then_on() -> None:
    guard, clock = ClockGuard(), FakeClock()
    look(guard, clock)
    clock.jump(timedelta(days=400))
    for held in (False, True, False):
        look(guard, clock, held=held)
    assert guard.believed(clock.now(), clock.boottime()) == clock.now()
