"""`reminderd plan` beside a git repository: ten edits of its job files, each with what it would do to what is live."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.planning import SETTINGS, Desk, fates, messages

RENT = """\
name: rent
schedule: {cron: "0 9 * * *"}
timezone: Europe/Berlin
to:
  - {name: Ada, phone: "+4930231250101"}
  - {name: Bob, phone: "+4930231250102"}
message: "{{ recipient.name }}, the rent is due."
"""
BINS = """\
schedule: {cron: "0 18 * * 3"}
timezone: Europe/Berlin
to: "+4930231250103"
message: "Put the bins out."
"""
VISIT = """\
schedule: {at: "2026-12-02T10:00:00Z"}
to: {name: Cid, phone: "+4930231250104"}
message: "We come at {{ due_at.strftime('%H:%M') }}."
"""
DAYS = ["Mon 2026-11-30", "Tue 2026-12-01", "Wed 2026-12-02"]
TIMES = [f"{day} 09:00" for day in DAYS]


class Repository(Desk):
    """A git repository whose first commit is live."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, SETTINGS)
        self.write(rent=RENT, bins=BINS, visit=VISIT)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("The jobs")
        self.go_live()

    def git(self, *arguments: str) -> str:
        environment = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.com",
        }
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environment, check=True, capture_output=True, text=True)
        return done.stdout

    def commit(self, message: str) -> None:
        self.git("add", "jobs.d")
        self.git("commit", "--quiet", "--message", message)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.jobs / f"{name}.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        self.commit(f"Edit {name}")


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    before = sorted(tmp_path.iterdir())
    assert before == []
    yield Repository(tmp_path)
    # Whatever was asked: the state is as it was, with nothing beside it.
    assert [path.name for path in tmp_path.glob("state.db*")] == ["state.db"]


def test_without_an_edit_nothing_changes(repository: Repository) -> None:
    plan = repository.plan("--days", "3")
    assert (plan["changes"], fates(plan), plan["summary"]["jobs"]) == (False, {}, {"unchanged": 3})
    assert plan["summary"]["messages"]["after"] == 8
    assert repository.run("--detailed-exitcode").exit_code == 0


def test_a_job_added(repository: Repository) -> None:
    repository.write(standup=BINS.replace("0 18 * * 3", "30 9 * * 1-5").replace("bins", "chairs"))
    repository.commit("Add the stand-up")
    plan = repository.plan("--days", "3")
    assert fates(plan) == {"standup": "added"}
    assert messages(plan, "added") == [("standup", f"{day} 09:30") for day in DAYS]
    assert plan["summary"]["cost"] == {"currency": "EUR", "before": 0.08, "after": 0.11, "difference": 0.03}
    assert repository.run("--detailed-exitcode").exit_code == 2


def test_a_job_removed(repository: Repository) -> None:
    repository.git("rm", "--quiet", "jobs.d/bins.yaml")
    repository.commit("Remove the bins")
    plan = repository.plan("--days", "3")
    assert fates(plan) == {"bins": "removed"}
    assert messages(plan, "removed") == [("bins", "Wed 2026-12-02 18:00")]


def test_a_text_reworded(repository: Repository) -> None:
    repository.edit("visit", "We come at", "We will come at")
    plan = repository.plan("--days", "3")
    assert fates(plan) == {"visit": "changed"}
    (found,) = plan["messages"]["reworded"]
    assert (found["before"]["text"], found["after"]["text"]) == ("We come at 10:00.", "We will come at 10:00.")
    assert [key["key"] for key in plan["jobs"][0]["keys"]] == ["message"]


def test_a_job_at_another_time(repository: Repository) -> None:
    repository.edit("rent", "0 9 * * *", "45 10 * * *")
    plan = repository.plan("--days", "3")
    moved = [("rent", f"{day} 09:00 > {day} 10:45") for day in DAYS]
    assert messages(plan, "moved") == [each for each in moved for _ in ("Ada", "Bob")]
    assert plan["summary"]["messages"]["reworded"] == 0
    (key,) = plan["jobs"][0]["keys"]
    assert key == {"key": "schedule", "before": {"cron": "0 9 * * *"}, "after": {"cron": "45 10 * * *"}}


