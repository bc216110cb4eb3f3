"""What a program asks for as JSON is what the file says that is written for it: nothing is lost, nothing is read otherwise."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reminderd.document import load
from reminderd.document.scalars import Plain
from reminderd.jobs import parse_file
from reminderd.model import Defaults
from reminderd.reminders.asked import plain_json, read_asked
from reminderd.reminders.written import write_job
from tests.support.yaml12 import load as load_yaml

AT = datetime(2027, 3, 1, 8, tzinfo=UTC)

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.text("ab .\n\t:#-|>'\"\\{}[]&*!%@`,?~ \u00a0\u2028\ufeff", max_size=30),
    st.sampled_from(
        ["yes", "No", "null", "~", "", " x", "x ", "a\nb", "a\n\nb\n", "\na", "a\n b", "1", "1.50", "0x1f", "<<", "- a"]
    ),
)
keys = texts.filter(lambda key: key != "<<").filter(lambda key: len(key) < 100)
scalars = st.one_of(
    texts, st.integers(-(10**40), 10**40), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)


def same(one: object, other: object) -> bool:
    """Equal, and what is written without quotes is so in both."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return (type(one) is type(other) and one == other) or (
        isinstance(one, str) and one == other and not tells(one, other)
    )


def tells(one: object, other: object) -> bool:
    """Whether it matters that only one of them stands in quotes."""
    return plain_json(Plain(str(one))) != str(other)


@settings(max_examples=400)
@given(st.dictionaries(keys, values, max_size=4))
def test_a_file_holds_the_values_of_the_request_whatever_they_are(body: dict[str, Any]) -> None:
    asked = read_asked(json.dumps(body).encode())
    written = write_job(asked.job, "tea", "api:ci", AT)
    document, problems = load(written, "tea.yaml")
    if problems:  # what no YAML can hold is said, and never read as something else
        assert any(chr(0xFFFE) in text or len(text) > 900 for text in (json.dumps(body, ensure_ascii=False),)), problems
        return
    assert document is not None
    found = dict(document.value)
    if "name" not in body:
        assert found.pop("name") == "tea"
    assert same(found, asked.job), written.decode()


phones: Any = st.integers(0, 99).map(lambda number: f"+141555501{number:02}")
people: Any = st.fixed_dictionaries(
    {"phone": phones}, optional={"name": st.sampled_from(["Ada", "No", "Zoë B."]), "floor": values, "key": st.just("k")}
)
jobs: Any = st.fixed_dictionaries(
    {
        "schedule": st.one_of(
            st.fixed_dictionaries({"cron": st.sampled_from(["0 9 * * *", "*/5 8-17 * * MON-FRI"])}),
            st.fixed_dictionaries({"at": st.sampled_from(["2031-05-04T09:00", "2031-05-04T09:00+02:00"])}),
        ),
        "to": st.lists(people, min_size=1, max_size=3, unique_by=lambda each: each["phone"]),
        "message": texts.map(lambda text: "Tea. " + text.replace("{", "(").replace("\0", "")),
    },
    optional={
        "name": st.sampled_from(["tea", "a-b.c", "7up", "no", "null"]),
        "timezone": st.sampled_from(["Europe/Berlin", "UTC", "recipient"]).filter(lambda zone: zone != "recipient"),
        "vars": st.dictionaries(st.sampled_from(["a", "no", "b c", "1"]), values, max_size=3),
        "valid_for": st.sampled_from(["2h", "1d"]),
        "retry": st.lists(st.sampled_from(["1m", "5m"]), max_size=2),
        "enabled": st.booleans(),
        "limits": st.fixed_dictionaries({"per_occurrence": st.integers(1, 99)}),
        "description": texts,
        "splay": st.just("10m"),
    },
)


@settings(max_examples=200)
@given(jobs)
def test_the_job_of_the_file_is_the_job_of_the_json(body: dict[str, Any]) -> None:
    written = write_job(read_asked(json.dumps(body).encode()).job, "tea", "api:ci", AT)
    here = parse_file("d/tea.yaml", written, Defaults())
    # JSON is YAML, but for characters that JSON may write as a pair of surrogates, and some that YAML wants escaped.
    there = parse_file("d/tea.yaml", _as_yaml(body), Defaults())
    assert [each.message for each in here.problems] == [each.message for each in there.problems], written.decode()
    if not here.problems:
        assert [(job.name, job.digest, job.definition) for job in here.jobs] == [
            (job.name, job.digest, job.definition) for job in there.jobs
        ]
        assert load_yaml(written.decode())["message"] == body["message"]


def _as_yaml(body: dict[str, Any]) -> bytes:
    ascii_only = json.dumps(body, ensure_ascii=True)
    units = json.loads(ascii_only)
    return _dump(units).encode()


def _dump(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{_dump(key)}: {_dump(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_dump, value)) + "]"
        case str():
            return '"' + "".join(f"\\U{ord(char):08x}" for char in value) + '"'
    return json.dumps(value)


def test_it_reads_as_people_would_write_it() -> None:
    body = {
        "to": [{"phone": "+14155550123", "name": "Ada"}, {"group": "team", "where": "floor == 2"}],
        "message": "Good morning {{ recipient.name }},\nthe standup begins.\n",
        "schedule": {"cron": "0 9 * * MON-FRI"},
        "valid_for": "15m",
        "timezone": "Europe/Berlin",
        "vars": {"room": "4.01", "floor": 4, "open": True},
        "name": "standup",
    }
    assert write_job(read_asked(json.dumps(body).encode()).job, "x", "api:ci", AT).decode() == EXPECTED


EXPECTED = """\
# Made through reminderd's API by api:ci at 2027-03-01T08:00:00.000Z; DELETE /api/v1/reminders/x ends it.
name: standup
schedule:
  cron: "0 9 * * MON-FRI"
timezone: Europe/Berlin
to:
  - phone: "+14155550123"
    name: Ada
  - group: team
    where: "floor == 2"
message: |
  Good morning {{ recipient.name }},
  the standup begins.
vars:
  room: "4.01"
  floor: 4
  open: true
valid_for: 15m
"""


def test_the_docs_show_the_file_that_their_request_makes() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reminders.md").read_text()
    (asked,) = re.findall(r"-d '(.*?)'\n```", page, re.DOTALL)
    (shown,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    at = datetime(2031, 5, 1, 8, tzinfo=UTC)
    assert write_job(read_asked(asked.encode()).job, "tea", "api:booking", at).decode() == shown
