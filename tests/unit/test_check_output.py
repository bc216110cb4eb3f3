"""What `check` prints: lines for people, one document for programs, annotations for a pull request."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reminderd.cli import main
from reminderd.cli.problems import annotation
from reminderd.model import Problem

GOOD = "schedule: {cron: 0 9 * * *}\nto: +14155550100\nmessage: Hello\n"
NOTED = GOOD.replace("0 9 * * *", "0 9 1-7 * MON")
BROKEN = GOOD + "timezon: UTC\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "reminderd.yaml").write_text("timezone: Europe/Berlin\nlimits: {per_occurrence: 5}\n")
    return tmp_path


def check(folder: Path, *options: str, **files: str) -> Result:
    paths = [folder / f"{name}.yaml" for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.write_text(text)
    arguments = ["--config", str(folder / "reminderd.yaml"), "check", *options, *map(str, paths)]
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_a_warning_is_printed_after_the_problems_and_changes_no_exit_status(folder: Path) -> None:
    done = check(folder, a=NOTED, b=GOOD)
    assert done.exit_code == 0
    first, last = done.output.splitlines()
    assert first.startswith(f"{folder}/a.yaml:1:18: warning: schedule.cron: comes on each day")
    assert last == "no problems in 2 jobs, 1 warning"


def test_problems_come_first_and_both_are_counted(folder: Path) -> None:
    done = check(folder, a=NOTED, b=BROKEN)
    assert done.exit_code == 1
    problem, warning = done.stdout.splitlines()
    assert problem.startswith(f"{folder}/b.yaml:4:1: timezon: unknown key")
    assert " warning: " in warning
    assert done.stderr == "1 problem, 1 warning\n"


def test_strict_takes_warnings_for_a_failure(folder: Path) -> None:
    assert check(folder, "--strict", a=GOOD).exit_code == 0
    assert check(folder, "--strict", a=NOTED).exit_code == 1
    assert json.loads(check(folder, "--strict", "--json", a=NOTED).stdout)["ok"] is False


def test_a_path_that_is_not_there_is_said_with_what_may_be_meant(folder: Path) -> None:
    (folder / "rent.yaml").write_text(GOOD)
    done = CliRunner().invoke(main, ["check", str(folder / "rant.yaml"), str(folder / "rent.yaml")])
    assert done.exit_code == 1
    assert done.stdout == f"{folder}/rant.yaml: does not exist, did you mean 'rent.yaml'?\n"


def test_jobs_without_a_sender_are_one_warning_where_the_settings_give_none(folder: Path) -> None:
    assert "sender" not in check(folder, a=GOOD).output
    (folder / "reminderd.yaml").write_text("plivo: {auth_id: MAXXXXXXXXXXXXXXXXXX}\n")
    done = check(folder, a=GOOD, b=GOOD, c=GOOD + "sender: Acme\n", d=GOOD + "enabled: false\n")
    assert done.exit_code == 0
    warning, _ = done.output.splitlines()
    assert warning.startswith(f"{folder}/a.yaml:1:1: warning: sender: job 'a' and 1 other have no sender")


def test_with_all_the_texts_of_a_long_list_are_tried_for_everybody(folder: Path) -> None:
    rows = "".join(f"+4930{each:08},{'never' if each == 15_001 else '2027-01-01'}\n" for each in range(30_000))
    (folder / "people.csv").write_text(f"phone,ends\n{rows}")
    text = "schedule: {cron: 0 9 * * *}\nto: {file: people.csv}\nmessage: Until {{ recipient.ends | date }}\n"
    text += "limits: {per_occurrence: 30000}\n"
    (folder / "people.csv").write_text(f"phone,ends\n{rows}".replace("never", "2027-13-01"))
    some = check(folder, "--strict", a=text)
    assert (some.exit_code, some.stdout.splitlines()[-1]) == (0, "no problems in 1 job, 1 note")
    assert ": note: message: tried for 10,000 of 30,000 recipients" in some.stdout
    assert check(folder, "--format", "github", a=text).stdout.startswith("::notice ")
    (note,) = json.loads(check(folder, "--json", a=text).stdout)["notes"]
    assert note["hint"] == "reminderd check --all tries all"
    done = check(folder, "--all", a=text)
    assert done.exit_code == 1
    assert f"{folder}/a.yaml:3:16: message: there is no such date or time for recipient" in done.stdout
    assert "people.csv:15003" in done.stdout
    (folder / "people.csv").write_text(f"phone,ends\n{rows}".replace("never", "2027-01-01"))
    assert check(folder, "--all", "--strict", "--json", a=text).exit_code == 0


def test_one_document_has_problems_and_warnings(folder: Path) -> None:
    done = check(folder, "--format", "json", a=NOTED, b=BROKEN)
    document = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (document["ok"], document["jobs"]) == (False, ["a"])
    (problem,), (warning,) = document["problems"], document["warnings"]
    assert (problem["line"], problem["column"], problem["path"]) == (4, 1, "timezon")
    assert (warning["line"], warning["column"], warning["path"]) == (1, 18, "schedule.cron")
    assert warning["text"].startswith(f"{folder}/a.yaml:1:18: warning: schedule.cron: ")
    assert document == json.loads(check(folder, "--json", a=NOTED, b=BROKEN).stdout)


def test_annotations_have_errors_and_warnings_at_their_lines(folder: Path) -> None:
    done = check(folder, "--format", "github", a=NOTED, b=BROKEN)
    error, warning = done.stdout.splitlines()
    assert done.exit_code == 1
    assert error.startswith(
        f"::error file={folder}/b.yaml,line=4,col=1,title=timezon::unknown key 'timezon', did you mean"
    )
    assert warning.startswith(f"::warning file={folder}/a.yaml,line=1,col=18,title=schedule.cron::comes on")


def test_no_problem_is_no_annotation(folder: Path) -> None:
    done = check(folder, "--format", "github", a=GOOD)
    assert (done.exit_code, done.output) == (0, "")


def test_an_annotation_escapes_what_would_end_it() -> None:
    problem = Problem("a,b:c%.yaml", 3, 4, "vars.'x: y'", "100% of\nit: wrong, really", "hint")
    assert annotation("error", problem) == (
        "::error file=a%2Cb%3Ac%25.yaml,line=3,col=4,title=vars.'x%3A y'::100%25 of%0Ait: wrong, really, hint"
    )


def test_an_annotation_of_a_whole_file_has_no_line() -> None:
    assert annotation("warning", Problem("jobs.d", 0, 0, "", "does not exist")) == (
        "::warning file=jobs.d,title=reminderd check::does not exist"
    )


def test_the_limits_of_the_settings_are_known_to_the_review(folder: Path) -> None:
    people = ", ".join(f"+1415555010{number}" for number in range(6))
    done = check(folder, a=GOOD.replace("+14155550100", f"[{people}]"))
    assert "6 recipients are more than the limit of 5" in done.output


def test_what_a_start_still_lacks_is_said_of_the_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    (folder / "jobs.d").mkdir()
    whole = ["--config", str(folder / "reminderd.yaml"), "--jobs", str(folder / "jobs.d"), "check"]
    done = CliRunner().invoke(main, whole, catch_exceptions=False)
    warning, last = done.stdout.splitlines()
    assert done.exit_code == 0
    assert warning.startswith(f"{folder}/reminderd.yaml: warning: plivo.auth_id: is not given, and without an account")
    assert last == "no problems in 0 jobs, 1 warning"
    (folder / "reminderd.yaml").write_text("plivo: {auth_id: MAXXXXXXXXXXXXXXXXXX}\n")
    note, _ = CliRunner().invoke(main, [*whole, "--strict"], catch_exceptions=False).stdout.splitlines()
    assert note.startswith(f"{folder}/reminderd.yaml: note: plivo.auth_token: is not given here")
    (folder / "reminderd.yaml").write_text("plivo: {auth_id: MAXXXXXXXXXXXXXXXXXX, auth_token: secret-secret}\n")
    assert "note" not in CliRunner().invoke(main, whole, catch_exceptions=False).stdout
