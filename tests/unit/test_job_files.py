"""Job files: what they may say, every problem at its exact place, and jobs made again from their definitions."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminderd.jobs.parse import parse_file
from reminderd.jobs.restore import restore
from reminderd.jobs.spec import KEYS
from reminderd.model import At, CatchUp, Cron, Defaults, Every, Job, OnDoubt, QuietHours, Recipient, Source

BROKEN = Path(__file__).parent / "broken_files"
UTC_ONLY = Defaults()

# Each file of broken_files has exactly one problem: its line and column, its path, and a piece of what is said.
CASES = [
    ("unknown-key", "5:1", "timezon", "did you mean 'timezone'?"),
    ("unknown-key-in-schedule", "2:3", "schedule.crn", "did you mean 'cron'?"),
    ("schedule-key-at-the-top", "5:1", "cron", "it goes under schedule:"),
    ("job-key-in-the-schedule", "3:3", "schedule.timezone", "it goes one level up"),
    ("yes-as-a-key", "5:1", "on", "unknown key 'on'"),
    ("duplicate-key", "6:1", "message", "first on line 4"),
    ("duplicate-key-in-schedule", "3:3", "schedule.cron", "first on line 2"),
    ("list-as-a-key", "5:3", "", "a key must be a single word"),
    ("empty-key", "5:1", "''", "unknown key ''"),
    ("very-long-key", "5:1", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'", "unknown key 'xxxx"),
    ("no-schedule", "1:1", "schedule", "is missing"),
    ("no-recipient", "1:1", "to", "is missing"),
    ("no-message", "1:1", "message", "is missing"),
    ("schedule-without-value", "1:1", "schedule", "must be a mapping, not empty"),
    ("message-without-value", "4:1", "message", "has no value"),
    ("null-message", "4:10", "message", "put it in quotes if it is meant as text"),
    ("no-phone", "4:5", "to[0].phone", "is missing"),
    ("empty-recipients", "3:5", "to", "is empty"),
    ("schedule-as-text", "1:11", "schedule", "write schedule: {cron: '0 9 * * *'}"),
    ("schedule-as-an-empty-list", "1:11", "schedule", "is empty"),
    ("rule-as-text-in-the-list", "3:5", "schedule[1]", "must be a mapping, not text"),
    ("rule-in-the-list-with-a-bad-field", "3:12", "schedule[1].cron", "minute"),
    ("rule-in-the-list-with-a-wrong-key", "4:5", "schedule[1].crno", "did you mean 'cron'?"),
    ("empty-schedule", "1:11", "schedule", "give one of at, cron, every and rrule"),
    ("two-schedules", "1:18", "schedule.cron", "at and cron exclude each other"),
    ("cron-with-a-bad-field", "2:9", "schedule.cron", "minute"),
    ("cron-with-six-fields", "2:9", "schedule.cron", "five fields, not 6"),
    ("cron-with-four-fields", "2:9", "schedule.cron", "five fields, not 4"),
    ("cron-that-never-comes", "2:9", "schedule.cron", "never comes"),
    ("cron-with-a-list", "2:9", "schedule.cron", "must be text, not a list"),
    ("unknown-alias", "2:9", "schedule.cron", "@dayly"),
    ("at-a-date", "2:7", "schedule.at", "no time of day"),
    ("at-no-time", "4:7", "schedule.at[1]", "not a time"),
    ("at-not-in-the-calendar", "1:16", "schedule.at", "not in the calendar"),
    ("at-another-separator", "1:16", "schedule.at", "not a time"),
    ("at-in-a-gap", "3:7", "schedule.at", "does not exist"),
    ("at-in-a-repeated-hour", "3:26", "schedule.at[1]", "comes twice"),
    ("at-nothing", "2:7", "schedule.at", "is empty"),
    ("every-without-from", "2:10", "schedule.every", "needs from"),
    ("every-as-iso-duration", "1:19", "schedule.every", "not a duration"),
    ("every-nothing", "1:19", "schedule.every", "at least one"),
    ("every-from-no-time", "1:29", "schedule.from", "not a time"),
    ("from-with-cron", "1:35", "schedule.from", "from goes with every"),
    ("clock-time-as-number", "2:7", "schedule.at", "'12:30' is not a time"),
    ("unknown-zone", "1:11", "timezone", "Europe/Berlin"),
    ("norway-as-a-zone", "1:11", "timezone", "'NO'"),
    ("zone-directory", "1:11", "timezone", "'Europe'"),
    ("zone-path", "1:11", "timezone", "unknown time zone"),
    ("zone-of-the-machine", "1:11", "timezone", "'localtime'"),
    ("recipient-with-unknown-zone", "5:13", "to.timezone", "'Mars'"),
    ("bad-phone", "5:5", "to[1]", "this is not a phone number, it has letters"),
    ("phone-without-plus", "3:5", "to", "does not begin with +"),
    ("octal-phone", "3:5", "to", "write + instead of 00"),
    ("phone-with-extension", "3:5", "to", "phone number"),
    ("phone-as-a-list", "4:12", "to[0].phone", "must be text, not a list"),
    ("recipient-as-a-list", "4:5", "to[0]", "not a list"),
    ("empty-recipient", "4:4", "to[0]", "has no value"),
    ("bad-sender", "1:9", "sender", "is not a sender"),
    ("bad-duration", "5:12", "valid_for", "'90 minutes' is not a duration"),
    ("duration-in-the-wrong-order", "5:12", "valid_for", "from large to small"),
    ("duration-as-base-60", "5:12", "valid_for", "'1:30' is not a duration"),
    ("too-short-validity", "5:12", "valid_for", "write at least 5s"),
    ("too-long-validity", "5:12", "valid_for", "longer than ten years"),
    ("retry-as-text", "5:8", "retry", "must be a list of delays"),
    ("bad-retry", "5:13", "retry[1]", "'5min' is not a duration"),
    ("unknown-catch-up", "5:11", "catch_up", "did you mean 'latest'?"),
    ("no-as-catch-up", "5:11", "catch_up", "'NO' is none of latest, all, none"),
    ("unknown-on-doubt", "5:11", "on_doubt", "wait, resend"),
    ("yes-for-enabled", "5:10", "enabled", "write true"),
    ("off-for-enabled", "5:10", "enabled", "write false"),
    ("number-for-enabled", "5:10", "enabled", "write false"),
    ("vars-as-a-list", "5:7", "vars", "must be a mapping, not a list"),
    ("message-as-a-mapping", "5:3", "message", "must be text, not a mapping"),
    ("illegal-name", "1:7", "name", "cannot be the name of a job"),
    ("name-with-a-dot-first", "1:7", "name", "no dot or dash first"),
    ("file name that is no job name", "1:1", "name", "the file's own name"),
    ("undefined-variable", "7:8", "message", "frend is not defined"),
    ("undefined-in-one-line", "4:23", "message", "flat is not defined"),
    ("undefined-recipient-variable", "6:6", "message", "did you mean recipient.flat?"),
    ("template-syntax", "5:8", "message", "not a valid template"),
    ("empty-text", "4:10", "message", "empty"),
    ("two-texts-for-one-phone", "5:5", "to[1]", "key"),
    ("job-without-a-name", "2:5", "jobs[0].name", "is missing"),
    ("two-jobs-of-one-name", "4:11", "jobs[1].name", "already in this file, on line 3"),
    ("problem-in-defaults", "3:20", "defaults.schedule.cron", "five fields, not 4"),
    ("name-in-defaults", "1:12", "defaults.name", "give each job its own"),
    ("defaults-without-jobs", "1:1", "defaults", "unknown key 'defaults'"),
    ("job-key-beside-jobs", "1:1", "timezone", "put it under defaults:"),
    ("jobs-as-a-mapping", "2:3", "jobs", "must be a list of jobs, not a mapping"),
    ("jobs-without-value", "1:1", "jobs", "must be a list of jobs, not empty"),
    ("job-as-text", "2:5", "jobs[0]", "must be a mapping, not text"),
    ("list-at-the-top", "1:1", "", "put a list of jobs under jobs:"),
    ("text-at-the-top", "1:1", "", "must be a mapping, not text"),
    ("tab", "2:1", "", "a tab cannot indent"),
    ("tab-after-spaces", "5:2", "", "a tab cannot indent"),
    ("star-without-quotes", "2:9", "", "quote values that start with *"),
    ("word-after-star", "4:10", "", ""),
    ("at-sign-without-quotes", "2:9", "", "cron: '@daily'"),
    ("percent-without-quotes", "4:10", "", "quote values that start with %"),
    ("braces-without-quotes", "4:10", "message", "quote values that start with {{"),
    ("braces-and-words-without-quotes", "4:10", "message", "quote values that start with {{"),
    ("statement-without-quotes", "4:10", "", "quote values that start with {%"),
    ("second-colon", "4:18", "", "a second colon in one line"),
    ("no-space-after-the-colon", "3:1", "", "no space after the colon"),
    ("no-space-after-the-first-colon", "1:1", "", "no space after the colon"),
    ("key-without-a-colon", "4:1", "", "a key without a colon"),
    ("deeper-key", "5:3", "", "indented deeper"),
    ("shallower-key", "3:2", "", "a key was expected here"),
    ("open-quote", "4:10", "", "never closed"),
    ("quote-inside-of-quotes", "4:14", "", "text after the closing quote"),
    ("open-bracket", "3:5", "", "this [ is not closed"),
    ("open-brace", "1:11", "", "this { is not closed"),
    ("unknown-escape", "4:13", "", "escape"),
    ("list-in-the-line-of-its-key", "3:5", "", "a list cannot begin in the line of its key"),
    ("exclamation-mark", "4:10", "message", "the tag '!important' is not allowed"),
    ("python-tag", "4:10", "message", "is not allowed"),
    ("second-document", "5:1", "", "a second document"),
    ("merge-of-text", "5:1", "<<", "<< takes a mapping"),
    ("alias-without-anchor", "3:5", "", "has no anchor before it"),
    ("alias-inside-of-its-anchor", "5:14", "", "inside of what it stands for"),
    ("billion-laughs", "10:37", "", "aliases repeat too much"),
    ("too-deep", "5:131", "", "more than 32 levels"),
    ("brackets-without-end", "4:41", "", "more than 32 levels"),
    ("nothing", "", "", "is empty"),
    ("white-space", "", "", "is empty"),
    ("nul", "4:12", "", "'\\x00' is not allowed in YAML"),
    ("binary", "1:2", "", "not UTF-8 text"),
    ("latin-1", "4:11", "", "not UTF-8 text"),
    ("utf-16", "1:1", "", "not UTF-8 text"),
    ("escape-character", "4:10", "", "'\\x1b' is not allowed in YAML"),
]


def jobs_of(text: str, defaults: Defaults = UTC_ONLY, *, name: str | None = None) -> tuple[Job, ...]:
    parsed = parse_file("jobs.d/rent.yaml", text.encode(), defaults, name=name)
    assert [str(problem) for problem in parsed.problems] == []
    return parsed.jobs


def job_of(text: str, defaults: Defaults = UTC_ONLY) -> Job:
    (job,) = jobs_of(text, defaults)
    return job


def problems_of(text: str | bytes, defaults: Defaults = UTC_ONLY) -> list[str]:
    parsed = parse_file("rent.yaml", text if isinstance(text, bytes) else text.encode(), defaults)
    assert parsed.jobs == ()
    return [str(problem) for problem in parsed.problems]


SMALL = "schedule: {cron: 0 9 * * *}\nto: +14155550100\nmessage: Rent is due\n"


@pytest.mark.parametrize(("name", "place", "path", "piece"), CASES, ids=[case[0] for case in CASES])
def test_a_broken_file_has_one_problem_at_one_place(name: str, place: str, path: str, piece: str) -> None:
    file = f"jobs.d/{name}.yaml"
    parsed = parse_file(file, (BROKEN / f"{name}.yaml").read_bytes(), UTC_ONLY)
    assert parsed.jobs == ()
    (problem,) = parsed.problems
    assert str(problem).startswith(f"{file}:{place}: " if place else f"{file}: ")
    assert problem.path == path
    assert piece in str(problem)
    assert str(problem).isprintable()
    assert len(str(problem)) < 400


def test_every_broken_file_is_in_the_table() -> None:
    assert {path.stem for path in BROKEN.iterdir()} == {case[0] for case in CASES}
    assert len(CASES) >= 60


# What a job says


def test_the_smallest_job_has_the_defaults() -> None:
    job = job_of(SMALL)
    assert job.name == "rent"
    assert job.source == Source("jobs.d/rent.yaml", 1)
    assert job.schedule == Cron("0 9 * * *")
    assert (job.timezone, job.sender) == ("UTC", None)
    assert job.recipients == (Recipient("+14155550100"),)
    assert job.message == "Rent is due"
    assert (job.valid_for, job.catch_up, job.on_doubt) == (timedelta(hours=1), CatchUp.LATEST, OnDoubt.WAIT)
    assert job.retry == (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=25))
    assert job.enabled
    assert (job.vars, job.description) == ({}, "")


def test_every_key_of_a_job() -> None:
    job = job_of(
        """# The rent.
