"""What editors and deployers do to a jobs directory, with the real tool where it is there and step by step otherwise.

In each case the watcher must end at the new version, and must never have shown a daemon anything but whole versions.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.jobfiles import job_text, write
from tests.support.watching import Watched, watching

ONE = job_text("rent", "one")
TWO = job_text("rent", "two")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.d"
    path.mkdir()
    write(path / "rent.yaml", ONE)
    write(path / "tea.yaml", job_text("tea", "tea"))
    return path


def run(*command: str | Path, cwd: Path) -> None:
    """Run a real tool; skip where it is not installed."""
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed")
    clean = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LC_ALL": "C.UTF-8"}
    subprocess.run([str(word) for word in command], cwd=cwd, check=True, capture_output=True, timeout=60, env=clean)


def only_whole_versions(watched: Watched) -> None:
    """Every scan gave the other file's job, and one of both versions of the changed one."""
    watched.rescan()
    assert not watched.problems()
    assert all(
        messages in ({"rent": "one", "tea": "tea"}, {"rent": "two", "tea": "tea"}) for messages in watched.history
    )


def temporary_and_rename(temporary: str) -> Callable[[Path], None]:
    def deploy(folder: Path) -> None:
        write(folder / temporary, TWO).rename(folder / "rent.yaml")

    return deploy


def ansible_copy(folder: Path) -> None:
    temporary = folder / ".ansible_tmpq3w4e5r6rent.yaml"
    temporary.touch()
    write(temporary, TWO).chmod(0o644)
    temporary.rename(folder / "rent.yaml")
    (folder / "rent.yaml").chmod(0o600)
    (folder / "rent.yaml").chmod(0o644)


def ansible_backup(folder: Path) -> None:
    shutil.copy2(folder / "rent.yaml", folder / "rent.yaml.2247.2026-11-22@05:55:31~")
    ansible_copy(folder)


def chef(folder: Path) -> None:
    temporary = write(folder / ".chef-rent20261122-1-abc.yaml", TWO)
    temporary.chmod(0o644)
    temporary.rename(folder / "rent.yaml")


def puppet(folder: Path) -> None:
    lock = folder / "rent.yaml20261122-1-abc.lock"
    lock.mkdir()
    temporary = write(lock / "rent.yaml", TWO)
    temporary.rename(folder / "rent.yaml")
    lock.rmdir()


def jetbrains(folder: Path) -> None:
    write(folder / "rent.yaml___jb_tmp___", TWO)
    (folder / "rent.yaml").rename(folder / "rent.yaml___jb_old___")
    (folder / "rent.yaml___jb_tmp___").rename(folder / "rent.yaml")
    (folder / "rent.yaml___jb_old___").unlink()


def emacs(folder: Path) -> None:
    lock = folder / ".#rent.yaml"
    lock.symlink_to("ops@host.example.1234:1700000000")
    write(folder / "#rent.yaml#", TWO)
    shutil.copy2(folder / "rent.yaml", folder / "rent.yaml~")
    write(folder / "rent.yaml", TWO)
    (folder / "#rent.yaml#").unlink()
    lock.unlink()


def vim_step_by_step(folder: Path) -> None:
    write(folder / ".rent.yaml.swp", "b0VIM")
    (folder / "4913").touch()
    (folder / "4913").unlink()
    (folder / "rent.yaml").rename(folder / "rent.yaml~")
    write(folder / "rent.yaml", TWO)
    (folder / "rent.yaml~").unlink()
    (folder / ".rent.yaml.swp").unlink()


def from_another_directory(folder: Path) -> None:
    write(folder.parent / "incoming", TWO).rename(folder / "rent.yaml")


def unlink_and_write(folder: Path) -> None:
    (folder / "rent.yaml").unlink()
    write(folder / "rent.yaml", TWO)


def in_place_in_two_halves(folder: Path) -> None:
    with (folder / "rent.yaml").open("w", encoding="utf-8") as file:
        file.write(TWO[:30])
        file.flush()
        file.write(TWO[30:])


def truncate_and_write(folder: Path) -> None:
    os.truncate(folder / "rent.yaml", 0)
    write(folder / "rent.yaml", TWO)


def hard_link(folder: Path) -> None:
    write(folder.parent / "incoming", TWO)
    (folder / "rent.yaml").unlink()
    (folder / "rent.yaml").hardlink_to(folder.parent / "incoming")


def rsync_with_backup(folder: Path) -> None:
    write(folder / ".rent.yaml.AbC123", TWO)
    (folder / "rent.yaml").rename(folder / "rent.yaml~")
    (folder / ".rent.yaml.AbC123").rename(folder / "rent.yaml")


def sed(folder: Path) -> None:
    run("sed", "-i", "s/one/two/", "rent.yaml", cwd=folder)


def sed_with_backup(folder: Path) -> None:
    run("sed", "-i.bak", "s/one/two/", "rent.yaml", cwd=folder)


def perl(folder: Path) -> None:
    run("perl", "-pi", "-e", "s/one/two/", "rent.yaml", cwd=folder)


def vim(folder: Path) -> None:
    run(
        "vim",
        "-N",
        "-u",
        "NONE",
        "-es",
        "-c",
        "set backupcopy=no",
        "-c",
        "%s/one/two/",
        "-c",
        "wq",
        "rent.yaml",
        cwd=folder,
    )


def vim_in_place(folder: Path) -> None:
    options = "set backup backupcopy=yes"
    run("vim", "-N", "-u", "NONE", "-es", "-c", options, "-c", "%s/one/two/", "-c", "wq", "rent.yaml", cwd=folder)


def rsync(folder: Path) -> None:
    run("rsync", "-aI", write(folder.parent / "rent.yaml", TWO), "rent.yaml", cwd=folder)


def rsync_in_place(folder: Path) -> None:
    run("rsync", "-aI", "--inplace", write(folder.parent / "rent.yaml", TWO), "rent.yaml", cwd=folder)


def install(folder: Path) -> None:
    run("install", "-m", "0644", write(folder.parent / "incoming", TWO), "rent.yaml", cwd=folder)


def copy(folder: Path) -> None:
    run("cp", write(folder.parent / "incoming", TWO), "rent.yaml", cwd=folder)


def tar(folder: Path) -> None:
    write(folder.parent / "rent.yaml", TWO)
    run("tar", "-cf", folder.parent / "jobs.tar", "-C", folder.parent, "rent.yaml", cwd=folder)
    run("tar", "-xf", folder.parent / "jobs.tar", cwd=folder)


@pytest.mark.parametrize(
    "deploy",
    [
        pytest.param(temporary_and_rename(".rent.yaml.AbC123"), id="rsync's temporary file"),
        pytest.param(temporary_and_rename("sedAbCdEf"), id="sed's temporary file"),
        pytest.param(temporary_and_rename("rent.yaml.dpkg-new"), id="dpkg's temporary file"),
        ansible_copy,
        ansible_backup,
        chef,
        puppet,
        jetbrains,
        emacs,
        vim_step_by_step,
        from_another_directory,
        unlink_and_write,
        in_place_in_two_halves,
        truncate_and_write,
        hard_link,
        rsync_with_backup,
        sed,
        sed_with_backup,
        perl,
        vim,
        vim_in_place,
        rsync,
        rsync_in_place,
        install,
        copy,
        tar,
    ],
)
def test_a_changed_file_arrives_whole(folder: Path, deploy: Callable[[Path], None]) -> None:
    with watching(folder) as watched:
        deploy(folder)
        watched.until_jobs(rent="two", tea="tea")
        only_whole_versions(watched)


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=Ops", "-c", "user.email=ops@example.org", "-c", "commit.gpgsign=false")
    run("git", *identity, *words, cwd=folder)


