import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reminderd.jobs.library import Uses
from reminderd.jobs.parse import parse_file
from reminderd.jobs.reader import MAX_SIZE, Reader, Scan
from reminderd.model import Defaults, ParsedFile, Places
from tests.support.jobfiles import NOBODY, job_text, unprivileged, write
from tests.support.watching import ShiftedClock


class CountingParser:
    """The real parser, and the names of the files that it was given."""

    def __init__(self) -> None:
        self.parsed: list[str] = []

    def __call__(self, file: str, data: bytes, defaults: Defaults, uses: Uses) -> ParsedFile:
        self.parsed.append(Path(file).name)
        return parse_file(file, data, defaults, uses)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.d"
    path.mkdir()
    return path


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A directory that the user nobody can reach and owns."""
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    path = root / "jobs.d"
    path.mkdir()
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    yield path
    path.chmod(0o755)
    shutil.rmtree(root)


def read(*paths: Path) -> Scan:
    return Reader(paths, Defaults()).scan()


def names(scan: Scan) -> set[str]:
    return {job.name for parsed in scan.files.values() for job in parsed.jobs}


def only_problem(scan: Scan) -> str:
    (problem,) = scan.problems
    return f"{Path(problem.file).name}: {problem.message}"


def test_every_job_file_is_read_under_the_path_as_it_was_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "rent.yaml", job_text("rent"))
    write(folder / "tea.yml", job_text("tea"))
    monkeypatch.chdir(folder.parent)
    scan = read(Path("jobs.d"))
    assert set(scan.files) == {"jobs.d/rent.yaml", "jobs.d/tea.yml"}
    assert names(scan) == {"rent", "tea"}
    assert scan.folders == {"jobs.d"}
    assert not scan.problems
    assert not scan.unreadable


def test_the_current_directory_can_hold_the_job_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "rent.yaml", job_text("rent"))
    monkeypatch.chdir(folder)
    assert set(read(Path()).files) == {"rent.yaml"}


@pytest.mark.parametrize(
    "name",
    [
        ".rent.yaml.AbC123",
        ".ansible_tmpq3w4e5r6rent.yaml",
        ".chef-rent1234.yaml",
        ".#rent.yaml",
        "#rent.yaml#",
        "rent.yaml~",
        "rent~.yaml",
        "rent.yaml.swp",
        "rent.yaml.tmp",
        "rent.yaml.bak",
        "rent.yaml.dpkg-new",
        "rent.yaml___jb_tmp___",
        "sedAbCdEf",
        "4913",
        "rent.txt",
        ".yaml",
        "yaml",
    ],
)
def test_droppings_of_editors_and_deployers_are_not_job_files(folder: Path, name: str) -> None:
    write(folder / name, job_text("rent"))
    scan = read(folder)
    assert scan == Scan({}, folders=frozenset({str(folder)}))


@pytest.mark.parametrize("name", ["rent.yaml", "rent.yml", "rent.2026.yaml", "Miete für März.yaml", "a.b-c_d.yml"])
def test_ordinary_names_are_job_files(folder: Path, name: str) -> None:
    write(folder / name, job_text("rent"))
    assert set(read(folder).files) == {str(folder / name)}


def test_directories_are_not_searched_below(folder: Path) -> None:
    (folder / "more").mkdir()
    write(folder / "more" / "rent.yaml", job_text("rent"))
    assert not read(folder).files


def test_a_broken_file_is_read_beside_the_others(folder: Path) -> None:
    write(folder / "good.yaml", job_text("good"))
    write(folder / "bad.yaml", "schedule: [")
    scan = read(folder)
    assert names(scan) == {"good"}
    assert scan.files[str(folder / "bad.yaml")].problems
    assert not scan.problems  # those of places only


def test_a_missing_directory_is_a_problem_and_nothing_is_known_of_it(tmp_path: Path) -> None:
    scan = read(tmp_path / "jobs.d")
    assert only_problem(scan) == "jobs.d: does not exist"
    assert scan.unreadable == {str(tmp_path / "jobs.d")}


def test_one_missing_directory_does_not_hide_another(folder: Path, tmp_path: Path) -> None:
    write(folder / "rent.yaml", job_text("rent"))
    scan = read(tmp_path / "gone.d", folder)
    assert names(scan) == {"rent"}
    assert scan.unreadable == {str(tmp_path / "gone.d")}


def test_a_directory_without_permission_is_a_problem(public_folder: Path) -> None:
    write(public_folder / "rent.yaml", job_text("rent"))
    public_folder.chmod(0)
    with unprivileged():
        scan = read(public_folder)
    assert only_problem(scan) == "jobs.d: cannot be read: Permission denied"
    assert scan.unreadable == {str(public_folder)}


def test_a_directory_that_can_be_listed_and_not_entered_is_a_problem_of_its_files(public_folder: Path) -> None:
    write(public_folder / "rent.yaml", job_text("rent"))
    public_folder.chmod(0o444)
    with unprivileged():
        scan = read(public_folder)
    assert only_problem(scan) == "rent.yaml: cannot be read: Permission denied"
    assert scan.unreadable == {str(public_folder / "rent.yaml")}


def test_a_file_without_permission_is_a_problem_and_the_others_are_read(public_folder: Path) -> None:
    write(public_folder / "secret.yaml", job_text("secret")).chmod(0)
    write(public_folder / "rent.yaml", job_text("rent"))
    with unprivileged():
        scan = read(public_folder)
    assert names(scan) == {"rent"}
    assert only_problem(scan) == "secret.yaml: cannot be read: Permission denied"
    assert scan.unreadable == {str(public_folder / "secret.yaml")}


def test_what_is_not_a_file_is_reported_and_never_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "directory.yaml").mkdir()
    os.mkfifo(folder / "fifo.yaml")
    (folder / "device.yaml").symlink_to("/dev/zero")
    monkeypatch.chdir(folder)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.yaml")
        scan = read(folder)
    assert {(Path(problem.file).stem, problem.message) for problem in scan.problems} == {
        ("directory", "is a directory, not a file"),
        ("fifo", "is a FIFO, not a file"),
        ("device", "is a device, not a file"),
        ("socket", "is a socket, not a file"),
    }
    assert len(scan.unreadable) == 4
    assert not scan.files


def test_links_to_nothing_and_in_circles_are_reported(folder: Path) -> None:
    (folder / "dangling.yaml").symlink_to("nowhere")
    (folder / "circle.yaml").symlink_to("circle.yaml")
    scan = read(folder)
    assert {Path(problem.file).name for problem in scan.problems} == {"dangling.yaml", "circle.yaml"}
    assert scan.unreadable == {str(folder / "dangling.yaml"), str(folder / "circle.yaml")}


def test_a_huge_file_is_reported_and_not_read(folder: Path) -> None:
    with (folder / "huge.yaml").open("wb") as file:
        file.truncate(50_000_000)
    scan = read(folder)
    assert only_problem(scan) == "huge.yaml: is too large: 50,000,000 bytes, and a job file has at most 1,048,576"
    assert scan.unreadable == {str(folder / "huge.yaml")}


def test_a_file_of_exactly_the_largest_size_is_read(folder: Path) -> None:
    text = job_text("rent")
    write(folder / "rent.yaml", text + "#" * (MAX_SIZE - len(text)))
    assert names(read(folder)) == {"rent"}


@pytest.mark.parametrize("name", [b"rent\xff.yaml", b"rent\n.yaml", b"\x1b[31m.yaml"])
def test_a_name_that_cannot_be_printed_is_reported_readably(folder: Path, name: bytes) -> None:
    Path(os.fsdecode(bytes(folder) + b"/" + name)).write_text(job_text("rent"))
    (problem,) = read(folder).problems
    assert str(problem).isprintable()
    assert "unprintable" in problem.message


def test_symlinked_files_and_directories_are_followed(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", job_text("rent"))
    (folder / "rent.yaml").symlink_to("../elsewhere")
    (tmp_path / "link.d").symlink_to(folder)
    assert set(read(tmp_path / "link.d").files) == {str(tmp_path / "link.d" / "rent.yaml")}


def test_a_single_file_is_read_whatever_its_name_is(tmp_path: Path) -> None:
    path = write(tmp_path / ".rent.yaml.tmp", job_text("rent"))
    scan = read(path)
    assert names(scan) == {"rent"}
    assert set(scan.files) == {str(path)}
    assert not scan.folders


def test_a_single_file_that_is_missing_is_not_a_deletion(tmp_path: Path) -> None:
    assert read(tmp_path / "rent.yaml").unreadable == {str(tmp_path / "rent.yaml")}


def test_a_directory_given_twice_is_read_once(folder: Path) -> None:
    write(folder / "rent.yaml", job_text("rent"))
    parser = CountingParser()
    Reader([folder, folder, folder / "rent.yaml"], Defaults(), parser).scan()
    assert parser.parsed == ["rent.yaml"]


def test_a_file_that_is_gone_from_a_readable_directory_is_just_not_there(folder: Path) -> None:
    path = write(folder / "rent.yaml", job_text("rent"))
    reader = Reader([folder], Defaults())
    assert reader.scan().files
    path.unlink()
    assert reader.scan() == Scan({}, folders=frozenset({str(folder)}))


def test_only_files_whose_content_changed_are_parsed_again(folder: Path) -> None:
    for name in ("a", "b", "c"):
        write(folder / f"{name}.yaml", job_text(name))
    parser = CountingParser()
    reader = Reader([folder], Defaults(), parser)
    before = reader.scan()
    write(folder / "a.yaml", job_text("a", "Changed."))
    write(folder / "b.yaml", job_text("b"))  # rewritten with the same words
    (folder / "c.yaml").touch()
    after = reader.scan()
    assert sorted(parser.parsed) == ["a.yaml", "a.yaml", "b.yaml", "c.yaml"]
    assert after.files[str(folder / "a.yaml")].jobs[0].message == "Changed."
    assert after.files[str(folder / "b.yaml")] is before.files[str(folder / "b.yaml")]


def test_a_change_of_the_same_size_within_one_tick_of_the_file_system_is_seen(folder: Path) -> None:
    path = folder / "rent.yaml"
    for number in range(200):
        reader = Reader([folder], Defaults())
        write(path, job_text("rent", f"first {number:03}"))
        reader.scan()
        write(path, job_text("rent", f"other {number:03}"))
        (parsed,) = reader.scan().files.values()
        assert parsed.jobs[0].message == f"other {number:03}"


def test_a_file_counts_as_left_alone_since_its_last_change(folder: Path) -> None:
    path = write(folder / "rent.yaml", job_text("rent"))
    os.utime(path, (0, 0))  # an old time set by a deployer does not make the change old
    (stamp,) = Reader([folder], Defaults(), clock=ShiftedClock(timedelta(hours=1))).scan().stamps.values()
    assert 3600 <= stamp.quiet < 3700
    (stamp,) = read(folder).stamps.values()
    assert stamp.quiet < 100


def test_a_busy_file_keeps_what_it_said(folder: Path) -> None:
    path = write(folder / "rent.yaml", job_text("rent"))
    reader = Reader([folder], Defaults())
    before = reader.scan()
    write(path, job_text("rent")[:20])
    assert reader.scan(busy={str(path)}) == before
    assert reader.scan() != before


def test_a_new_busy_file_is_not_read_and_not_known(folder: Path) -> None:
    path = write(folder / "rent.yaml", job_text("rent"))
    scan = Reader([folder], Defaults()).scan(busy={str(path)})
    assert not scan.files
    assert not scan.problems
    assert scan.unreadable == {str(path)}


def test_a_file_that_was_out_of_sight_is_not_parsed_again(folder: Path, tmp_path: Path) -> None:
    write(folder / "rent.yaml", job_text("rent"))
    parser = CountingParser()
    reader = Reader([folder], Defaults(), parser)
    before = reader.scan()
    folder.rename(tmp_path / "aside")
    assert reader.scan().unreadable == {str(folder)}
    (tmp_path / "aside").rename(folder)
    assert reader.scan() == before
    assert parser.parsed == ["rent.yaml"]


def test_new_defaults_reach_every_job(folder: Path) -> None:
    write(folder / "rent.yaml", job_text("rent"))
    reader = Reader([folder], Defaults("UTC"))
    reader.scan()
    (parsed,) = reader.with_defaults(Defaults("Europe/Berlin")).scan().files.values()
    assert parsed.jobs[0].timezone == "Europe/Berlin"


# What job files use besides themselves

PEOPLE = "phone,name\n+447700900101,Ada\n"


def listing(name: str, file: str = "people.csv") -> str:
    return f"name: {name}\nschedule: {{at: 2031-05-04T09:00}}\nto: {{file: {file}}}\nmessage: Hello.\n"


def people(scan: Scan) -> dict[str, list[str | None]]:
    return {job.name: [each.name for each in job.recipients] for parsed in scan.files.values() for job in parsed.jobs}


def test_only_the_job_files_that_use_a_changed_list_are_parsed_again(folder: Path) -> None:
    write(folder / "people.csv", PEOPLE)
    write(folder / "others.csv", PEOPLE)
    write(folder / "a.yaml", listing("a"))
    write(folder / "b.yaml", listing("b", "others.csv"))
    write(folder / "c.yaml", job_text("c"))
    parser = CountingParser()
    reader = Reader([folder], Defaults(), parser)
    before = reader.scan()
    assert before.uses[str(folder / "a.yaml")].keys() == {str(folder / "people.csv")}
    assert before.used == {str(folder / "people.csv"), str(folder / "others.csv")} == reader.used
    write(folder / "people.csv", PEOPLE.replace("Ada", "Ida"))
    (folder / "others.csv").touch()
    after = reader.scan()
    assert sorted(parser.parsed) == ["a.yaml", "a.yaml", "b.yaml", "c.yaml"]
    assert people(after) == {"a": ["Ida"], "b": ["Ada"], "c": [None]}
    assert after.files[str(folder / "b.yaml")] is before.files[str(folder / "b.yaml")]


def bytes_read() -> int:
    """How much this process has read from files until now."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(lines[0].removeprefix("rchar: "))


