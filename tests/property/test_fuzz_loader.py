"""Job files of every kind of nonsense: always an answer, always one that a person can read and find the place of."""

import os
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from reminderd.jobs.parse import parse_file
from reminderd.jobs.restore import restore
from reminderd.message import RenderError, render
from reminderd.model import Defaults, Job, ParsedFile, Problem
from reminderd.planner import entries_of, owed_by
from reminderd.recurrence import next_after
from tests.property.test_message import SOUP, TEMPLATES

Test = TypeVar("Test", bound=Callable[..., None])

NIGHTLY = bool(os.environ.get("NIGHTLY"))
EXAMPLES = 2_000 if NIGHTLY else 60
SEED = int(os.environ.get("REMINDERD_SEED", "0")) or None
DEFAULTS = Defaults("Europe/Berlin", "+14155550100")
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})

GOOD = """\
# all that a file can say
defaults:
  timezone: America/New_York
  vars: {rate: 1.5, "due": [1, two], text: 'it''s'}
jobs:
  - name: rent
    schedule: {cron: '0 9 1 * MON-FRI'}
    to: &people
      - {phone: +14155550123, name: Ann, key: a, balance: 12.50}
      - phone: "+44 7700 900123"
        timezone: Europe/London
    message: |
      Dear {{ recipient.name | default('you') }},
      {% for x in vars.due %}{{ x }} {% endfor %}due {{ due_at.strftime('%H:%M') }}
    valid_for: 2h
    retry: [1m, 5m]
    catch_up: all
    on_doubt: wait
  - name: once
    schedule: {at: [2026-12-24T18:00, 2026-12-25T09:00:00Z]}
    to: *people
    message: "Hello \\u2713"
    enabled: false
    description: >
      folded
      text
  - name: often
    <<: {retry: []}
    schedule: {every: 36h, from: 2026-11-22T09:00}
    to: +49 30 23125 012
    message: plain
    sender: ACME
"""


def replay(test: Test) -> Test:
    return seed(SEED)(test) if SEED else test


def fuzz(examples: int = EXAMPLES) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


def check(data: bytes) -> ParsedFile:
    """What holds for every file whatsoever."""
    parsed = parse_file("jobs.d/x.yaml", data, DEFAULTS)
    assert not (parsed.jobs and parsed.problems)
    lines = data.decode("utf-8", "replace").count("\n") + 1
    for problem in parsed.problems:
        check_problem(problem, lines)
    for job in parsed.jobs:
        check_job(job)
    return parsed


def check_problem(problem: Problem, lines: int) -> None:
    said = str(problem)
    assert problem.file == "jobs.d/x.yaml"
    assert 0 <= problem.line <= lines
    assert (problem.line == 0) == (problem.column == 0)
    assert problem.message
    assert not UNSEEN & {unicodedata.category(character) for character in said}, ascii(said)
    assert len(said) < 1_500
    assert "failed to read" not in problem.message, said


def check_job(job: Job) -> None:
    assert restore(job.definition, job.source, DEFAULTS) == job
    following = next_after(job.schedule, job.timezone, NOW)
    for recipient in job.recipients:
        try:
            text = render(job, recipient, following.due_at if following else NOW)
        except RenderError as error:
            assert error.message  # noqa: PT017
        else:
            assert text.text
            assert text.segments > 0
    until = following.due_at if following else NOW + timedelta(days=3)
    for entry in entries_of(
        job, dict.fromkeys([(job.name, zone) for zone in job.by_zone()], NOW - timedelta(days=3)), NOW
    ):
        for occurrence in owed_by(entry, min(until, NOW + timedelta(days=40)), NOW):
            assert occurrence.job == job.name


def test_the_file_that_is_mutated_is_a_good_one() -> None:
    assert [job.name for job in check(GOOD.encode()).jobs] == ["rent", "once", "often"]


@replay
@given(st.binary(max_size=300))
@fuzz()
def test_random_bytes(data: bytes) -> None:
    check(data)


@replay
@given(st.text(max_size=200))
@fuzz()
def test_random_text(text: str) -> None:
    check(text.encode("utf-8", "surrogatepass"))


# --- mutations of a good file ---

TOKENS = GOOD.replace("\n", "\n ").split(" ")
CRUMBS = st.one_of(
    st.sampled_from(
        [
            *(
                "&a",
                "*a",
                "*people",
                "<<: *people",
                "!!str",
                "!x",
                "---",
                "...",
                "%YAML 1.1",
                "?",
                "- ",
                ": ",
                "[",
                "]",
            ),
            *("{", "}", "'", '"', "|", ">", "#", "\t", "\r", "\x85", "\u2028", "\ufeff", "\u202e", '"\\e[2J"', '"\\0"'),
            *(
                "null",
                "~",
                "yes",
                "1e999",
                "0o7",
                "-",
                "",
                "\n",
                "\n\n  ",
                "{{",
                "}}",
                "{%",
                "2026-02-30T25:61",
                "99999d",
            ),
            *(
                "name:",
                "to:",
                "to: []",
                "message:",
                "schedule:",
                "vars:",
                "jobs:",
                "defaults:",
                "timezone: local",
                "+1",
            ),
        ]
    ),
    st.text(max_size=3),
)
PLACES = st.integers(0, len(TOKENS) - 1)
MUTATIONS = st.lists(
    st.tuples(st.sampled_from(["delete", "double", "swap", "insert", "replace"]), PLACES, PLACES, CRUMBS)
)


