"""Build the Debian package: lay out what is in it as files, then have dpkg-deb pack them, the same bytes each time."""

import gzip
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path

from deb import documents, environment
from deb.manual import pages
from reminderd import __version__

CHECKOUT = Path(__file__).parents[1]
_SCRIPTS = Path(__file__).parent / "scripts"
_COMPLETIONS = {
    "bash": "usr/share/bash-completion/completions/reminderd",
    "zsh": "usr/share/zsh/vendor-completions/_reminderd",
    "fish": "usr/share/fish/vendor_completions.d/reminderd.fish",
}
# Where each kind of file of systemd/ belongs.
_SYSTEMD = {
    ".socket": "lib/systemd/system",
    ".service": "lib/systemd/system",
    ".timer": "lib/systemd/system",
    ".sysusers.conf": "usr/lib/sysusers.d",
}
_CONTROL = """\
Package: reminderd
Version: {version}
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {size}
Depends: python3 (>= {python}), python3 (<< {beyond}), libc6 (>= 2.28), systemd | systemd-standalone-sysusers | systemd-sysusers
Section: admin
Priority: optional
Description: reminders by text message, from YAML files
 A daemon for ops teams: reminders are YAML files in git, each message is
 sent once through Plivo, and every step is recorded in one SQLite file. No
 restart resends, nothing is lost, and what cannot be known is said.
 .
 This package has a Python environment of its own, with all optional parts.
"""


class NotBuilt(Exception):
    """The package cannot be built here, in words for whoever wants it."""


def build(
    output: Path,
    work: Path,
    *,
    version: str,
    revision: str,
    python: Path,
    maintainer: str,
    epoch: int,
    compression: str,
) -> Path:
    """Build the package for this machine's architecture, with /usr/bin/python3 as its interpreter; returns its file.

    output: a directory. work: an empty one for what is made on the way. epoch: the time that all files get, in seconds.
    compression: what dpkg-deb takes, such as xz or none.
    Raises NotBuilt with what is missing, CalledProcessError where pip, hatchling or dpkg-deb fails.
    """
    _look_around(python)
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)
    stage = work / "stage"
    packages = environment.build(stage, _wheel(work, version), CHECKOUT / "requirements.lock", python)
    link = stage / "usr/bin/reminderd"
    link.parent.mkdir()
    link.symlink_to("../lib/reminderd/bin/reminderd")
    units = _lay_out_systemd(stage)
    _lay_out_settings(stage)
    _lay_out_manual(stage, version, epoch)
    _lay_out_completions(stage)
    full = f"{debian_version(version)}-{revision}"
    architecture = subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()
    _lay_out_documents(stage, packages, full, maintainer, epoch)
    environment.finish(stage, packages)
    _control(stage, units, version=full, architecture=architecture, python=python, maintainer=maintainer)
    package = output / f"reminderd_{full}_{architecture}.deb"
    _pack(stage, package, epoch, compression)
    return package


