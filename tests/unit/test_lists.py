"""Groups and lists in `to`: who is read, what is private, and where each mistake is told."""

import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from reminderd.jobs import Reader, assemble, people_shown
from reminderd.jobs.parse import parse_file
from reminderd.jobs.restore import Archive, identities, restore
from reminderd.model import Job, JobList, Review
from tests.support.repository import DEFAULTS, Repository

ADA, BOB, CYD = "+447700900101", "+447700900102", "+447700900103"
PEOPLE = f"phone,name,plan,age\n{ADA},Ada,pro,36\n{BOB},Bob,free,12\n{CYD},Cyd,pro,17\n"
PRO = "plan == 'pro' and age|int >= 18"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def phones(job: Job) -> list[str]:
    return [person.phone for person in job.recipients]


def made_again(job: Job) -> Job:
    return restore(job.definition, job.source, DEFAULTS, Archive.of([job]))


def test_a_list_beside_the_job_file_gives_its_people(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", PEOPLE)
    job = repository.job("{file: people.csv}", "message: Hello {{ recipient.name }}, {{ recipient.plan }}.")
    assert phones(job) == [ADA, BOB, CYD]
    assert job.recipients[0].variables == {"plan": "pro", "age": "36"}
    assert [(each.people, each.private) for each in job.lists] == [(3, False)]


@pytest.mark.parametrize("path", ["lists/people.csv", "../people.csv", "./people.csv"])
def test_a_list_is_found_from_the_job_files_directory(repository: Repository, path: str) -> None:
    repository.write(os.path.normpath(f"jobs.d/{path}"), PEOPLE)
    assert phones(repository.job(f"[{{file: {path}}}]")) == [ADA, BOB, CYD]


def test_a_where_says_who_of_a_list_is_meant(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", PEOPLE)
    job = repository.job(f'{{file: people.csv, where: "{PRO}"}}')
    assert phones(job) == [ADA]
    assert job.lists[0].people == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("platform.yaml", f"- {ADA}\n- {{phone: {BOB}, name: Bob, floor: 2}}\n"),
        ("platform.yml", f"recipients:\n  - {ADA}\n  - phone: {BOB}\n    name: Bob\n    floor: 2\n"),
        ("platform.csv", f"phone,name,floor\n{ADA},,\n{BOB},Bob,2\n"),
    ],
)
def test_a_group_is_a_file_of_its_name(repository: Repository, name: str, content: str) -> None:
    repository.write(f"recipients.d/{name}", content)
    job = repository.job("[{group: platform}, +447700900109]")
    assert phones(job) == [ADA, BOB, "+447700900109"]
    assert str(job.recipients[1].variables["floor"]) == "2"
    assert made_again(job) == job


def test_a_where_narrows_a_group_too(repository: Repository) -> None:
    repository.write("recipients.d/team.yaml", f"- {{phone: {ADA}, floor: 1}}\n- {{phone: {BOB}, floor: 2}}\n")
    assert phones(repository.job("{group: team, where: floor == 2}")) == [BOB]


