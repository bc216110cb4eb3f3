"""The wheel: what is in it, that the source distribution builds the same one, and that it runs where nothing else is."""

import re
import subprocess
import sys
import tarfile
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from reminderd import __version__
from reminderd.shipped import shipped_unit
from tests.support.api import Api, settings
from tests.support.daemon import Home, phone
from tests.support.sandbox import SandboxProcess
from tests.support.web import answers, ask, free_port

CHECKOUT = Path(__file__).parents[2]
LOCK = CHECKOUT / "requirements.lock"
NAME = f"reminderd-{__version__}"
PIP = ["--quiet", "--disable-pip-version-check"]


def run(*command: str | Path, cwd: Path = CHECKOUT) -> str:
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "--directory", folder)
    return folder


@pytest.fixture
def wheel(dist: Path) -> Path:
    (path,) = dist.glob("*.whl")
    assert path.name == f"{NAME}-py3-none-any.whl"
    return path


def test_the_wheel_has_the_package_the_unit_files_and_nothing_else(wheel: Path) -> None:
    package = {
        str(path.relative_to(CHECKOUT))
        for path in (CHECKOUT / "reminderd").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    units = {f"reminderd/shipped/{path.name}" for path in (CHECKOUT / "systemd").iterdir()}
    about = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert "reminderd/py.typed" in package
    with ZipFile(wheel) as archive:
        assert set(archive.namelist()) == package | units | {f"{NAME}.dist-info/{name}" for name in about}


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        said = Parser().parsestr(archive.read(f"{NAME}.dist-info/METADATA").decode())
        scripts = archive.read(f"{NAME}.dist-info/entry_points.txt").decode()
    assert (said["Name"], said["Version"], said["License-Expression"]) == ("reminderd", __version__, "MIT")
    assert said["Requires-Python"] == ">=3.11"
    assert "reminderd = reminderd.cli:main" in scripts


def test_the_source_distribution_builds_the_same_wheel(dist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(dist / f"{NAME}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path, cwd=tmp_path / NAME)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


@pytest.fixture
def environment(wheel: Path, tmp_path: Path) -> Path:
    """Where the wheel is installed with its listener, and nothing else but what the lock pins."""
    pip = [sys.executable, "-m", "pip"]
    probe = [*pip, "download", *PIP, "--no-deps", "--dest", tmp_path, "--constraint", LOCK, "six"]
    if subprocess.run(list(map(str, probe)), capture_output=True, timeout=60, check=False).returncode:
        pytest.skip("pip reaches no package index")
    made = tmp_path / "env"
    run(sys.executable, "-m", "venv", made, "--without-pip")
    run(*pip, "--python", made / "bin" / "python", "install", *PIP, "--constraint", LOCK, f"{wheel}[web]")
    return made


@pytest.mark.timeout(300)  # it installs from the package index
def test_the_wheel_runs_in_an_environment_with_what_the_lock_pins(environment: Path, tmp_path: Path) -> None:
    python = environment / "bin" / "python"
    assert run(environment / "bin" / "reminderd", "--version") == f"reminderd, version {__version__}\n"
    show_unit = "from reminderd.shipped import shipped_unit; print(shipped_unit(), end='')"
    assert run(python, "-I", "-c", show_unit, cwd=tmp_path) == shipped_unit()
    installed = run(sys.executable, "-m", "pip", "--python", python, "freeze", *PIP, "--exclude", "reminderd")
    assert {line.lower().replace("_", "-") for line in installed.split("\n")} <= set(LOCK.read_text().split("\n"))
    _serves_the_page_and_the_api(environment / "bin" / "reminderd", tmp_path)


def _serves_the_page_and_the_api(program: Path, folder: Path) -> None:
    port = free_port()
    with SandboxProcess(folder) as sandbox:
        with Home(folder / "home", sandbox.environment, settings(port), program=[str(program)]) as home:
            home.start()
            home.until(lambda: answers(port), "it does not listen")
            page = ask(port, "/", accept="text/html")
            assert (page.status, b"<h1" in page.body) == (200, True)
            wanted = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.body.decode())
            assert [ask(port, path).status for path in wanted] == [200, 200, 200]
            reminder = {"name": "tea", "schedule": {"at": "2031-05-04T09:00:00Z"}, "to": phone(1), "message": "Tea."}
            assert Api(port).ask("POST", "reminders", reminder).status == 201
            assert "Job" in Api(port).get("openapi.json")["components"]["schemas"]
