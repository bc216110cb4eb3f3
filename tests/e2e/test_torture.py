"""Everything at once, drawn from a seed: `python -m tests.torture` does the same for as long as one likes."""

import os
import random
from pathlib import Path

import pytest

from tests.torture.driver import possible
from tests.torture.run import torture

pytestmark = pytest.mark.skipif(possible() is not None, reason=str(possible()))


@pytest.mark.timeout(400)  # about ten seconds where nothing else runs
def test_every_promise_is_kept_through_a_few_deaths(tmp_path: Path) -> None:
    survive(tmp_path, rounds=4, jobs=12)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("clock", [True, False], ids=["clock jumps", "clock is right"])
def test_every_promise_is_kept_through_many_deaths(tmp_path: Path, clock: bool) -> None:
    survive(tmp_path, rounds=150, jobs=400, clock=clock)


def survive(folder: Path, *, rounds: int, jobs: int, clock: bool = True) -> None:
    """REMINDERD_SEED plans the same run again."""
    seed = int(os.environ.get("REMINDERD_SEED", random.randrange(1 << 32)))
    print(f"REMINDERD_SEED={seed}")  # pytest shows it with a failure
    result = torture(seed, rounds, jobs, folder, print, clock=clock)
    assert result.breaches == ()
    assert result.kills > 0
