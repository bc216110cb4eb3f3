"""The units of deploy/git-pull, installed by the commands of docs/deploy.md, under a real systemd with real git."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.support.jobfiles import job_text, write
from tests.systemd.conftest import CHECKOUT, Play
from tests.systemd.machine import SETTINGS, drop_in, in_state, install, journal, run, until

ORIGIN = Path("/srv/reminders")
SERVICE = "reminderd-pull.service"
UNITS = ("reminderd-pull.service", "reminderd-pull.timer")


def commands() -> list[str]:
    """What the page has people type, for the repository of this test."""
    page = (CHECKOUT / "docs" / "deploy.md").read_text().partition("\n## git\n")[2]
    (block, *_) = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    lines = [line[2:] for line in block.splitlines()]
    assert any("git@git.example:ops/reminders.git" in line for line in lines)
    return [line.replace("git@git.example:ops/reminders.git", str(ORIGIN)) for line in lines]


def commit(text: str) -> None:
    write(ORIGIN / "jobs.d" / "rent.yaml", text)
    identity = ("-c", "user.name=Ops", "-c", "user.email=ops@example.org", "-c", f"safe.directory={ORIGIN}")
    for words in (("add", "-A", "."), ("commit", "-q", "-m", "change")):
        run("git", "-C", str(ORIGIN), *identity, *words)
    run("chown", "-R", "reminderd:", str(ORIGIN))  # git reads no other user's repository over a path


def messages() -> set[str]:
    return {path.read_text() for path in Path("/var/lib/reminderd-pull/current/jobs.d").glob("*.yaml")}


def running() -> list[str]:
    return [job["name"] for job in json.loads(run("reminderd", "list", "--json").stdout)]


def scene_pull() -> None:
    install()
    settings = SETTINGS.read_text() + "jobs: /var/lib/reminderd-pull/current/jobs.d\n"
    SETTINGS.write_text(settings)
    (ORIGIN / "jobs.d").mkdir(parents=True)
    run("git", "init", "-q", "-b", "main", str(ORIGIN))
    commit(job_text("rent", "one"))
    run("systemctl", "start", "reminderd.service")
    drop_in("[Timer]\nOnCalendar=\nOnCalendar=*:*:0/2\nRandomizedDelaySec=0\n", "reminderd-pull.timer")
    for line in commands():
        run("sh", "-ec", line)
    until(lambda: running() == ["rent"], "nothing was pulled")

    commit(job_text("rent", "two") + "timezon: UTC\n")
    until(lambda: ":6:1: timezon: unknown key" in journal(SERVICE), "the check says nothing")
    until(in_state("failed", SERVICE), "a broken commit fails nothing")
    assert messages() == {job_text("rent", "one")}

    commit(job_text("rent", "three"))
    until(lambda: messages() == {job_text("rent", "three")}, "what was mended does not go live")
    until(lambda: journal().count("catalog.loaded") >= 2, "the daemon did not load it")
    until(in_state("inactive", SERVICE), "the service does not end well")
    for unit in UNITS:
        path = f"/etc/systemd/system/{unit}"
        assert run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", path).stderr == ""
    run("systemd-analyze", "security", "--offline=true", "--threshold=25", f"/etc/systemd/system/{SERVICE}")


@pytest.mark.timeout(240)
def test_what_is_pushed_goes_live_by_the_timer(play: Play) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    play(scene_pull, 200)
