"""Pauses and skips in the state: who said what, until when, and what planning is told of them."""

from datetime import timedelta

from reminderd.model import Instant
from tests.support.clock import START
from tests.support.desk import HOUR, Desk, later

NINE = "2027-03-01T09:00:00"


def test_a_pause_says_who_and_why_until_it_is_ended(desk: Desk) -> None:
    overrides = desk.store.overrides
    assert overrides.pause("a", None, "ops", "flood", START) is None
    (pause,) = overrides.open_ones(later(1))
    assert (pause.kind, pause.job, pause.reason, pause.since, pause.until) == (
        "pause",
        "a",
        "paused by ops: flood",
        START,
        None,
    )
    assert overrides.resume("a", "anna", later(60))
    assert overrides.open_ones(later(60)) == []
    assert not overrides.resume("a", "anna", later(61))


def test_pausing_again_changes_the_reason_and_the_end_and_keeps_the_beginning(desk: Desk) -> None:
    overrides = desk.store.overrides
    overrides.pause("a", None, "ops", "flood", START)
    before = overrides.pause("a", START + HOUR, "anna", "still wet", later(60))
    assert before is not None
    assert (before.who, before.why, before.until) == ("ops", "flood", None)
    (pause,) = overrides.open_ones(later(60))
    assert (pause.who, pause.why, pause.since, pause.until) == ("anna", "still wet", START, START + HOUR)


def test_the_pause_of_one_job_and_that_of_all_are_two(desk: Desk) -> None:
    overrides = desk.store.overrides
    overrides.pause("a", None, "ops", "one", START)
    overrides.pause(None, None, "ops", "all", START)
    assert [each.job for each in overrides.open_ones(START)] == ["a", None]
    assert overrides.resume(None, "ops", later(1))
    assert [each.job for each in overrides.open_ones(later(1))] == ["a"]


def test_a_pause_ends_by_itself_at_its_time_whenever_that_is_written_down(desk: Desk) -> None:
    overrides = desk.store.overrides
    overrides.pause("a", later(60), "ops", "a minute", START)
    assert overrides.next_end() == later(60)
    assert overrides.expire(later(59)) == []
    assert overrides.open_ones(later(60)) == [], "it is over before anybody notes it"
    (ended,) = overrides.expire(later(300))
    assert (ended.job, ended.ended_at) == ("a", later(60))
    assert overrides.next_end() is None
    assert not overrides.resume("a", "ops", later(301))


def test_a_pause_that_is_over_and_not_noted_does_not_stand_in_the_way_of_the_next(desk: Desk) -> None:
    overrides = desk.store.overrides
    overrides.pause("a", later(60), "ops", "a minute", START)
    assert overrides.pause("a", None, "ops", "again", later(90)) is None
    first, second = overrides.all_for_planning(later(90))
    assert (first.since, first.ended_at, second.since) == (START, later(60), later(90))
    between = Instant(NINE, later(75))
    assert not any(each.covers("a", between) for each in (first, second))


def test_planning_hears_of_a_pause_for_forty_days_after_its_end(desk: Desk) -> None:
    overrides = desk.store.overrides
    overrides.pause("a", None, "ops", "flood", START)
    overrides.resume("a", "ops", later(60))
    (ended,) = overrides.all_for_planning(START + timedelta(days=39))
    assert ended.covers("a", Instant(NINE, later(59)))
    assert not ended.covers("a", Instant(NINE, later(60)))
    assert overrides.all_for_planning(START + timedelta(days=41)) == ()


def test_a_skip_is_for_one_occurrence_and_can_be_taken_back(desk: Desk) -> None:
    overrides = desk.store.overrides
    assert overrides.skip("a", NINE, START + HOUR, "ops", "holiday", START)
    assert not overrides.skip("a", NINE, START + HOUR, "ops", "again", START)
    (skip,) = overrides.all_for_planning(START)
    assert skip.reason == "skipped by ops: holiday"
    assert skip.covers("a", Instant(NINE, START + HOUR))
    assert not skip.covers("b", Instant(NINE, START + HOUR))
    assert overrides.unskip("a", NINE, "ops", later(1))
    assert overrides.all_for_planning(later(1)) == ()
    assert not overrides.unskip("a", NINE, "ops", later(2))


def test_a_skip_is_shown_until_its_time_and_counts_also_when_it_is_planned_late(desk: Desk) -> None:
    overrides = desk.store.overrides
    overrides.skip("a", NINE, START + HOUR, "ops", "holiday", START)
    assert [each.nominal for each in overrides.open_ones(later(3599))] == [NINE]
    assert overrides.open_ones(START + HOUR) == []
    assert len(overrides.all_for_planning(START + timedelta(days=39))) == 1
    overrides.expire(START + timedelta(days=41))
    assert overrides.all_for_planning(START + timedelta(days=41)) == ()