def test_several_lists_and_people_come_together_each_person_once(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", PEOPLE)
    repository.write("recipients.d/team.yaml", f"- {BOB}\n- +447700900109\n")
    job = repository.job(f"[{CYD}, {{file: people.csv}}, {{group: team}}]")
    assert phones(job) == [CYD, ADA, BOB, "+447700900109"]
    assert [each.people for each in job.lists] == [2, 1]
    assert made_again(job) == job


def test_one_phone_with_two_texts_is_a_problem_across_lists(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", PEOPLE)
    repository.write("recipients.d/team.yaml", f"\n- {{phone: {BOB}, name: Robert}}\n")
    found = repository.problems("[{file: people.csv}, {group: team}]", "message: Hello {{ recipient.name }}.")
    assert found == [
        "jobs.d/rent.yaml:2:26: to[1]: team.yaml:2 has the phone of people.csv:3 but another text, "
        "give each of them its own key"
    ]


def test_a_key_column_tells_them_apart(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", f"phone,key,pill\n{ADA},a,white\n{ADA},b,blue\n{ADA},b,blue\n")
    job = repository.job("{file: people.csv}", "message: Take the {{ recipient.pill }} one.")
    assert [person.identity for person in job.recipients] == [f"{ADA}#a", f"{ADA}#b"]


def test_a_list_at_an_absolute_path_is_private(repository: Repository, tmp_path: Path) -> None:
    path = repository.write("elsewhere/people.csv", PEOPLE)
    job = repository.job(f"[{{file: {path}}}, +447700900109]")
    assert [person.private for person in job.recipients] == [True, True, True, False]
    assert job.lists == (JobList(str(path), job.files[0].digest, 3, True),)
    assert made_again(job) == job


# Mistakes


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("{group: platfrom}", "jobs.d/rent.yaml:2:13: to.group: there is no group 'platfrom', did you mean 'platform'?"),
        ("[+447700900109, {group: both}]", "jobs.d/rent.yaml:2:29: to[1].group: recipients.d/both is both "),
        ("{group: ../x}", "jobs.d/rent.yaml:2:13: to.group: '../x' cannot be the name of a group"),
        ("{file: poeple.csv}", "jobs.d/rent.yaml:2:12: to.file: jobs.d/poeple.csv does not exist, did you mean 'people.csv'?"),
        ("{file: people.txt}", "jobs.d/rent.yaml:2:12: to.file: 'people.txt' is neither a CSV nor a YAML file"),
        ("{file: folder.csv}", "jobs.d/rent.yaml:2:12: to.file: jobs.d/folder.csv is a directory, not a file"),
        ("{file: fifo.csv}", "jobs.d/rent.yaml:2:12: to.file: jobs.d/fifo.csv is a FIFO, not a file"),
        ("{file: large.csv}", "jobs.d/rent.yaml:2:12: to.file: jobs.d/large.csv is too large: 67,108,865 bytes"),
        ("{file: large.yaml}", "jobs.d/rent.yaml:2:12: to.file: jobs.d/large.yaml is too large: 1,048,577 bytes"),
        ("{file: people.csv, whre: x}", "jobs.d/rent.yaml:2:24: to.whre: unknown key 'whre', did you mean 'where'?"),
        ("{file: people.csv, group: a}", "jobs.d/rent.yaml:2:12: to.file: group and file exclude each other"),
        ("{file: people.csv, timezone: Europe/Rome}", "jobs.d/rent.yaml:2:24: to.timezone: unknown key 'timezone', it does not go with the other keys here"),
        ("{file: people.csv, path: x}", "jobs.d/rent.yaml:2:24: to.path: unknown key 'path'"),
        ("{where: x}", "jobs.d/rent.yaml:2:5: to.phone: is missing"),
        ("{file: people.csv, where: plam == 'pro'}", "jobs.d/rent.yaml:2:31: to.where: there is no column 'plam', did you"),
        ("{file: people.csv, where: plan == }", "jobs.d/rent.yaml:2:31: to.where: "),
        ("{file: people.csv, where: age >= 18}", "jobs.d/rent.yaml:2:31: to.where: the comparison cannot be applied"),
    ],
)  # fmt: skip
def test_a_mistake_about_a_list_is_told_at_its_place(repository: Repository, to: str, expected: str) -> None:
    repository.write("jobs.d/people.csv", PEOPLE)
    for name in ("platform.yaml", "both.yaml", "both.csv"):
        repository.write(f"recipients.d/{name}", "- +447700900109\n")
    (repository.jobs / "folder.csv").mkdir()
    os.mkfifo(repository.jobs / "fifo.csv")
    for name, size in (("large.csv", (64 << 20) + 1), ("large.yaml", (1 << 20) + 1)):
        os.truncate(repository.write(f"jobs.d/{name}", ""), size)
    (found,) = repository.problems(to)
    assert found.startswith(expected)


def test_what_is_wrong_in_a_list_is_told_there_and_where_it_is_named(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", f"phone,name\n{ADA},Ada\n1,Bob\n")
    assert repository.problems("{file: people.csv}", "message: Hello {{ recipient.nmae }}.") == [
        "jobs.d/rent.yaml:2:12: to.file: jobs.d/people.csv has a problem on line 3",
        "jobs.d/people.csv:3:1: phone: the phone number does not begin with +, write the country code too, "
        "like +14155550123",
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "recipients.d/team.yaml: is empty"),
        ("# nobody\n", "recipients.d/team.yaml: has no content, write a list of recipients"),
        ("Ada\n", "recipients.d/team.yaml:1:1: must be a list of recipients, not text"),
        ("[]\n", "recipients.d/team.yaml:1:1: is empty"),
        ("people: []\n", "recipients.d/team.yaml:1:1: people: unknown key 'people'"),
        ("- {phone: 1, name: Bob}\n", "recipients.d/team.yaml:1:11: [0].phone: the phone number does not begin"),
        ("recipients: [{name: Bob}]\n", "recipients.d/team.yaml:1:14: recipients[0].phone: is missing"),
        ("- [\n", "recipients.d/team.yaml:"),
    ],
)
def test_a_mistake_in_a_group_in_yaml_is_told_at_its_place(repository: Repository, content: str, expected: str) -> None:
    repository.write("recipients.d/team.yaml", content)
    assert any(found.startswith(expected) for found in repository.problems("{group: team}"))


