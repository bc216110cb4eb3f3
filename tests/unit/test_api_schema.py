"""The API's shape of a job is that of job files: what it describes is what is taken."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import reminderd.web.api
from reminderd.reference import api
from tests.support.reminding import body

WRITTEN = Path(reminderd.web.api.__file__).with_name("job.json")


def takes(job: dict[str, Any]) -> bool:
    whole = {"$ref": "#/components/schemas/Job", "components": {"schemas": api.components()}}
    Draft202012Validator.check_schema(whole)
    return bool(Draft202012Validator(whole).is_valid(job))


def test_the_file_of_it_is_what_make_docs_would_write() -> None:
    assert WRITTEN.read_text(encoding="utf-8") == api.text()


def test_nothing_in_it_refers_to_what_is_not_there() -> None:
    text = api.text()
    assert "$defs" not in text
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(json.loads(text))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"name": None},
        {"to": {"group": "team", "where": "floor == 2"}},
        {"to": ["+14155550101", {"phone": "+14155550102", "floor": 3}]},
        {"schedule": {"at": "2031-05-04T09:00"}, "limits": {"per_occurrence": 3}},
        {"message": None, "template": "tea.j2"},
    ],
)
def test_it_takes_a_job(changes: dict[str, Any]) -> None:
    assert takes(body(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"to": {"file": "people.csv"}},
        {"to": [{"group": "team", "file": "people.csv"}]},
        {"message": None},
        {"to": None},
        {"colour": "red"},
        {"name": "../tea"},
        {"schedule": {"cron": "0 9 * * *", "at": "2031-05-04T09:00"}},
    ],
)
def test_it_takes_nothing_else(changes: dict[str, Any]) -> None:
    assert not takes(body(**changes))
