"""`reminderd backup --into DIR --keep N`: what a timer runs."""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reminderd.store import Store, open_reports
from tests.support.daemon import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path / "home", {}) as made:
        with closing(Store.open(made.state, create=True)):
            pass
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "backups"
    made.mkdir()
    return made


def back_up(home: Home, folder: Path, *more: str) -> Path:
    """Make one; its file."""
    document = home.json("backup", "--into", str(folder), *more)
    assert document["bytes"] > 0
    return Path(document["file"])


def older(backup: Path, *days: int) -> list[Path]:
    """Backups of these days of January 2026."""
    made = [backup.with_name(re.sub(r"\d{8}T\d{6}Z", f"202601{day:02}T000000Z", backup.name)) for day in days]
    for path in made:
        shutil.copy(backup, path)
    return made


def test_a_backup_has_a_dated_name_and_can_be_read(home: Home, folder: Path) -> None:
    made = back_up(home, folder)
    assert re.fullmatch(r"reminderd-\d{8}T\d{6}Z-[0-9a-f]{12}\.db", made.name)
    assert made.stat().st_mode & 0o777 == 0o600
    assert open_reports(made).counts() == {}
    assert list(folder.iterdir()) == [made]


def test_the_oldest_go_when_the_new_one_is_whole_and_nothing_else_does(home: Home, folder: Path) -> None:
    first = back_up(home, folder)
    first, second, third = older(first, 1, 2, 3)
    for path in set(folder.iterdir()) - {first, second, third}:
        path.unlink()
    others = [
        folder / "reminderd-20250101T000000Z-0123456789ab.db",  # another state's
        folder / "reminderd.db",
        folder / f"{first.name}.gz",
        folder / f"copy-of-{first.name}",
    ]
    for path in others:
        path.write_text("not ours")
    done = home.run("backup", "--into", str(folder), "--keep", "2")
    assert (done.status, done.err) == (0, "")
    assert done.out.endswith("; 2 older backups removed\n")
    (made,) = set(folder.iterdir()) - {third, *others}
    assert made.name > third.name
    assert all(path.exists() for path in others)


def test_without_keep_nothing_is_removed(home: Home, folder: Path) -> None:
    made = back_up(home, folder)
    before = {made, *older(made, *range(1, 20))}
    assert before <= {*folder.iterdir(), back_up(home, folder)}


def test_what_a_killed_backup_left_goes_with_the_next(home: Home, folder: Path) -> None:
    made = back_up(home, folder)
    left, kept = folder / f".{made.name}.4242.part", folder / ".other.db.4242.part"
    left.write_bytes(b"half a state")
    left.with_name(f"{left.name}-journal").write_bytes(b"")
    kept.write_bytes(b"")
    newer = back_up(home, folder)
    assert set(folder.iterdir()) == {made, newer, kept}


def test_one_that_fails_leaves_the_older_ones_alone(home: Home, folder: Path) -> None:
    (path,) = older(back_up(home, folder), 1)
    for made in set(folder.iterdir()) - {path}:
        made.unlink()
    missing = folder / "missing"
    done = home.run("backup", "--into", str(missing), "--keep", "1")
    assert done.status == 1
    assert done.err == f"reminderd: no backup was made: {missing}: No such file or directory; nothing was changed\n"
    home.state.write_bytes(b"SQLite format 3\0" + bytes(4096))
    done = home.run("backup", "--into", str(folder), "--keep", "1")
    assert done.status == 2
    assert list(folder.iterdir()) == [path]


def test_two_at_once_do_not_meet(home: Home, folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    done = home.run("backup", "--into", str(folder))
    os.close(descriptor)
    assert (done.status, list(folder.iterdir())) == (1, [])
    assert done.err == f"reminderd: another backup into {folder} is under way; wait until it is done\n"


@pytest.mark.parametrize(
    "arguments",
    [(), ("a", "--into", "."), ("a", "--keep", "2"), ("--into", ".", "--force"), ("--into", ".", "--keep", "0")],
)
def test_what_does_not_go_together_is_said(home: Home, arguments: tuple[str, ...]) -> None:
    assert home.run("backup", *arguments).status == 2
