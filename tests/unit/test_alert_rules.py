"""When somebody is needed."""

from datetime import timedelta

import pytest

from reminderd.alerts import DO, Name, Present, Space, needs
from reminderd.alerts.rules import Ended

MINUTE = timedelta(minutes=1)
GIB = 1024**3


def test_when_all_is_well_nobody_is_needed() -> None:
    fine = Present(ended=Ended(accepted=100), problems=(0, 0), space=Space(GIB, 10 * GIB), unsynchronised=9 * MINUTE)
    assert needs(fine) == {}
    assert needs(Present()) == {}


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        (Ended(accepted=95, failed=5), False),  # five in a hundred is not beyond five percent
        (Ended(accepted=94, failed=6), True),
        (Ended(accepted=47, failed=1, missed=1, undelivered=1), True),
        (Ended(accepted=60, failed=1, missed=1, undelivered=1), False),
        (Ended(accepted=10, failed=1), False),  # one or two are no trend,
        (Ended(accepted=10, failed=2), False),
        (Ended(accepted=10, failed=3), True),
        (Ended(failed=1), True),  # unless nothing went well
        (Ended(missed=2), True),
        (Ended(accepted=1, undelivered=1), True),
        (Ended(undelivered=4), True),  # reported now of what was accepted earlier
        (Ended(), False),
    ],
)
def test_failures_are_told_beyond_five_percent(ended: Ended, told: bool) -> None:
    assert (Name.FAILED in needs(Present(ended=ended))) is told


@pytest.mark.parametrize(
    ("present", "name", "summary"),
    [
        (Present(doubtful=1), Name.IN_DOUBT, "1 delivery is in doubt: Plivo's log has no proof, a person is needed"),
        (Present(overdue=[("rent", 3)]), Name.OVERDUE, "3 deliveries wait past their time: of job rent"),
        (
            Present(overdue=[("rent", 3), ("a", 1), ("b", 1)]),
            Name.OVERDUE,
            "5 deliveries wait past their time: of job rent and 2 others",
        ),
        (Present(behind=6 * MINUTE), Name.OVERDUE, "nothing has been planned for 6m, though something is due"),
        (
            Present(suspended="402: no credit", unusable=MINUTE),
            Name.GATEWAY,
            "nothing is sent, the gateway is suspended: 402: no credit",
        ),
        (Present(problems=(3, 1)), Name.PROBLEMS, "3 problems in 1 file; what was good before goes on"),
        (
            Present(holds={"limit": 2, "removal": 1, "delivery": 5}),
            Name.HOLDS,
            "3 holds wait for approval: limit, removal",
        ),
        (
            Present(unwritable="disk full"),
            Name.DISK,
            "the state cannot be written, so nothing is sent: disk full",
        ),
        (
            Present(space=Space(99 * 1024**2, 100 * GIB)),
            Name.DISK,
            "the disk of the state is nearly full: 99 MiB are free",
        ),
        (Present(holds={"clock": 1}), Name.CLOCK, "the clock cannot be believed, so nothing is planned or sent"),
        (Present(unsynchronised=10 * MINUTE), Name.CLOCK, "the clock has not been synchronised for 10m"),
    ],
)
def test_what_is_the_case_is_said_with_counts(present: Present, name: Name, summary: str) -> None:
    assert needs(present) == {name: summary}
    assert DO[name]


def test_a_gateway_that_is_back_within_a_minute_is_no_news() -> None:
    assert needs(Present(suspended="429", unusable=timedelta(seconds=59))) == {}
    assert needs(Present(suspended=None, unusable=timedelta(hours=1))) == {}


def test_a_small_disk_is_full_when_a_twentieth_is_left() -> None:
    assert not Space(free=4 * 1024**2, size=64 * 1024**2).low
    assert Space(free=3 * 1024**2, size=64 * 1024**2).low