def test_an_unchanged_list_is_not_read_again(folder: Path) -> None:
    write(folder / "people.csv", PEOPLE + "\n" * 5_000_000)
    write(folder / "a.yaml", listing("a"))
    reader = Reader([folder], Defaults(), clock=ShiftedClock(timedelta(hours=1)))
    before, begin = reader.scan(), bytes_read()
    assert reader.scan() == before
    assert bytes_read() - begin < 1_000_000


def test_two_jobs_that_use_one_list_share_its_people(folder: Path) -> None:
    write(folder / "people.csv", PEOPLE)
    for name in ("a", "b"):
        write(folder / f"{name}.yaml", listing(name))
    (first,), (second,) = (parsed.jobs for parsed in read(folder).files.values())
    assert first.recipients[0] is second.recipients[0]
    assert first.files[0].content is second.files[0].content


def test_a_list_that_comes_into_being_mends_the_job_file(folder: Path) -> None:
    write(folder / "a.yaml", listing("a"))
    reader = Reader([folder], Defaults())
    (parsed,) = reader.scan().files.values()
    assert "does not exist" in parsed.problems[0].message
    write(folder / "people.csv", PEOPLE)
    assert people(reader.scan()) == {"a": ["Ada"]}
    (folder / "people.csv").unlink()
    (parsed,) = reader.scan().files.values()
    assert parsed.problems


