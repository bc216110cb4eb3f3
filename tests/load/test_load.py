from pathlib import Path

import pytest

from tests.load.run import default_seed, run


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_deliveries_with_faults_all_have_their_right_end(tmp_path: Path) -> None:
    result = run(tmp_path, 100_000, default_seed(), 1800.0, print)
    assert result.violations == []
    assert result.growth < 16 * 2**20


def test_a_thousand_deliveries_with_faults_all_have_their_right_end(tmp_path: Path) -> None:
    result = run(tmp_path, 1_000, default_seed(), 120.0, print)
    assert result.violations == []