def test_a_name_that_no_row_has_is_a_problem_of_the_message(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", PEOPLE)
    (found,) = repository.problems("{file: people.csv}", "message: Hello {{ recipient.nmae }}.")
    assert found.startswith("jobs.d/rent.yaml:3:19: message: recipient.nmae is not defined")


def test_a_text_that_fails_for_one_row_names_its_line(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", PEOPLE.replace(",12", ",twelve"))
    (found,) = repository.problems("{file: people.csv}", "message: Only {{ 100 // (recipient.age|length - 2) }}.")
    assert "people.csv:2" in found


def test_a_where_that_is_true_of_nobody_is_a_warning(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", PEOPLE)
    to = "{file: people.csv, where: plan == 'gold'}"
    assert repository.job(to).recipients == ()
    path = repository.write("jobs.d/rent.yaml", f"schedule: {{cron: 0 9 * * *}}\nto: {to}\nmessage: x\n")
    parsed = parse_file(str(path), path.read_bytes(), DEFAULTS, review=Review(datetime(2027, 1, 1, tzinfo=UTC)))
    assert [repository.shown(each) for each in parsed.warnings] == [
        "jobs.d/rent.yaml:2:31: to.where: is true of nobody among the 3 of jobs.d/people.csv, "
        "nobody is written to by it"
    ]


def test_a_job_has_a_million_recipients_at_most(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", "phone\n" + f"{ADA}\n" * 2_001)
    items = ", ".join(["{file: people.csv}"] * 500)
    assert repository.problems(f"[{items}]") == [
        "jobs.d/rent.yaml:2:5: to: are 1,000,500 recipients, at most 1,000,000 are allowed in a job, split the job"
    ]


def test_a_broken_list_that_several_files_name_is_told_once(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", "phone\n1\n")
    for name in ("a", "b"):
        repository.write(f"jobs.d/{name}.yaml", "schedule: {cron: 0 9 * * *}\nto: {file: people.csv}\nmessage: x\n")
    catalog = assemble(Reader([repository.jobs], DEFAULTS).scan(), {})
    assert [Path(problem.file).name for problem in catalog.problems] == ["a.yaml", "b.yaml", "people.csv"]


# What a review shows


def test_people_of_private_lists_are_counted_and_the_others_named(repository: Repository) -> None:
    path = repository.write("elsewhere/people.csv", PEOPLE)
    repository.write("jobs.d/people.csv", f"phone\n{ADA}\n+447700900105\n")
    shown = people_shown(repository.job(f"[{{file: {path}}}, {{file: people.csv}}]"))
    assert [person.phone for person in shown.people] == ["+447700900105"]
    assert [(each.people, each.private) for each in shown.lists] == [(3, True), (1, False)]
    assert shown.private[0].digest == sha256(PEOPLE.encode()).hexdigest()[:12]
    assert str(shown.private[0]) == f"3 people of {path} ({shown.private[0].digest})"


# The definition, as the state keeps it


def test_a_job_made_again_from_the_kept_contents_is_the_same(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", PEOPLE)
    job = repository.job(f'[{{file: people.csv, where: "{PRO}"}}, {CYD}]', "message: Hello {{ recipient.phone }}.")
    (repository.jobs / "people.csv").unlink()
    assert made_again(job) == job
    assert identities(job.definition, Archive.of([job])) == {ADA, CYD}


def test_a_definition_names_a_list_and_not_its_people(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", PEOPLE)
    job = repository.job("{file: people.csv}")
    assert "7700900" not in job.definition
    assert job.files[0].digest in job.definition


def test_a_job_whose_list_is_not_kept_cannot_be_made_again(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", PEOPLE)
    job = repository.job("{file: people.csv}")
    with pytest.raises(ValueError, match="not the definition of a job"):
        restore(job.definition, job.source, DEFAULTS)


def test_the_version_of_a_job_changes_with_its_list_and_not_with_where_that_lies(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write("jobs.d/people.csv", PEOPLE)
    before = repository.job("{file: people.csv}")
    other = Repository(tmp_path / "other")
    other.write("jobs.d/people.csv", PEOPLE)
    assert other.job("{file: people.csv}").digest == before.digest
    repository.write("jobs.d/people.csv", PEOPLE.replace("Ada", "Ida"))
    assert repository.job("{file: people.csv}").digest != before.digest
