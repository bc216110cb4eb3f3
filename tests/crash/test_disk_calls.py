"""A day on a disk on which the n-th write, fsync, truncation or creation fails, for each n: it ends as it should."""

from pathlib import Path

import pytest

from tests.crash.disks import ERRORS, MANNERS, Walk, first_point, walk_calls


def check(walk: Walk, at_least: int) -> None:
    print(walk)
    assert walk.violations == []
    assert walk.tried >= at_least
    assert walk.failures > 0


# Each manner once, and each error at least once.
_SOME = [(error, manner) for error, manner in zip([*ERRORS, *ERRORS], MANNERS, strict=False)]


@pytest.mark.parametrize(("error", "manner"), _SOME)
def test_wherever_a_call_on_the_disk_fails_the_day_ends_as_it_should(tmp_path: Path, error: str, manner: str) -> None:
    check(walk_calls(tmp_path, error, manner, first=first_point(311), step=311), 3)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("error", ERRORS)
def test_each_call_on_the_disk_may_fail(tmp_path: Path, error: str, manner: str) -> None:
    check(walk_calls(tmp_path, error, manner), 1000)