name: office-rent.2026
description: |
  Who pays what.
schedule:
  at: [2026-11-22T09:00, 2026-11-22T10:00:30+01:00]
timezone: Europe/Berlin
sender: Acme
to:
  - +14155550100
  - {name: Ada, phone: +1 415 555 0101, key: flat-3, timezone: America/New_York, flat: 3, code: 0123, ratio: 1.5}
message: |
  Rent of {{ vars.amount }} is due
vars: {amount: 1.10, days: [1, 2], late: true, note: null, quoted: "1"}
valid_for: 1h30m
catch_up: all
retry: []
on_doubt: resend
enabled: false
"""
    )
    assert job.name == "office-rent.2026"
    assert job.source.line == 2
    assert job.schedule == At(("2026-11-22T09:00:00", "2026-11-22T09:00:30Z"))
    assert (job.timezone, job.sender) == ("Europe/Berlin", "Acme")
    ada = Recipient("+14155550101", "Ada", "flat-3", "America/New_York", {"flat": 3, "code": "0123", "ratio": 1.5})
    assert job.recipients == (Recipient("+14155550100"), ada)
    assert job.message == "Rent of {{ vars.amount }} is due\n"
    assert job.vars == {"amount": "1.10", "days": [1, 2], "late": True, "note": None, "quoted": "1"}
    assert (job.valid_for, job.retry) == (timedelta(minutes=90), ())
    assert (job.catch_up, job.on_doubt, job.enabled) == (CatchUp.ALL, OnDoubt.RESEND, False)
    assert job.description == "Who pays what.\n"


@pytest.mark.parametrize(("written", "meant"), [('"21:00-08:00"', QuietHours(21 * 60, 8 * 60)), ("none", None)])
def test_quiet_hours_of_a_job_win_over_those_of_the_settings(written: str, meant: QuietHours | None) -> None:
    job = job_of(f"{SMALL}quiet_hours: {written}\n", Defaults(quiet_hours=QuietHours(60, 120)))
    assert job.quiet_hours == meant
    assert restore(job.definition, job.source, Defaults(quiet_hours=QuietHours(60, 120))).quiet_hours == meant


def test_an_interval_counts_from_its_start_in_the_zone_of_the_job() -> None:
    text = SMALL.replace("cron: 0 9 * * *", "every: 2w, from: 2026-07-01T09:00") + "timezone: Europe/Berlin\n"
    assert job_of(text).schedule == Every(timedelta(weeks=2), datetime(2026, 7, 1, 7, tzinfo=UTC))


@pytest.mark.parametrize("cron", ["'@daily'", "0  0 * * *", '"0 0 * * *"'])
def test_cron_is_kept_in_its_normal_notation(cron: str) -> None:
    assert job_of(SMALL.replace("0 9 * * *", cron)).schedule == Cron("0 0 * * *")


def test_what_the_job_does_not_say_comes_from_the_settings() -> None:
    job = job_of(SMALL.replace("cron: 0 9 * * *", "at: 2026-07-01T09:00"), Defaults("Europe/Berlin", "Acme"))
    assert (job.timezone, job.sender) == ("Europe/Berlin", "Acme")
    gap = SMALL.replace("cron: 0 9 * * *", "at: 2026-03-29T02:30")
    assert len(problems_of(gap, Defaults("Europe/Berlin"))) == 1
    assert job_of(gap)


def test_an_unquoted_phone_number_stays_one() -> None:
    text = "schedule: {cron: 0 9 * * *}\nmessage: x\nto:\n- +14155550100\n- phone: +14155550101\n- '+14155550102'\n"
    assert [each.phone for each in job_of(text).recipients] == ["+14155550100", "+14155550101", "+14155550102"]


def test_a_recipient_that_says_the_same_twice_is_one() -> None:
    text = SMALL.replace("+14155550100", "[+14155550100, {phone: +1 415 555 0100}, {phone: +14155550100, key: b}]")
    assert [each.identity for each in job_of(text).recipients] == ["+14155550100", "+14155550100#b"]


def test_two_names_for_one_phone_are_one_recipient_when_the_text_is_the_same() -> None:
    text = SMALL.replace("+14155550100", "[{phone: +14155550100, name: Ada}, {phone: +14155550100, name: Bo}]")
    assert [each.name for each in job_of(text).recipients] == ["Ada"]


@pytest.mark.parametrize("name", ["a", "A-b_c.d", "9lives", "_x", "x" * 100])
def test_the_name_of_the_file_is_the_name_of_its_job(name: str) -> None:
    assert [job.name for job in jobs_of(SMALL, name=name)] == [name]


@pytest.mark.parametrize("name", ["", "x" * 101, "müll", "a b", "-x", ".x", "a/b", "rent\n"])
def test_another_name_of_a_file_asks_for_one_in_it(name: str) -> None:
    parsed = parse_file("x.yaml", SMALL.encode(), UTC_ONLY, name=name)
    assert [problem.path for problem in parsed.problems] == ["name"]
    assert jobs_of("name: rent\n" + SMALL, name=name)[0].name == "rent"


# Several jobs in one file


MANY = """defaults:
  schedule: {cron: 0 9 * * *}
  to: +14155550100
  message: "{{ vars.a }} {{ vars.b }}"
  vars: {a: 1, b: 1}
  enabled: false
