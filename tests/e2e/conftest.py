"""What the tests of the whole program have in common; a file that needs another one has its own by the same name."""

from collections.abc import Iterator

import pytest

from tests.support.sandbox import SandboxProcess
from tests.support.web import free_port


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One for all tests of a file, which reset it."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def port() -> int:
    """One that nobody listens on."""
    return free_port()
