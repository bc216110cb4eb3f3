"""`reminderd plan`: what happens at once, what is held, how it ends, and that no text of anybody does harm."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reminderd.cli.planview.markdown import LONGEST, code
from tests.support.planning import NOW, SETTINGS, Desk, fates, messages
from tests.support.world import ANNA, BERT, job


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def numbers(count: int) -> list[str]:
    return [f"+49302312{position:05}" for position in range(count)]


# --- what is live ---


def test_without_a_state_everything_is_new_and_it_says_so(desk: Desk) -> None:
    desk.write(a=job(cron="0 9 * * *"))
    result = desk.run("--days", "1")
    assert result.exit_code == 0
    assert "There is nothing to compare with (no state at" in result.stdout
    assert fates(desk.plan()) == {"a": "added"}
    assert not (desk.folder / "state.db").exists()


def test_it_ends_as_terraforms_plan_does(desk: Desk) -> None:
    desk.write(a=job(cron="0 9 * * *"))
    desk.go_live()
    assert desk.run("--detailed-exitcode").exit_code == 0
    desk.write(a=job(cron="0 10 * * *"))
    assert desk.run().exit_code == 0
    assert desk.run("--detailed-exitcode").exit_code == 2
    desk.write(b="schedule: 5\n")
    assert desk.run().exit_code == 1
    assert desk.run("--detailed-exitcode").exit_code == 1


@pytest.mark.parametrize(
    "arguments", [("--wrong",), ("--days", "0"), ("--json", "--markdown"), ("--against", "nowhere"), ("surplus",)]
)
def test_a_mistake_on_the_command_line_is_an_error_and_no_change(desk: Desk, arguments: tuple[str, ...]) -> None:
    assert desk.run("--detailed-exitcode", *arguments).exit_code == 1


def test_broken_settings_are_an_error_and_no_change(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "plivo: {rat: 5}\n")
    result = desk.run("--detailed-exitcode")
    assert result.exit_code == 1
    assert "did you mean 'rate'?" in result.stderr


def test_a_state_that_is_none_is_an_error(desk: Desk) -> None:
    (desk.folder / "state.db").write_text("not a database")
    result = desk.run("--detailed-exitcode")
    assert result.exit_code == 1
    assert "is not a state of reminderd" in result.stderr


def test_a_state_from_another_place_is_compared_by_the_names_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    (tmp_path / "branch").mkdir()
    there, here = Desk(tmp_path / "host"), Desk(tmp_path / "branch")
    there.write(a=job(cron="0 9 * * *"), b=job(cron="0 9 * * *"))
    there.go_live()
    here.write(a=job(cron="0 9 * * *"), b="schedule: 5\n")
    plan = here.plan("--state", str(there.folder / "state.db"))
    assert (plan["changes"], fates(plan)) == (False, {})
    assert list(plan["kept"].values()) == [["b"]]


def test_a_missing_directory_removes_nothing(desk: Desk) -> None:
    desk.write(a=job(cron="0 9 * * *"))
    desk.go_live()
    desk.jobs.rename(desk.folder / "away")
    result = desk.run("--json", "--detailed-exitcode")
    assert result.exit_code == 1
    assert fates(json.loads(result.stdout)) == {}


# --- at once ---


def test_a_past_appointment_that_is_still_valid_is_said_to_go_out_at_once(desk: Desk) -> None:
    desk.write(a=job(cron="0 9 * * *"))
    desk.go_live()
    desk.write(b=job(at=["2026-11-30T06:30", "2026-11-29T06:30", "2026-12-24T09:00"], valid_for="1h"))
    plan = desk.plan()
    assert [each["after"]["send_at"][:10] for each in plan["at_once"]["sent"]] == ["2026-11-30"]
    assert [each["after"]["state"] for each in plan["at_once"]["not_sent"]] == ["missed"]
    assert plan["summary"]["at_once"] == {
        "sent": 1,
        "on_hold": 0,
        "not_sent": 1,
        "cancelled": 0,
        "owed_again": 0,
        "stopped": 0,
        "released": 0,
    }
    text = desk.run().stdout
    assert "Sent at once, since their time is past and they are still valid: 1" in text
    assert "Not sent, since their time is past: 1" in text


def test_what_went_out_already_does_not_go_out_again_for_an_edit(desk: Desk) -> None:
    desk.write(a=job(at=["2026-11-30T06:30", "2026-12-01T09:00"], valid_for="2h"))
    desk.go_live()
    desk.write(a=job(at=["2026-11-30T06:30", "2026-12-01T10:00"], valid_for="2h"))
    plan = desk.plan()
    assert not any(plan["at_once"].values())
    assert messages(plan, "moved") == [("a", "Tue 2026-12-01 09:00 > Tue 2026-12-01 10:00")]


def test_the_same_holds_against_other_files(desk: Desk) -> None:
    desk.write(a=job(at=["2026-11-30T06:30", "2026-12-01T09:00"], valid_for="2h"))
    (desk.folder / "main").mkdir()
    (desk.folder / "main" / "a.yaml").write_text((desk.jobs / "a.yaml").read_text())
    desk.write(a=job(at=["2026-11-30T06:30", "2026-12-01T10:00"], valid_for="2h"))
    plan = desk.plan("--against", str(desk.folder / "main"))
    assert not any(plan["at_once"].values())
    assert fates(plan) == {"a": "changed"}


def test_pending_deliveries_that_a_removal_would_cancel_are_listed(desk: Desk) -> None:
    desk.write(a=job(at="2026-11-30T06:50", to=[ANNA, BERT], valid_for="8h"))
    desk.go_live()
    desk.write(a=job(at="2026-11-30T06:50", to=[ANNA], valid_for="8h"))
    plan = desk.plan()
    assert [each["phone"] for each in plan["at_once"]["cancelled"]] == [BERT]
    (desk.jobs / "a.yaml").unlink()
    assert len(desk.plan()["at_once"]["cancelled"]) == 2
    assert "Pending now, cancelled by the deploy: 2" in desk.run().stdout


def test_a_removal_that_the_guard_holds_keeps_its_messages(desk: Desk) -> None:
    jobs = {f"j{number:02}": job(cron="0 9 * * *") for number in range(12)}
    desk.write(**jobs)
    desk.go_live(NOW - timedelta(days=1))
    for name in list(jobs)[:8]:
        (desk.jobs / f"{name}.yaml").unlink()
    plan = desk.plan("--days", "1")
    assert {each["held"] for each in plan["jobs"]} == {True}
    assert [hold["kind"] for hold in plan["holds"]] == ["removal"]
    assert plan["messages"]["removed"] == []
    assert plan["summary"]["messages"]["after"] == 12
    text = desk.run("--days", "1").stdout
    assert "j00 (its removal is held: it goes on)" in text
    assert "! on hold until approved: the files no longer declare 8 of 12 jobs" in text


def test_a_loss_of_most_recipients_is_held_and_the_job_goes_on(desk: Desk) -> None:
    desk.write(a=job(cron="0 9 * * *", to=numbers(12)))
    desk.go_live()
    desk.write(a=job(cron="0 9 * * *", to=numbers(2), message="New."))
    plan = desk.plan("--days", "1")
    assert [(each["change"], each["held"]) for each in plan["jobs"]] == [("changed", True)]
    assert [hold["kind"] for hold in plan["holds"]] == ["recipients"]
    assert (plan["messages"]["removed"], plan["messages"]["reworded"]) == ([], [])
    assert "a (held: it goes on as it is)" in desk.run().stdout


def test_what_would_go_out_at_once_and_exceeds_a_limit_is_on_hold(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SETTINGS + "limits: {per_occurrence: 3}\n")
    desk.write(a=job(at="2026-11-30T06:50", to=numbers(4)))
    plan = desk.plan()
    assert (len(plan["at_once"]["sent"]), len(plan["at_once"]["on_hold"])) == (0, 4)
    assert [hold["kind"] for hold in plan["holds"]] == ["limit"]
    assert "Past and still valid, but on hold until approved: 4" in desk.run("--markdown").stdout


def test_what_an_operator_paused_or_skipped_is_not_among_the_coming_messages(desk: Desk) -> None:
    desk.write(a=job(cron="0 9 * * *"), b=job(cron="0 10 * * *"))
    desk.go_live()
    with desk.store() as store:
        store.overrides.pause("a", NOW + timedelta(days=2), "ops", "holiday", NOW)
    plan = desk.plan("--days", "4")
    assert plan["summary"]["messages"]["after"] == 2 + 4
    assert [(each["kind"], each["job"]) for each in plan["overrides"]] == [("pause", "a")]
    assert "! job a: paused by ops" in desk.run().stdout
    desk.write(a=job(cron="0 8 * * *"))
    assert messages(desk.plan("--days", "4"), "moved") == [
        ("a", "Wed 2026-12-02 09:00 > Wed 2026-12-02 08:00"),
        ("a", "Thu 2026-12-03 09:00 > Thu 2026-12-03 08:00"),
    ]


def test_who_opted_out_costs_nothing_and_is_said_to_get_nothing(desk: Desk) -> None:
    desk.write(a=job(cron="0 9 * * *", to=[ANNA, BERT]))
    desk.go_live()
    with desk.store() as store:
        store.opt_outs.add(BERT, "", "ops", "operator", "asked", NOW)
    desk.write(a=job(cron="0 9 * * *", to=[ANNA, BERT], message="New."))
    plan = desk.plan("--days", "1")
    assert plan["summary"]["segments"] == {"before": 1, "after": 1}
    assert [each["phone"] for each in plan["messages"]["reworded"]] == [ANNA]


def test_quiet_hours_and_splay_move_what_is_shown(desk: Desk) -> None:
    desk.write(a=job(cron="0 21 * * *"))
    desk.go_live()
    desk.write(a=job(cron="0 21 * * *", quiet_hours="20:00-07:30"))
    plan = desk.plan("--days", "1")
    assert messages(plan, "moved") == [("a", "Mon 2026-11-30 21:00 > Tue 2026-12-01 07:30")]
    desk.write(a=job(cron="0 21 * * *", quiet_hours="20:00-07:30", on_quiet="drop"))
    (dropped,) = desk.plan("--days", "1")["messages"]["reworded"]
    assert dropped["after"]["state"] == "missed"


# --- the files that a job uses ---


def test_a_change_of_a_template_is_shown_where_it_is_and_in_every_text(desk: Desk) -> None:
    (desk.folder / "templates").mkdir()
    (desk.folder / "templates" / "x.j2").write_text("Old, {{ recipient.phone }}")
    spec = job(cron="0 9 * * *")
    del spec["message"]
    desk.write(a={**spec, "template": "x.j2"})
    desk.go_live()
    (desk.folder / "templates" / "x.j2").write_text("New, {{ recipient.phone }}")
    plan = desk.plan("--days", "1")
    (key,) = plan["jobs"][0]["keys"]
    assert (key["key"], key["before"][:3], key["after"][:3]) == ("template x.j2", "Old", "New")
    assert [each["after"]["text"] for each in plan["messages"]["reworded"]] == [f"New, {ANNA}"]


def test_people_of_a_group_are_named_and_those_of_a_private_list_are_counted(desk: Desk, tmp_path: Path) -> None:
    (desk.folder / "recipients.d").mkdir()
    (desk.folder / "recipients.d" / "team.csv").write_text(f"phone,name\n{ANNA},Anna\n")
    outside = tmp_path / "outside.csv"
    secret = "+4930231299999"
    outside.write_text("phone,name\n+4930231299991,Secret One\n+4930231299992,Secret Two\n")
    people = [{"group": "team"}, {"file": str(outside)}]
    desk.write(a=job(cron="0 9 * * *", to=people, message="Hi {{ recipient.name }}"))
    desk.go_live()
    outside.write_text(f"phone,name\n+4930231299991,Secret One\n{secret},Secret Three\n")
    (desk.folder / "recipients.d" / "team.csv").write_text(f"phone,name\n{ANNA},Anna\n{BERT},Bert\n")
    plan = desk.plan("--days", "1")
    found = plan["jobs"][0]["people"]
    assert (found["added"]["number"], found["added"]["private"]) == (2, 1)
    assert [each["name"] for each in found["added"]["shown"]] == ["Bert"]
    assert {each.get("name", each.get("private_people")) for each in plan["messages"]["added"]} == {"Bert", 1}
    before, after = plan["jobs"][0]["keys"][0]["before"], plan["jobs"][0]["keys"][0]["after"]
    assert before[1]["file"] == after[1]["file"]
    assert before[1]["digest"] != after[1]["digest"]
    for arguments in (("--json", "--all"), ("--markdown",), ("--all",)):
        shown = desk.run(*arguments).stdout
        assert "Secret" not in shown
        assert "+49302312999" not in shown


# --- limits ---

LIMITED = SETTINGS + "limits: {per_occurrence: 3, per_job_and_day: 5, per_recipient_and_day: 2, spend_per_day: 0.07}\n"


def test_limits_that_the_change_would_exceed_are_named_with_when(tmp_path: Path) -> None:
    desk = Desk(tmp_path, LIMITED)
    desk.write(a=job(cron="0 9 * * *", to=numbers(2)))
    desk.go_live()
    desk.write(a=job(cron="0 9,10,11 * * *", to=numbers(4)))
    plan = desk.plan("--days", "2")
    assert [(each["limit"], each["found"], each["at"][:16]) for each in plan["limits"][:2]] == [
        ("per_occurrence", 4, "2026-11-30T09:00"),
        ("per_job_and_day", 8, "2026-11-30T10:00"),
    ]
    assert [each["who"] for each in plan["limits"] if each["limit"] == "per_recipient_and_day"] == numbers(4)
    assert plan["limits"][-1]["limit"] == "spend_per_day"
    assert plan["limits"][-1]["found"] == pytest.approx(0.08)
    assert "0.0800 EUR spent within 24 hours, allowed are 0.0700 EUR; first on Mon 2026-11-30" in desk.run().stdout


def test_a_limit_that_was_exceeded_before_is_no_news(tmp_path: Path) -> None:
    desk = Desk(tmp_path, LIMITED)
    desk.write(a=job(cron="0 9 * * *", to=numbers(4)))
    desk.go_live()
    desk.write(b=job(cron="0 9 * * *", to=[ANNA]))
    assert desk.plan()["limits"] == []


def test_a_jobs_own_limit_stands_before_that_of_the_settings(tmp_path: Path) -> None:
    desk = Desk(tmp_path, LIMITED)
    desk.write(a=job(cron="0 9 * * *", to=numbers(4), limits={"per_occurrence": 4}))
    assert [each["limit"] for each in desk.plan()["limits"]] == []


# --- zones, and the whole text ---


def test_the_own_nine_of_each_recipient_is_shown_in_their_zone(desk: Desk) -> None:
    people = [{"phone": ANNA, "timezone": "America/New_York"}, {"phone": BERT, "timezone": "Asia/Tokyo"}]
    desk.write(a=job(cron="0 9 * * *", to=people, timezone="recipient"))
    plan = desk.plan("--days", "1")
    assert [each["after"]["local"] for each in plan["messages"]["added"]] == [
        "Mon 2026-11-30 09:00 America/New_York",
        "Tue 2026-12-01 09:00 Asia/Tokyo",
    ]


GOLDEN = """\
Compared with the state {folder}/state.db, where 3 jobs run. Messages of the next 2 days.

