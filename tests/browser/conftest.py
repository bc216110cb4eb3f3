"""A real browser (Debian's chromium-headless-shell) before a real daemon, whose data come of real sends to the sandbox."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.scene import FAR_NAME, Scene, busy_scene, empty_scene

_PROGRAM = "chromium-headless-shell"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = shutil.which(_PROGRAM)
    if program is None:
        pytest.skip(f"{_PROGRAM} is not here: install Debian's package of that name (--no-install-recommends)")
    arguments = [f"--host-resolver-rules=MAP {FAR_NAME} 127.0.0.1"]
    if os.geteuid() == 0:  # the browser's own sandbox cannot be had then
        arguments.append("--no-sandbox")
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
