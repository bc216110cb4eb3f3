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
_Core.add_constructor(f"{_TAG}int", lambda loader, node: int(loader.construct_scalar(node)))
_Core.add_constructor(f"{_TAG}float", lambda loader, node: float(loader.construct_scalar(node)))


def load(text: str) -> Any:
    """The content of a document; raises yaml.YAMLError."""
    return yaml.load(text, _Core)
