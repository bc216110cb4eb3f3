"""`check --as`: one temporary file, checked as if it lay under its final name among the live ones."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reminderd.cli import main
from tests.support.jobfiles import job_text, jobs_text, unprivileged, write

GOOD = "schedule: {cron: 0 9 * * *}\nto: +14155550100\nmessage: Hello\n"
TO_TEAM = "schedule: {cron: 0 9 * * *}\nto: {group: team}\nmessage: Hello {{ recipient.floor }}\n"
TEAM = '- {phone: "+14155550100", floor: 2}\n'


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """The live directories: two jobs, one of which reads a group and one a template."""
    for folder in ("jobs.d", "recipients.d", "templates"):
        (tmp_path / folder).mkdir()
    write(tmp_path / "reminderd.yaml", f"jobs: {tmp_path}/jobs.d\n")
    write(tmp_path / "jobs.d" / "standup.yaml", TO_TEAM)
    text = "schedule: {cron: 0 9 * * *}\nto: +14155550100\ntemplate: tea.j2\nvars: {at: four}\n"
    write(tmp_path / "jobs.d" / "tea.yaml", text)
    write(tmp_path / "recipients.d" / "team.yaml", TEAM)
    write(tmp_path / "templates" / "tea.j2", 'Tea at {{ vars.at }}{% include "end.j2" %}')
    write(tmp_path / "templates" / "end.j2", ".")
    return tmp_path


def check(live: Path, name: str, text: str | Path, *options: str, stdin: bytes | None = None) -> Result:
    """Check a file of this text, or this path, as one of that name."""
    path = str(text) if isinstance(text, Path) else str(write(live / "tmpq3w4e5", text))
    arguments = ["--config", str(live / "reminderd.yaml"), "check", "--as", name, *options, path]
    return CliRunner().invoke(main, arguments, input=stdin, catch_exceptions=False)


# -- job files ------------------------------------------------------------------------------------------


def test_a_good_file_passes_whatever_it_is_called_and_wherever_it_lies(live: Path, tmp_path: Path) -> None:
    for path in (tmp_path / ".source", tmp_path / "jobs.d" / ".chef-rent1.yaml", tmp_path / "__salt.tmp.abc"):
        path.write_text(GOOD)
        path.chmod(0o600)
        done = check(live, "rent.yaml", path)
        assert (done.exit_code, done.output) == (0, "no problems in 1 job\n")


def test_problems_name_the_final_file_with_their_places(live: Path) -> None:
    done = check(live, "rent.yaml", GOOD + "timezon: UTC\n")
    assert done.exit_code == 1
    assert done.stdout.startswith(f"{live}/jobs.d/rent.yaml:4:1: timezon: unknown key 'timezon'")
    assert done.stderr == "1 problem\n"


def test_a_missing_group_and_a_missing_template_are_found(live: Path) -> None:
    done = check(
        live, "rent.yaml", GOOD.replace("+14155550100", "{group: taem}").replace("message: Hello", "template: a.j2")
    )
    assert done.exit_code == 1
    group, template = done.stdout.splitlines()
    assert group.startswith(f"{live}/jobs.d/rent.yaml:2:13: to.group: there is no group 'taem', did you mean 'team'?")
    assert template.startswith(
        f"{live}/jobs.d/rent.yaml:3:11: template: the template {live}/templates/a.j2 does not exist"
    )


def test_a_list_is_looked_for_beside_the_final_file(live: Path) -> None:
    write(live / "jobs.d" / "people.csv", "phone\n+14155550100\n")
    assert check(live, "rent.yaml", GOOD.replace("+14155550100", "{file: people.csv}")).exit_code == 0
    assert check(live, "rent.yaml", GOOD.replace("+14155550100", "{file: missing.csv}")).exit_code == 1


def test_a_name_that_another_file_has_is_a_problem_of_the_new_file(live: Path) -> None:
    write(live / "jobs.d" / "zebra.yaml", jobs_text("rent", "water"))
    done = check(live, "all.yaml", jobs_text("power", "water"))
    assert done.exit_code == 1
    assert done.stdout.startswith(
        f"{live}/jobs.d/all.yaml:6:1: job 'water' is already declared in {live}/jobs.d/zebra.yaml:6"
    )


def test_the_version_that_is_replaced_is_no_clash(live: Path) -> None:
    assert check(live, "standup.yaml", GOOD).exit_code == 0
    assert check(live, "other.yaml", "name: standup\n" + GOOD).exit_code == 1


@pytest.mark.parametrize(
    "way",
    [
        "name: rent\n",
        "name: 'rent'\n",
        "name: !!str rent\n",
        "? name\n: rent\n",
        "name: # of a job\n  rent\n",
        "name: >-\n  rent\n",
        "name:\n  rent\n",
        "name: &n rent\n",
        "'name' : rent\n",
        "\"name\":\n  # of a job\n  'rent'\n",
        "name:\u2028  rent\n",
        "vars: {k: &k name}\n*k : rent\n",
        '"n\\x61me": rent\n',
        'name: "r\\u0065nt"\n',
        'name: "re\\\n  nt"\n',
        "vars: &v {name: rent}\n<<: *v\n",
        "description: &n rent\nname: *n\n",
    ],
)
def test_a_name_is_found_however_it_is_written(live: Path, way: str) -> None:
    write(live / "jobs.d" / "other.yaml", way + GOOD)
    whole = CliRunner().invoke(main, ["--config", str(live / "reminderd.yaml"), "check"], catch_exceptions=False)
    done = check(live, "rent.yaml", GOOD)
    if whole.exit_code == 0:
        assert f"job 'rent' is already declared in {live}/jobs.d/other.yaml:1" in done.stdout
        assert done.exit_code == 1
    else:  # no file says it in this way
        assert way == "name: !!str rent\n"
        assert done.exit_code == 0


def test_who_has_a_name_now_is_decided_with_all_who_have_to_do_with_it(live: Path) -> None:
    write(live / "jobs.d" / "a.yaml", jobs_text("x"))
    write(live / "jobs.d" / "m.yaml", jobs_text("x", "z"))  # has fallen, because of a.yaml
    write(live / "jobs.d" / "z.yaml", jobs_text("z"))
    done = check(live, "m.yaml", jobs_text("z"))
    assert f"m.yaml:2:1: job 'z' is already declared in {live}/jobs.d/z.yaml:2" in done.stdout


def test_a_job_moves_to_another_file_when_the_old_one_goes(live: Path) -> None:
    text = "name: standup\n" + GOOD
    assert check(live, "daily.yaml", text, "--without", "standup.yaml").exit_code == 0
    assert check(live, "daily.yaml", text, "--without", "jobs.d/tea.yaml").exit_code == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nope.yaml", "jobs.d/nope.yaml does not exist"),
        ("people.csv", "'people.csv' is no job file; only those can be left out"),
        ("recipients.d/team.yaml", "'recipients.d/team.yaml' is no job file"),
        (".rent.yaml", "names of job files end in .yaml or .yml"),
    ],
)
def test_what_is_no_job_file_cannot_be_left_out(live: Path, name: str, said: str) -> None:
    write(live / "jobs.d" / "people.csv", "phone\n+14155550100\n")
    done = check(live, "rent.yaml", GOOD, "--without", name)
    assert done.exit_code == 2
    assert said in done.output


def test_a_table_that_no_job_reads_is_told_what_is_wrong_in_it(live: Path) -> None:
    done = check(live, "people.csv", "name,fone\nAnn,+14155550100\n")
    assert done.exit_code == 1
    assert "lies in no directory" not in done.stdout
    assert done.stdout.startswith(f"{live}/jobs.d/people.csv:1")


def test_problems_of_other_files_are_noted_and_do_not_count(live: Path) -> None:
    write(live / "jobs.d" / "other.yaml", "name: rent\ntimezon: UTC\n" + GOOD)
    (live / "jobs.d" / "gone.yaml").symlink_to("nowhere")
    done = check(live, "rent.yaml", GOOD, "--strict")
    assert done.exit_code == 0
    gone, other, last = done.output.splitlines()
    assert gone.startswith(f"{live}/jobs.d/gone.yaml: note: is a link to nothing")
    assert other.startswith(f"{live}/jobs.d/other.yaml: note: declares a job of the same name, and has problems")
    assert last == "no problems in 1 job, 2 notes"


def test_what_lies_at_the_place_now_does_not_matter(live: Path) -> None:
    (live / "jobs.d" / "rent.yaml").symlink_to("nowhere")
    assert check(live, "rent.yaml", GOOD).output == "no problems in 1 job\n"
    (live / "jobs.d" / "rent.yaml").unlink()
    os.mkfifo(live / "jobs.d" / "rent.yaml")
    assert check(live, "rent.yaml", GOOD).output == "no problems in 1 job\n"


def test_a_directory_that_is_not_there_yet_is_empty(live: Path, tmp_path: Path) -> None:
    write(live / "reminderd.yaml", f"jobs: {tmp_path}/new/jobs.d\n")
    done = check(live, "rent.yaml", GOOD)
    assert done.exit_code == 0
    assert done.output.startswith(f"{tmp_path}/new/jobs.d: note: does not exist")


def test_a_directory_that_may_not_be_read_is_a_problem(live: Path) -> None:
    for name, text in (("rent.yaml", GOOD), (f"{live}/recipients.d/team.yaml", TEAM)):
        arguments = ["--jobs", str(live / "jobs.d"), "check", "--as", name, "-"]
        with unprivileged():
            done = CliRunner().invoke(main, arguments, input=text.encode(), catch_exceptions=False)
        assert done.exit_code == 1
        assert f"{live}/jobs.d: cannot be read: Permission denied, whose names are taken is not known" in done.stdout


def test_warnings_are_those_of_the_new_file_and_strict_counts_them(live: Path) -> None:
    write(live / "jobs.d" / "other.yaml", GOOD.replace("0 9 * * *", "0 9 1-7 * MON"))
    assert check(live, "rent.yaml", GOOD, "--strict").exit_code == 0
    noted = GOOD.replace("0 9 * * *", "0 9 1-7 * MON")
    done = check(live, "rent.yaml", noted)
    assert done.exit_code == 0
    assert done.output.startswith(f"{live}/jobs.d/rent.yaml:1:18: warning: schedule.cron: comes on each day")
    assert check(live, "rent.yaml", noted, "--strict").exit_code == 1


def test_one_document_has_it_all(live: Path) -> None:
    document = json.loads(check(live, "tea.yml", job_text("tea"), "--json").stdout)
    assert (document["ok"], document["jobs"], document["problems"][0]["file"]) == (
        False,
        ["tea"],
        f"{live}/jobs.d/tea.yml",
    )


# -- names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rent.yaml.j2", ".rent.yaml", "#rent.yaml", "rent.yaml~", "rent", "re\nnt.yaml"])
def test_a_name_that_no_daemon_would_read_is_a_problem(live: Path, name: str) -> None:
    done = check(live, name, GOOD)
    assert done.exit_code == 1
    assert "would not be read under this name, names of job files end in .yaml or .yml" in done.stdout
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("name", ["", "x/", "..", ".", "jobs.d/..", "nowhere/rent.txt", "/etc/passwd"])
def test_a_name_that_leads_nowhere_is_wrong_usage(live: Path, name: str) -> None:
    done = check(live, name, GOOD)
    assert done.exit_code == 2
    assert "Error: " in done.output


def test_a_path_may_be_absolute_or_begin_above_the_jobs_or_here(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (live / "link").symlink_to("jobs.d")
    monkeypatch.chdir(live / "templates")
    for name in (f"{live}/jobs.d/tea.yml", "jobs.d/tea.yml", "../jobs.d/tea.yml", "link/tea.yml", "./../link/tea.yml"):
        done = check(live, name, GOOD)
        assert done.stdout.startswith(
            f"{live}/jobs.d/tea.yml:1:1: job 'tea' is already declared in {live}/jobs.d/tea.yaml:1"
        )


def test_a_bare_name_with_several_directories_is_asked_back(live: Path) -> None:
    (live / "more.d").mkdir()
    write(live / "reminderd.yaml", f"jobs: [{live}/jobs.d, {live}/more.d, {live}/one.yaml]\n")
    done = check(live, "rent.yaml", GOOD)
    assert done.exit_code == 2
    assert f"write {live}/jobs.d/rent.yaml or {live}/more.d/rent.yaml" in done.output
    assert check(live, "more.d/rent.yaml", GOOD).exit_code == 0
    assert check(live, "one.yaml", GOOD).exit_code == 0
    assert check(live, f"{live}/one.yaml", "name: tea\n" + GOOD).exit_code == 1


def test_usage(live: Path) -> None:
    for arguments in (["--as", "rent.yaml"], ["--as", "rent.yaml", "a", "b"], ["--without", "rent.yaml"]):
        done = CliRunner().invoke(main, ["--config", str(live / "reminderd.yaml"), "check", *arguments])
        assert (done.exit_code, "Error: " in done.output) == (2, True)
    write(live / "reminderd.yaml", "jbos: x\n")
    assert check(live, "rent.yaml", GOOD).exit_code == 2


# -- the settings ---------------------------------------------------------------------------------------


def test_the_settings_are_checked_as_if_they_lay_in_their_place(live: Path) -> None:
    path = str(live / "reminderd.yaml")
    warning, last = check(live, path, "jobs: jobs.d\n").output.splitlines()
    assert warning.startswith(f"{path}: warning: plivo.auth_id: is not given, and without an account")
    assert last == "no problems in 2 jobs, 1 warning"
    done = check(live, path, "jobs: jobs.d\ntimezon: UTC\n")
    assert (done.exit_code, done.stdout.startswith(f"{path}:2:1: timezon: unknown key")) == (1, True)
    done = check(live, path, "jobs: jobs.d\ntemplates: nowhere\n")
    assert done.exit_code == 1
    assert done.stdout.startswith(f"{live}/jobs.d/tea.yaml:3:11: template: the template {live}/nowhere/tea.j2 does not")
    assert check(live, path, "jobs: missing.d\n").stdout.startswith(f"{live}/missing.d: does not exist")
    assert "the file to check" in check(live, path, live / "missing").stdout


def test_another_state_is_a_warning(live: Path) -> None:
    path = str(live / "reminderd.yaml")
    done = check(live, path, "jobs: jobs.d\nstate: other.db\n")
    assert done.exit_code == 0
    assert f"{path}: warning: state: is another one than " in done.stdout
    write(live / "reminderd.yaml", "jobs: jobs.d\nstate: other.db\n")
    assert "another one" not in check(live, path, "jobs: jobs.d\nstate: other.db\n").stdout


def test_the_bare_name_of_the_settings_file_is_not_taken_for_a_job(live: Path) -> None:
    done = check(live, "reminderd.yaml", GOOD)
    assert done.exit_code == 2
    assert f"write --as {live}/reminderd.yaml, or {live}/jobs.d/reminderd.yaml" in " ".join(done.output.split())
    assert check(live, "jobs.d/reminderd.yaml", GOOD).exit_code == 0
    write(live / "jobs.d" / "reminderd.yaml", GOOD)
    assert check(live, "reminderd.yaml", GOOD).exit_code == 0


def test_new_settings_are_not_kept_back_by_what_is_wrong_already(live: Path) -> None:
    path = str(live / "reminderd.yaml")
    write(live / "jobs.d" / "other.yaml", GOOD + "timezon: UTC\n")
    assert check(live, path, "jobs: jobs.d\ntimezone: Europe/Berlin\n").exit_code == 0
    write(live / "reminderd.yaml", "jbos: x\n")
    assert check(live, path, "jobs: jobs.d\n").exit_code == 0
    (live / "reminderd.yaml").unlink()
    assert check(live, path, "jobs: jobs.d\n").exit_code == 0


# -- the file -------------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_is_a_problem_and_no_hang(live: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "large").write_bytes(b"#" * (1 << 20 | 1))
    said = {
        "fifo": "is a FIFO, not a file, write - for standard input",
        "link": "does not exist",
        "loop": "cannot be read: Too many levels of symbolic links",
        "large": "is too large: 1,048,577 bytes, and a job file has at most 1,048,576",
        "jobs.d": "is a directory, not a file",
        "x" * 300: "cannot be read: File name too long",
    }
    for name, words in said.items():
        done = check(live, "rent.yaml", tmp_path / name)
        assert done.exit_code == 1
        assert done.stdout == f"{live}/jobs.d/rent.yaml: the file to check, {tmp_path}/{name}, {words}\n"
    done = check(live, "rent.yaml", Path("/dev/zero"))
    assert "/dev/zero, is a device, not a file" in done.stdout


def test_a_file_without_permission_is_a_problem(live: Path) -> None:
    path = write(live / "secret", GOOD)
    path.chmod(0)
    arguments = ["--jobs", str(live / "jobs.d"), "check", "--as", "rent.yaml", str(path)]
    with unprivileged():
        done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 1
    assert done.stdout.endswith(f"{path}, cannot be read: Permission denied\n")


def test_an_empty_file_is_a_problem_and_one_of_comments_is_none(live: Path) -> None:
    assert "rent.yaml: is empty" in check(live, "rent.yaml", "").stdout
    assert check(live, "rent.yaml", "# later\n").output == "no problems in 0 jobs\n"


def test_standard_input_is_a_file_too(live: Path) -> None:
    arguments = ["--config", str(live / "reminderd.yaml"), "check", "--as", "tea.yml", "-"]
    done = CliRunner().invoke(main, arguments, input=GOOD.encode())
    assert (done.exit_code, "job 'tea' is already declared" in done.stdout) == (1, True)
    done = CliRunner().invoke(main, arguments, input=b"#" * (1 << 20 | 1))
    assert "the file to check, -, is too large" in done.stdout


def test_a_closed_standard_input_is_an_empty_file(live: Path) -> None:
    program = Path(sys.executable).with_name("reminderd")
    command = f"exec {program} --config {live}/reminderd.yaml check --as rent.yaml - <&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (
        1,
        f"{live}/jobs.d/rent.yaml: is empty, remove the file, or leave a comment in it if that is meant\n",
    )


# -- what jobs read besides their own ---------------------------------------------------------------------


def test_a_group_is_checked_with_the_jobs_that_read_it(live: Path) -> None:
    assert check(live, "recipients.d/team.yaml", TEAM).output == "no problems in 1 job\n"
    done = check(live, "recipients.d/team.yaml", TEAM.replace("floor", "room"))
    assert done.exit_code == 1
    assert done.stdout.startswith(f"{live}/jobs.d/standup.yaml:3:19: message: recipient.floor is not defined")
    done = check(live, "recipients.d/team.yaml", TEAM.replace('"+1', '"1'))
    own, readers = sorted(done.stdout.splitlines(), reverse=True)
    assert own.startswith(f"{live}/recipients.d/team.yaml:1:11: [0].phone: ")
    assert readers.startswith(f"{live}/jobs.d/standup.yaml:2:")


def test_a_group_that_is_there_with_another_ending_is_a_clash(live: Path) -> None:
    for used in (True, False):
        if not used:
            (live / "jobs.d" / "standup.yaml").unlink()
        done = check(live, "recipients.d/team.csv", "phone,floor\n+14155550100,1\n")
        assert done.exit_code == 1
        assert f"is both {live}/recipients.d/team.yaml and {live}/recipients.d/team.csv" in done.stdout


def test_a_group_may_land_before_the_job_that_reads_it(live: Path) -> None:
    done = check(live, "recipients.d/new.csv", "phone\n+14155550100\n")
    assert done.exit_code == 0
    assert done.stdout.startswith(
        f"{live}/recipients.d/new.csv: note: is read by no job, job files are those in {live}/jobs.d"
    )
    done = check(live, "recipients.d/new.csv", "phone\n14155550100\n")
    assert (done.exit_code, done.stdout.startswith(f"{live}/recipients.d/new.csv:2:1: phone: ")) == (1, True)
    assert "would not be read under this name" in check(live, "recipients.d/new.txt", "phone\n").stdout


def test_a_link_to_a_group_makes_its_readers_read_it(live: Path) -> None:
    (live / "recipients.d" / "team.yaml").rename(live / "recipients.d" / "people.yaml")
    (live / "recipients.d" / "team.yaml").symlink_to("people.yaml")
    assert "standup.yaml" in check(live, "recipients.d/people.yaml", TEAM.replace("floor", "room")).stdout


def test_a_template_is_checked_with_the_jobs_that_it_is_a_part_of(live: Path) -> None:
    assert check(live, "templates/end.j2", "!").output == "no problems in 1 job\n"
    done = check(live, "templates/end.j2", "\n {{ vars.now }}")
    assert done.exit_code == 1
    assert done.stdout.startswith(f"{live}/templates/end.j2:2:5: vars.now is not defined")
    done = check(live, "templates/new/a.j2", "{% if %}")
    assert done.stdout.startswith(f"{live}/templates/new/a.j2:1:")
    assert check(live, "templates/new/a.j2", "{{ vars.any }}").exit_code == 0
    done = check(live, "templates/new/a.j2", '\n{% include "missing.j2" %}')
    assert done.stdout.startswith(
        f"{live}/templates/new/a.j2:2:1: the template {live}/templates/missing.j2 does not exist"
    )


def test_a_list_is_checked_with_the_jobs_that_read_it(live: Path) -> None:
    write(live / "jobs.d" / "tea.yaml", TO_TEAM.replace("group: team", "file: ../lists/people.csv"))
    (live / "lists").mkdir()
    write(live / "lists" / "people.csv", "phone,floor\n+14155550100,1\n")
    assert check(live, "lists/people.csv", "phone,floor\n+14155550101,3\n").output == "no problems in 1 job\n"
    done = check(live, "lists/people.csv", "phone,room\n+14155550101,3\n")
    assert done.stdout.startswith(f"{live}/jobs.d/tea.yaml:3:19: message: recipient.floor is not defined")


def test_a_job_file_in_a_directory_that_nobody_reads_is_no_list_with_many_problems(live: Path) -> None:
    done = check(live, "job.d/rent.yaml", GOOD)
    assert done.exit_code == 1
    assert done.stdout == (
        f"{live}/job.d/rent.yaml: lies in no directory that is read, and is not a list that a job reads, "
        f"job files are those in {live}/jobs.d\n"
    )


def test_what_was_wrong_in_the_readers_before_does_not_count(live: Path) -> None:
    write(live / "jobs.d" / "standup.yaml", TO_TEAM + "timezon: UTC\n")
    done = check(live, "recipients.d/team.yaml", TEAM.replace("2", "3"))
    assert done.exit_code == 0
    assert "note: the jobs that read it have other problems too" in done.stdout
    done = check(live, "recipients.d/team.yaml", TEAM.replace("floor", "room"))
    assert done.exit_code == 1
    assert "timezon: " not in done.stdout
