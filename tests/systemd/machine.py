"""Inside of the machine: reminderd installed as the README says, its service, and what systemd says of it."""

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from reminderd.gateway.sandbox import AUTH_ID, AUTH_TOKEN
from tests.support.sandbox import SENDER, SandboxProcess, wait_until
from tests.systemd.conftest import CHECKOUT

JOBS = Path("/etc/reminderd/jobs.d")
SETTINGS = Path("/etc/reminderd/reminderd.yaml")
TOKEN = Path("/etc/reminderd/plivo-token")
STATE = Path("/var/lib/reminderd/state.db")
SERVICE = "reminderd.service"
_PATIENCE = 60.0  # only what fails waits so long


def run(*command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=90, check=False)
    assert not check or done.returncode == 0, (command, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def until(condition: Callable[[], object], otherwise: str) -> None:
    """Wait until the condition holds."""
    try:
        wait_until(lambda: bool(condition()), _PATIENCE)
    except AssertionError:
        raise AssertionError(f"{otherwise}: {show()}") from None


def readme_commands() -> list[str]:
    """What the README's section on installing with pip has people type, but for what needs a package index."""
    section = (CHECKOUT / "README.md").read_text().partition("\n## Install\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"```console\n(\$ python3 -m venv.*?)```", section, re.DOTALL)
    lines = [line[2:] for line in block.replace("\\\n", " ").splitlines() if line.startswith("$ ")]
    return [line for line in lines if not re.match(r"python3 -m venv|/opt/reminderd/bin/pip", line)]


def install(url: str = "http://127.0.0.1:9", settings: str = "") -> None:
    """By the README's own commands; then settings for this gateway, a token, and no job."""
    for line in readme_commands():
        run("sh", "-ec", line)
    configure(url, settings)


def configure(url: str, settings: str = "") -> None:
    """Settings for this gateway, and a token."""
    SETTINGS.write_text(f'plivo:\n  auth_id: {AUTH_ID}\n  sender: "{SENDER}"\n  url: {url}\n{settings}')
    run("chgrp", "reminderd", str(SETTINGS))
    SETTINGS.chmod(0o640)
    TOKEN.write_text(f"{AUTH_TOKEN}\n")
    assert (TOKEN.stat().st_mode & 0o777, TOKEN.stat().st_uid) == (0o600, 0)


def installed_with_sandbox(stack: ExitStack, *arguments: str, settings: str = "") -> SandboxProcess:
    """The same beside a running sandbox."""
    sandbox = stack.enter_context(SandboxProcess(Path(mkdtemp()), *arguments))
    install(sandbox.url, settings)
    return sandbox


def drop_in(text: str, unit: str = SERVICE, name: str = "test.conf") -> None:
    """Change a unit for a test, as an operator does."""
    folder = Path(f"/etc/systemd/system/{unit}.d")
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    run("systemctl", "daemon-reload")


def job(name: str, **keys: object) -> None:
    """A job file; without a schedule of its own it is due each second."""
    whole = {
        "schedule": {"every": "1s", "from": "2026-01-01T00:00:00Z"},
        "to": "+14155550101",
        "message": "It is {{ due_at.isoformat() }}.",
        **keys,
    }
    (JOBS / f"{name}.yaml").write_text(json.dumps(whole))


def systemctl(*arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    return run("systemctl", *arguments, check=check)


def show(unit: str = SERVICE) -> Mapping[str, str]:
    """What systemd knows of the unit."""
    lines = run("systemctl", "show", unit).stdout.splitlines()
    wanted = (
        "ActiveState",
        "SubState",
        "Result",
        "NRestarts",
        "StatusText",
        "MainPID",
        "ExecMainStatus",
        "ExecMainCode",
    )
    found = {name: value for name, _, value in (line.partition("=") for line in lines)}
    return {name: found.get(name, "") for name in wanted}


def pid() -> int:
    return int(show()["MainPID"])


def journal(unit: str = SERVICE, *more: str) -> str:
    return run("journalctl", "--no-pager", "--output=cat", f"--unit={unit}", *more).stdout


def logged(words: str) -> Callable[[], bool]:
    return lambda: words in journal()


def in_state(state: str, unit: str = SERVICE) -> Callable[[], bool]:
    return lambda: show(unit)["ActiveState"] == state


def started_again(times: int) -> Callable[[], bool]:
    """So many times by systemd itself, and ready."""
    return lambda: show()["ActiveState"] == "active" and int(show()["NRestarts"]) >= times


def history(*arguments: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(run("reminderd", "history", "--limit", "0", "--json", *arguments).stdout)
    return rows