Jobs
  - bins  {folder}/jobs.d/bins.yaml:1
        At 12:00 every day (UTC), to +14155550102
  ~ rent  {folder}/jobs.d/rent.yaml:1
        message: "The rent is due." -> "The rent – is due."
        schedule: cron: "0 9 * * *" -> cron: "30 9 * * *"
        people: 1 -> 2
          + Bob +14155550102
  + visit  {folder}/jobs.d/visit.yaml:1
        once at 2026-12-01 10:00 (UTC), to +14155550101
    1 job unchanged

Messages added: 3
  + Mon 2026-11-30 09:30 Europe/Berlin  rent   Bob +14155550102  1 segment (UCS-2: –)  "The rent – is due."
  + Tue 2026-12-01 09:30 Europe/Berlin  rent   Bob +14155550102  1 segment (UCS-2: –)  "The rent – is due."
  + Tue 2026-12-01 10:00 UTC            visit  +14155550101      1 segment             "See you."

Messages removed: 2
  - Mon 2026-11-30 12:00 UTC  bins  +14155550102  1 segment  "Bins out."
  - Tue 2026-12-01 12:00 UTC  bins  +14155550102  1 segment  "Bins out."

Messages moved: 2
  ~ Mon 2026-11-30 09:00 -> 09:30 Europe/Berlin  rent  Ada +14155550101  1 segment -> 1 segment (UCS-2: –)
          - "The rent is due."
          + "The rent – is due."
  ~ Tue 2026-12-01 09:00 -> 09:30 Europe/Berlin  rent  Ada +14155550101  1 segment -> 1 segment (UCS-2: –)
          - "The rent is due."
          + "The rent – is due."