jobs:
  - name: one
  - name: two
    schedule: {at: 2026-11-22T09:00}
    vars: {b: 2, c: 3}
    enabled: true
"""


def test_jobs_share_defaults_and_their_own_keys_win() -> None:
    one, two = jobs_of(MANY)
    assert (one.name, one.source.line, one.schedule, one.enabled) == ("one", 8, Cron("0 9 * * *"), False)
    assert (two.name, two.source.line, two.schedule, two.enabled) == ("two", 9, At(("2026-11-22T09:00:00",)), True)
    assert one.vars == {"a": 1, "b": 1}
    assert two.vars == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize("text", ["jobs: []\n", "# none yet\n", "defaults: {}\njobs: []\n"])
def test_a_file_may_have_no_jobs(text: str) -> None:
    assert jobs_of(text) == ()


def test_anchors_are_for_what_several_jobs_share() -> None:
    text = """jobs:
  - name: one
    schedule: {cron: 0 9 * * *}
    to: &team [+14155550100, +14155550101]
    message: x
  - name: two
    schedule: {cron: 0 8 * * *}
    to: *team
    message: y
"""
    one, two = jobs_of(text)
    assert one.recipients == two.recipients


def test_one_job_twice_by_an_alias_is_two_jobs_of_one_name() -> None:
    text = "jobs:\n- &a {name: one, schedule: {cron: 0 9 * * *}, to: +14155550100, message: x}\n- *a\n"
    (problem,) = problems_of(text)
    assert "already in this file, on line 2" in problem


def test_one_bad_job_takes_the_whole_file_with_it() -> None:
    (problem,) = problems_of(MANY.replace("2026-11-22T09:00", "soon"))
    assert problem.startswith("rent.yaml:10:20: jobs[1].schedule.at: 'soon' is not a time")


# Many problems


def test_all_problems_of_a_file_come_at_once_and_in_order() -> None:
    text = """jobs:
  - name: one
    schedule: {cron: 0 9 * * 8}
    timezone: Mars
    to: [+14155550100, nobody, {phone: +14155550101, name: [x]}]
    message: |
      Hello
      {{ nobody }}
    valid_for: 1 hour
    mesage: x
  - nam: two
    schedule: {at: [2026-13-01T09:00, 2026-11-22T09:00]}
    to: +14155550100
    enabled: maybe
