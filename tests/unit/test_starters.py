"""`reminderd new` writes job files that are good as they stand, and overwrites nothing."""

import re
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reminderd.cli import main
from reminderd.jobs import Reader, parse_file, places_for
from reminderd.model import Defaults, Job, ParsedFile, Review
from reminderd.recurrence import next_after
from reminderd.reference import job_files
from reminderd.reference.starters import STARTERS, starter
from reminderd.settings import Settings
from tests.support.clock import utc
from tests.support.yaml12 import load

NOW = utc("2026-11-29 12:00")

kinds = pytest.mark.parametrize("kind", list(STARTERS))


def new(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--jobs", str(folder), "new", *arguments], catch_exceptions=False)


def switched_on(path: Path) -> ParsedFile:
    path.write_text(re.sub("^enabled: false .*\n", "", path.read_text(), flags=re.MULTILINE))
    return reviewed(path)


def reviewed(path: Path) -> ParsedFile:
    reader = Reader([path], Defaults(), partial(parse_file, review=Review(NOW)), places=places_for(Settings(), [path]))
    (parsed,) = reader.scan().files.values()
    return parsed


@kinds
def test_each_kind_is_a_good_job_without_warnings_once_it_is_switched_on(kind: str, tmp_path: Path) -> None:
    assert new(tmp_path, "rent", "--kind", kind).exit_code == 0
    path = tmp_path / "rent.yaml"
    assert reviewed(path).jobs[0].enabled is False
    parsed = switched_on(path)
    assert (parsed.problems, parsed.warnings) == ((), ())
    (job,) = parsed.jobs
    assert (job.name, job.enabled, len(job.recipients)) == ("rent", True, 2)
    assert next_after(job.schedule, job.timezone, NOW) is not None


@kinds
def test_each_kind_fits_the_schema(kind: str) -> None:
    from jsonschema import Draft7Validator

    Draft7Validator(job_files("7")).validate(load(starter(kind, "rent", "rent.yaml", "UTC", NOW)[""]))


def test_the_defaults_in_its_comments_are_those_of_the_job() -> None:
    text = starter("cron", "rent", "rent.yaml", "Europe/Berlin", NOW)[""]
    plain = job_of(text)
    said = re.sub(r"^# (valid_for|catch_up|retry|on_doubt): ", r"\1: ", text, flags=re.MULTILINE)
    assert said != text
    assert job_of(said).digest == plain.digest
    assert plain.timezone == "Europe/Berlin"


def job_of(text: str) -> Job:
    parsed = parse_file("rent.yaml", text.encode(), Defaults())
    assert parsed.problems == ()
    return parsed.jobs[0]


def test_a_list_is_written_beside_its_job_and_both_or_neither(tmp_path: Path) -> None:
    assert new(tmp_path, "rent", "--kind", "list").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rent.csv", "rent.yaml"]
    assert "file: rent.csv " in (tmp_path / "rent.yaml").read_text()
    (tmp_path / "rent.yaml").unlink()
    again = new(tmp_path, "rent", "--kind", "list")
    assert again.exit_code == 1
    assert f"{tmp_path}/rent.csv exists already" in again.stderr
    assert not (tmp_path / "rent.yaml").exists()
    printed = new(tmp_path, "rent", "--kind", "list", "--output", "-")
    assert (printed.exit_code, printed.stdout) == (2, "")
    assert "writes a list beside the job" in printed.stderr


def test_what_it_writes_passes_check(tmp_path: Path) -> None:
    done = new(tmp_path)
    assert done.output == f"wrote {tmp_path}/example.yaml, switched off for now; " + (
        f"change it and try `reminderd check {tmp_path}/example.yaml`\n"
    )
    checked = CliRunner().invoke(main, ["check", "--strict", str(tmp_path)])
    assert (checked.exit_code, checked.output) == (0, "no problems in 1 job\n")


def test_a_file_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "rent.yaml").write_text("mine")
    done = new(tmp_path, "rent")
    assert done.exit_code == 1
    assert done.stderr.startswith(f"reminderd: {tmp_path}/rent.yaml exists already, and is left as it is")
    assert (tmp_path / "rent.yaml").read_text() == "mine"


def test_it_can_be_printed_or_written_elsewhere(tmp_path: Path) -> None:
    printed = new(tmp_path / "absent", "rent", "--output", "-")
    assert printed.exit_code == 0
    assert parse_file("rent.yaml", printed.stdout.encode(), Defaults()).jobs[0].name == "rent"
    assert new(tmp_path / "absent", "rent", "-o", str(tmp_path / "other.yaml")).exit_code == 0
    assert (tmp_path / "other.yaml").read_text().splitlines()[2] == "name: rent"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a b",), "cannot be the name of a job"),
        (("rent", "--output", "rent.txt"), "give one that ends in .yaml"),
        (("rent", "--output", "absent/rent.yaml"), "cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_written_is_said(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    done = new(tmp_path, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []
