"""A watcher on real directories: lists, groups and templates count with the job files that use them, once settled."""

import subprocess
from pathlib import Path

import pytest

from tests.support.jobfiles import write
from tests.support.watching import Watched, watching

HEADER = "phone,name\n"


def rows(number: int, name: str = "Ada") -> str:
    return HEADER + "".join(f"+4477009001{each:02},{name}\n" for each in range(number))


def using(to: str, text: str = "message: Hello.") -> str:
    return f"name: rent\nschedule: {{at: 2031-05-04T09:00}}\nto: {to}\n{text}\n"


def people(watched: Watched) -> int:
    return len(watched.jobs["rent"].recipients) if "rent" in watched.jobs else 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "repository" / "jobs.d"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def listed(folder: Path) -> Path:
    write(folder / "rent.yaml", using("{file: people.csv}"))
    return write(folder / "people.csv", rows(3))


def test_a_list_beside_the_job_files_is_heard(folder: Path, listed: Path) -> None:
    with watching(folder) as watched:
        assert people(watched) == 3
        write(listed, rows(5))
        watched.until(lambda _: people(watched) == 5)


def test_a_list_that_is_replaced_by_a_rename_is_heard(folder: Path, listed: Path) -> None:
    with watching(folder) as watched:
        write(folder / ".people.csv.tmp", rows(5)).rename(listed)
        watched.until(lambda _: people(watched) == 5)


@pytest.mark.parametrize("where", ["elsewhere/people.csv", "repository/lists/people.csv", "repository/jobs.d/x/people.csv"])  # fmt: skip
def test_a_list_in_another_directory_is_heard(folder: Path, tmp_path: Path, where: str) -> None:
    path = tmp_path / where
    path.parent.mkdir()
    write(path, rows(3))
    write(folder / "rent.yaml", using(f"{{file: {path}}}"))
    with watching(folder) as watched:
        watched.rescan()
        write(path, rows(5))
        watched.until(lambda _: people(watched) == 5)
        path.unlink()
        watched.until_problem("does not exist")
        assert people(watched) == 5
        write(path, rows(4))
        watched.until(lambda _: people(watched) == 4)


def test_a_list_that_a_new_job_file_names_is_heard(folder: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "people.csv", rows(3))
    with watching(folder) as watched:
        write(folder / "rent.yaml", using(f"{{file: {path}}}"))
        watched.until(lambda _: people(watched) == 3)
        watched.rescan()
        write(path, rows(5))
        watched.until(lambda _: people(watched) == 5)


def test_a_symlinked_list_is_heard_at_its_target(folder: Path, tmp_path: Path) -> None:
    target = write(tmp_path / "people.csv", rows(3))
    (folder / "people.csv").symlink_to(target)
    write(folder / "rent.yaml", using("{file: people.csv}"))
    with watching(folder) as watched:
        watched.rescan()
        write(target, rows(5))
        watched.until(lambda _: people(watched) == 5)


def test_groups_and_templates_are_heard_also_when_their_directories_come_later(folder: Path) -> None:
    write(folder / "rent.yaml", using("{group: team}", "template: mail/hello.j2"))
    with watching(folder) as watched:
        assert people(watched) == 0
        for name in ("templates", "templates/mail", "recipients.d"):
            (folder.parent / name).mkdir()
        write(folder.parent / "recipients.d" / "team.csv", rows(3))
        write(folder.parent / "templates" / "mail" / "hello.j2", "Hello.")
        watched.until(lambda _: people(watched) == 3)
        watched.rescan()
        write(folder.parent / "recipients.d" / "team.csv", rows(4))
        watched.until(lambda _: people(watched) == 4)
        write(folder.parent / "templates" / "mail" / "hello.j2", "Bye.")
        watched.until_jobs(rent="Bye.")


def test_a_list_that_is_being_written_in_place_is_left_alone_until_it_is_closed(folder: Path, listed: Path) -> None:
    text = rows(60)
    with watching(folder) as watched:
        with listed.open("w", encoding="utf-8") as file:
            file.write(text[: len(rows(30))])  # half of the people alone are a good list
            file.flush()
            watched.rescan()
            assert people(watched) == 3
            file.write(text[len(rows(30)) :])
        watched.until(lambda _: people(watched) != 3)
        assert people(watched) == 60


def test_a_list_that_is_truncated_for_a_moment_is_never_reported(folder: Path, listed: Path) -> None:
    seen: list[int] = []

    def last(watched: Watched) -> int:
        seen.append(people(watched))
        return seen[-1]

    with watching(folder) as watched:
        for number in range(4, 24):
            write(listed, "")
            write(listed, rows(number))
        watched.until(lambda _: last(watched) == 23)
        assert not watched.problems()
    assert 0 not in seen


def test_after_a_git_checkout_job_file_list_and_template_are_of_one_version(folder: Path) -> None:
    root = folder.parent

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)

    def version(number: int) -> None:
        (root / "templates").mkdir(exist_ok=True)
        write(folder / "rent.yaml", using("{file: people.csv}", f"template: t.j2\nvars: {{version: {number}}}"))
        write(folder / "people.csv", rows(number, f"v{number}"))
        write(root / "templates" / "t.j2", f"Hello {number}.")

    git("init", "-q", "-b", "one")
    version(5)
    git("add", "-A")
    git("commit", "-qm", "one")
    git("checkout", "-qb", "two")
    version(30)
    git("commit", "-qam", "two")
    with watching(folder) as watched:
        assert people(watched) == 30
        for branch, number in [("one", 5), ("two", 30)] * 3:
            git("checkout", "-q", branch)
            watched.until(lambda _: people(watched) == number)  # noqa: B023
            watched.rescan()
            job = watched.jobs["rent"]
            assert (job.vars["version"], job.message, job.recipients[0].name) == (
                number,
                f"Hello {number}.",
                f"v{number}",
            )
            assert not watched.problems()


def test_a_broken_list_keeps_the_people_and_disturbs_no_other_job(folder: Path, listed: Path) -> None:
    with watching(folder) as watched:
        write(listed, "phone,name\n1,Ada\n")
        watched.until_problem("people.csv:2:1")
        assert people(watched) == 3
        write(folder / "tea.yaml", using("+447700900199").replace("rent", "tea"))
        watched.until(lambda _: set(watched.jobs) == {"rent", "tea"})
        assert people(watched) == 3
        write(listed, rows(4))
        watched.until(lambda _: people(watched) == 4)


def test_polling_finds_a_list_that_changes_without_an_event(folder: Path, tmp_path: Path) -> None:
    """A hard link: the change happens in a directory that nobody knows of."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    target = write(hidden / "people.csv", rows(3))
    (folder / "people.csv").hardlink_to(target)
    write(folder / "rent.yaml", using("{file: people.csv}"))
    with watching(folder, rescan_every=0.2) as watched:
        write(target, rows(5))
        watched.until(lambda _: people(watched) == 5)