"""
    found = [problem.split(" ")[0:2] for problem in problems_of(text)]
    assert found == [
        ["rent.yaml:3:22:", "jobs[0].schedule.cron:"],
        ["rent.yaml:4:15:", "jobs[0].timezone:"],
        ["rent.yaml:5:24:", "jobs[0].to[1]:"],
        ["rent.yaml:5:60:", "jobs[0].to[2].name:"],
        ["rent.yaml:8:10:", "jobs[0].message:"],
        ["rent.yaml:9:16:", "jobs[0].valid_for:"],
        ["rent.yaml:10:5:", "jobs[0].mesage:"],
        ["rent.yaml:11:5:", "jobs[1].message:"],
        ["rent.yaml:11:5:", "jobs[1].nam:"],
        ["rent.yaml:12:21:", "jobs[1].schedule.at[0]:"],
        ["rent.yaml:14:14:", "jobs[1].enabled:"],
    ]


@pytest.mark.parametrize(
    ("old", "new", "place", "meant"),
    [
        ("message:", "mesage:", "3:1: mesage", "did you mean 'message'?"),
        ("message:", "text:", "3:1: text", "did you mean 'message'?"),
        ("message: Rent", "mesages: {de: x}\nfallback: de\n#", "3:1: mesages", "did you mean 'messages'?"),
        ("message: Rent", "templat: rent.j2\n#", "3:1: templat", "did you mean 'template'?"),
        ("schedule:", "shedule:", "1:1: shedule", "did you mean 'schedule'?"),
        ("to:", "recipients:", "2:1: recipients", "did you mean 'to'?"),
        ("to: ", "phone: ", "2:1: phone", "it goes under to:"),
        ("to: +14155550100", "to:\nphone: +14155550100", "3:1: phone", "it goes under to:"),
        ("schedule: {cron: 0 9 * * *}", "schedule:\ncron: 0 9 * * *", "2:1: cron", "it goes under schedule:"),
        ("{cron: 0 9 * * *}\nto:", "\n  cron: 0 9 * * *\n  to:", "3:3: schedule.to", "it goes one level up"),
        ("+14155550100", "{phon: +14155550100}", "2:12: to.phon", "there is no phone, and 'phon' is unknown"),
        ("+14155550100", "[{name: Ada, mobile: +14155550100}]", "2:26: to[0].mobile", "did you mean 'phone'?"),
    ],
)
def test_a_misspelt_key_is_not_missing_too(old: str, new: str, place: str, meant: str) -> None:
    (problem,) = problems_of(SMALL.replace(old, new))
    assert problem.startswith(f"rent.yaml:{place}: ")
    assert meant in problem


def test_what_a_misspelt_key_would_have_given_is_missed_nowhere_else() -> None:
    (problem,) = problems_of(SMALL.replace("Rent is due", "'{{ vars.rent }}'") + "varss: {rent: 600}\n")
    assert problem.startswith("rent.yaml:4:1: varss: ")


def test_a_misspelt_key_beside_the_right_one_hides_nothing() -> None:
    found = problems_of(SMALL.replace("0 9 *", "0 99 *") + "shedule: {cron: 0 9 * * *}\n")
    assert [problem.split(" ")[1] for problem in found] == ["schedule.cron:", "shedule:"]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [("jobs:", "job:", "1:1: job"), ("defaults:", "defalts:", "1:1: defalts")],
)
def test_a_misspelt_key_of_a_file_of_many_jobs_is_all_that_is_said(old: str, new: str, place: str) -> None:
    shared = "defaults: {schedule: {cron: 0 9 * * *}, to: +14155550100}\n" if old == "defaults:" else ""
    own = "" if shared else ", schedule: {cron: 0 9 * * *}, to: +14155550100"
    text = f"{shared}jobs:\n  - {{name: one, message: x{own}}}\n  - {{name: two, message: y{own}}}\n"
    assert len(jobs_of(text)) == 2
    (problem,) = problems_of(text.replace(old, new))
    assert problem.startswith(f"rent.yaml:{place}: unknown key")
    assert f"did you mean '{old[:-1]}'?" in problem


@pytest.mark.parametrize("name", ["Ada", "Ada Lovelace", "Łukasz Ó Briain-O"])
def test_a_name_alone_is_no_recipient_and_both_forms_are_shown(name: str) -> None:
    (problem,) = problems_of(SMALL.replace("+14155550100", name))
    forms = f"write +14155550123, or {{name: {name}, phone: +14155550123}}"
    assert problem.startswith(f"rent.yaml:2:5: to: {name!r} is not a phone number, {forms}")
    written = SMALL.replace("+14155550100", f"[+14155550124, {{name: {name}, phone: +14155550123}}]")
    assert [each.name for each in job_of(written).recipients] == [None, name]


def test_a_name_with_a_number_is_not_repeated() -> None:
    (problem,) = problems_of(SMALL.replace("+14155550100", "'Ada <+14155550100>'"))
    assert problem.startswith("rent.yaml:2:5: to: this is not a phone number, it has letters")
    assert "+14155550100" not in problem


def test_a_wrong_zone_brings_no_wrong_words_about_times() -> None:
    text = SMALL.replace("cron: 0 9 * * *", "at: 2026-03-29T02:30") + "timezone: Europe/Berlni\n"
    (problem,) = problems_of(text, Defaults("Europe/Berlin"))
    assert "did you mean 'Europe/Berlin'?" in problem


def test_a_problem_in_the_defaults_is_said_once_where_it_is_written() -> None:
    (problem,) = problems_of(MANY.replace("+14155550100", "nobody"))
    assert problem.startswith("rent.yaml:3:7: defaults.to: ")


def test_a_job_with_no_sound_recipient_has_no_problem_with_their_variables() -> None:
    text = SMALL.replace("+14155550100", "[{phone: nobody, flat: 1}]").replace("Rent", "'{{ recipient.flat }}'")
    assert len(problems_of(text)) == 1


def test_thousands_of_problems_are_cut_short() -> None:
    found = problems_of("schedule: {cron: 0 9 * * *}\nmessage: x\nto:\n" + "- nobody\n" * 10_000)
    assert len(found) == 201
    assert found[-1] == "rent.yaml: has more problems than the 200 that are shown"


def test_the_variables_of_a_recipient_with_a_bad_phone_are_known_to_the_message() -> None:
    people = "[{phone: nobody, flat: 1}, {phone: +14155550100, flat: 2}, {phone: +14155550100, key: [x], flat: 3}]"
    found = problems_of(SMALL.replace("+14155550100", people).replace("Rent", "Flat {{ recipient.flat }}"))
    assert [problem.split(" ")[1] for problem in found] == ["to[0].phone:", "to[2].key:"]


def test_defaults_cannot_be_spread_over_too_many_jobs() -> None:
    shared = "".join(f"  - +1415555{number:04}\n" for number in range(100, 200)) * 50
    text = "defaults:\n  message: x\n  schedule: {cron: 0 9 * * *}\n  to:\n" + shared
    text += "jobs:\n" + "".join(f"- name: j{number}\n" for number in range(5000))
    (problem,) = problems_of(text)
    assert "too long for so many jobs" in problem


def test_a_misspelt_zone_of_a_recipient_is_not_taken_for_a_variable() -> None:
    (problem,) = problems_of(SMALL.replace("+14155550100", "{phone: +14155550100, time_zone: Europe/Rome}"))
    assert problem.startswith("rent.yaml:2:38: to.time_zone: the variable 'time_zone' looks like timezone")
    (problem,) = problems_of(SMALL.replace("+14155550100", "{phone: +14155550100, langauge: de}"))
    assert problem.startswith(
        "rent.yaml:2:37: to.langauge: the variable 'langauge' looks like language, write language"
    )
    assert job_of(
        SMALL.replace(
            "+14155550100", "{phone: +14155550100, lounge: 2, title: Dr, nam: 4, name: Ada, phone2: 1, keys: 2}"
        )
    )


@pytest.mark.parametrize(
    ("person", "place", "said"),
    [
        ("{phone: +14155550100, nam: Ada}", "2:32: to.nam", "'nam' looks like name"),
        ("{phone: +14155550100, keyy: a}", "2:33: to.keyy", "'keyy' looks like key"),
        ("{phone: +14155550100, languages: de}", "2:38: to.languages", "'languages' looks like language"),
        ("{phone: +14155550100, group: platform}", "2:34: to.group", "give the group an item of its own"),
        ("[{phone: +14155550100, file: a.csv}]", "2:34: to[0].file", "give the file an item of its own"),
        ("{phone: +14155550100, where: plan}", "2:34: to.where", "where does not go with phone"),
    ],
)
def test_what_was_meant_as_a_key_of_a_recipient_is_no_variable(person: str, place: str, said: str) -> None:
    (problem,) = problems_of(SMALL.replace("+14155550100", person))
    assert problem.startswith(f"rent.yaml:{place}: ")
    assert said in problem


def test_a_recipient_that_is_wrong_in_two_ways_hides_nothing_else() -> None:
    people = "{phone: +14155550100, timezon: a, timezne: b}"
    found = problems_of(SMALL.replace("+14155550100", people) + "enabled: maybe\n")
    assert [problem.split(" ")[1] for problem in found] == ["to.timezon:", "enabled:"]


# Definition and digest


def written(job: Job) -> dict[str, object]:
    definition: dict[str, object] = json.loads(job.definition)
    return definition


def test_the_definition_holds_what_is_written_in_its_normal_form() -> None:
    text = "schedule: {cron: '@daily'}\nto: +1 415 555 0100\nmessage: x\nvalid_for: 90m\n"
    assert written(job_of(text, Defaults("Europe/Rome", "Acme"))) == {
        "name": "rent",
        "schedule": {"cron": "0 0 * * *"},
        "to": [{"phone": "+14155550100"}],
        "message": "x",
        "valid_for": "1h30m",
    }


def test_the_definition_is_canonical() -> None:
    one = job_of("message: x\nto: +14155550100\nschedule: {cron: 0 9 * * *}\nvars: {b: 1, a: 2}\n")
    two = job_of(
        "# again\nvars:\n  a: 2\n  b: 1\n\nschedule:\n  cron: 0 9  * * *\nto: ['+14155550100']\nmessage: 'x'\n"
    )
    assert one.definition == two.definition
    assert one.digest == two.digest
    assert one.source != two.source


@pytest.mark.parametrize(
    "other",
    [
        "schedule: {cron: 0 8 * * *}\nto: +14155550100\nmessage: Rent is due\n",
        "schedule: {cron: 0 9 * * *}\nto: +14155550101\nmessage: Rent is due\n",
        "schedule: {cron: 0 9 * * *}\nto: {phone: +14155550100, name: Ada}\nmessage: Rent is due\n",
        "schedule: {cron: 0 9 * * *}\nto: {phone: +14155550100, flat: 1}\nmessage: Rent is due\n",
        "schedule: {cron: 0 9 * * *}\nto: {phone: +14155550100, flat: '1'}\nmessage: Rent is due\n",
        "schedule: {cron: 0 9 * * *}\nto: {phone: +14155550100, key: a}\nmessage: Rent is due\n",
        "schedule: {cron: 0 9 * * *}\nto: {phone: +14155550100, timezone: UTC}\nmessage: Rent is due\n",
        SMALL.replace("Rent", "rent"),
        SMALL + "name: other\n",
        SMALL + "timezone: Europe/London\n",
        SMALL + "sender: Acme\n",
        SMALL + "vars: {a: 1}\n",
        SMALL + "valid_for: 2h\n",
        SMALL + "catch_up: none\n",
        SMALL + "retry: []\n",
        SMALL + "on_doubt: resend\n",
        SMALL + "enabled: false\n",
        SMALL + "description: x\n",
    ],
)
def test_the_digest_changes_with_whatever_the_job_says(other: str) -> None:
    assert job_of(other).digest != job_of(SMALL).digest


def test_the_digest_follows_the_settings_and_not_the_way_of_writing() -> None:
    job = job_of(SMALL)
    assert job_of(SMALL, Defaults("Europe/Rome")).digest != job.digest
    assert job_of(SMALL, Defaults(sender="Acme")).digest != job.digest
    assert job_of(SMALL + "timezone: UTC\nvalid_for: 60m\nenabled: true\nvars: {}\n").digest == job.digest


# Jobs made again


WHOLE = """
name: whole
description: "a \\u00e9 \\U0001F600"
schedule: {every: 90s, from: 2026-07-01T09:00:05}
timezone: Europe/Berlin
sender: +14155550100
to:
  - {phone: +14155550101, name: Ada, key: k, timezone: UTC, flat: 3, ratio: 1.5, tags: [a, {b: true}], none: ~}
  - +14155550102
