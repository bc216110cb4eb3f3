"""The directory into which the API writes: read by everybody like the others, and nothing is made of its absence."""

from pathlib import Path

from click.testing import CliRunner

from reminderd.cli import main
from reminderd.jobs import Scan, assemble, reader_for
from reminderd.model import Catalog
from reminderd.settings import Settings, load_settings
from tests.support.jobfiles import job_text, unprivileged, write


def settings(tmp_path: Path, **more: object) -> Settings:
    (tmp_path / "jobs.d").mkdir(exist_ok=True)
    values = {"jobs": [str(tmp_path / "jobs.d")], "state": str(tmp_path / "var" / "state.db"), **more}
    return Settings.model_validate(values)


def made(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / "var" / "jobs"
    folder.mkdir(parents=True)
    for name in names:
        write(folder / f"{name}.yaml", job_text(name))
    return folder


def test_what_lies_there_runs_like_any_other_job(tmp_path: Path) -> None:
    use = settings(tmp_path)
    made(tmp_path, "tea")
    write(tmp_path / "jobs.d" / "rent.yaml", job_text("rent"))
    assert set(assemble(reader_for(use).scan(), {}).jobs) == {"rent", "tea"}


def test_a_group_lies_beside_the_named_directory_for_it_too(tmp_path: Path) -> None:
    use = settings(tmp_path)
    (tmp_path / "recipients.d").mkdir()
    write(tmp_path / "recipients.d" / "team.yaml", '- phone: "+14155550100"\n')
    write(made(tmp_path) / "tea.yaml", "schedule: {cron: 0 9 * * *}\nto: {group: team}\nmessage: Hello\n")
    catalog = assemble(reader_for(use).scan(), {})
    assert (set(catalog.jobs), catalog.problems) == ({"tea"}, ())


def test_it_need_not_be_there(tmp_path: Path) -> None:
    scan = reader_for(settings(tmp_path)).scan()
    assert (scan.files, scan.problems) == ({}, ())
    assert assemble(scan, {}).problems == ()
    named = settings(tmp_path, web={"write_to": str(tmp_path / "elsewhere")})
    assert reader_for(named).scan().problems == ()


def test_when_it_is_gone_what_ran_from_it_goes_on_and_that_is_said(tmp_path: Path) -> None:
    use = settings(tmp_path)
    folder = made(tmp_path, "tea")
    running = assemble(reader_for(use).scan(), {}).jobs
    folder.rename(tmp_path / "away")
    lost = assemble(reader_for(use).scan(), running)
    assert (set(lost.jobs), [each.file for each in lost.problems]) == ({"tea"}, [str(folder)])
    folder.mkdir()
    assert assemble(reader_for(use).scan(), running) == Catalog({}, ())


def test_a_directory_of_jobs_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "jobs.d")
    use = settings(tmp_path, web={"write_to": str(tmp_path / "link")})
    write(tmp_path / "jobs.d" / "rent.yaml", job_text("rent"))
    assert use.reads == (tmp_path / "jobs.d",)
    assert (use.written_to, use.may_lack) == (tmp_path / "jobs.d", ())
    assert assemble(reader_for(use).scan(), {}).problems == ()
    (tmp_path / "jobs.d" / "rent.yaml").unlink()
    (tmp_path / "jobs.d").rmdir()
    assert [each.message for each in reader_for(use).scan().problems] == ["does not exist"]


def test_who_may_not_look_into_the_directory_of_the_state_checks_the_rest(tmp_path: Path) -> None:
    use = settings(tmp_path)
    made(tmp_path, "tea")
    (tmp_path / "var").chmod(0o700)
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
    with unprivileged():
        scan: Scan = reader_for(use).scan()
    assert scan.problems == () or tmp_path.stat().st_uid != 0


def test_check_and_next_read_it_and_check_as_knows_its_names(tmp_path: Path) -> None:
    settings(tmp_path)
    made(tmp_path, "tea")
    plivo = "plivo: {auth_id: MAXXXXXXXXXXXXXXXXXX, auth_token: secret, sender: '+14155550199'}"
    write(tmp_path / "reminderd.yaml", f"jobs: {tmp_path}/jobs.d\nstate: {tmp_path}/var/state.db\n{plivo}\n")

    def run(*arguments: str) -> str:
        given = ["--config", str(tmp_path / "reminderd.yaml"), *arguments]
        return CliRunner().invoke(main, given, catch_exceptions=False).output

    assert run("check") == "no problems in 1 job\n"
    assert "tea" in run("next")
    assert "tea" in run("simulate", "--from", "2031-05-04", "--to", "2031-05-05")
    landing = str(write(tmp_path / "draft", job_text("tea")))
    assert "job 'tea' is already declared" in run("check", "--as", "other.yaml", landing)
    assert run("check", "--as", f"{tmp_path}/var/jobs/tea.yaml", landing) == "no problems in 1 job\n"


def test_what_stands_in_the_place_of_that_directory_is_read_instead_of_it(tmp_path: Path) -> None:
    write(tmp_path / "reminderd.yaml", f"jobs: {tmp_path}/var/jobs\nstate: {tmp_path}/var/state.db\n")
    made(tmp_path, "tea")
    branch = tmp_path / "branch"
    branch.mkdir()
    write(branch / "tea.yaml", job_text("tea"))
    found, problems = load_settings(tmp_path / "reminderd.yaml", {}, jobs=[str(branch)])
    assert found is not None
    assert (found.reads, problems) == ((branch,), [])
    assert assemble(reader_for(found).scan(), {}).problems == ()