def test_git_checkout_of_another_branch_changes_adds_and_removes(folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    git(folder, "checkout", "-q", "-b", "other")
    write(folder / "rent.yaml", TWO)
    (folder / "tea.yaml").unlink()
    write(folder / "milk.yaml", job_text("milk", "milk"))
    git(folder, "add", "-A", ".")
    git(folder, "commit", "-q", "-m", "two")
    git(folder, "checkout", "-q", "main")
    with watching(folder) as watched:
        for _ in range(3):
            git(folder, "checkout", "-q", "other")
            watched.until_jobs(rent="two", milk="milk")
            git(folder, "checkout", "-q", "main")
            watched.until_jobs(rent="one", tea="tea")
        assert not watched.problems()
        assert all("rent" in messages for messages in watched.history)


def test_git_there_and_back_at_once_never_loses_a_job(folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    git(folder, "rm", "-q", "rent.yaml")
    git(folder, "commit", "-q", "-m", "two")
    git(folder, "checkout", "-q", "main~1")
    with watching(folder) as watched:
        git(folder, "checkout", "-q", "main")
        git(folder, "checkout", "-q", "main~1")
        only_whole_versions(watched)


def config_map(root: Path, number: int, text: str) -> None:
    """Publish a version of a volume as the kubelet does."""
    version = root / f"..2026_11_22_05_55_3{number}.123"
    version.mkdir()
    write(version / "rent.yaml", text)
    write(version / "tea.yaml", job_text("tea", "tea"))
    old = (root / "..data").readlink() if (root / "..data").is_symlink() else None
    (root / "..data_tmp").symlink_to(version.name)
    (root / "..data_tmp").rename(root / "..data")
    if old is not None:
        shutil.rmtree(root / old)


def test_a_config_map_is_swapped_as_a_whole(tmp_path: Path) -> None:
    root = tmp_path / "volume"
    root.mkdir()
    config_map(root, 1, ONE)
    for name in ("rent.yaml", "tea.yaml"):
        (root / name).symlink_to(f"..data/{name}")
    with watching(root) as watched:
        config_map(root, 2, TWO)
        watched.until_jobs(rent="two", tea="tea")
        only_whole_versions(watched)


def point(link: Path, target: str) -> None:
    temporary = link.with_name(f"{link.name}.new")
    temporary.symlink_to(target)
    temporary.rename(link)


def test_a_symlinked_directory_that_is_pointed_elsewhere_is_followed(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "release-2")
    write(tmp_path / "release-2" / "rent.yaml", TWO)
    link = tmp_path / "current"
    link.symlink_to("jobs.d")
    with watching(link) as watched:
        point(link, "release-2")
        watched.until_jobs(rent="two", tea="tea")
        only_whole_versions(watched)
        # And it listens there now.
        write(tmp_path / "release-2" / "rent.yaml", job_text("rent", "three"))
        watched.until_jobs(rent="three", tea="tea")


def test_a_symlink_in_the_middle_of_the_path_is_followed_too(folder: Path, tmp_path: Path) -> None:
    releases = tmp_path / "srv" / "releases"
    shutil.copytree(folder, releases / "1" / "jobs.d")
    shutil.copytree(folder, releases / "2" / "jobs.d")
    write(releases / "2" / "jobs.d" / "rent.yaml", TWO)
    current = tmp_path / "srv" / "current"
    current.symlink_to("releases/1")
    (tmp_path / "etc").symlink_to(current / "jobs.d")
    with watching(tmp_path / "etc") as watched:
        point(current, "releases/2")
        watched.until_jobs(rent="two", tea="tea")
        only_whole_versions(watched)


def test_a_directory_that_is_renamed_and_replaced_is_followed(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "next")
    write(tmp_path / "next" / "rent.yaml", TWO)
    with watching(folder) as watched:
        folder.rename(tmp_path / "previous")
        (tmp_path / "next").rename(folder)
        watched.until_jobs(rent="two", tea="tea")
        only_whole_versions(watched)
        write(folder / "rent.yaml", job_text("rent", "three"))
        watched.until_jobs(rent="three", tea="tea")


def test_a_directory_that_is_deleted_and_made_again_is_followed(folder: Path) -> None:
    with watching(folder) as watched:
        for message in ("two", "one", "two"):
            shutil.rmtree(folder)
            folder.mkdir()
            write(folder / "tea.yaml", job_text("tea", "tea"))
            write(folder / "rent.yaml", job_text("rent", message))
            watched.until_jobs(rent=message, tea="tea")
        only_whole_versions(watched)
        write(folder / "rent.yaml", job_text("rent", "three"))
        watched.until_jobs(rent="three", tea="tea")
