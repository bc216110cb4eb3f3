"""A real browser (Debian's chromium-headless-shell) before a real daemon, whose data come of real sends to the sandbox."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.scene import Scene, busy_scene, empty_scene

_PROGRAM = "chromium-headless-shell"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = shutil.which(_PROGRAM)
    if program is None:
        pytest.skip(f"{_PROGRAM} is not here: install Debian's package of that name (--no-install-recommends)")
    # The browser's own sandbox cannot be had as root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=arguments)
        yield running
        running.close()


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with busy_scene(tmp_path_factory.mktemp("busy")) as scene:
        yield scene


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with empty_scene(tmp_path_factory.mktemp("empty")) as scene:
        yield scene
