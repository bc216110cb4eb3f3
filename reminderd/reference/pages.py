"""The tables of keys in the documentation, made from the words that the schema has too: `make docs` renews them."""

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from reminderd.reference.keys import GROUPS, Key

_PART = re.compile(r"(?P<begin><!-- keys: (?P<group>[\w ]+) -->\n).*?(?P<end><!-- end of keys -->)", re.DOTALL)
_HEAD = "| key | takes | without it | meaning |\n|---|---|---|---|\n"


def table(keys: Iterable[Key]) -> str:
    """The keys as a table of Markdown."""
    return _HEAD + "".join(
        f"| `{key.name}` | {_cell(key.takes)} | {_cell(_without(key))} | {_cell(key.says)} |\n" for key in keys
    )


def _without(key: Key) -> str:
    return "required" if key.required else key.default


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def renewed(page: str, groups: Mapping[str, Iterable[Key]] = GROUPS) -> str:
    """The page with each of its marked parts made anew."""
    return _PART.sub(lambda part: part["begin"] + table(groups[part["group"]]) + part["end"], page)


def main(names: Iterable[str]) -> None:
    """Renew these files."""
    for name in names:
        path = Path(name)
        before = path.read_text(encoding="utf-8")
        after = renewed(before)
        if after != before:
            path.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
