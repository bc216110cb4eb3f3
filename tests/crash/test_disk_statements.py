"""A day on a disk that fails at the n-th statement, for each n: it ends as on a disk that works."""

import pytest

from tests.crash.disks import STICKY_FOR, Walk, first_point, walk_statements
from tests.support.disks import FAILING, SAYINGS

_ONCE_AND_LONGER = pytest.mark.parametrize("times", [1, STICKY_FOR], ids=["once", "longer"])


def check(walk: Walk, at_least: int) -> None:
    print(walk)
    assert walk.violations == []
    assert walk.tried >= at_least
    assert walk.failures >= walk.tried


@pytest.mark.parametrize("says", SAYINGS)
def test_wherever_a_statement_fails_the_day_ends_as_it_should(says: str) -> None:
    check(walk_statements(says, first=first_point(163), step=163), 4)


def test_a_disk_that_fails_for_longer_changes_nothing_either() -> None:
    check(walk_statements(FAILING, times=STICKY_FOR, first=first_point(163), step=163), 4)


def test_a_commit_that_is_done_and_seems_to_fail_changes_nothing_either() -> None:
    check(walk_statements(FAILING, done=True, first=first_point(17), step=17), 5)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@_ONCE_AND_LONGER
@pytest.mark.parametrize("says", SAYINGS)
def test_each_statement_may_fail(says: str, times: int) -> None:
    check(walk_statements(says, times=times), 700)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_each_commit_may_seem_to_fail() -> None:
    check(walk_statements(FAILING, done=True), 100)
