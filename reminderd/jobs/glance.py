"""What a job file may name, found without reading it as one: yes where it may, no only where it certainly does not."""

import re
from collections.abc import Collection, Mapping
from pathlib import PurePath
from typing import Any

from reminderd.document import load
from reminderd.jobs.aim import Kind, Target
from reminderd.jobs.overlay import Overlay

# Escapes that can stand for letters, and those that join two lines: with them a word may be read that is not there.
# The rest are line ends that only YAML knows.
_ESCAPED = re.compile(rb"\\[xuU\r\n]|\xc2\x85|\xe2\x80[\xa8\xa9]")
_WORD = re.compile(rb"[A-Za-z0-9._-]+")  # the names of jobs and groups are of nothing else
_NAME = re.compile(rb"name[\"']?\s*:\s*[\"']?([A-Za-z0-9._-]+)")
# A name that stands elsewhere, or not at once behind its key: an alias, an anchor, a block, a comment; "? name".
_ODD_NAME = re.compile(rb"name[\"']?\s*:\s*[*&!|>#]|(?:^|[\s,\[{-])(?:&\S|\?\s)")
_LIST = re.compile(rb"\.(?:csv|ya?ml)", re.IGNORECASE)


class Names:
    """Names of jobs, to be looked for in job files."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)
        self._words = frozenset(name.encode() for name in names)

    def may_be_in(self, path: str, data: bytes) -> bool:
        """Whether the file would declare a job of one of these names, were it right in everything else."""
        stem = PurePath(path).stem
        if stem not in self._names and not self._may_be_written(data):
            return False
        document, _ = load(data, path)
        if document is None or not isinstance(document.value, dict):
            return False
        return not _declared(document.value, stem).isdisjoint(self._names)

    def _may_be_written(self, data: bytes) -> bool:
        """Quick; and no for nearly all files."""
        if not self._words.isdisjoint(_NAME.findall(data)):
            return True
        return _ODD_NAME.search(data) is not None or _ESCAPED.search(data) is not None


def may_use(data: bytes, target: Target, overlay: Overlay) -> bool:
    """Whether the job file may read the target besides itself."""
    if _ESCAPED.search(data) or (b"file" in data and _LIST.search(data)):  # any file may be read as a list
        return True
    if target.kind is Kind.TEMPLATE:
        return b"template" in data or b"include" in data
    return target.kind is Kind.GROUP and b"group" in data and _holds(data, overlay.group_words)


def _holds(data: bytes, words: Collection[bytes]) -> bool:
    return not set(_WORD.findall(data)).isdisjoint(words) or _ESCAPED.search(data) is not None


def _declared(value: Mapping[str, Any], stem: str) -> set[str]:
    if "jobs" not in value:
        return {str(value.get("name", stem))}
    jobs = value["jobs"] if isinstance(value["jobs"], list) else []
    return {str(job.get("name")) for job in jobs if isinstance(job, dict)}
