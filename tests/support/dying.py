"""A daemon that dies, by SIGKILL, right before a certain step of its own with a file."""

from collections.abc import Mapping
from pathlib import Path

# Python asks its audit hooks before each of these; what is named by a process is killed by itself.
_HOOK = """
import os, signal, sys

WANTED, FOLDER, SEEN = os.environ["DIES_BEFORE"], os.environ["DIES_IN"], set()

def step(event, arguments):
    if event not in ("open", "os.link", "os.remove") or not isinstance(arguments[0], str):
        return None
    folder, name = os.path.split(arguments[0])
    kind = "draft" if name.endswith(".draft") else "file" if name.endswith(".yaml") else "folder"
    if os.path.realpath(FOLDER) not in (os.path.realpath(folder), os.path.realpath(arguments[0])):
        return None
    if event == "open":
        flags = arguments[2] or 0
        if kind == "folder":
            return "sync" if flags & os.O_DIRECTORY and "remove file" in SEEN else None
        return f"write {kind}" if flags & os.O_WRONLY else None
    return f"{event[3:]} {kind}"

def hook(event, arguments):
    found = step(event, arguments)
    if found is not None:
        SEEN.add(found)
        if found == WANTED:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
"""

OF_MAKING = ("write draft", "link draft", "remove draft", "write file")
OF_ENDING = ("remove file", "sync")


def dies_before(step: str, folder: Path, hooks: Path) -> Mapping[str, str]:
    """The environment of a daemon that dies before this step in the folder. hooks: an empty directory."""
    hooks.mkdir(exist_ok=True)
    (hooks / "sitecustomize.py").write_text(_HOOK)
    return {"PYTHONPATH": str(hooks), "DIES_BEFORE": step, "DIES_IN": str(folder)}
