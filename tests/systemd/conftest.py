"""A real systemd as PID 1 over a throwaway view of this machine, with reminderd installed in it."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

CHECKOUT = Path(__file__).parents[2]
# What only the tests need, and is large.
_NOT_INSTALLED = shutil.ignore_patterns(
    "*mypy*", "pip*", "setuptools*", "pygments*", "hypothesis*", "grimp*", "__editable__*"
)

Scene = Callable[[], None]


class Play(Protocol):
    def __call__(self, scene: Scene, seconds: int = 100) -> None: ...


@pytest.fixture
def with_systemd() -> str:
    """The tool that boots it."""
    tool = Path(os.environ.get("WITH_SYSTEMD", CHECKOUT.parent / "shared" / "with-systemd"))
    if os.geteuid() != 0:
        pytest.skip("booting a systemd needs root")
    if not tool.is_file() or not Path("/lib/systemd/systemd").exists():
        pytest.skip(
            "WITH_SYSTEMD must name a tool that boots a systemd, and Debian's package systemd must be installed"
        )
    return str(tool)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pip install` makes in /opt/reminderd, from the packages of the tests' own virtual environment.

    Its Python is the system's: the one of the tests may lie where a service is not let in.
    """
    folder = tmp_path_factory.mktemp("opt") / "reminderd"
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    (packages,) = folder.glob("lib/python3*/site-packages")
    source = sysconfig.get_paths()["purelib"]
    shutil.copytree(source, packages, copy_function=_link, dirs_exist_ok=True, ignore=_NOT_INSTALLED)
    shutil.copytree(CHECKOUT / "reminderd", packages / "reminderd", dirs_exist_ok=True)
    program = folder / "bin" / "reminderd"
    program.write_text("#!/opt/reminderd/bin/python3\nfrom reminderd.cli import main\nmain()\n")
    program.chmod(0o755)
    return folder


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
    return target


@pytest.fixture
def play(with_systemd: str, installation: Path) -> Play:
    """Run a function of a test module as root inside of a machine of its own, which is gone afterwards."""

    def played(scene: Scene, seconds: int = 100) -> None:
        command = [with_systemd, "--timeout", str(seconds), "--bind", f"{installation}:/opt/reminderd:ro"]
        command += [sys.executable, "-m", "tests.systemd.scene", scene.__module__, scene.__name__]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=seconds + 15, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return played
