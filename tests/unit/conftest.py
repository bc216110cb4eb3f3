from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desk import Desk
from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A daemon that runs, on 2027-03-01 at 08:00 UTC, without jobs."""
    here = World(tmp_path)
    here.sync()
    yield here
    here.kill()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A state with the jobs `a` and `b`, at the same time, and nothing owed."""
    here = Desk(tmp_path)
    yield here
    here.world.kill()
