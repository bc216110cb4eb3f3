"""Directories and files that go wrong under a watcher: reported, never taken for a deletion, and followed back."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.jobfiles import NOBODY, job_text, unprivileged, write
from tests.support.watching import watching


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.d"
    path.mkdir()
    write(path / "rent.yaml", job_text("rent", "one"))
    write(path / "tea.yaml", job_text("tea", "tea"))
    return path


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A directory that belongs to nobody, whom permissions bind."""
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    path = root / "jobs.d"
    path.mkdir()
    write(path / "rent.yaml", job_text("rent", "one"))
    write(path / "tea.yaml", job_text("tea", "tea"))
    if os.geteuid() == 0:
        for each in (path, *path.iterdir()):
            os.chown(each, NOBODY, NOBODY)
    yield path
    path.chmod(0o755)
    shutil.rmtree(root)


def test_a_deleted_directory_is_not_a_deletion_of_its_jobs(folder: Path, tmp_path: Path) -> None:
    with watching(folder) as watched:
        shutil.move(folder, tmp_path / "aside")
        watched.until_problem("does not exist")
        assert watched.messages() == {"rent": "one", "tea": "tea"}
        shutil.move(tmp_path / "aside", folder)
        watched.until(lambda scan: not scan.problems)
        write(folder / "rent.yaml", job_text("rent", "two"))
        watched.until_jobs(rent="two", tea="tea")
        assert all(set(messages) == {"rent", "tea"} for messages in watched.history)


def test_a_directory_that_comes_back_slowly_loses_only_what_stays_away(folder: Path) -> None:
    with watching(folder) as watched:
        shutil.rmtree(folder)
        watched.until_problem("does not exist")
        folder.mkdir()
        write(folder / "tea.yaml", job_text("tea", "tea"))
        watched.until_jobs(tea="tea")
        assert all("tea" in messages for messages in watched.history)


def test_a_directory_that_does_not_exist_yet_is_seen_when_it_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "etc" / "reminderd" / "jobs.d"
    with watching(folder) as watched:
        watched.until_problem("does not exist")
        folder.parent.mkdir(parents=True)
        folder.mkdir()
        write(folder / "rent.yaml", job_text("rent", "one"))
        watched.until_jobs(rent="one")
        assert not watched.problems()


def test_a_single_file_that_is_deleted_is_not_a_deletion_of_its_jobs(folder: Path) -> None:
    with watching(folder / "rent.yaml") as watched:
        (folder / "rent.yaml").unlink()
        watched.until_problem("does not exist")
        assert watched.messages() == {"rent": "one"}
        write(folder / "rent.yaml", job_text("rent", "two"))
        watched.until_jobs(rent="two")


def test_what_is_not_a_job_file_is_reported_and_disturbs_no_other(folder: Path) -> None:
    with watching(folder) as watched:
        (folder / "directory.yaml").mkdir()
        os.mkfifo(folder / "fifo.yaml")
        (folder / "dangling.yaml").symlink_to("nowhere")
        with (folder / "huge.yaml").open("wb") as file:
            file.truncate(50_000_000)
        (folder / "binary.yaml").write_bytes(bytes(range(256)) * 64)
        (folder / "empty.yaml").touch()
        wanted = ("directory.yaml", "fifo.yaml", "dangling.yaml", "huge.yaml", "binary.yaml", "empty.yaml")
        watched.until(lambda _: all(any(name in line for line in watched.problems()) for name in wanted))
        write(folder / "rent.yaml", job_text("rent", "two"))
        watched.until_jobs(rent="two", tea="tea")


def test_a_file_that_is_replaced_by_nonsense_keeps_its_job_and_recovers(folder: Path) -> None:
    rent = folder / "rent.yaml"
    with watching(folder) as watched:
        rent.unlink()
        os.mkfifo(rent)
        watched.until_problem("is a FIFO")
        rent.unlink()
        rent.mkdir()
        watched.until_problem("is a directory")
        rent.rmdir()
        rent.symlink_to("nowhere")
        watched.until_problem("is a link to nothing")
        assert all(messages == {"rent": "one", "tea": "tea"} for messages in watched.history)
        write(folder / "nowhere", job_text("rent", "two"))
        watched.until_jobs(rent="two", tea="tea")
        assert not watched.problems()


def test_a_forbidden_directory_is_not_a_deletion(public_folder: Path) -> None:
    with unprivileged(), watching(public_folder) as watched:
        public_folder.chmod(0)
        watched.until_problem("Permission denied")
        assert watched.messages() == {"rent": "one", "tea": "tea"}
        public_folder.chmod(0o755)
        watched.until(lambda scan: not scan.problems)
        write(public_folder / "rent.yaml", job_text("rent", "two"))
        watched.until_jobs(rent="two", tea="tea")


def test_a_forbidden_file_keeps_its_job(public_folder: Path) -> None:
    rent = public_folder / "rent.yaml"
    with unprivileged(), watching(public_folder) as watched:
        write(rent, job_text("rent", "two"))
        rent.chmod(0)
        watched.until_problem("Permission denied")
        assert watched.messages()["rent"] in ("one", "two")
        rent.chmod(0o644)
        watched.until_jobs(rent="two", tea="tea")
        assert not watched.problems()


def test_a_file_that_is_readable_only_after_its_rename_is_never_reported(public_folder: Path) -> None:
    # Salt: the temporary file is private, and gets its mode when it is in its place.
    with unprivileged(), watching(public_folder) as watched:
        for message in ("two", "three", "four"):
            temporary = write(public_folder / "rent.yamlAbCdEfGh", job_text("rent", message))
            temporary.chmod(0)
            temporary.rename(public_folder / "rent.yaml")
            (public_folder / "rent.yaml").chmod(0o640)
            watched.until_jobs(rent=message, tea="tea")
        watched.rescan()
        assert not watched.problems()


DEAF = """
import queue, sys
from pathlib import Path
from reminderd.jobs.reader import Reader
from reminderd.jobs.watcher import Watcher
from reminderd.model import Defaults

folder, text = Path(sys.argv[1]), sys.argv[2]
scans = queue.SimpleQueue()
watcher = Watcher(Reader([folder], Defaults()), scans.put, on_error=print, rescan_every=0.5)
watcher.start()
scan = scans.get(timeout=20)
print(*scan.problems, sep="\\n", flush=True)
(folder / "rent.yaml").write_text(text)
while [job.message for job in scan.files[str(folder / "rent.yaml")].jobs] != ["two"]:
    scan = scans.get(timeout=20)
watcher.stop()
print("polled")
"""


@pytest.mark.parametrize("limit", ["max_inotify_instances", "max_inotify_watches"])
def test_without_inotify_it_polls_and_says_so(folder: Path, limit: str) -> None:
    # A user namespace has limits of its own, so nobody else's watches suffer.
    inner = f'echo 0 > /proc/sys/user/{limit} || exit 77; exec "$@"'
    unshare = ["unshare", "--user", "--map-root-user", "sh", "-c", inner, "sh"]
    try:
        if subprocess.run([*unshare, "true"], capture_output=True, timeout=60, check=False).returncode != 0:
            pytest.skip("no user namespaces here")
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    command = [*unshare, sys.executable, "-W", "error", "-c", DEAF, str(folder), job_text("rent", "two")]
    root = Path(__file__).parents[2]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=root)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "polled"
    assert "cannot be watched" in ended.stdout
    assert not ended.stderr
