"""The unit files, as systemd reads them without running them."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.systemd.conftest import CHECKOUT

UNITS = sorted(path for path in (CHECKOUT / "systemd").iterdir() if path.suffix in {".service", ".timer", ".socket"})
# An instance's name for a template, so that systemd-analyze has a unit to read.
INSTANCES = {"reminderd-failure@.service": "reminderd-failure@reminderd.service"}


def exposure(unit: Path) -> float:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+) ", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1])


@pytest.fixture
def systemd_analyze() -> None:
    """Skips where it is not there."""
    if not Path("/usr/bin/systemd-analyze").exists():
        pytest.skip("Debian's package systemd must be installed")


@pytest.mark.usefixtures("systemd_analyze")
@pytest.mark.parametrize(
    ("unit", "most"),
    [("reminderd.service", 1.1), ("reminderd-backup.service", 0.3), ("reminderd-failure@.service", 5.4)],
)
def test_the_exposure_of_each_service_stays_as_low_as_it_is(unit: str, most: float) -> None:
    assert exposure(CHECKOUT / "systemd" / unit) <= most


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong_with_a_unit(unit: Path, with_systemd: str) -> None:
    script = (
        'ln -s /bin/true /usr/local/bin/reminderd; cp "$0"/* /etc/systemd/system/; cd /etc/systemd/system;'
        'exec systemd-analyze verify --man=no --recursive-errors=no "$1"'
    )
    command = [with_systemd, "sh", "-c", script, str(CHECKOUT / "systemd"), INSTANCES.get(unit.name, unit.name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_each_directive_of_a_service_or_timer_stands_under_its_reason(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    section, without = "", []
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("["):
            section = line
        elif re.match(r"[A-Z]\w+=", line) and section not in {"[Unit]", "[Install]"} and not before.startswith("# "):
            without.append(line)
    assert without == []


def test_what_a_directive_is_given_twice_is_meant() -> None:
    for unit in UNITS:
        names = re.findall(r"^([A-Z]\w+)=", unit.read_text(), re.MULTILINE)
        assert {name for name in names if names.count(name) > 1} <= {"SystemCallFilter", "ExecStart"}, unit.name


def test_the_sysusers_file_makes_the_user_of_the_units(tmp_path: Path) -> None:
    source = CHECKOUT / "systemd" / "reminderd.sysusers.conf"
    if not Path("/usr/bin/systemd-sysusers").exists():
        pytest.skip("Debian's package systemd must be installed")
    (tmp_path / "etc").mkdir()
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}", str(source)], check=True, timeout=60)
    (user,) = [line.split(":") for line in (tmp_path / "etc" / "passwd").read_text().splitlines()]
    assert (user[0], user[5], user[6]) == ("reminderd", "/var/lib/reminderd", "/usr/sbin/nologin")
    for unit in ("reminderd.service", "reminderd-backup.service"):
        assert "\nUser=reminderd\n" in (CHECKOUT / "systemd" / unit).read_text()


def test_the_units_are_the_ones_that_the_docs_name() -> None:
    text = (CHECKOUT / "docs" / "systemd.md").read_text()
    assert {path.name for path in (CHECKOUT / "systemd").iterdir()} == set(
        re.findall(r"`systemd/(reminderd[\w.@-]+)`", text)
    )