message: "x {{ vars.a }}"
vars: {a: "1", b: 1, c: 1.5, d: [true, ~], e: {f: -2}}
valid_for: 10s
catch_up: none
retry: [0s, 1h]
on_doubt: wait
enabled: true
"""


@pytest.mark.parametrize(
    "text",
    [
        SMALL,
        WHOLE,
        SMALL + "timezone: America/New_York\n",
        SMALL.replace("cron: 0 9 * * *", "at: [2026-11-22T09:00, 2026-11-22T09:00+02:00]"),
        SMALL.replace("{cron: 0 9 * * *}", "{rrule: 'freq=weekly;byday=mo,tu', start: 2027-01-04T09:00, count: 9}"),
        SMALL.replace(
            "{cron: 0 9 * * *}",
            "[{rrule: 'FREQ=DAILY;BYHOUR=2', dst_gap: later, dst_fold: both, until: 2027-12-31},"
            " {cron: '@daily', start: 2027-01-01, count: 90, except: [2027-01-06, 2027-02-01 .. 2027-02-03, 2027-03-01 00:00],"
            " holidays: [de-be, US], on_holiday: before}, {at: [2027-03-28T02:30, 2027-03-30T02:30], dst_gap: skip, except: 2027-03-29},"
            " {every: 8h, from: 2027-01-01T09:00, until: 2027-05-01T09:00Z}]",
        ),
        SMALL.replace(
            "{cron: 0 9 * * *}", "[{cron: 0 9 * * *}, {at: 2026-11-22T09:30}, {every: 1d, from: 2026-11-22T09:00}]"
        ),
        SMALL.replace(
            "+14155550100", "[+14155550100, +14155550100, {phone: +14155550100, key: ''}]".replace("''", "b")
        ),
    ],
)
@pytest.mark.parametrize("defaults", [Defaults(), Defaults("Europe/Berlin", "Acme")])
def test_a_job_made_again_is_the_same(text: str, defaults: Defaults) -> None:
    job = job_of(text, defaults)
    assert restore(job.definition, job.source, defaults) == job


EVERY_KEY = """
name: whole
description: All of it
schedule: {cron: 0 9 * * *}
timezone: recipient
timezone_from_number: true
sender: Acme
to: [{phone: +14155550100, name: Ada, key: k, timezone: Europe/Berlin, language: de, floor: 2}]
messages: {de: Hallo, en: Hello}
fallback: en
smart_punctuation: true
vars: {a: 1}
valid_for: 2h
catch_up: all
retry: [1m]
on_doubt: resend
on_undelivered: retry
quiet_hours: 21:00-08:00
on_quiet: drop
splay: 10m
limits: {per_occurrence: 100, per_job_and_day: 200}
enabled: false
"""


@pytest.mark.parametrize("defaults", [Defaults(), Defaults("Europe/Rome", "Other", QuietHours(60, 120))])
def test_a_job_with_every_key_made_again_is_the_same(defaults: Defaults) -> None:
    job = job_of(EVERY_KEY, defaults)
    assert set(KEYS[()]) - json.loads(job.definition).keys() == {"message", "template"}, "which exclude others"
    assert restore(job.definition, job.source, defaults) == job


def test_jobs_with_defaults_need_no_file_to_be_made_again() -> None:
    for job in jobs_of(MANY):
        assert restore(job.definition, job.source, UTC_ONLY) == job


def test_a_job_made_again_follows_new_settings() -> None:
    job = job_of(SMALL)
    again = restore(job.definition, job.source, Defaults("Europe/Rome", "Acme"))
    assert (again.timezone, again.sender) == ("Europe/Rome", "Acme")
    assert again.definition == job.definition


def test_what_was_accepted_once_is_not_judged_again() -> None:
    """A zone's rules and the numbering plans change, and limits with the program."""
    job = job_of(SMALL.replace("cron: 0 9 * * *", "at: [2026-03-29T02:30]"))
    again = restore(job.definition, job.source, Defaults("Europe/Berlin"))
    assert again.schedule == At(("2026-03-29T02:30:00",))
    unknown = job.definition.replace("+14155550100", "+99914155550100")
    assert restore(unknown, job.source, UTC_ONLY).recipients == (Recipient("+99914155550100"),)
    variable = job.definition.replace('"phone"', '"time_zone":"x","phone"')
    assert restore(variable, job.source, UTC_ONLY).recipients[0].variables == {"time_zone": "x"}


