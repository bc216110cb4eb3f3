"""The API asked by schemathesis, from its own description, for whatever that allows and for what it does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.api import ALL, settings
from tests.support.daemon import Home, job, phone
from tests.support.sandbox import SandboxProcess
from tests.support.web import answers, free_port

# That what fits the description is always taken is not promised: a pattern cannot say which times or durations there are.
_NOT_PROMISED = "positive_data_acceptance"


@pytest.mark.timeout(300)
def test_whatever_is_asked_the_answer_is_one_that_the_description_has(tmp_path: Path) -> None:
    fuzz(tmp_path, "--phases", "fuzzing", "--max-examples", "5")


@pytest.mark.nightly
def test_whatever_is_asked_at_length_the_answer_is_one_that_the_description_has(tmp_path: Path) -> None:
    fuzz(tmp_path, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "200")


def fuzz(folder: Path, *options: str) -> None:
    """All checks of schemathesis' on all operations of a running daemon; nothing else is asked than that address."""
    port = free_port()
    (folder / "sandbox").mkdir()
    with (
        SandboxProcess(folder / "sandbox") as sandbox,
        Home(folder / "home", sandbox.environment, settings(port)) as home,
    ):
        home.write("jobs.yaml", job("sent", phone(1)), job("later", phone(2), "2031-05-04T09:00:00Z"))
        home.start().until_states(sent="accepted")
        home.until(lambda: answers(port), "it does not listen")
        asked = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{port}/api/v1/openapi.json"),
                *("--header", f"Authorization: Bearer {ALL}", "--no-color", "--warnings", "off"),
                *("--checks", "all", "--exclude-checks", _NOT_PROMISED, "--generation-database", "none", *options),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        )
        assert asked.returncode == 0, asked.stdout[-8000:] + asked.stderr[-2000:]
        assert "No issues found" in asked.stdout, asked.stdout[-2000:]
        assert answers(port)
        assert "Traceback" not in home.log()
