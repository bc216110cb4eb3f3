"""The Ansible role is described as it is: its variables in the defaults, the argument specs and the README."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ANSIBLE = Path(__file__).parents[2] / "deploy" / "ansible"
ROLE = ANSIBLE / "roles" / "reminderd"
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
# What depends on others is told in words.
TOLD = {"reminderd_units", "reminderd_command"}


def load(name: str) -> Any:
    return yaml.safe_load((ROLE / name).read_text())


def rows() -> dict[str, tuple[str, str]]:
    found = re.findall(r"^\| `(reminderd_\w+)` \| (.+?) \| (.+) \|$", (ROLE / "README.md").read_text(), re.MULTILINE)
    return {name: (default, meaning) for name, default, meaning in found}


def test_the_specs_and_the_readme_have_every_variable_with_its_default() -> None:
    defaults = load("defaults/main.yml")
    options = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert list(defaults) != []
    assert defaults.keys() == options.keys() == rows().keys()
    for name, default in defaults.items():
        if name not in TOLD:
            shown = rows()[name][0].strip("`")
            assert options[name]["default"] == default
            assert yaml.safe_load(shown) == default


def test_the_readme_says_of_each_variable_what_the_specs_say() -> None:
    for name, option in load("meta/argument_specs.yml")["argument_specs"]["main"]["options"].items():
        said = " ".join(option["description"]) if isinstance(option["description"], list) else option["description"]
        meaning = rows()[name][1].replace("`", "")
        assert meaning.startswith(said.partition(";")[0].partition(".")[0]), name


def test_the_roles_own_variables_are_all_that_its_tasks_use() -> None:
    known = {*load("defaults/main.yml"), *load("vars/main.yml")}
    registered = set(re.findall(r"register: (\w+)|^ +(__reminderd_\w+):", texts(), re.MULTILINE))
    known |= {name for pair in registered for name in pair}
    used = set(re.findall(r"\b_{0,2}reminderd_\w+", re.sub(r"^ *- name:.*", "", texts(), flags=re.MULTILINE)))
    assert used <= known


def texts() -> str:
    return "\n".join(path.read_text() for folder in ("tasks", "templates") for path in (ROLE / folder).iterdir())


def test_a_switch_from_a_command_line_which_is_a_word_switches_too() -> None:
    options = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    switches = "|".join(name for name, option in options.items() if option["type"] == "bool")
    expressions = "\n".join(re.findall(r"\{\{.*?\}\}|when: .*", texts()))
    used = re.findall(rf"\b({switches})\b( \| bool)?", expressions)
    assert {name for name, _ in used} == set(switches.split("|"))
    assert [name for name, converted in used if not converted] == []


def test_every_task_has_its_fully_qualified_module() -> None:
    modules = set(re.findall(r"^ +(?:ansible\.)[\w.]+", texts(), re.MULTILINE))
    assert {module.strip().count(".") for module in modules} == {2}


def test_ansible_can_read_the_example(tmp_path: Path) -> None:
    if not PLAYBOOK.exists():
        pytest.skip("ansible-core is not installed")
    command = [str(PLAYBOOK), "-i", "localhost,", "--syntax-check", "site.yml"]
    environment = {"PATH": "/usr/bin:/bin", "ANSIBLE_HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command, cwd=ANSIBLE, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
