"""The Debian package's whole life: installed, started, upgraded, removed, installed again, purged."""

import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp

import pytest

from reminderd import __version__
from tests.support.sandbox import SandboxProcess
from tests.support.web import ask
from tests.systemd.conftest import CHECKOUT, NEXT_VERSION, Play
from tests.systemd.machine import (
    JOBS,
    SERVICE,
    SETTINGS,
    STATE,
    TOKEN,
    configure,
    history,
    in_state,
    job,
    journal,
    pid,
    run,
    show,
    systemctl,
)

pytestmark = pytest.mark.timeout(600)  # the packages are built first, once

PROGRAM = Path("/usr/bin/reminderd")
MARKS = Path("/var/lib/reminderd-marks")
BACKUPS = Path("/var/lib/reminderd-backups")
COMPLETIONS = (
    "/usr/share/bash-completion/completions/reminderd",
    "/usr/share/zsh/vendor-completions/_reminderd",
    "/usr/share/fish/vendor_completions.d/reminderd.fish",
)


def package(version: str) -> str:
    (path,) = Path("/packages").glob(f"reminderd_{version}-1_*.deb")
    return str(path)


def dpkg(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return run("dpkg", *arguments)


def mode(path: Path | str) -> str:
    return run("stat", "-c", "%U:%G %a", str(path)).stdout.strip()


def healthy() -> bool:
    """The listener, a part of an extra, answers at the socket's address those who watch, who browse and who program."""
    watcher, page, api = (ask(9764, path) for path in ("/healthz", "/", "/api/v1/openapi.json"))
    (style,) = re.findall(r'href="(/static/[^"]+\.css)"', page.body.decode())
    return {watcher.status, page.status, api.status, ask(9764, style).status} == {
        200
    } and "/api/v1/reminders" in api.json["paths"]


def program_says() -> str:
    return run(str(PROGRAM), "--version").stdout


def a_fresh_one_waits() -> None:
    """It is neither enabled nor started, and a start says what is missing."""
    assert "systemctl enable --now reminderd" in dpkg("--install", package(__version__)).stdout
    assert program_says() == f"reminderd, version {__version__}\n"
    assert systemctl("is-enabled", SERVICE, check=False).stdout == "disabled\n"
    assert in_state("inactive")()
    assert {mode(path) for path in ("/etc/reminderd", JOBS)} == {"root:reminderd 750"}
    assert mode(SETTINGS) == "root:reminderd 640"
    assert list(JOBS.iterdir()) == []
    assert systemctl("start", SERVICE, check=False).returncode != 0
    assert show()["ExecMainStatus"] == "243", "without the token's file"
    TOKEN.touch(0o600)
    TOKEN.write_text("a-token")
    assert systemctl("start", SERVICE, check=False).returncode != 0
    assert (show()["ActiveState"], show()["ExecMainStatus"], show()["NRestarts"]) == ("failed", "2", "0")
    assert "plivo.auth_id" in journal(), journal()


def an_upgrade_goes_on(sandbox: SandboxProcess) -> None:
    """While it runs: the state, the settings and the job file stay, and it runs again, as the new version."""
    job("tick")
    settings = SETTINGS.read_text()
    systemctl("enable", "--now", "reminderd-web.socket", SERVICE, "reminderd-backup.timer")
    assert healthy()
    sandbox.wait_accepted(2)
    before, sent = pid(), {row["id"] for row in history()}
    said = dpkg("--install", package(NEXT_VERSION))
    assert "can still be activated" not in said.stdout + said.stderr
    assert program_says() == f"reminderd, version {NEXT_VERSION}\n"
    assert in_state("active")()
    assert in_state("active", "reminderd-backup.timer")()
    assert healthy()
    assert pid() != before
    assert f"version={NEXT_VERSION}" in journal(), journal()
    assert SETTINGS.read_text() == settings
    sandbox.wait_accepted(len(sandbox.ledger()) + 2)
    assert sent < {row["id"] for row in history()}


def one_that_fails_changes_nothing(sandbox: SandboxProcess) -> None:
    """An upgrade that its own scripts refuse: dpkg takes it back, and what ran runs again."""
    folder = Path(mkdtemp()) / "broken"
    (folder / "DEBIAN").mkdir(parents=True)
    about = {"Package": "reminderd", "Version": "9999", "Architecture": "all", "Maintainer": "-", "Description": "-"}
    (folder / "DEBIAN" / "control").write_text("".join(f"{name}: {value}\n" for name, value in about.items()))
    (folder / "DEBIAN" / "preinst").write_text("#!/bin/sh\nexit 1\n")
    (folder / "DEBIAN" / "preinst").chmod(0o755)
    run("dpkg-deb", "--build", str(folder))
    before = pid()
    assert run("dpkg", "--install", f"{folder}.deb", check=False).returncode != 0
    assert program_says() == f"reminderd, version {NEXT_VERSION}\n"
    assert in_state("active")()
    assert pid() != before, "it was stopped, and started again"
    sandbox.wait_accepted(len(sandbox.ledger()) + 1)


def one_that_cannot_start_says_so() -> None:
    """The program is there all the same, and a person is told what to look at."""
    settings = SETTINGS.read_text()
    SETTINGS.write_text(settings.replace("auth_id", "auth_idd"))
    done = dpkg("--install", package(__version__))
    assert f"{SERVICE} ran before and did not start again" in done.stderr, done.stderr
    assert in_state("failed")()
    SETTINGS.write_text(settings)
    systemctl("start", SERVICE)


def a_removed_one_comes_back(sandbox: SandboxProcess) -> None:
    """A removal leaves settings, job files and the state; the package installed again goes on with them."""
    sent = {row["id"] for row in history()}
    settings = SETTINGS.read_text()
    dpkg("--remove", "reminderd")
    systemctl("daemon-reload")
    assert not in_state("active")()
    assert not PROGRAM.exists()
    assert not Path("/usr/lib/reminderd").exists()
    assert STATE.exists()
    assert SETTINGS.read_text() == settings
    assert (JOBS / "tick.yaml").exists()
    dpkg("--install", package(__version__))
    assert in_state("inactive")(), "who removed it says when it runs again"
    assert systemctl("is-enabled", SERVICE).stdout == "enabled\n"
    systemctl("start", SERVICE)
    sandbox.wait_accepted(len(sandbox.ledger()) + 1)
    assert sent < {row["id"] for row in history()}


def a_purge_forgets() -> None:
    """The state and the marks go; what other hands made stays, and is named."""
    BACKUPS.mkdir(exist_ok=True)
    done = dpkg("--purge", "reminderd")
    assert "/etc/reminderd still has files of yours" in done.stderr
    assert str(BACKUPS) in done.stderr
    gone = (STATE.parent, MARKS, SETTINGS, PROGRAM, Path("/usr/lib/reminderd"), Path("/usr/share/doc/reminderd"))
    assert [path for path in gone if path.exists()] == []
    assert list(Path("/etc/systemd/system").glob("*.wants/reminderd*")) == []
    assert (JOBS / "tick.yaml").exists()
    assert TOKEN.exists()


def a_whole_life() -> None:
    a_fresh_one_waits()
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(Path(mkdtemp())))
        configure(sandbox.url)
        an_upgrade_goes_on(sandbox)
        one_that_fails_changes_nothing(sandbox)
        one_that_cannot_start_says_so()
        a_removed_one_comes_back(sandbox)
        a_purge_forgets()
        assert sandbox.duplicates() == []


