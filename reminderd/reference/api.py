"""The shape of a job as the API takes it: the schema of job files, in the terms of OpenAPI 3.1. `make docs` writes it anew.

The listener reads it as a file: whoever only runs jobs need not load the words about their keys.
"""

import json
import sys
from pathlib import Path
from typing import Any

from reminderd.reference.schema import job_files
from reminderd.reference.shapes import Shape

_HOME = "#/components/schemas/"
_NAMES = {
    "job": "Job",
    "schedule": "JobSchedule",
    "rule": "JobRule",
    "recipients": "JobRecipients",
    "limits": "JobLimits",
}
# For editors of YAML alone.
_EDITORS = {"patternErrorMessage", "defaultSnippets", "markdownDescription", "errorMessage", "doNotSuggest"}
_SAYS = "A job, with the keys of a job file. Without a name it gets one; lists in files of the host are not taken."


def components() -> dict[str, Shape]:
    """By name, what stands under `components/schemas`; the job itself is `Job`."""
    parts = job_files("2020-12")["$defs"]
    found = {name: _adapted(parts[part]) for part, name in _NAMES.items()}
    job = found["Job"]
    job["description"] = _SAYS
    job["required"] = [key for key in job.get("required", []) if key != "name"]
    return found


def _adapted(value: Any) -> Any:
    match value:
        case dict():
            kept = {key: _adapted(each) for key, each in value.items() if key not in _EDITORS}
            return _without_files(kept) if kept.get("title") == "a list of people" else kept
        case list():
            return [_adapted(each) for each in value]
        case str() if value.startswith("#/$defs/"):
            return _HOME + _NAMES[value.removeprefix("#/$defs/")]
    return value


def _without_files(people: dict[str, Any]) -> dict[str, Any]:
    """A list that is a group."""
    properties = {key: each for key, each in people["properties"].items() if key != "file"}
    kept = {key: each for key, each in people.items() if key != "allOf"}
    return {**kept, "properties": properties, "required": ["group"], "description": "Everybody in a group, or some."}


def text() -> str:
    return json.dumps(components(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
