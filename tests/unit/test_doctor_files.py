"""What `doctor` says of job files, of who may do what with which file, and of the disks; on real files and file systems."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from reminderd.doctor import Grade, Scene, disks, files
from reminderd.settings import usable_settings
from reminderd.settings.model import AlertSettings, MetricsSettings
from reminderd.store import Store
from tests.support.clock import FakeClock
from tests.support.daemon import job
from tests.support.doctor import grades, one, scene

FAIL, WARN, OK, SKIP = Grade.FAIL, Grade.WARN, Grade.OK, Grade.SKIP


@pytest.fixture
def ground() -> Iterator[Path]:
    """A directory that everybody can enter; pytest's own cannot be."""
    with TemporaryDirectory(prefix="reminderd-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def reachable(ground: Path) -> Path:
    """The same, where somebody else can be asked what they may do there."""
    if os.geteuid() != 0:
        pytest.skip("only root can look on behalf of others")
    return ground


@pytest.fixture
def place(ground: Path) -> Scene:
    made = scene(ground / "home")
    (made.settings.jobs[0] / "a.yaml").write_text("jobs:\n" + job("rent", "+447700900101"))
    return made


def jobs_of(place: Scene) -> Path:
    return place.settings.jobs[0]


def with_plivo(place: Scene, **changes: object) -> Scene:
    plivo = place.settings.plivo.model_copy(update=changes)
    place.settings = place.settings.model_copy(update={"plivo": plivo})
    return place


# -- settings


@pytest.mark.parametrize("text", ["plivo: [", "- a\n- b\n", "\x00", "a: &x 1\nb: *y\n", "stat: x\n"])
def test_settings_that_are_wrong_are_a_failure(tmp_path: Path, text: str) -> None:
    file = tmp_path / "reminderd.yaml"
    file.write_text(text)
    assert grades(files.settings(Scene(*usable_settings(file, {}), file, FakeClock()))) == {"settings": FAIL}
    file.write_text("timezone: Europe/Berlin\n")
    assert grades(files.settings(Scene(*usable_settings(file, {}), file, FakeClock()))) == {"settings": OK}


def test_a_variable_that_is_wrong_is_a_failure() -> None:
    environ = {"REMINDERD_PLIVO__URL": "ftp://x", "REMINDERD_WHAT": "1"}
    found = one(files.settings(Scene(*usable_settings(None, environ), None, FakeClock())), "settings")
    assert (found.grade, found.seen.startswith("2 wrong: ")) == (FAIL, True)


def test_a_settings_file_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "reminderd.yaml"
    place = Scene(*usable_settings(file, {}, state=str(tmp_path / "state.db")), file, FakeClock())
    assert grades(files.settings(place)) == {"settings": FAIL}
    assert grades(files.permissions(place))["files.settings"] is FAIL


# -- job files


def test_good_job_files_are_fine(place: Scene) -> None:
    assert grades(files.jobs(place)) == {"jobs": OK}


def test_problems_of_job_files_are_a_failure(place: Scene) -> None:
    (jobs_of(place) / "b.yaml").write_text("schedule: {cron: often}\n")
    assert grades(files.jobs(place)) == {"jobs": FAIL}


def test_no_job_at_all_is_a_warning(place: Scene) -> None:
    (jobs_of(place) / "a.yaml").unlink()
    assert grades(files.jobs(place)) == {"jobs": WARN}


def test_a_directory_of_jobs_that_is_not_there_is_a_failure(place: Scene) -> None:
    shutil.rmtree(jobs_of(place))
    assert grades(files.jobs(place)) == {"jobs": FAIL}
    assert grades(files.permissions(place))["files.jobs"] is FAIL


def test_what_a_package_left_beside_a_file_is_a_warning(place: Scene) -> None:
    (jobs_of(place) / "a.yaml.dpkg-dist").write_text("")
    assert "a.yaml.dpkg-dist" in one(files.jobs(place), "jobs.leftovers").seen


# -- who may do what


def test_files_as_they_should_be_are_fine(place: Scene) -> None:
    found = grades(files.permissions(place))
    assert FAIL not in found.values()
    assert WARN not in found.values()


def test_a_user_that_does_not_exist_is_said(place: Scene) -> None:
    place.user = "nobody-at-all"
    assert grades(files.permissions(place)) == {"files.user": FAIL}


@pytest.mark.parametrize(("mode", "grade"), [(0o666, FAIL), (0o646, FAIL), (0o644, OK), (0o640, OK)])
def test_settings_that_everybody_can_write_are_a_failure(place: Scene, tmp_path: Path, mode: int, grade: Grade) -> None:
    place.file = tmp_path / "reminderd.yaml"
    place.file.write_text("")
    place.file.chmod(mode)
    assert grades(files.permissions(place))["files.settings"] is grade


@pytest.mark.parametrize(("mode", "grade"), [(0o644, FAIL), (0o602, FAIL), (0o640, OK), (0o600, OK)])
def test_a_token_that_everybody_can_read_is_a_failure(place: Scene, tmp_path: Path, mode: int, grade: Grade) -> None:
    token = tmp_path / "token"
    token.write_text("a-token")
    token.chmod(mode)
    found = one(files.permissions(with_plivo(place, auth_token_file=token)), "files.token")
    assert found.grade is grade
    assert "a-token" not in found.seen


def test_job_files_that_everybody_can_write_are_a_failure(place: Scene) -> None:
    jobs_of(place).chmod(0o777)
    assert "everybody can write" in one(files.permissions(place), "files.jobs").seen
    jobs_of(place).chmod(0o755)
    (jobs_of(place) / "a.yaml").chmod(0o666)
    assert "a.yaml" in one(files.permissions(place), "files.jobs").seen


def test_a_state_that_others_can_read_is_a_warning(place: Scene) -> None:
    Store.open(place.state, create=True).close()
    assert grades(files.permissions(place))["files.state"] is OK
    place.state.chmod(0o644)
    assert "0644" in one(files.permissions(place), "files.state").seen


def test_a_state_without_its_directory_is_a_failure(place: Scene, tmp_path: Path) -> None:
    place.settings = place.settings.model_copy(update={"state": tmp_path / "nowhere" / "state.db"})
    assert grades(files.permissions(place))["files.state"] is FAIL


def test_what_a_start_left_behind_is_a_warning(place: Scene) -> None:
    (place.state.parent / ".state.db.new").write_text("")
    assert ".state.db.new" in one(files.permissions(place), "files.leftovers").seen


def test_what_is_open_to_all_hides_nothing_that_cannot_be_read(place: Scene, reachable: Path) -> None:
    place.user = "nobody"
    shut = jobs_of(place) / "a.yaml"
    shut.chmod(0o600)
    jobs_of(place).chmod(0o777)
    seen = [each.seen for each in files.permissions(place) if each.check == "files.jobs"]
    assert seen == [f"everybody can write {jobs_of(place)}", f"nobody cannot read {shut}"]


def test_what_another_user_cannot_read_is_named(place: Scene, reachable: Path) -> None:
    place.user = "nobody"
    shut, folder = jobs_of(place) / "a.yaml", jobs_of(place)
    assert grades(files.permissions(place))["files.jobs"] is OK
    shut.chmod(0o640)
    assert one(files.permissions(place), "files.jobs").seen == f"nobody cannot read {shut}"
    folder.chmod(0o700)
    assert one(files.permissions(place), "files.jobs").seen == f"nobody cannot read {folder}, {shut}"
    shutil.chown(folder, "nobody")
    shutil.chown(shut, "nobody")
    assert grades(files.permissions(place))["files.jobs"] is OK


def test_lists_and_templates_are_read_too(place: Scene, reachable: Path) -> None:
    people = jobs_of(place) / "people.csv"
    people.write_text("phone,name\n+447700900102,Ada\n")
    people.chmod(0o600)
    text = '{"schedule": {"cron": "0 9 * * *"}, "to": [{"file": "people.csv"}], "message": "x"}'
    (jobs_of(place) / "b.yaml").write_text(text)
    place.user = "nobody"
    assert one(files.permissions(place), "files.jobs").seen == f"nobody cannot read {people}"


def test_a_thousand_files_are_asked_about_in_parts(place: Scene, reachable: Path) -> None:
    place.user = "nobody"
    for number in range(1200):
        (jobs_of(place) / f"n{number:04} with blanks.yaml").write_text("jobs: []\n")
    odd = [jobs_of(place) / f"n{number:04} with blanks.yaml" for number in (3, 777, 1199)]
    for path in odd:
        path.chmod(0o600)
    assert one(files.permissions(place), "files.jobs").seen == f"nobody cannot read {', '.join(map(str, odd))}"


def test_where_another_user_cannot_write_is_named(place: Scene, reachable: Path) -> None:
    place.user = "nobody"
    Store.open(place.state, create=True).close()
    found = list(files.permissions(place))
    assert one(found, "files.state").seen == f"nobody cannot write {place.state.parent}, {place.state}"
    assert one(found, "files.marks").grade is FAIL
    for path in (place.state.parent, place.state):
        shutil.chown(path, "nobody")
    assert place.settings.marks is not None
    place.settings.marks.mkdir()
    shutil.chown(place.settings.marks, "nobody")
    found = list(files.permissions(place))
    assert (one(found, "files.state").grade, one(found, "files.marks").grade) == (OK, OK)


def test_where_reminders_are_written_must_be_writable_where_something_listens(place: Scene, reachable: Path) -> None:
    place.user = "nobody"
    assert not [found for found in files.permissions(place) if found.check == "files.reminders"]
    folder = reachable / "made"
    web = place.settings.web.model_copy(update={"listen": "127.0.0.1:9764", "write_to": folder})
    place.settings = place.settings.model_copy(update={"web": web})
    folder.mkdir()
    assert one(files.permissions(place), "files.reminders").seen == f"nobody cannot write {folder}"
    shutil.chown(folder, "nobody")
    assert one(files.permissions(place), "files.reminders").grade is OK
    folder.rmdir()
    shutil.chown(reachable, "nobody")
    assert one(files.permissions(place), "files.reminders").seen == f"{folder} can be made"


def test_a_token_that_the_daemon_cannot_read_is_a_failure(place: Scene, reachable: Path) -> None:
    token = reachable / "token"
    token.write_text("a-token")
    token.chmod(0o600)
    place.user = "nobody"
    found = one(files.permissions(with_plivo(place, auth_token_file=token)), "files.token")
    assert (found.grade, found.seen) == (FAIL, f"nobody cannot read {token}")


def test_what_is_to_be_told_must_be_runnable_and_what_is_written_writable(place: Scene, reachable: Path) -> None:
    program, folder = reachable / "tell", reachable / "textfiles"
    values = {"command": [str(program)]}
    place.settings = place.settings.model_copy(
        update={
            "alerts": AlertSettings.model_validate(values),
            "metrics": MetricsSettings.model_validate({"textfile": str(folder / "r.prom")}),
        }
    )
    place.user = "nobody"
    found = grades(files.permissions(place))
    assert (found["files.alerts"], found["files.metrics"]) == (FAIL, FAIL), "neither is there"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    folder.mkdir()
    found = grades(files.permissions(place))
    assert (found["files.alerts"], found["files.metrics"]) == (FAIL, FAIL), "they are root's"
    program.chmod(0o755)
    shutil.chown(folder, "nobody")
    found = grades(files.permissions(place))
    assert (found["files.alerts"], found["files.metrics"]) == (OK, OK)


# -- disks


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    yield folder
    while folder.is_mount():
        subprocess.run(["umount", "--lazy", folder], check=True)


def mount(disk: Path, options: str) -> None:
    command = ["mount", "-t", "tmpfs", "-o", options, "reminderd-test", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, check=False).returncode != 0:
        pytest.skip("mounting a small disk needs root and the right to mount")


@pytest.mark.parametrize(
    ("options", "grade", "said"),
    [
        ("size=8m", FAIL, "8 MiB"),
        ("size=128m", WARN, "128 MiB"),
        ("size=512m,nr_inodes=50", FAIL, "inodes"),
        ("size=512m,nr_inodes=500", WARN, "inodes"),
        ("size=512m,nr_inodes=5000", OK, "512 MiB"),
        ("size=512m,ro", FAIL, "read-only"),
    ],
)
def test_the_room_on_the_disk(tmp_path: Path, disk: Path, options: str, grade: Grade, said: str) -> None:
    mount(disk, options)
    place = scene(tmp_path / "home", state=str(disk / "state.db"))
    found = list(disks.look(place))
    assert (one(found, "disk.state").grade, said in one(found, "disk.state").seen) == (grade, True)
    assert one(found, "disk.kind").grade is WARN, "it does not outlive the machine"


def test_as_much_again_as_the_state_takes_must_be_free(tmp_path: Path, disk: Path) -> None:
    mount(disk, "size=700m")
    state = disk / "state.db"
    state.write_bytes(b"x" * (400 << 20))
    place = scene(tmp_path / "home", state=str(state))
    assert one(disks.look(place), "disk.state").grade is WARN
    state.write_bytes(b"x")
    assert one(disks.look(place), "disk.state").grade is OK


def test_the_disk_of_the_marks_is_looked_at_too(tmp_path: Path, disk: Path) -> None:
    mount(disk, "size=1m")
    place = scene(tmp_path / "home", marks=str(disk / "marks"))
    assert one(disks.look(place), "disk.marks").grade is FAIL
