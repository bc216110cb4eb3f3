"""The examples of docs/api.md, run as they are against a daemon."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import ALL, settings
from tests.support.daemon import Home, job, phone
from tests.support.sandbox import SandboxProcess
from tests.support.web import answers, free_port

DOCS = Path(__file__).parents[2] / "docs" / "api.md"
_EXAMPLE = re.compile(r"```console\n(.*?)```\n\n```json\n(.*?)```", re.DOTALL)


@pytest.mark.timeout(200)
def test_the_examples_answer_what_the_docs_say(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not here: install Debian's package curl")
    port = free_port()
    (tmp_path / "sandbox").mkdir()
    with (
        SandboxProcess(tmp_path / "sandbox") as sandbox,
        Home(tmp_path / "home", sandbox.environment, settings(port)) as home,
    ):
        home.write("jobs.yaml", job("now", phone(1)), job("rent", phone(2), "2031-05-04T09:00:00Z"))
        home.start().until_states(now="accepted")
        home.until(lambda: answers(port), "it does not listen")
        found = _EXAMPLE.findall(DOCS.read_text())
        assert len(found) > 4
        first = found[0][0].splitlines()[0].removeprefix("$ ")
        for typed, said in found:
            commands = [line.removeprefix("$ ") for line in typed.splitlines()]
            script = "\n".join(dict.fromkeys([first, *commands])).replace("127.0.0.1:9764", f"127.0.0.1:{port}")
            ran = subprocess.run(
                ["bash", "-euc", script],
                capture_output=True,
                text=True,
                check=True,
                env={"PATH": home.environment["PATH"], "TOKEN": ALL, "no_proxy": "*"},
            )
            missing = differences(json.loads(said), json.loads(ran.stdout))
            assert not missing, f"{typed}{missing}"


def differences(wanted: Any, found: Any) -> list[str]:
    """What of the wanted document is not so in the one that was found, which may say more."""
    if not isinstance(wanted, dict):
        return [] if wanted == found else [f"{wanted!r} is {found!r}"]
    return [f"{key}: {each}" for key in wanted for each in differences(wanted[key], found.get(key, "not there"))]