def mutated(mutations: list[tuple[str, int, int, str]]) -> str:
    tokens = list(TOKENS)
    for kind, one, other, crumb in mutations:
        at, there = one % max(1, len(tokens)), other % max(1, len(tokens))
        match kind:
            case "delete" if tokens:
                del tokens[at]
            case "double" if tokens:
                tokens.insert(there, tokens[at])
            case "swap" if tokens:
                tokens[at], tokens[there] = tokens[there], tokens[at]
            case "replace" if tokens:
                tokens[at] = crumb
            case _:
                tokens.insert(at, crumb)
    return " ".join(tokens).replace("\n ", "\n")


@replay
@given(MUTATIONS)
@fuzz(EXAMPLES * 2)
def test_mutations_of_a_good_file(mutations: list[tuple[str, int, int, str]]) -> None:
    check(mutated(mutations).encode("utf-8", "surrogatepass"))


# --- well-formed YAML that means nothing, or nearly a job ---

WORDS = st.one_of(
    st.sampled_from(
        ["rent", "0 9 * * *", "2027-01-01T09:00", "+14155550123", "1h", "true", "all", "UTC", "{{ x }}", ""]
    ),
    st.text(max_size=8),
    st.integers().map(str),
    st.floats().map(str),
)
KEYS = st.one_of(
    st.sampled_from(
        [
            *("name", "schedule", "timezone", "sender", "to", "message", "vars", "valid_for", "catch_up", "retry"),
            *("on_doubt", "enabled", "description", "at", "cron", "every", "from", "phone", "key", "jobs", "defaults"),
        ]
    ),
    st.text(max_size=5),
)
VALUES = st.recursive(
    st.one_of(WORDS, st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=12,
)
JOB = {"name": "j", "schedule": {"cron": "0 9 * * *"}, "to": "+14155550123", "message": "x"}


def flow(value: object) -> str:
    """Any value in YAML's flow notation, every text in quotes."""
    match value:
        case dict():
            return "{" + ", ".join(f"? {flow(key)} : {flow(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(flow, value)) + "]"
        case str():
            escaped = "".join(c if c.isascii() and c.isalnum() else f"\\U{ord(c):08X}" for c in value)
            return f'"{escaped}"'
    return "~" if value is None else str(value).lower()


@replay
@given(st.one_of(VALUES, st.dictionaries(KEYS, VALUES, max_size=6)))
@fuzz()
def test_nested_nonsense(value: object) -> None:
    check(flow(value).encode("utf-8", "surrogatepass"))


@replay
@given(st.dictionaries(KEYS, VALUES, max_size=3), st.sets(st.sampled_from(sorted(JOB)), max_size=1), st.booleans())
@fuzz(EXAMPLES * 2)
def test_jobs_with_something_wrong(changes: dict[str, object], without: set[str], listed: bool) -> None:
    job = {key: value for key, value in {**JOB, **changes}.items() if key not in without}
    check(flow({"jobs": [job, JOB]} if listed else job).encode("utf-8", "surrogatepass"))


@replay
@given(st.one_of(TEMPLATES, SOUP), st.dictionaries(st.sampled_from("nftelwd"), VALUES, max_size=3))
@fuzz()
def test_any_template_is_a_problem_or_can_be_rendered(message: str, variables: dict[str, object]) -> None:
    check(flow({**JOB, "message": message, "vars": variables}).encode("utf-8", "surrogatepass"))


# --- files at their limits ---

BOMBS = {
    "aliases in aliases": "a: &a [x, x]\n"
    + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)) * 9,
    "merges of merges": "a: &a {b: 1}\n" + "c: {<<: [" + ", ".join(["*a"] * 20_000) + "]}\n",
    "brackets": "[" * 500_000,
    "dashes": "- " * 400_000,
    "levels": "".join(" " * level + "a:\n" for level in range(1_000)),
    "one key": "k" * 1_000_000 + ": 1",
    "keys": "".join(f"k{number}: 1\n" for number in range(90_000)),
    "doubled keys": "a: 1\n" * 150_000,
    "tags": "".join(f"k{number}: !x 1\n" for number in range(60_000)),
    "directive": "%YAML " + "9" * 100_000 + ".1\n---\na: b\n",
    "open quote": "a: '" + "x\n" * 400_000,
    "escapes": 'a: "' + "\\U0010FFFF" * 90_000 + '"',
    "wrong phones": "to: [" + "+1," * 80_000 + "]",
    "empty jobs": "jobs:\n" + "  -\n" * 90_000,
    "carriage returns": "a:\r" * 300_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_go_off_quietly(name: str) -> None:
    assert 1 <= len(check(BOMBS[name].encode()).problems) <= 201
