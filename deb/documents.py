"""What stands beside the program in the package: the settings with their defaults, the licences, the changelog."""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from email.message import Message
from email.parser import Parser
from email.utils import formatdate
from pathlib import Path
from typing import Any

from reminderd.reference.keys import Key
from reminderd.reference.settings import SECTIONS, SETTINGS

_LICENCE = re.compile(r"(?i)licen[sc]e|copying|notice")
_LEFT_OUT = ("auth_token_file",)  # as a setting it would have to be a file that the daemon's user can read
_HEAD = """\
# The settings of reminderd; reminderd.yaml(5) explains them. A line that begins with #name: shows a default, or an example where
# it says so. At least the account and a sender are needed. The token goes into /etc/reminderd/plivo-token, which root alone need
# be able to read (mode 0600): systemd hands it to the daemon.
#
# reminderd check                   finds what is wrong here and in the job files
# systemctl enable --now reminderd  starts it, now and with the machine
# systemctl reload reminderd        has it read this file again
"""


def settings_file() -> str:
    """reminderd.yaml with every setting, all of them commented out."""
    parts = [_HEAD, *_settings(key for key in SETTINGS if key.name not in SECTIONS)]
    titles = {key.name: key for key in SETTINGS}
    for name, keys in SECTIONS.items():
        parts += ["\n", _comment(titles[name].says), f"{name}:\n", *_settings(keys, "  ")]
    return "".join(parts)


def _settings(keys: Iterable[Key], indent: str = "") -> Iterator[str]:
    for key in keys:
        if key.name in _LEFT_OUT or not (key.has_preset or key.examples):
            continue
        value = key.preset if key.has_preset else key.examples[0]
        example = "" if key.has_preset else f" An example; without it: {key.default or 'nothing'}."
        between = "" if indent else "\n"
        yield f"{between}{_comment(key.says + example, indent)}{indent}#{key.name}: {_value(value)}\n"


def _comment(text: str, indent: str = "") -> str:
    return textwrap.fill(_plain(text), 118, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ") + "\n"


def _plain(text: str) -> str:
    return text.replace("`", "")


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z/][\w./:-]*|\d+[smhdw]", value):
        return value
    return json.dumps(value)


def licences(packages: Path, licence: str) -> str:
    """Debian's file `copyright`: reminderd's own licence, and of each library that comes with it the name of its own."""
    parts = [
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: reminderd\n",
        f"Files: *\nCopyright: 2026 The reminderd authors\nLicense: Expat\n{_indented(licence)}",
    ]
    for folder in sorted(packages.glob("*.dist-info")):
        about = Parser().parsestr((folder / "METADATA").read_text(encoding="utf-8"))
        if about["Name"] != "reminderd":
            parts.append(_library(about, folder, packages))
    return "\n".join(parts)


def _library(about: Message, folder: Path, packages: Path) -> str:
    path = f"/usr/lib/reminderd/{packages.relative_to(packages.parents[2])}"
    files = (path for path in folder.rglob("*") if path.is_file() and _LICENCE.search(path.name))
    texts = sorted(str(file.relative_to(packages)) for file in files)
    where = "".join(f" {path}/{text}\n" for text in texts) or " See the project's own page.\n"
    return (
        f"Files: {path.removeprefix('/')}/{folder.name.split('-')[0]}*\n"
        f"Copyright: the authors of {about['Name']} {about['Version']}\n"
        f"License: {_licence(about)}\n{where}"
    )


def _licence(about: Message) -> str:
    """A short name: the expression, else what the classifiers say, else the first line of the old field."""
    if about["License-Expression"]:
        return str(about["License-Expression"])
    said = [line.split(" :: ")[-1] for line in about.get_all("Classifier", []) if line.startswith("License :: ")]
    return ", ".join(said) or str(about["License"] or "unknown").splitlines()[0]


def _indented(text: str) -> str:
    return "".join(f" {line or '.'}\n" for line in text.strip().splitlines())


def debian_changelog(version: str, maintainer: str, epoch: int) -> str:
    """The changelog of the packaging, of which each version has one entry: what changed stands in the project's own."""
    when = formatdate(epoch, localtime=False)
    return f"reminderd ({version}) stable; urgency=medium\n\n  * See changelog.gz.\n\n -- {maintainer}  {when}\n"