def test_it_is_installed_started_upgraded_removed_brought_back_and_purged(play_with_packages: Play) -> None:
    play_with_packages(a_whole_life, seconds=300)


def without_a_running_systemd() -> None:
    """As in a container or a chroot: /run is empty there."""
    script = """
        set -e
        mount -t tmpfs none /run
        dpkg --install "$1"
        getent passwd reminderd
        reminderd --version
        reminderd new first --jobs /etc/reminderd/jobs.d
        reminderd check /etc/reminderd/jobs.d
        rm /etc/reminderd/jobs.d/first.yaml
        dpkg --install "$2"
        dpkg --remove reminderd
        dpkg --purge reminderd
        ! ls -d /etc/reminderd /var/lib/reminderd* /usr/lib/reminderd 2>/dev/null
    """
    run("unshare", "--mount", "sh", "-c", script, "sh", package(__version__), package(NEXT_VERSION))


def test_it_is_installed_and_purged_where_no_systemd_runs(play_with_packages: Play) -> None:
    play_with_packages(without_a_running_systemd, seconds=300)


def what_is_in_it() -> None:
    left = (Path("/usr/local/bin/reminderd"), Path("/etc/systemd/system", SERVICE))
    for path in left:
        path.write_text("left by another way of installing\n")
    said = dpkg("--install", package(__version__)).stderr
    for path in left:
        assert f"{path} comes before this package's" in said
        path.unlink()
    for unit in (CHECKOUT / "systemd").iterdir():
        kind = "/usr/lib/sysusers.d" if unit.name.endswith(".sysusers.conf") else "/lib/systemd/system"
        installed = Path(kind, unit.name.replace(".sysusers.conf", ".conf"))
        assert installed.read_bytes() == unit.read_bytes(), installed
    # Every module of the program is there with all it imports, and needs nothing of what was left out.
    walk = """
import importlib, pkgutil, sys, reminderd
for module in pkgutil.walk_packages(reminderd.__path__, "reminderd."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
import fastapi, holidays, lxml.etree, phonenumbers.timezone, plivo, prometheus_client, uvicorn
holidays.country_holidays("DE", subdiv="BE", years=2027)
assert not [name for name in sys.modules if name == "pip" or "geodata" in name]
from pathlib import Path
assert not [name for name, module in sys.modules.items() if not (getattr(module, "__cached__", None) is None or Path(module.__cached__).exists())]
"""
    run("/usr/lib/reminderd/bin/python3", "-I", "-c", walk)
    examples = "/usr/share/doc/reminderd/examples/jobs.d"
    denied = run("su", "-s", "/bin/sh", "nobody", "-c", f"reminderd check {examples}", check=False)
    assert f"{SETTINGS}: cannot be read: Permission denied" in denied.stdout
    demo = run(str(PROGRAM), "demo").stdout
    assert "in_doubt" in demo, demo
    for page in ("reminderd", "reminderd.yaml", "reminderd-jobs"):
        assert run("man", "--warnings", page).stderr == ""
    for completion in COMPLETIONS:
        assert "_REMINDERD_COMPLETE" in Path(completion).read_text()
    complete = "source /usr/share/bash-completion/completions/reminderd; COMP_WORDS=(reminderd sim); COMP_CWORD=1; "
    complete += "_reminderd_completion reminderd; echo ${COMPREPLY[@]}"
    assert run("bash", "-c", complete).stdout == "simulate\n"
    assert run("dpkg", "--verify", "reminderd").stdout == ""


def test_its_parts_are_in_place_and_work(play_with_packages: Play) -> None:
    play_with_packages(what_is_in_it, seconds=300)


def test_the_same_source_makes_the_same_package(packages: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "deb", "--compression", "none", "--output", str(tmp_path)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True, timeout=300)
    (again,) = tmp_path.glob("*.deb")
    assert again.read_bytes() == (packages / again.name).read_bytes()