def test_recipients_added_and_removed(repository: Repository) -> None:
    repository.edit("rent", '{name: Bob, phone: "+4930231250102"}', '{name: Dan, phone: "+4930231250105"}')
    plan = repository.plan("--days", "3")
    people = plan["jobs"][0]["people"]
    assert [each["name"] for each in people["added"]["shown"]] == ["Dan"]
    assert [each["name"] for each in people["removed"]["shown"]] == ["Bob"]
    assert messages(plan, "added") == messages(plan, "removed") == [("rent", time) for time in TIMES]
    assert {each["name"] for each in plan["messages"]["added"]} == {"Dan"}


def test_another_zone(repository: Repository) -> None:
    repository.edit("bins", "Europe/Berlin", "America/New_York")
    plan = repository.plan("--days", "3")
    (moved,) = plan["messages"]["moved"]
    assert moved["before"]["local"] == "Wed 2026-12-02 18:00 Europe/Berlin"
    assert moved["after"]["local"] == "Wed 2026-12-02 18:00 America/New_York"
    assert moved["after"]["due_at"] == "2026-12-02T23:00:00.000Z"


def test_a_job_disabled(repository: Repository) -> None:
    repository.edit("bins", "timezone:", "enabled: false\ntimezone:")
    plan = repository.plan("--days", "3")
    assert fates(plan) == {"bins": "changed"}
    assert messages(plan, "removed") == [("bins", "Wed 2026-12-02 18:00")]


def test_a_file_renamed_whose_job_has_a_name(repository: Repository) -> None:
    repository.git("mv", "jobs.d/rent.yaml", "jobs.d/flat.yaml")
    repository.commit("Rename the file")
    plan = repository.plan("--days", "3")
    assert fates(plan) == {"rent": "relocated"}
    assert (plan["changes"], plan["summary"]["messages"]["after"]) == (False, 8)
    assert repository.run("--detailed-exitcode").exit_code == 0


@pytest.mark.parametrize("file", ["rent", "bins"])
def test_a_job_renamed(repository: Repository, file: str) -> None:
    """By its name, or by its file where that gives the name: nobody gets anything else."""
    if file == "rent":
        repository.edit("rent", "name: rent", "name: flat")
    else:
        repository.git("mv", "jobs.d/bins.yaml", "jobs.d/flat.yaml")
        repository.commit("Rename the file")
    plan = repository.plan("--days", "3")
    assert fates(plan) == {"flat": "renamed"}
    assert plan["jobs"][0]["formerly"] == file
    assert [plan["messages"][kind] for kind in ("added", "removed", "moved", "reworded")] == [[], [], [], []]
    assert repository.run("--detailed-exitcode").exit_code == 2


def test_a_broken_file_beside_a_good_edit(repository: Repository) -> None:
    repository.edit("rent", "schedule:", "shedule:")
    repository.edit("bins", "0 18", "0 19")
    result = repository.run("--days", "3", "--detailed-exitcode")
    assert result.exit_code == 1
    assert "rent.yaml:2:1: shedule" in result.stdout
    assert "rent.yaml: the last good version goes on: rent" in result.stdout
    plan = repository.plan("--days", "3")
    assert fates(plan) == {"bins": "changed"}
    assert messages(plan, "moved") == [("bins", "Wed 2026-12-02 18:00 > Wed 2026-12-02 19:00")]


def test_a_branch_against_a_worktree_of_main(repository: Repository) -> None:
    """As in a CI job, which has no state."""
    repository.git("worktree", "add", "--quiet", "main-tree", "HEAD")
    (repository.folder / "state.db").rename(repository.folder / "elsewhere")
    repository.edit("bins", "0 18", "0 19")
    repository.edit("rent", "schedule:", "shedule:")
    plan = repository.plan("--days", "3", "--against", str(repository.folder / "main-tree" / "jobs.d"))
    assert fates(plan) == {"bins": "changed"}
    assert list(plan["kept"].values()) == [["rent"]]
    (repository.folder / "elsewhere").rename(repository.folder / "state.db")
