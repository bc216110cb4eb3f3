"""What the Debian package has beside the program: manual pages, completions, the settings file, its scripts."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from deb.build import debian_version
from deb.documents import settings_file
from deb.manual import KEYS, pages
from reminderd.cli import main
from reminderd.reference.keys import GROUPS
from reminderd.reference.settings import SECTIONS, SETTINGS
from reminderd.settings import VARIABLES, Settings, load_settings

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "deb" / "scripts").iterdir())


def manual(name: str) -> str:
    """A manual page's source as plain text."""
    found = {page.name: str(page) for page in pages("1.2.3", "2026-11-29", ROOT / "docs" / "operating.md")}
    return re.sub(r"\\f[BIR]|\\&", "", found[name]).replace("\\-", "-")


def commands(context: click.Context) -> Iterator[click.Context]:
    assert isinstance(context.command, click.Group)
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        assert command is not None
        child = click.Context(command, info_name=name, parent=context)
        yield child
        if isinstance(command, click.Group):
            yield from commands(child)


TOP = click.Context(main, info_name="reminderd")


@pytest.mark.parametrize("context", list(commands(TOP)), ids=lambda context: context.command_path)
def test_the_manual_has_every_command_with_every_option(context: click.Context) -> None:
    text = manual("reminderd")
    title = " ".join([context.command_path, *context.command.collect_usage_pieces(context)]).removeprefix("reminderd ")
    part = text.partition(f'\n.SS "{title}"\n')[2].partition("\n.S")[0]
    assert part
    options = [parameter for parameter in context.command.params if isinstance(parameter, click.Option)]
    assert [option.opts for option in options if not option.hidden and option.opts[-1] not in part] == []


def test_the_manual_has_exit_statuses_variables_and_files() -> None:
    text = manual("reminderd")
    assert [status for status in "012" if f"\n.TP\n{status}\n" not in text] == []
    assert [name for name in VARIABLES if name not in text] == []
    assert "/etc/reminderd/reminderd.yaml" in text
    assert '"2026-11-29" "reminderd 1.2.3"' in text


def test_the_manual_has_every_key() -> None:
    settings = {key.name for keys in (SETTINGS, *SECTIONS.values()) for key in keys}
    assert [name for name in settings if f"\n.TP\n{name}:\n" not in manual("reminderd.yaml")] == []
    assert set(KEYS) == set(GROUPS)
    jobs = {key.name for keys in GROUPS.values() for key in keys}
    assert [name for name in jobs if f"\n.TP\n{name}:\n" not in manual("reminderd-jobs")] == []


def test_nothing_of_the_manual_is_taken_for_a_request() -> None:
    known = re.compile(r"\.(TH|SH|SS|PP|TP|nf|fi|ad l|nh)\b")
    for page in pages("1.2.3", "2026-11-29", ROOT / "docs" / "operating.md"):
        odd = [line for line in str(page).splitlines() if line.startswith((".", "'")) and not known.match(line)]
        assert odd == []


def test_commands_are_completed_without_loading_them() -> None:
    named = {item.value for item in main.shell_complete(TOP, "")}
    assert named >= set(main.list_commands(TOP))
    assert [item.value for item in main.shell_complete(TOP, "sim")] == ["simulate"]
    assert "--state" in [item.value for item in main.shell_complete(TOP, "--s")]


def test_the_settings_file_is_whole_and_says_nothing(tmp_path: Path) -> None:
    config = tmp_path / "reminderd.yaml"
    config.write_text(settings_file())
    said = {line for line in settings_file().splitlines() if not re.match(r" *#|$", line)}
    assert said == {f"{name}:" for name in SECTIONS}
    assert load_settings(config, {}) == (Settings(), [])


def test_every_setting_in_it_can_be_switched_on(tmp_path: Path) -> None:
    config = tmp_path / "reminderd.yaml"
    config.write_text(re.sub(r"^( *)#(\w+:)", r"\1\2", settings_file(), flags=re.MULTILINE))
    _, problems = load_settings(config, {})
    here = [problem for problem in problems if not problem.message.endswith("is not a file")]
    assert [str(problem) for problem in here] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_its_scripts_can_be_read_by_the_shell(script: Path) -> None:
    subprocess.run(["sh", "-n", script], check=True, timeout=10)
    assert script.read_text().startswith("#!/bin/sh\n")
    assert "set -e\n" in script.read_text()


@pytest.mark.parametrize(
    ("version", "sorted_after"),
    [("0.2.0rc1", "0.1.9"), ("0.2.0", "0.2.0rc1"), ("0.2.0", "0.2.0.dev3"), ("0.2.1", "0.2.0"), ("0.10.0", "0.9.0")],
)
def test_versions_sort_as_pythons_do(version: str, sorted_after: str) -> None:
    if shutil.which("dpkg") is None:
        pytest.skip("dpkg must be installed")
    compare = ["dpkg", "--compare-versions", debian_version(version), "gt", debian_version(sorted_after)]
    assert subprocess.run(compare, check=False, timeout=10).returncode == 0