@pytest.mark.parametrize(
    "definition",
    [
        "",
        "null",
        "[]",
        "{}",
        "{",
        '"rent"',
        "[" * 100_000,
        job_of(SMALL).definition.replace("0 9 * * *", "x"),
        job_of(SMALL).definition.replace("cron", "crno"),
        job_of(SMALL).definition.replace("+14155550100", "nobody"),
        job_of(SMALL).definition.replace("message", "msg"),
        job_of(SMALL + "timezone: Europe/Rome\n").definition.replace("Rome", "Nowhere"),
        job_of(SMALL.replace("cron: 0 9 * * *", "at: 2026-11-22T09:00")).definition.replace("2026-11", "2026-13"),
        '{"message":"x","name":"x","schedule":{"cron":"0 9 * * *","at":["2026-11-22T09:00"]},"to":["+14155550100"]}',
        '{"message":"x","name":"x","schedule":{"every":"1h"},"to":["+14155550100"]}',
        '{"message":1,"name":"x","schedule":{"cron":"0 9 * * *"},"to":["+14155550100"]}',
    ],
)
def test_what_is_no_definition_is_refused_without_repeating_it(definition: str) -> None:
    with pytest.raises(ValueError, match="not the definition of a job") as caught:
        restore(definition, Source("a", 1), UTC_ONLY)
    assert "4155550100" not in str(caught.value)
    assert caught.value.__cause__ is None


