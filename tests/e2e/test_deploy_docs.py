"""The snippets of docs/deploy.md: their very commands, on the temporary files that each tool has checked.

Each tool is played step by step as it works on the disk. A good version arrives whole; a broken one never does.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.jobfiles import job_text, write
from tests.support.watching import Watched, watching

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text()
ONE = job_text("rent", "one")
TWO = job_text("rent", "two")
BROKEN = TWO + "timezon: UTC\n"
CLASH = job_text("tea", "two")
SCRATCH = "scratch"  # the tool's own directory of temporary files


def section(heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def documented(heading: str, key: str) -> str:
    """The command of this key in the snippet."""
    (command,) = re.findall(rf"\b{key}(?: =>|:)? '?(\S*reminderd check --as [^'\n]+)", section(heading))
    return str(command)


Step = Callable[[Path], None]


def nothing(_: Path) -> None:
    """Most tools begin with the temporary file itself."""


class Tool(NamedTuple):
    """How a tool replaces jobs.d/rent.yaml. temporary: the file that it has checked, within the directory above jobs.d.

    before: what it does first. land: what it does with a temporary file that was found good; else it removes it.
    command: for a temporary file of this path, as the tool makes it of the snippet.
    """

    temporary: str
    land: Callable[[Path, Path], None]
    command: Callable[[str], str]
    before: Step = nothing
    mode: int = 0o600


def ansible_lands(temporary: Path, target: Path) -> None:
    draft = target.with_name(".ansible_tmpq3w4e5r6rent.yaml")
    draft.touch(mode=0o600)
    shutil.copyfile(temporary, draft)
    draft.rename(target)
    target.chmod(0o640)
    temporary.unlink()


def salt_lands(temporary: Path, target: Path) -> None:
    draft = target.with_name("rent.yamlx7h2k9q1")
    draft.touch(mode=0o600)
    shutil.copyfile(temporary, draft)
    draft.rename(target)
    target.chmod(0o640)
    temporary.unlink()


def renamed(temporary: Path, target: Path) -> None:
    temporary.chmod(0o640)
    temporary.rename(target)


def puppet_begins(folder: Path) -> None:
    lock = folder / "rent.yaml20261122-1-abc.lock"
    lock.mkdir()
    (folder / "rent.yaml20261122-1-abc").touch(mode=0o600)
    lock.rmdir()


TOOLS = {
    "Ansible": Tool(
        f"{SCRATCH}/.ansible/tmp/ansible-tmp-1795952905.34-1382-2139/.source.yaml",
        ansible_lands,
        lambda path: documented("Ansible", "validate") % path,
        mode=0o640,
    ),
    "Salt": Tool(f"{SCRATCH}/__salt.tmp.k3j9x2", salt_lands, lambda path: f"{documented('Salt', 'check_cmd')} {path}"),
    "Puppet": Tool(
        "jobs.d/rent.yaml20261122-1-abc",
        renamed,
        lambda path: documented("Puppet", "validate_cmd").replace("%", path),
        puppet_begins,
    ),
    "Chef": Tool(
        "jobs.d/.chef-rent20261122-1-abc.yaml",
        renamed,
        lambda path: documented("Chef", "verify").replace("%{path}", path),
    ),
}


class Machine:
    """The directory that stands for /etc/reminderd, with two jobs."""

    def __init__(self, folder: Path) -> None:
        self.etc = folder / "etc"
        self.jobs = self.etc / "jobs.d"
        self.jobs.mkdir(parents=True)
        write(self.etc / "reminderd.yaml", f"jobs: {self.jobs}\n")
        write(self.jobs / "rent.yaml", ONE)
        write(self.jobs / "tea.yaml", job_text("tea", "tea"))

    def run(self, command: str) -> "subprocess.CompletedProcess[str]":
        """A command of the page, with this directory for /etc/reminderd and the program of the tests."""
        line = command.replace("/etc/reminderd", str(self.etc)).replace("/usr/local/bin/reminderd", "reminderd")
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "REMINDERD_CONFIG": str(self.etc / "reminderd.yaml"),
        }
        done = subprocess.run(
            shlex.split(line), env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert "Traceback" not in done.stderr
        return done

    def deploy(self, tool: Tool, text: str) -> "subprocess.CompletedProcess[str]":
        """What the tool does; gives what its check said."""
        temporary = self.etc / tool.temporary
        temporary.parent.mkdir(parents=True, exist_ok=True)
        tool.before(self.jobs)
        write(temporary, text).chmod(tool.mode)
        done = self.run(tool.command(str(temporary)))
        if done.returncode == 0:
            tool.land(temporary, self.jobs / "rent.yaml")
        else:
            temporary.unlink()
        return done


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@contextmanager
def only_these(machine: Machine, *wanted: dict[str, str]) -> Iterator[Watched]:
    """A watcher that never sees anything but these messages, and no problem."""
    with watching(machine.jobs) as watched:
        yield watched
        watched.rescan()
        assert not watched.problems()
        assert all(messages in wanted for messages in watched.history)


OLD, NEW = {"rent": "one", "tea": "tea"}, {"rent": "two", "tea": "tea"}


@pytest.mark.parametrize("name", TOOLS)
def test_a_good_version_arrives_whole(machine: Machine, name: str) -> None:
    with only_these(machine, OLD, NEW) as watched:
        done = machine.deploy(TOOLS[name], TWO)
        assert (done.returncode, done.stdout) == (0, "no problems in 1 job\n")
        watched.until_jobs(**NEW)


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize(
    ("text", "words"), [(BROKEN, ":6:1: timezon: unknown key"), (CLASH, "'tea' is already declared")]
)
def test_a_broken_version_never_arrives(machine: Machine, name: str, text: str, words: str) -> None:
    with only_these(machine, OLD):
        done = machine.deploy(TOOLS[name], text)
        assert done.returncode == 1
        assert done.stdout.startswith(f"{machine.jobs}/rent.yaml:")
        assert words in done.stdout
    assert (machine.jobs / "rent.yaml").read_text() == ONE


def test_every_snippet_that_checks_is_played() -> None:
    shown = set(
        re.findall(
            r"^## (\w+)\n(?:(?!^## ).)*?(?:validate|check_cmd|validate_cmd|verify)\b", PAGE, re.DOTALL | re.MULTILINE
        )
    )
    assert shown >= set(TOOLS)
    assert len(re.findall(r"reminderd check --as /etc/reminderd/jobs\.d/rent\.yaml", PAGE)) == len(TOOLS)


def test_a_new_file_of_chef_that_is_broken_leaves_an_empty_one(machine: Machine) -> None:
    (machine.jobs / "rent.yaml").unlink()
    with watching(machine.jobs) as watched:
        (machine.jobs / "rent.yaml").touch()
        assert machine.deploy(TOOLS["Chef"], BROKEN).returncode == 1
        watched.until_problem("rent.yaml: is empty")
        assert watched.messages() == {"tea": "tea"}
        assert machine.deploy(TOOLS["Chef"], TWO).returncode == 0
        watched.until_jobs(**NEW)


def test_the_commands_of_the_page_do_what_it_says(machine: Machine) -> None:
    """Those of the section on `check --as`, on a file at the path that they name."""
    temporary = machine.etc / "tmpq3w4e5"
    lines = [line[2:] for line in re.findall(r"^\$ reminderd check --as .*$", PAGE, re.MULTILINE)]
    texts = {
        "rent.yaml": TWO,
        "recipients.d/team.yaml": '- {phone: "+14155550100"}\n',
        "templates/greeting.j2": "Hello\n",
        "/etc/reminderd/reminderd.yaml": "jobs: jobs.d\n",
        "daily.yaml": "name: standup\n" + TWO.replace("name: rent\n", ""),
    }
    write(machine.jobs / "standup.yaml", job_text("standup"))
    assert len(lines) == len(texts)
    for line in lines:
        write(temporary, texts[shlex.split(line)[3]])
        done = machine.run(line.replace("/tmp/tmpq3w4e5", str(temporary)))
        assert done.returncode == 0, done.stdout + done.stderr
