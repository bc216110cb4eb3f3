"""The virtual environment inside the package: what the lock pins, for Debian's own Python, without what never runs."""

import os
import shutil
import subprocess
import sys
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

HOME = Path("usr/lib/reminderd")

# Nothing of reminderd imports these: see the decision, which has their sizes.
_UNUSED = ("pip", "pip-*.dist-info", "phonenumbers/geodata", "phonenumbers/carrierdata", "certifi/tests")
# What an installer writes for itself, partly with paths of the machine that built it.
_INSTALLER = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json")
_SCRIPT = """\
#!/{home}/bin/python3 -I
import sys
from reminderd.cli import main
sys.exit(main())
"""


def build(stage: Path, wheel: Path, lock: Path, python: Path) -> Path:
    """Install the wheel with all its extras into stage/usr/lib/reminderd; returns its site-packages.

    python: the interpreter that it will run on. Needs the package index of pip. Raises CalledProcessError.
    """
    home = stage / HOME
    _run(python, "-m", "venv", "--without-pip", "--symlinks", home)
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        home / "bin" / "python3",
        "-qq",
        "--disable-pip-version-check",
    ]
    wanted = f"{wheel}[{','.join(_extras(wheel))}]"
    _run(*pip, "install", "--no-compile", "--only-binary", ":all:", "--constraint", lock, wanted)
    (packages,) = (home / "lib").glob("python3.*/site-packages")
    _leave_out(packages)
    _settle(home, python)
    return packages


def finish(stage: Path, packages: Path) -> None:
    """Compile the modules for the path that they will have, since the user that runs them could not store it; then have
    the environment's Python be the one beside it, which is none of the build machine's."""
    python = stage / HOME / "bin" / "python3"
    mode = ["--invalidation-mode", "unchecked-hash"]
    _run(python, "-I", "-m", "compileall", "-qf", *mode, "-s", str(stage), "-p", "/", str(packages))
    for link in python.parent.glob("python*"):
        beside = Path("../../../bin") / link.resolve().name
        link.unlink()
        link.symlink_to(beside)


def _extras(wheel: Path) -> list[str]:
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode()).get_all("Provides-Extra", [])


def _leave_out(packages: Path) -> None:
    for pattern in _UNUSED:
        (found,) = packages.glob(pattern)  # one that is gone from a new version is noticed
        shutil.rmtree(found)
    for folder in packages.glob("*.dist-info"):
        for name in _INSTALLER:
            (folder / name).unlink(missing_ok=True)


def _settle(home: Path, python: Path) -> None:
    """Leave no trace of where it was built, and no scripts but our own."""
    version = python.resolve().name
    (home / "pyvenv.cfg").write_text(f"home = {python.parent}\ninclude-system-site-packages = false\n")
    shutil.rmtree(home / "include", ignore_errors=True)
    shutil.rmtree(home / "share", ignore_errors=True)
    shutil.rmtree(home / "bin")
    (home / "bin").mkdir()
    for name in ("python", "python3", version):
        (home / "bin" / name).symlink_to(python.parent / version)
    script = home / "bin" / "reminderd"
    script.write_text(_SCRIPT.format(home=HOME))
    script.chmod(0o755)


def _run(*command: str | Path) -> None:
    # Hashing by chance would order sets, and so the compiled modules, otherwise each time.
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    subprocess.run(list(map(str, command)), check=True, env=environ)
