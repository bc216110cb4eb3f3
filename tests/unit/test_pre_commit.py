"""The hook for pre-commit: what it declares is complete, fits the files it is for, and runs."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
GOOD = "schedule: {cron: 0 9 * * *}\nto: +14155550100\nmessage: Hello\n"


def hook() -> dict[str, Any]:
    (only,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert isinstance(only, dict)
    return only


def run(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [*shlex.split(hook()["entry"]), *hook()["args"]]
    assert command[0] == "reminderd"
    own = Path(sys.executable).with_name("reminderd")
    return subprocess.run([own, *command[1:]], cwd=folder, capture_output=True, text=True, check=False)


def test_the_hook_has_what_pre_commit_needs() -> None:
    assert hook().keys() == {"id", "name", "description", "language", "entry", "args", "pass_filenames", "always_run"}
    assert (hook()["id"], hook()["language"], hook()["pass_filenames"]) == ("reminderd-check", "python", False)


def test_it_runs_whatever_is_changed_because_only_its_arguments_say_what_matters() -> None:
    assert hook()["always_run"] is True


def test_its_command_passes_good_files_and_fails_on_bad_ones(tmp_path: Path) -> None:
    (tmp_path / "jobs.d").mkdir()
    (tmp_path / "jobs.d" / "rent.yaml").write_text(GOOD)
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (0, "no problems in 1 job\n")
    (tmp_path / "jobs.d" / "rent.yaml").write_text(GOOD + "timezon: UTC\n")
    done = run(tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("jobs.d/rent.yaml:4:1: timezon: ")
