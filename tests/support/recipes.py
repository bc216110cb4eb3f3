"""The recipes of docs/cookbook.md: each with all its files, as they would lie in a repository."""

import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "cookbook.md"

_RECIPE = re.compile(r"^### (?P<title>.+)\n(?P<body>(?:(?!^##).*\n?)*)", re.MULTILINE)
_BLOCK = re.compile(r"(?:^`(?P<path>[^`\n]+)`:\n\n)?^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Recipe(NamedTuple):
    """files: by their paths; the job itself is in jobs.d/recipe.yaml."""

    title: str
    files: dict[str, str]

    @property
    def job(self) -> str:
        return self.files["jobs.d/recipe.yaml"]

    def write(self, folder: Path) -> Path:
        """Write all files below `folder`; returns the directory of jobs."""
        for path, text in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder / "jobs.d"


def recipes() -> dict[str, Recipe]:
    """All of them by title, in the order of the page."""
    found = [Recipe(each["title"], _files(each["body"])) for each in _RECIPE.finditer(PAGE.read_text())]
    return {recipe.title: recipe for recipe in found}


def _files(body: str) -> dict[str, str]:
    return {block["path"] or "jobs.d/recipe.yaml": block["text"] for block in _BLOCK.finditer(body)}