def test_a_group_that_changes_its_ending_is_found_again(folder: Path) -> None:
    groups = folder.parent / "recipients.d"
    groups.mkdir()
    write(groups / "team.csv", PEOPLE)
    write(folder / "a.yaml", listing("a").replace("file: people.csv", "group: team"))
    reader = Reader([folder], Defaults())
    assert people(reader.scan()) == {"a": ["Ada"]}
    (groups / "team.csv").unlink()
    write(groups / "team.yaml", "- {phone: +447700900102, name: Bob}\n")
    assert people(reader.scan()) == {"a": ["Bob"]}


def test_a_job_file_keeps_what_it_said_while_its_list_is_being_written(folder: Path) -> None:
    path = write(folder / "people.csv", PEOPLE)
    write(folder / "a.yaml", listing("a"))
    reader = Reader([folder], Defaults())
    before = reader.scan()
    write(path, "phone,na")
    write(folder / "a.yaml", listing("a").replace("Hello", "Bye"))
    assert reader.scan(busy={str(path)}) == before
    (parsed,) = reader.scan().files.values()
    assert parsed.problems


def test_a_new_job_file_is_not_known_while_its_list_is_being_written(folder: Path) -> None:
    path = write(folder / "people.csv", PEOPLE)
    write(folder / "a.yaml", listing("a"))
    scan = Reader([folder], Defaults()).scan(busy={str(path)})
    assert not scan.files
    assert scan.unreadable == {str(folder / "a.yaml")}


def test_templates_and_groups_lie_where_the_settings_say(folder: Path, tmp_path: Path) -> None:
    places = Places(tmp_path / "t", tmp_path / "r")
    for path in places:
        path.mkdir()
    write(places.templates / "x.j2", "Hello {{ recipient.name }}.")
    write(places.recipients / "team.csv", PEOPLE)
    text = listing("a").replace("file: people.csv", "group: team").replace("message: Hello.", "template: x.j2")
    write(folder / "a.yaml", text)
    assert people(Reader([folder], Defaults(), places=places).scan()) == {"a": ["Ada"]}
