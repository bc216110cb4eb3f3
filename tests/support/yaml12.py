"""YAML as editors and linters read it: version 1.2, core schema. Not the project's own reading."""

import re
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"


class _Core(yaml.SafeLoader):
    """Scalars without quotes are null, true, false, numbers or text, and nothing else."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own attribute


_Core.add_implicit_resolver(f"{_TAG}null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Core.add_implicit_resolver(f"{_TAG}bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Core.add_implicit_resolver(f"{_TAG}int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))
_Core.add_implicit_resolver(
    f"{_TAG}float", re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"), list("-+.0123456789")
)
_Core.add_implicit_resolver(f"{_TAG}merge", re.compile("^<<$"), ["<"])


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | float:
    text = str(loader.construct_scalar(node))
    return int(text) if node.tag == f"{_TAG}int" else float(text)


_Core.add_constructor(f"{_TAG}int", _number)
_Core.add_constructor(f"{_TAG}float", _number)


def load(text: str) -> Any:
    """The content of a document; raises yaml.YAMLError."""
    return yaml.load(text, _Core)