# Whatever comes


def corpus() -> Iterator[bytes]:
    for path in sorted(BROKEN.iterdir()):
        content = path.read_bytes()
        if len(content) < 2000:
            yield content
    yield from (SMALL.encode(), WHOLE.encode(), MANY.encode())


PIECES = [b": ", b"- ", b"\n", b"  ", b"{", b"}", b"[", b"]", b"&a ", b"*a", b"<<: ", b"|\n", b"'", b'"', b"#", b"!"]


@given(st.sampled_from(list(corpus())), st.lists(st.tuples(st.integers(0, 2000), st.sampled_from(PIECES)), max_size=5))
def test_no_file_makes_it_fail(content: bytes, changes: list[tuple[int, bytes]]) -> None:
    for at, piece in changes:
        at = min(at, len(content))
        content = content[:at] + piece + content[at:]
    parsed = parse_file("x.yaml", content, UTC_ONLY)
    assert not (parsed.jobs and parsed.problems)
    for problem in parsed.problems:
        assert "failed to read" not in problem.message
        assert problem.line <= content.count(b"\n") + 1
    for job in parsed.jobs:
        assert restore(job.definition, job.source, UTC_ONLY) == job


def test_one_expensive_message_for_thousands_of_jobs_is_one_problem() -> None:
    message = "{% for a in range(900) %}{% for b in range(10) %}{% endfor %}{% endfor %}x"
    shared = f"defaults: {{schedule: {{cron: '0 9 * * *'}}, to: +14155550123, message: '{message}'}}\n"
    jobs = "".join(f"  - {{name: j{number}}}\n" for number in range(2_000))
    parsed = parse_file("x.yaml", f"{shared}jobs:\n{jobs}".encode(), Defaults())
    (problem,) = parsed.problems
    assert str(problem).startswith("x.yaml:1:71: defaults.message: the messages of this file together take too much")


@pytest.mark.parametrize("to", ["[]", "{phone: +1}", "+1", "[{}]"])
def test_a_wrong_recipient_hides_no_problem_of_the_message(to: str) -> None:
    data = f"schedule: {{cron: '0 9 * * *'}}\nto: {to}\nmessage: ''\n"
    messages = [problem.message for problem in parse_file("x.yaml", data.encode(), Defaults()).problems]
    assert len(messages) == 2
    assert "the text is empty" in messages


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("to: []", "{{ recipient.name }}"),
        ("vars: []", "{{ vars.name }}"),
        ("description: [x]", "{{ job.description }}"),
    ],
)
def test_what_is_wrong_itself_is_not_said_to_be_missing_from_the_message(wrong: str, message: str) -> None:
    to = "" if wrong.startswith("to") else "to: +14155550123\n"
    data = f"schedule: {{cron: '0 9 * * *'}}\n{to}message: '{message}'\n{wrong}\n"
    (problem,) = parse_file("x.yaml", data.encode(), Defaults()).problems
    assert problem.path == wrong.partition(":")[0]
