"""The Ansible role, run by a real ansible-playbook against a machine with a real systemd."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

import pytest

from reminderd import __version__
from reminderd.gateway.sandbox import AUTH_ID, AUTH_TOKEN
from tests.support.sandbox import SENDER, SandboxProcess
from tests.systemd.conftest import CHECKOUT, NEXT_VERSION, Play
from tests.systemd.machine import JOBS, SETTINGS, TOKEN, history, in_state, pid, run, until
from tests.systemd.test_package import package

ROLES = CHECKOUT / "deploy" / "ansible" / "roles"
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
CREDENTIAL = Path("/run/credentials/reminderd.service/plivo-token")  # as systemd gave it to what runs
UNIT = Path("/etc/systemd/system/reminderd.service")
EACH_SECOND = 'schedule: {every: 1s, from: "2026-01-01T00:00:00Z"}\n'
TICK = EACH_SECOND + "to: {group: team}\ntemplate: texts/tick.j2\n"
LATER = TICK.replace(EACH_SECOND, "schedule: {at: 2031-05-04T09:00}\n")


class Played(NamedTuple):
    status: int
    changed: int
    said: str


class Controller:
    """A directory with what is to be deployed, and the playbook."""

    def __init__(self, url: str, **variables: object) -> None:
        self.folder = Path(mkdtemp())
        for name in ("jobs.d", "recipients.d", "templates/texts"):
            (self.folder / name).mkdir(parents=True)
        self.write("recipients.d/team.yaml", '- {phone: "+14155550101"}\n')
        self.write("templates/texts/tick.j2", "It is {{ due_at.isoformat() }}.")
        self.write("jobs.d/tick.yaml", TICK)
        self.settings: dict[str, object] = {"plivo": {"auth_id": AUTH_ID, "sender": SENDER, "url": url}}
        self.variables: dict[str, object] = {
            "reminderd_settings": self.settings,
            "reminderd_token": AUTH_TOKEN,
            "reminderd_jobs": f"{self.folder}/jobs.d",
            "reminderd_recipients": f"{self.folder}/recipients.d/",
            "reminderd_templates": f"{self.folder}/templates",
            **variables,
        }

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def play(self, *options: str) -> Played:
        book = [{"hosts": "all", "gather_facts": False, "roles": [{"role": "reminderd", "vars": self.variables}]}]
        path = self.folder / "site.yml"
        path.write_text(json.dumps(book))
        command = [
            "env",
            f"ANSIBLE_ROLES_PATH={ROLES}",
            "ANSIBLE_NOCOLOR=1",
            "ANSIBLE_PIPELINING=1",
            f"ANSIBLE_HOME={self.folder}/.ansible",
        ]
        command += [str(PLAYBOOK), "-i", "localhost,", "-c", "local", *options]
        command += ["-e", "ansible_python_interpreter=/usr/bin/python3", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
        changed = re.search(r"changed=(\d+)", done.stdout)
        assert changed is not None, done.stdout + done.stderr
        return Played(done.returncode, int(changed[1]), done.stdout + done.stderr)

    def good(self, *options: str) -> Played:
        played = self.play(*options)
        assert played.status == 0, played.said
        return played


@pytest.fixture
def ansible() -> None:
    if not PLAYBOOK.exists():
        pytest.skip("ansible-core is not installed")


def owned(path: Path) -> tuple[str, str, int]:
    return path.owner(), path.group(), path.stat().st_mode & 0o777


def show_property(name: str) -> str:
    return run("systemctl", "show", "--value", f"--property={name}", "reminderd.service").stdout.strip()


def scene_twice() -> None:
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(Path(mkdtemp())))
        controller = Controller(sandbox.url)
        controller.settings["heartbeat"] = {"url": "http://127.0.0.1:9/secret-in-a-url"}
        run("ln", "-s", "/opt/reminderd/bin/reminderd", "/usr/local/bin/")
        controller.good("--check")  # on a machine that has nothing of it
        assert not SETTINGS.exists()
        said = controller.good("-vvv", "--diff").said
        assert AUTH_TOKEN not in said
        assert "secret-in-a-url" not in said
        until(in_state("active"), "the daemon does not run")
        until(lambda: history("--state", "accepted"), "nothing is sent")
        assert owned(JOBS / "tick.yaml") == owned(SETTINGS) == ("root", "reminderd", 0o640)
        assert owned(TOKEN) == ("root", "root", 0o600)
        assert owned(JOBS) == ("root", "reminderd", 0o750)
        run("systemctl", "is-enabled", "reminderd.service", "reminderd-backup.timer")
        assert controller.good().changed == 0
        assert controller.good("--check", "--diff").changed == 0


@pytest.mark.usefixtures("ansible")
@pytest.mark.timeout(400)
def test_the_second_of_two_runs_changes_nothing(play: Play) -> None:
    play(scene_twice, 360)


def scene_changes() -> None:
    controller = Controller("http://127.0.0.1:9", reminderd_purge=True)
    controller.write("jobs.d/tick.yaml", LATER)
    run("ln", "-s", "/opt/reminderd/bin/reminderd", "/usr/local/bin/")
    assert "no variables named reminderd_prune" in controller.play("-e", "reminderd_prune=true").said
    controller.variables["reminderd_token"] = ""
    assert "There is no token in /etc/reminderd/plivo-token" in controller.play().said
    assert not TOKEN.exists()
    controller.variables["reminderd_token"] = AUTH_TOKEN
    controller.good()
    assert CREDENTIAL.read_text() == f"{AUTH_TOKEN}\n"

    # What is broken fails before it lands, and keeps no new token back.
    settings = SETTINGS.read_bytes()
    controller.variables["reminderd_token"] = "second-token"
    controller.write("jobs.d/tick.yaml", LATER.replace("team", "taem"))
    played = controller.play()
    assert played.status == 2
    assert f"{JOBS}/tick.yaml:2:13: to.group: there is no group 'taem', did you mean 'team'?" in played.said
    assert (JOBS / "tick.yaml").read_text() == LATER
    assert CREDENTIAL.read_text() == "second-token\n"
    given, controller.variables["reminderd_settings"] = controller.variables["reminderd_settings"], {"timezone": "Here"}
    assert f"{SETTINGS}:" in controller.play().said
    assert SETTINGS.read_bytes() == settings
    controller.variables["reminderd_settings"] = given

    # The job moves to another file, its template too, and a list comes to lie beside the jobs.
    (controller.folder / "jobs.d" / "tick.yaml").unlink()
    (controller.folder / "templates" / "texts" / "tick.j2").rename(controller.folder / "templates" / "tick it.j2")
    controller.write("jobs.d/two words.yaml", "name: tick\n" + LATER.replace("texts/tick.j2", "tick it.j2"))
    controller.write("jobs.d/people.csv", "phone\n+14155550102\n")
    controller.write(
        "jobs.d/100%.yaml", "name: more\nschedule: {at: 2031-05-04T09:00}\nto: {file: people.csv}\nmessage: x\n"
    )
    controller.write("jobs.d/.hidden.yaml", "not: a job\n")
    controller.write("jobs.d/a#b.yaml", "not a job file\n")
    (JOBS / "notes.txt").write_text("not a job file: left alone")
    # An earlier run wrote the token and the unit, and came no further.
    controller.variables["reminderd_token"] = "third-token"
    TOKEN.write_text("third-token\n")
    UNIT.write_text(UNIT.read_text())
    assert show_property("NeedDaemonReload") == "yes"
    played = controller.good()
    assert f"{controller.folder}/jobs.d/a#b.yaml" in played.said
    assert show_property("NeedDaemonReload") == "no"
    assert CREDENTIAL.read_text() == "third-token\n"
    assert {path.name for path in JOBS.iterdir()} == {"two words.yaml", "100%.yaml", "people.csv", "notes.txt"}
    assert not Path("/etc/reminderd/templates/texts/tick.j2").exists()
    assert {job["name"] for job in json.loads(run("reminderd", "list", "--json").stdout)} == {"tick", "more"}

    # From a command line and from an inventory all comes as words.
    (JOBS / "by hand.yaml").write_text("name: mine\n" + LATER.replace("texts/tick.j2", "tick it.j2"))
    daemon = pid()
    played = controller.good("-e", "reminderd_purge=false reminderd_validate=false reminderd_backup=false")
    assert (JOBS / "by hand.yaml").exists()
    assert played.changed == 1  # the timer
    assert in_state("inactive", "reminderd-backup.timer")()
    assert pid() == daemon

    # What somebody else broke keeps no deploy back, and makes each run fail until it is mended.
    (JOBS / "mine.yml").write_text("schedule: {}\n")
    controller.variables["reminderd_purge"] = False
    controller.write("recipients.d/team.yaml", '- {phone: "+14155550103"}\n')
    played = controller.play()
    assert played.status == 2
    assert f"{JOBS}/mine.yml:1:11: " in played.said
    assert "+14155550103" in Path("/etc/reminderd/recipients.d/team.yaml").read_text()

    played = controller.play()
    assert (played.status, played.changed) == (2, 0)
    (JOBS / "mine.yml").unlink()

    # Nothing to deploy is no order to remove everything.
    controller.variables |= {"reminderd_purge": True, "reminderd_jobs": mkdtemp()}
    assert "would be removed" in controller.play().said
    assert (JOBS / "two words.yaml").exists()


@pytest.mark.usefixtures("ansible")
@pytest.mark.timeout(600)
def test_files_come_move_and_go_and_what_is_broken_stays_out(play: Play) -> None:
    play(scene_changes, 560)


def scene_installs() -> None:
    (wheel,) = Path("/run/wheel").glob("*.whl")
    controller = Controller(
        "http://127.0.0.1:9",
        reminderd_package=str(wheel),
        reminderd_constraints=str(CHECKOUT / "requirements.lock"),
        reminderd_extras=["web"],
    )
    controller.good("--check")
    assert not Path("/opt/reminderd").exists()
    os.umask(0o077)
    controller.good()
    until(in_state("active"), "the daemon does not run")
    run("/opt/reminderd/bin/python", "-c", "import fastapi")
    assert run("runuser", "-u", "reminderd", "--", "reminderd", "--version").stdout.startswith("reminderd")
    assert controller.good().changed == 0
    assert controller.good("--check").changed == 0

    # Another installation is what runs, although a job file is broken.
    daemon = pid()
    controller.variables["reminderd_extras"] = []
    controller.write("jobs.d/broken.yaml", "schedule: {}\n")
    assert f"{JOBS}/broken.yaml:1:11: " in controller.play().said
    assert pid() != daemon
    assert in_state("active")()


@pytest.mark.nightly
@pytest.mark.usefixtures("ansible")
@pytest.mark.timeout(600)
def test_it_installs_a_wheel(with_systemd: str, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    if shutil.which("pip") is None and subprocess.run([*pip, "--version"], check=False).returncode:
        pytest.skip("pip is not installed")
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path, CHECKOUT], check=True, timeout=120)
    command = [with_systemd, "--host-network", "--timeout", "500", "--bind", f"{tmp_path}:/run/wheel:ro"]
    command += [sys.executable, "-m", "tests.systemd.scene", __name__, "scene_installs"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=520, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def scene_package() -> None:
    controller = Controller("http://127.0.0.1:9", reminderd_package=package(__version__))
    controller.good("--check")
    controller.good()
    until(in_state("active"), "the daemon does not run")
    assert owned(JOBS / "tick.yaml") == owned(SETTINGS) == ("root", "reminderd", 0o640)
    assert controller.good().changed == 0
    controller.variables["reminderd_package"] = package(NEXT_VERSION)
    controller.good()
    until(in_state("active"), "the new version does not run")
    assert NEXT_VERSION in run("reminderd", "--version").stdout
    assert controller.good("--check").changed == 0


@pytest.mark.nightly
@pytest.mark.usefixtures("ansible")
@pytest.mark.timeout(1200)
def test_it_installs_and_upgrades_a_debian_package(play_with_packages: Play) -> None:
    play_with_packages(scene_package, 600)
