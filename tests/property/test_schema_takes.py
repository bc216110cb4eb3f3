"""Whatever the loader takes, however oddly it is written, fits the JSON Schema too, read as an editor reads it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema.validators import validator_for

from reminderd.jobs import parse_file
from reminderd.model import Defaults
from reminderd.reference import job_files, settings_files
from reminderd.reference.keys import GROUPS
from reminderd.reference.settings import SETTINGS
from reminderd.settings import load_settings
from tests.support.yaml12 import load

VALIDATORS = [validator_for(schema)(schema) for schema in map(job_files, ("7", "2020-12"))]

ODD = [
    "5",
    '"5"',
    "1.5",
    "true",
    '"true"',
    "True",
    "no",
    "off",
    "null",
    "~",
    '""',
    "''",
    "[]",
    "{}",
    "[5]",
    "{a: 5}",
    "x",
    "2027-01-04",
    "12:30",
    "0x10",
    "1e3",
]
DURATIONS = [
    "20s",
    '"1h30m"',
    "' 2d '",
    "0s",
    "4s",
    "5s",
    "00005s",
    "1w2d3h4m5s",
    "1m1h",
    "90 minutes",
    "+5m",
    "10000w",
    "1d",
    "25h",
]
ZONES = [
    "Europe/Berlin",
    '"UTC"',
    "Etc/GMT+5",
    "recipient",
    "localtime",
    "Europe",
    "America/Argentina/Buenos_Aires",
    "posix/UTC",
    "EST5EDT",
]
PHONES = [
    "+14155550101",
    '"+14155550101"',
    "'(+49) 30 231250101'",
    "+44 (0)7700 900101",
    "14155550101",
    "0049302312501",
    "+1415",
    "'+49/30-2312501'",
]
PEOPLE = [
    *PHONES,
    *(f"{{phone: {phone}}}" for phone in PHONES),
    "{phone: +14155550102, name: 5, key: true, timezone: UTC, language: de, flat: [1, {a: b}], group: x}",
    "{name: Ada}",
    "{phone: +14155550103, language: english}",
    "{phone: +14155550103, timzone: UTC}",
]
RULES = [
    "{cron: 0 9 * * *}",
    "{cron: ' 5,10-20/3 0-23/2 L jan-mar,12 mon#1 '}",
    "{cron: 0 9 LW * 5L}",
    "{cron: '@Daily'}",
    "{cron: '07 009 1 1 7'}",
    "{cron: 0 9 * * *, start: 2027-01-01, until: ' 2027-12-31T23:00 '}",
    "{cron: 0 9 * * *, start: 2027-01-01, count: '5'}",
    "{cron: 0 9 * * *, count: 5}",
    "{cron: 0 9 * * *, except: [2027-01-01 .. 2027-01-05, '2027-03-01 09:00', 2027-04-01]}",
    "{cron: 0 9 * * *, holidays: [de-be, US], on_holiday: after}",
    "{cron: 0 9 * * *, on_holiday: after}",
    "{cron: 0 9 * * *, dst_gap: end}",
    "{at: 2027-01-01T09:00}",
    "{at: ['2027-01-01 09:00:30', 2027-01-01T09:00Z, '2027-01-01T09:00 +0530']}",
    "{at: 2027-01-01T09:00, until: 2028-01-01}",
    "{at: 2027-03-28T02:30, dst_gap: later, dst_fold: both}",
    "{every: 90m, from: 2027-01-01T09:00, count: 5.0}",
    "{every: 0s, from: 2027-01-01T09:00}",
    "{every: 90m}",
    "{rrule: 'rrule: freq=monthly ; byday=+1MO,-1fr; byhour=9;', dst_gap: skip}",
    "{rrule: FREQ=YEARLY;BYMONTHDAY=-1;BYMONTH=2;BYHOUR=09;BYMINUTE=00}",
    "{rrule: FREQ=DAILY;UNTIL=20271231T000000Z, start: 2027-01-01T09:00}",
    "{rrule: FREQ=WEEKLY;WKST=SU;INTERVAL=02, start: 2027-01-01T09:00, count: 3}",
    "{rrule: FREQ=SECONDLY}",
    "{}",
]
VALUES: Mapping[str, Sequence[str]] = {
    "name": ["rent", "5", "2027-01-04", "a.b_c-d", "-x", "a b", "true"],
    "description": ["x", '""', "5", "|\n  two\n  lines\n", "{{ x }}", '"é’"'],
    "schedule": [*RULES, "[{cron: 0 9 * * *}, {at: 2027-01-01T09:00}]", *(f"[{rule}]" for rule in RULES)],
    "timezone": ZONES,
    "timezone_from_number": ["true", "TRUE", "'false'", "yes"],
    "sender": ["+14155550100", "'12345'", "12345", "Acme", "Acme Reminders", "true", "A1"],
    "to": [*PEOPLE, *(f"[{person}]" for person in PEOPLE), "[+14155550101, {phone: +14155550102}]"],
    "message": ["Hello", "5", "true", "' '", '"{{ recipient.phone }}"', ">\n  folded\n"],
    "template": ["a.j2", "/a.j2", "../a.j2"],
    "messages": ["{de: Hallo}", "{de: 5, pt-BR: x}", "{german: x}", "{de: ''}", "{zh-Hant-TW: x, en: y}"],
    "fallback": ["de", "en", "pt-BR", "german"],
    "smart_punctuation": ["true", "'True'", "1"],
    "vars": ["{a: 5, b: [x], c: {d: null}}", "{}", "[x]"],
    "valid_for": DURATIONS,
    "catch_up": ["latest", "'all'", "none", "NONE", "last"],
    "retry": ["[]", "[20s, '1m']", "[0s]", "20s", "[5]"],
    "on_doubt": ["wait", "resend", "retry"],
    "on_undelivered": ["fail", "retry", "resend"],
    "quiet_hours": [
        "'21:00-08:00'",
        "21:00-08:00",
        "9:00 - 8:05",
        "none",
        "no",
        "21:00-21:00",
        "' 21:00-8:00 '",
        "24:00-08:00",
    ],
    "on_quiet": ["wait", "drop"],
    "splay": DURATIONS,
    "limits": [
        "{per_occurrence: 5, per_job_and_day: '500'}",
        "{}",
        "{per_occurrence: 0}",
        "{per_occurrence: 5.0}",
        "{a: 5}",
    ],
    "enabled": ["true", "false", "'False'", "FALSE", "yes"],
}
GOOD = {"schedule": "{cron: 0 9 * * *}", "to": "+14155550101", "message": "Hello"}

keys = st.sampled_from(sorted(VALUES))
jobs = st.lists(keys, max_size=5, unique=True).flatmap(
    lambda chosen: st.fixed_dictionaries(
        {
            key: st.one_of(st.sampled_from(VALUES[key]), st.sampled_from(VALUES[key]), st.sampled_from(ODD))
            for key in chosen
        }
    )
)
removed = st.lists(st.sampled_from(sorted(GOOD)), max_size=1)


def test_every_key_is_tried() -> None:
    assert VALUES.keys() == {key.name for key in GROUPS["job"]}


@pytest.mark.parametrize("key", sorted(VALUES))
def test_each_value_that_the_loader_takes_fits(key: str) -> None:
    base = {key: value for key, value in GOOD.items() if key != "message"} | {"messages": "{de: x, en: y, pt-BR: z}"}
    base = base if key in ("fallback", "template") else GOOD
    taken = [value for value in (*VALUES[key], *ODD) if _try(_lines({**base, key: value}, ""))]
    assert taken or key == "template"  # whose file is not there


@given(jobs, removed)
def test_a_job_that_the_loader_takes_fits(own: dict[str, str], without: list[str]) -> None:
    written = {key: value for key, value in {**GOOD, **own}.items() if key not in without or key in own}
    _try("".join(f"{key}: {value}\n" for key, value in written.items()))


@given(jobs, jobs)
def test_jobs_that_share_defaults_fit_when_the_loader_takes_them(shared: dict[str, str], own: dict[str, str]) -> None:
    first = {"name": "a", **GOOD, **own}
    text = "defaults:\n" + _lines({**GOOD, **shared}, "  ") + "jobs:\n- name: b\n- name: c\n" + _lines(own, "  ")
    _try(text)
    _try("jobs:\n- x: 1\n".replace("x: 1\n", _lines(first, "  ").lstrip()))


SETTINGS_VALUES = {
    "jobs": ["a", "[a, b]", "[]"],
    "host": ["reminders-1", "5", "-x"],
    "timezone": ZONES,
    "quiet_hours": ["'21:00-08:00'", "9:00-10:00", "none"],
    "on_quiet": ["wait", "'drop'"],
    "limits": ["{per_occurrence: '5'}", "{per_recipient_and_day: 2.0}", "{spend_per_day: 5}", "{a: 1}", ""],
    "plivo": [
        "{rate: 0, threads: '8', connect_timeout: 5, read_timeout: 0.5, deadline: ' 60s '}",
        "{reconcile: [0, 1m, '5'], receipts: []}",
        "{sender: Acme, shared_sender: true, url: 'HTTP://127.0.0.1:8080'}",
        "{price: 0.0079, currency: EUR}",
        "{auth_id: MAXXXXXXXXXXXXXXXXXX, auth_token: x}",
        "{rate: -1}",
        "{currency: euro}",
        "",
    ],
    "log": ["{format: json}", "{level: trace}", "~", ""],
}


@pytest.mark.parametrize("key", [key.name for key in SETTINGS])
def test_each_setting_that_the_loader_takes_fits(key: str, tmp_path: Path) -> None:
    config, taken = tmp_path / "reminderd.yaml", 0
    for value in (*SETTINGS_VALUES.get(key, ()), *ODD):
        config.write_text(f"{key}: {value}\n")
        if not load_settings(config, {})[1]:
            taken += 1
            for schema in map(settings_files, ("7", "2020-12")):
                assert [
                    error.message for error in validator_for(schema)(schema).iter_errors(load(config.read_text()))
                ] == []
    assert taken


def _lines(values: Mapping[str, str], indent: str) -> str:
    rows = (f"{indent}{key}: {value}" for key, value in values.items())
    return "".join(row.replace("\n  ", f"\n  {indent}").rstrip("\n ") + "\n" for row in rows)


def _try(text: str) -> bool:
    """Whether the loader takes it; then it must fit."""
    if parse_file("rent.yaml", text.encode(), Defaults()).problems:
        return False
    for validator in VALIDATORS:
        assert [error.message for error in validator.iter_errors(load(text))] == [], text
    return True