jobs: 1 added, 1 changed, 1 removed; messages: 3 added, 2 removed, 2 moved
6 -> 7 messages, 6 -> 7 segments, 0.0600 EUR -> 0.0700 EUR (+0.0100 EUR) in the next 2 days
"""


def test_the_whole_plan_as_people_read_it(desk: Desk) -> None:
    ada, bob = {"name": "Ada", "phone": ANNA}, {"name": "Bob", "phone": BERT}
    rent = {"timezone": "Europe/Berlin", "cron": "0 9 * * *"}
    desk.write(
        rent=job(**rent, to=[ada], message="The rent is due."),
        bins=job(cron="0 12 * * *", to=[BERT], message="Bins out."),
        tea=job(cron="0 15 * * *", to=[ANNA], message="Tea."),
    )
    desk.go_live()
    desk.write(
        rent=job(**{**rent, "cron": "30 9 * * *"}, to=[ada, bob], message="The rent – is due."),
        visit=job(at="2026-12-01T10:00", message="See you."),
    )
    (desk.jobs / "bins.yaml").unlink()
    assert desk.run("--days", "2").stdout == GOLDEN.format(folder=desk.folder)


def test_a_daemon_that_runs_is_not_disturbed(desk: Desk) -> None:
    desk.write(a=job(cron="0 9 * * *"))
    desk.go_live()
    desk.write(a=job(cron="0 10 * * *"))
    with desk.store() as store, store.together():  # in the middle of a transaction
        before = store.jobs.cursors()
        assert fates(desk.plan()) == {"a": "changed"}
        assert store.jobs.cursors() == before
    assert fates(desk.plan()) == {"a": "changed"}


# --- many ---


def test_long_lists_are_cut_and_counted(desk: Desk) -> None:
    desk.write(a=job(cron="0 9 * * *", to=numbers(600)))
    plan = desk.plan("--days", "3")
    assert plan["truncated"] is True
    assert (len(plan["messages"]["added"]), plan["summary"]["messages"]["added"]) == (1000, 1800)
    text = desk.run("--days", "3").stdout
    assert "... and 1,775 more (--all shows all)" in text
    assert len(text.splitlines()) < 60
    whole = desk.plan("--days", "3", "--all")
    assert (whole["truncated"], len(whole["messages"]["added"])) == (False, 1800)


def test_of_very_many_messages_some_are_looked_at_and_it_says_so(desk: Desk) -> None:
    people = numbers(1500)
    desk.write(a=job(cron="0 * * * *", to=people, message="{{ recipient.phone }}"))
    desk.go_live()
    desk.write(a=job(cron="0 * * * *", to=[*people[1:], ANNA], message="Dear {{ recipient.phone }}"))
    plan = desk.plan("--days", "1")
    (found,) = plan["jobs"]
    assert found["after"]["messages"] == 24 * 1500
    assert found["after"]["looked_at"] < 1000
    assert found["after"]["segments"] == 24 * 1500
    assert plan["summary"]["approximate"] is True
    counts = plan["summary"]["messages"]
    assert (counts["added"], counts["removed"], counts["reworded"]) == (24, 24, 24 * 1499)
    assert {each["phone"] for each in plan["messages"]["added"]} == {ANNA}
    assert {each["phone"] for each in plan["messages"]["removed"]} == {people[0]}
    assert "36,000 messages to 1500 people; those to " in desk.run("--days", "1").stdout


# --- Markdown ---

HOSTILE = [
    "| a | b |",
    "</details><script>alert(1)</script>",
    "`` ` ``` code",
    "@everyone please look at #1 and https://evil.example",
    "line\n\n# heading\n- item",
    "![x](https://evil.example/x.png)",
    "\u202egnirts \x1b[31m",
    "` leading and trailing `",
    "&lt;b&gt; &amp;",
    "<!-- hidden",
]


def without_spans(text: str) -> str:
    """What stands outside of code spans, by the rule of CommonMark: a run of backticks closes one of its own length."""
    out, position = [], 0
    while (opened := re.compile("`+").search(text, position)) is not None:
        closed = re.compile(rf"(?<!`){opened[0]}(?!`)").search(text, opened.end())
        assert closed is not None, f"a code span is not closed: {text[opened.start() :][:80]!r}"
        out.append(text[position : opened.start()])
        position = closed.end()
    return "".join(out) + text[position:]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_code_span_holds_whatever_is_in_it_on_one_line(text: str) -> None:
    span = code(text)
    assert without_spans(f"a {span} b") == "a  b"
    assert span.isprintable()


def hostile_job(text: str) -> dict[str, Any]:
    return job(
        at="2026-12-01T09:00",
        to=[{"phone": ANNA, "name": " ".join(text.split())[:40] or "x"}],
        message="{% raw %}" + text.replace("\x1b", "") + "{% endraw %}",
        description=text.replace("\x1b", ""),
        vars={"note": text},
    )


def assert_balanced(text: str) -> None:
    lines = text.splitlines()
    assert sum(line.startswith("<details") for line in lines) == lines.count("</details>") > 0


def test_nothing_that_people_wrote_leaves_its_code_span(desk: Desk) -> None:
    desk.write(**{f"old{number}": hostile_job("harmless") for number in range(len(HOSTILE))})
    desk.go_live()
    desk.write(**{f"old{number}": hostile_job(text) for number, text in enumerate(HOSTILE)})
    desk.write(new=hostile_job(HOSTILE[1]), broken="`</summary>@all|: 5\n")
    result = desk.run("--markdown")
    assert result.exit_code == 1
    for line in result.stdout.splitlines():
        bare = without_spans(line)
        assert not re.search(r"@|script|evil|hidden|\\u202e|!\[|\|", bare), line
        assert not re.search(r"<(?!/?details|/?summary)", bare), line
    assert_balanced(result.stdout)


def test_markdown_has_an_end_whatever_the_change(desk: Desk) -> None:
    desk.write(**{f"job{number:04}": job(cron="0 9 * * *", message="x" * 300, to=numbers(3)) for number in range(150)})
    result = desk.run("--markdown", "--all")
    assert result.exit_code == 0
    assert len(result.stdout) <= LONGEST
    assert "lines left out, since a comment has its limits" in result.stdout
    assert_balanced(result.stdout)


def test_markdown_of_no_change_is_short(desk: Desk) -> None:
    desk.write(a=job(cron="0 9 * * *"))
    desk.go_live()
    assert "**Nothing changes.**" in desk.run("--markdown").stdout


def test_the_sums_of_many_unchanged_messages_are_what_they_cost(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    busy = {f"b{number}": job(cron="* * * * *", to=numbers(2), message=f"Number {number}.") for number in range(3)}
    desk.write(a=job(cron="0 9 * * *", message="Old."), **busy)
    desk.go_live()
    desk.write(a=job(cron="0 9 * * *", message="New."), **busy)
    plan = desk.plan()
    sums = plan["summary"]
    assert sums["messages"]["after"] > 30_000
    assert sums["segments"]["after"] == sums["messages"]["after"], "one segment each"


def test_what_is_pending_of_a_job_that_is_switched_off_and_on_again_is_named(desk: Desk) -> None:
    once = job(at="2026-11-30T06:30", valid_for="1d")
    desk.write(a=once)
    desk.go_live()  # it is planned, and waits to be sent
    desk.write(a={**once, "enabled": False})
    assert "Pending now, not sent while their job is switched off" in desk.run().stdout
    plan = desk.plan()
    assert (plan["summary"]["at_once"]["stopped"], plan["summary"]["at_once"]["cancelled"]) == (1, 0)

    desk.go_live()
    desk.write(a=once)
    assert "Pending now, sent when their job is switched on again: 1" in desk.run().stdout
    assert desk.plan()["summary"]["at_once"]["released"] == 1


def test_an_empty_state_is_named_by_its_own_path(desk: Desk) -> None:
    desk.write(a=job(cron="0 9 * * *"))
    (desk.folder / "state.db").touch()
    result = desk.run()
    assert result.exit_code == 1
    assert str(desk.folder / "state.db") in result.stderr
    assert "reminderd-plan-" not in result.stderr