def _look_around(python: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        raise NotBuilt(
            "there is no dpkg-deb: a Debian package is built on Debian, or where its package dpkg is installed"
        )
    found = re.fullmatch(r"python3\.(\d+)", python.resolve().name)
    if found is None or int(found[1]) < 11:
        raise NotBuilt(f"{python} must be Python 3.11 or later, as in Debian 12; the package runs on it")


def debian_version(version: str) -> str:
    """A version of Python's as dpkg sorts it: what comes before a release has a tilde, which is less than nothing."""
    return re.sub(r"\.?(a|b|rc|dev)(?=\d)", r"~\1", version)


def _wheel(work: Path, version: str) -> Path:
    """The wheel, built from the source distribution, as this version."""
    hatchling = [sys.executable, "-m", "hatchling", "build", "--directory", str(work)]
    subprocess.run([*hatchling, "--target", "sdist"], cwd=CHECKOUT, check=True, capture_output=True)
    (source,) = work.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        archive.extractall(work, filter="data")
    folder = work / source.name.removesuffix(".tar.gz")
    said = folder / "reminderd" / "__init__.py"
    said.write_text(said.read_text().replace(f'"{__version__}"', f'"{version}"'))
    subprocess.run([*hatchling, "--target", "wheel"], cwd=folder, check=True, capture_output=True)
    (wheel,) = work.glob("*.whl")
    return wheel


def _lay_out_systemd(stage: Path) -> list[str]:
    """The files of systemd/, byte for byte; returns the units that can run, in the order in which they are started."""
    units: list[str] = []
    for suffix, folder in _SYSTEMD.items():
        for file in sorted((CHECKOUT / "systemd").glob(f"*{suffix}")):
            _copy(file, stage / folder / file.name.replace(".sysusers.conf", ".conf"))
            if suffix != ".sysusers.conf" and "@" not in file.name:
                units.append(file.name)
    for file in (CHECKOUT / "systemd").iterdir():
        if not file.name.endswith(tuple(_SYSTEMD)):
            raise NotBuilt(f"{file} is of a kind that the package has no place for")
    return units


def _lay_out_settings(stage: Path) -> None:
    for name in ("jobs.d", "recipients.d", "templates"):
        (stage / "etc/reminderd" / name).mkdir(parents=True)
    (stage / "etc/reminderd/reminderd.yaml").write_text(documents.settings_file())


def _lay_out_manual(stage: Path, version: str, epoch: int) -> None:
    date = datetime.fromtimestamp(epoch, UTC).date().isoformat()
    for page in pages(version, date, CHECKOUT / "docs/operating.md"):
        _zip(stage / f"usr/share/man/man{page.section}/{page.name}.{page.section}.gz", str(page))


def _lay_out_completions(stage: Path) -> None:
    program = [str(stage / environment.HOME / "bin/python3"), "-IB", str(stage / environment.HOME / "bin/reminderd")]
    for shell, path in _COMPLETIONS.items():
        variables = {**os.environ, "_REMINDERD_COMPLETE": f"{shell}_source"}
        done = subprocess.run(program, env=variables, check=True, capture_output=True, text=True)
        _write(stage / path, done.stdout)


def _lay_out_documents(stage: Path, packages: Path, version: str, maintainer: str, epoch: int) -> None:
    folder = stage / "usr/share/doc/reminderd"
    _zip(folder / "changelog.gz", (CHECKOUT / "CHANGELOG.md").read_text())
    _zip(folder / "changelog.Debian.gz", documents.debian_changelog(version, maintainer, epoch))
    _copy(Path(__file__).parent / "lintian-overrides", stage / "usr/share/lintian/overrides/reminderd")
    _write(folder / "copyright", documents.licences(packages, (CHECKOUT / "LICENSE").read_text()))
    for name in ("README.md", "ARCHITECTURE.md", "docs"):
        _copy(CHECKOUT / name, folder / name)
    for name in ("jobs.d", "deploy"):
        if (CHECKOUT / name).exists():
            _copy(CHECKOUT / name, folder / "examples" / name)


def _control(stage: Path, units: list[str], *, version: str, architecture: str, python: Path, maintainer: str) -> None:
    files = [path for path in _tree(stage) if path.is_file() and not path.is_symlink()]
    sums = [f"{md5(path.read_bytes()).hexdigest()}  {path.relative_to(stage)}\n" for path in files]
    major, minor = python.resolve().name.removeprefix("python").split(".")
    folder = stage / "DEBIAN"
    _write(folder / "md5sums", "".join(sums))
    _write(folder / "conffiles", "/etc/reminderd/reminderd.yaml\n")
    control = _CONTROL.format(
        version=version,
        architecture=architecture,
        maintainer=maintainer,
        size=sum(-(-path.stat().st_size // 1024) for path in files),
        python=f"{major}.{minor}",
        beyond=f"{major}.{int(minor) + 1}",
    )
    _write(folder / "control", control)
    for script in _SCRIPTS.iterdir():
        _write(folder / script.name, script.read_text().replace("@UNITS@", " ".join(units)))
        (folder / script.name).chmod(0o755)


def _pack(stage: Path, package: Path, epoch: int, compression: str) -> None:
    for path in [stage, *_tree(stage)]:
        if not path.is_symlink():
            runs = path.is_dir() or os.access(path, os.X_OK) or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)
    package.parent.mkdir(parents=True, exist_ok=True)
    # More threads would cut the data otherwise on a machine with other cores.
    how = ["--root-owner-group", f"-Z{compression}", "--threads-max=1"]
    pack = ["dpkg-deb", *how, "--build", str(stage), str(package)]
    subprocess.run(pack, check=True, capture_output=True)


def _tree(stage: Path) -> Iterator[Path]:
    return iter(sorted(stage.rglob("*")))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _zip(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    else:
        shutil.copyfile(source, target)
