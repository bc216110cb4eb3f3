"""What holds for all tests: in CI nothing may be skipped, so that a missing service is seen."""

import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where everything must run: {item.nodeid}: {report.longrepr}"
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each worker begin with its share of the tests that mostly wait, for a system to start or a program to end.

    Work is dealt out in as many stretches as there are workers; else one of them would be left with all of those.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item for item in items if item.path.parent.name == "systemd"]
    quick = [item for item in items if item.path.parent.name != "systemd"]
    if workers > 1 and slow:
        size = -(-len(items) // workers)
        files = sorted({item.path for item in slow})  # a file's tests share what it builds
        items.clear()
        for worker in range(workers):
            first = [item for item in slow if item.path in files[worker::workers]]
            share = max(0, size - len(first))
            items += [*first, *quick[:share]]
            del quick[:share]
        items += quick
