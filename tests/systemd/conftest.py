"""A real systemd as PID 1 over a throwaway view of this machine, with reminderd installed in it."""

import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from reminderd import __version__

CHECKOUT = Path(__file__).parents[2]
# What only the tests need, and is large.
_NOT_INSTALLED = shutil.ignore_patterns(
    "*mypy*", "pip*", "setuptools*", "pygments*", "hypothesis*", "grimp*", "ansible*", "__editable__*"
)

NEXT_VERSION = "999.1"  # of the package that follows

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

    return _in_a_machine(with_systemd, f"{installation}:/opt/reminderd:ro")


@pytest.fixture
def play_with_packages(with_systemd: str, packages: Path) -> Play:
    """The same where nothing is installed yet; the Debian packages are in /packages."""
    return _in_a_machine(with_systemd, f"{packages}:/packages:ro")


def _in_a_machine(with_systemd: str, bind: str) -> Play:
    def played(scene: Scene, seconds: int = 100) -> None:
        command = [with_systemd, "--timeout", str(seconds), "--bind", bind]
        command += [sys.executable, "-m", "tests.systemd.scene", scene.__module__, scene.__name__]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=seconds + 15, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return played


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Debian package of this version and of one that follows, built once for all workers by what `make deb` runs."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("Debian's dpkg must be installed")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "packages"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for version in (__version__, NEXT_VERSION):
            if not list(folder.glob(f"reminderd_{version}-*.deb")):
                build = [
                    sys.executable,
                    "-m",
                    "deb",
                    "--compression",
                    "none",
                    "--version",
                    version,
                    "--output",
                    str(folder),
                ]
                done = subprocess.run(build, cwd=CHECKOUT, capture_output=True, text=True, timeout=280, check=False)
                if done.returncode and "No matching distribution" in done.stderr:
                    pytest.skip("pip reaches no package index")
                assert done.returncode == 0, done.stdout + done.stderr
    return folder
