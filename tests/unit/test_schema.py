"""The JSON Schema takes every file that `check` takes, and refuses the mistakes that a schema can see."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from jsonschema.validators import validator_for

from reminderd.cli import main
from reminderd.jobs.library import read_list
from reminderd.jobs.parse import parse_file
from reminderd.jobs.spec import KEYS, JobSpec
from reminderd.message import parse_phone
from reminderd.message.errors import PhoneError
from reminderd.model import Defaults
from reminderd.recurrence import ScheduleError, parse_at, parse_cron
from reminderd.reference import DRAFTS, SCHEMAS, job_files, recipient_files, shapes
from reminderd.reference.keys import GROUPS, Key
from reminderd.reference.settings import SECTIONS, SETTINGS
from reminderd.settings.model import Settings
from tests.support.yaml12 import load
from tests.unit.test_docs import ROOT, job_blocks
from tests.unit.test_job_files import BROKEN, CASES
from tests.unit.test_job_language import BROKEN as LANGUAGE

# What a schema cannot see: how the YAML is written, what the calendar, the zones and the texts say, what comes twice.
UNSEEN = {
    "alias-inside-of-its-anchor",
    "at-in-a-gap",
    "at-in-a-repeated-hour",
    "at-not-in-the-calendar",
    "billion-laughs",
    "cron-that-never-comes",
    "duplicate-key",
    "duplicate-key-in-schedule",
    "file name that is no job name",
    "norway-as-a-zone",
    "nothing",
    "octal-phone",
    "phone-without-plus",
    "recipient-with-unknown-zone",
    "template-syntax",
    "too-deep",
    "too-long-validity",
    "two-jobs-of-one-name",
    "two-texts-for-one-phone",
    "undefined-in-one-line",
    "undefined-recipient-variable",
    "undefined-variable",
    "unknown-zone",
    "white-space",
    "zone-directory",
}
UNREADABLE = 33  # broken files that no YAML parser takes

# Also what other files say, and what parts of a recurrence rule go together.
UNSEEN_LANGUAGE = {
    "at-in-a-gap-with-the-other-key",
    "column-that-the-message-needs",
    "count-twice",
    "exception-not-in-the-calendar",
    "exceptions-that-leave-nothing",
    "exceptions-the-wrong-way-round",
    "fallback-to-a-language-without-text",
    "file-that-is-not-there",
    "group-that-is-not-there",
    "include-that-is-not-there",
    "interval-without-start",
    "no-text-for-a-recipient",
    "number-of-several-zones",
    "one-time-in-two-rules",
    "recipient-without-a-zone",
    "recipients-as-timezone",
    "rule-that-never-comes",
    "rule-without-an-hour",
    "setpos-without-a-choice",
    "splay-of-two-days",
    "start-not-in-the-calendar",
    "syntax-in-one-language",
    "template-that-is-not-there",
    "text-too-long-in-one-language",
    "undefined-in-one-language",
    "unknown-filter",
    "unknown-part-of-a-country",
    "until-before-start",
    "where-in-braces",
    "where-of-text-and-number",
    "where-with-an-unknown-column",
    "where-with-one-equals-sign",
}

drafts = pytest.mark.parametrize("draft", list(DRAFTS))
JOB = validator_for(job_files("2020-12"))(job_files("2020-12"))


def matches(shape: dict[str, Any], value: Any) -> bool:
    return bool(validator_for({"$schema": DRAFTS["2020-12"][0]})(shape).is_valid(value))


def examples() -> list[Any]:
    files = [pytest.param(path.read_text(), id=path.name) for path in sorted((ROOT / "jobs.d").glob("*.yaml"))]
    return files + [pytest.param(text, id=name) for name, text in job_blocks()]


@drafts
@pytest.mark.parametrize("kind", list(SCHEMAS))
def test_the_schema_itself_is_valid(kind: str, draft: str) -> None:
    document = SCHEMAS[kind](draft)
    cls = validator_for(document)
    assert cls.META_SCHEMA["$schema"] == document["$schema"] == DRAFTS[draft][0]
    cls.check_schema(document)


@drafts
@pytest.mark.parametrize("text", examples())
def test_every_example_fits(text: str, draft: str) -> None:
    document = job_files(draft)
    found = [error.message for error in validator_for(document)(document).iter_errors(load(text))]
    assert found == []


@drafts
def test_the_mistakes_that_a_schema_can_see_are_refused(draft: str) -> None:
    document = job_files(draft)
    validator = validator_for(document)(document)
    unseen, unreadable = set(), 0
    for name, *_ in CASES:
        try:
            content = load((BROKEN / f"{name}.yaml").read_bytes().decode())
        except (yaml.YAMLError, UnicodeDecodeError, TypeError, RecursionError):
            unreadable += 1
            continue
        if validator.is_valid(content):
            unseen.add(name)
    assert unseen == UNSEEN
    assert unreadable == UNREADABLE


@drafts
def test_the_mistakes_in_the_later_words_are_refused_too(draft: str) -> None:
    document = job_files(draft)
    validator = validator_for(document)(document)
    files = {path.stem: load(path.read_text()) for path in LANGUAGE.glob("*.yaml")}
    assert {name for name, content in files.items() if validator.is_valid(content)} == UNSEEN_LANGUAGE


@pytest.mark.parametrize(
    "text",
    [
        "# nothing but a comment\n",
        "jobs: []\n",
        "schedule: {at: 2031-05-04T09:00}\nto: 14155550100\nmessage: 5\n",
        "schedule: [{cron: '@daily'}, {cron: 0 9 * * mon#1}]\nto: [+14155550100]\nmessages: {de: Hallo, pt-BR: Olá}\n",
        "defaults: {schedule: {cron: 0 9 * * *}, to: +14155550100, message: x}\njobs: [{name: a}, {name: b}]\n",
        "defaults: {to: +14155550100}\njobs: [{name: a, schedule: {cron: 0 9 * * *}, message: x}]\n",
        "schedule: {cron: 0 9 * * *}\nto: {group: platform}\ntemplate: mail/x.j2\n",
        "schedule: {cron: 0 9 * * *}\nto: [+14155550100, {file: /srv/people.csv, where: age|int > 9}]\nmessage: x\n",
    ],
)
def test_what_is_unusual_and_right_fits(text: str) -> None:
    assert [error.message for error in JOB.iter_errors(load(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        "to: +14155550100\njobs: []\n",
        "defaults: {name: a}\njobs: []\n",
        "defaults: {to: +14155550100}\njobs: [{name: a, message: x}]\n",
        "defaults: {to: +14155550100, message: x}\njobs: [{name: a, schedule: {cron: 0 9 * * *}}, {name: b}]\n",
        "schedule: {cron: 0 9 * * *}\nto: +14155550100\nmessage: x\ntemplate: y\n",
        "schedule: {cron: 0 9 * * *}\nto: +14155550100\nmessage: x\nfallback: de\n",
        "schedule: {cron: 0 9 * * *}\nto: {file: people.txt}\nmessage: x\n",
        "schedule: {cron: 0 9 * * *}\nto: {file: people.csv, group: platform}\nmessage: x\n",
        "schedule: {cron: 0 9 * * *}\nto: {group: platform, were: plan}\nmessage: x\n",
        "schedule: {cron: 0 9 * * *}\nto: []\nmessage: x\n",
        "schedule: {cron: 0 9 * * *}\nto: +14155550100\nmessage: x\nquiet_hours: 9pm-8am\n",
        "schedule: {cron: 0 9 * * *}\nto: +14155550100\nmessage: x\nlimits: {per_day: 5}\n",
    ],
)
def test_what_does_not_fit_together_is_refused(text: str) -> None:
    assert not JOB.is_valid(load(text))
    assert parse_file("x.yaml", text.encode(), Defaults()).problems


# The notations, against their own parsers

numbers = st.integers(0, 70).map(str)
words = st.sampled_from(
    ["*", "L", "LW", "5L", "MON", "jan", "MON#1", "5#6", "FRI-MON", "1-5", "5-1", "07", "*/0", "1/2", "?", ""]
)
items = st.tuples(st.one_of(numbers, words), st.sampled_from(["", "/2", "/15", "-20", "/"])).map("".join)
fields = st.lists(items, min_size=1, max_size=3).map(",".join)
crons = st.lists(fields, min_size=4, max_size=6).map(" ".join)


@given(
    st.one_of(crons, st.sampled_from(["@daily", "@Daily", "@reboot", " 0  9 * * 1 ", "@annually", "0 9 * * MON-FRI"]))
)
def test_a_cron_expression_fits_when_it_is_one(text: str) -> None:
    try:
        parse_cron(text)
    except ScheduleError:
        return
    assert matches(shapes.CRON, text)


@pytest.mark.parametrize(
    "text", ["60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "* * * *", "@reboot", "a b c d e"]
)
def test_what_is_no_cron_expression_does_not_fit(text: str) -> None:
    with pytest.raises(ScheduleError):
        parse_cron(text)
    assert not matches(shapes.CRON, text)


@pytest.mark.parametrize(
    "text",
    [
        "+14155550100",
        "(+49) 30 231250101",
        "+44 (0)7700 900123",
        "+41\u00a044 668 18 00",
        "+49/30–231250101",
        "+290 22222",
    ],
)
def test_a_phone_number_fits_in_every_notation(text: str) -> None:
    parse_phone(text)
    assert matches(shapes.PHONE, text)
    assert matches(shapes.PHONE, 14155550100)


@pytest.mark.parametrize(
    "text", ["4155550100", "0049 30 231250101", "+1415555010x", "", "+49 30 23 ext 5", "+1234567890123456789"]
)
def test_what_is_no_phone_number_does_not_fit(text: str) -> None:
    with pytest.raises(PhoneError):
        parse_phone(text)
    assert not matches(shapes.PHONE, text)


@pytest.mark.parametrize(
    "text",
    [
        "2027-02-28T09:00",
        "2027-02-28 09:00:30",
        "2027-02-28T09:00Z",
        "2027-02-28T09:00+0530",
        " 2027-02-28T09:00 +05:30 ",
    ],
)
def test_a_time_fits_in_every_notation(text: str) -> None:
    parse_at([text], "UTC")
    assert matches(shapes.MOMENT, text)


# The words about the keys, against the models


def test_every_key_of_the_model_is_described_and_no_other() -> None:
    described: dict[str, list[str]] = {}
    for group, keys in GROUPS.items():
        place = "to" if group in ("recipient", "list") else group
        described.setdefault(place, []).extend(key.name for key in keys)
    known = {str(path[0]) if path else "job": list(names) for path, names in KEYS.items()}
    assert {group: set(names) for group, names in described.items()} == {
        group: set(names) for group, names in known.items()
    }
    assert all(len(set(names)) == len(names) for names in described.values())


def test_every_setting_is_described_and_no_other() -> None:
    assert {key.name for key in SETTINGS} == set(Settings.model_fields)
    for name, keys in SECTIONS.items():
        section = Settings.model_fields[name].annotation
        assert section is not None
        assert {key.name for key in keys} == set(section.model_fields)


def test_the_defaults_are_those_of_the_model() -> None:
    small = {"name": "a", "schedule": {"cron": "0 9 * * *"}, "to": "+14155550100"}
    for key in GROUPS["job"]:
        if key.has_preset:
            said = JobSpec.model_validate({**small, key.name: key.preset})
            assert getattr(said, key.name) == getattr(JobSpec.model_validate(small), key.name), key.name


def test_the_defaults_of_the_settings_are_those_of_the_model() -> None:
    said = {key.name: key.preset for key in SETTINGS if key.has_preset}
    sections = {name: {key.name: key.preset for key in keys if key.has_preset} for name, keys in SECTIONS.items()}
    document = json.loads(json.dumps(said | sections), parse_int=str, parse_float=str)
    assert Settings.model_validate(document) == Settings()


@pytest.mark.parametrize(
    "key",
    [
        *(key for keys in GROUPS.values() for key in keys),
        *SETTINGS,
        *(key for keys in SECTIONS.values() for key in keys),
    ],
    ids=lambda key: key.name,
)
def test_every_key_is_explained_with_examples_that_fit(key: Key) -> None:
    assert key.says.endswith(".")
    assert key.takes
    assert not key.takes.endswith(".")
    for example in key.examples:
        assert matches(key.shape, example)


def test_every_example_value_of_a_job_loads() -> None:
    small = {"schedule": {"cron": "0 9 * * *"}, "to": "+14155550100", "message": "x"}
    for key in GROUPS["job"]:
        for example in key.examples:
            if key.name not in ("template", "message", "fallback"):
                JobSpec.model_validate({"name": "a", **small, key.name: _texts(example)})


def _texts(value: Any) -> Any:
    """As documents have it: every scalar is text."""
    match value:
        case dict():
            return {key: _texts(each) for key, each in value.items()}
        case list():
            return [_texts(each) for each in value]
        case bool():
            return str(value).lower()
    return str(value)


def test_the_settings_shown_fit_their_schema() -> None:
    document = SCHEMAS["settings"]("2020-12")
    validator = validator_for(document)(document)
    for page in (ROOT / "README.md", ROOT / "docs" / "settings.md"):
        blocks = [block for block in page.read_text().split("```yaml\n")[1:] if "plivo:" in block]
        for block in blocks:
            assert [error.message for error in validator.iter_errors(load(block.partition("```")[0]))] == []
    assert not validator.is_valid({"plivo": {"rat": 5}})
    assert not validator.is_valid({"timezone": 5})
    assert not validator.is_valid({"plivo": {"auth_token": "a", "auth_token_file": "b"}})


@drafts
def test_a_list_of_recipients_fits_its_schema_when_the_loader_takes_it(draft: str) -> None:
    document = recipient_files(draft)
    validator = validator_for(document)(document)
    good = ["- +14155550101\n- {phone: +14155550102, name: Ada, floor: 2}\n", "recipients: [{phone: +14155550101}]\n"]
    bad = ["[]\n", "recipients: []\n", "- {name: Ada}\n", "people: [+14155550101]\n", "- {phone: 5551234x}\n", "Ada\n"]
    for text in good + bad:
        assert validator.is_valid(load(text)) is (text in good), text
        assert bool(read_list(text.encode(), "a.yaml", False).problems) is (text in bad), text


def test_the_command_prints_the_schema_and_writes_it_to_a_file(tmp_path: Path) -> None:
    printed = CliRunner().invoke(main, ["schema"])
    assert (printed.exit_code, json.loads(printed.stdout)) == (0, job_files("2020-12"))
    written = CliRunner().invoke(main, ["schema", "--draft", "7", "--output", str(tmp_path / "s.json")])
    assert (written.exit_code, written.output) == (0, "")
    assert json.loads((tmp_path / "s.json").read_text()) == job_files("7")
    failed = CliRunner().invoke(main, ["schema", "--output", str(tmp_path / "absent" / "s.json")])
    assert failed.exit_code == 2
    assert "cannot be written" in failed.stderr
    settings = CliRunner().invoke(main, ["schema", "settings"])
    assert "plivo" in json.loads(settings.stdout)["properties"]
