"""Texts that lie in files of their own, and what they include: where they are read, and where each mistake is told."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reminderd.jobs.restore import Archive, restore
from reminderd.message import render
from reminderd.model import Job
from tests.support.repository import DEFAULTS, Repository

DUE = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def text(job: Job) -> str:
    return render(job, job.recipients[0], DUE).text


def test_a_template_is_the_text_of_the_job(repository: Repository) -> None:
    repository.write("templates/hello.j2", "Hello {{ recipient.phone }}.\n")
    job = repository.job(rest="template: hello.j2")
    assert text(job) == "Hello +14155550123."
    assert (job.template, job.message) == ("hello.j2", "Hello {{ recipient.phone }}.\n")
    assert [Path(each.path).name for each in job.files] == ["hello.j2"]
    assert restore(job.definition, job.source, DEFAULTS, Archive.of([job])) == job


def test_what_is_included_is_read_too_at_whatever_depth(repository: Repository) -> None:
    repository.write("templates/hello.j2", "Hello{% include 'mail/name.j2' %}.")
    repository.write("templates/mail/name.j2", " dear{% include 'mail/end.j2' %}")
    repository.write("templates/mail/end.j2", " {{ recipient.phone }}")
    job = repository.job(rest="template: hello.j2")
    assert text(job) == "Hello dear +14155550123."
    assert set(job.templates) == {"hello.j2", "mail/name.j2", "mail/end.j2"}
    assert restore(job.definition, job.source, DEFAULTS, Archive.of([job])) == job


@pytest.mark.parametrize("rest", ["message: \"Hi.{% include 'end.j2' %}\"", "messages: {en: \"Hi.{% include 'end.j2' %}\"}\nfallback: en"])  # fmt: skip
def test_texts_of_the_job_file_may_include_templates(repository: Repository, rest: str) -> None:
    repository.write("templates/end.j2", " Bye.")
    assert text(repository.job(rest=rest)) == "Hi. Bye."


def test_the_version_of_a_job_changes_with_what_it_includes(repository: Repository) -> None:
    repository.write("templates/end.j2", "Bye.")
    before = repository.job(rest="message: \"Hi. {% include 'end.j2' %}\"")
    repository.write("templates/end.j2", "So long.")
    after = repository.job(rest="message: \"Hi. {% include 'end.j2' %}\"")
    assert before.digest != after.digest


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("template: helo.j2", "jobs.d/rent.yaml:3:11: template: the template templates/helo.j2 does not exist, did you mean 'hello.j2'?"),
        ("template: ../secret", "jobs.d/rent.yaml:3:11: template: '../secret' cannot be the name of a template"),
        ("template: /etc/passwd", "jobs.d/rent.yaml:3:11: template: '/etc/passwd' cannot be the name of a template"),
        ("template: mail", "jobs.d/rent.yaml:3:11: template: the template templates/mail is a directory, not a file"),
        ("template: latin.j2", "templates/latin.j2:1:2: not UTF-8 text"),
        ("template: broken.j2", "templates/broken.j2:2:"),
        ("template: empty.j2", "jobs.d/rent.yaml:3:11: template: the text is empty"),
        ("template: undefined.j2", "templates/undefined.j2:2:9: recipient.nmae is not defined"),
        ("template: missing.j2", "templates/missing.j2:2:1: the template templates/nowhere.j2 does not exist"),
        ("message: \"Hi {% include 'helo.j2' %}\"", "jobs.d/rent.yaml:3:11: message: the template templates/helo.j2 does not"),
        ("template: cycle.j2", "templates/cycle.j2:1:"),
        ("template: large.j2", "jobs.d/rent.yaml:3:11: template: the template templates/large.j2 is too large"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(repository: Repository, rest: str, expected: str) -> None:
    for name, content in {
        "hello.j2": b"Hello.",
        "latin.j2": "Jörg".encode("latin-1"),
        "broken.j2": b"Hello\n{% if %}",
        "empty.j2": b"\n",
        "undefined.j2": b"Hello\ndear {{ recipient.nmae }}",
        "missing.j2": b"Hello\n{% include 'nowhere.j2' %}",
        "cycle.j2": b"{% include 'cycle.j2' %}",
        "large.j2": b"x" * (256 * 1024 + 1),
        "mail/x.j2": b"x",
    }.items():
        repository.write(f"templates/{name}", content)
    (found,) = repository.problems(rest=rest)
    assert found.startswith(expected)


def test_without_any_templates_the_directory_is_named(repository: Repository) -> None:
    (found,) = repository.problems(rest="template: hello.j2")
    assert found.endswith("there are no templates in templates")
