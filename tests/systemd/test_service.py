"""The unit as shipped, under a real systemd as PID 1, over a throwaway view of this machine."""

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

SEEN = [
    "the sandbox listens",
    "started, so READY was sent",
    "STATUS is shown",
    "a message is accepted",
    "a broken file fails the reload",
    "a good reload succeeds",
    "it is killed",
    "it is started again",
    "it sends again",
    "it stops cleanly",
    "nothing was accepted twice",
    "the journal has its events",
]


@pytest.fixture
def with_systemd() -> str:
    tool = Path(os.environ.get("WITH_SYSTEMD", CHECKOUT.parent / "shared" / "with-systemd"))
    if os.geteuid() != 0:
        pytest.skip("booting a systemd needs root")
    if not tool.is_file() or not Path("/lib/systemd/systemd").exists():
        pytest.skip(
            "WITH_SYSTEMD must name a tool that boots a systemd, and Debian's package systemd must be installed"
        )
    return str(tool)


def test_the_service_lives_its_whole_life_under_a_real_systemd(with_systemd: str) -> None:
    script = CHECKOUT / "tests" / "systemd" / "life.sh"
    packages = sysconfig.get_paths()["purelib"]
    done = subprocess.run(
        [with_systemd, "bash", str(script), str(CHECKOUT), packages],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.removeprefix("ok ") for line in done.stdout.splitlines() if line.startswith("ok ")] == SEEN


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path, with_systemd: str) -> None:
    unit = tmp_path / "reminderd.service"
    text = (CHECKOUT / "systemd" / "reminderd.service").read_text()
    unit.write_text(text.replace("/usr/local/bin/reminderd", "/bin/true"))
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
