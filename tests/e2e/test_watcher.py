"""A watcher on a real directory: what it publishes, and when it does not."""

import os
import threading
from pathlib import Path

import pytest

from reminderd.jobs.reader import Reader, Scan
from reminderd.jobs.watcher import Watcher
from reminderd.model import Defaults
from tests.support.jobfiles import job_text, jobs_text, write
from tests.support.watching import Watched, watching


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.d"
    path.mkdir()
    return path


@pytest.fixture
def rent(folder: Path) -> Path:
    return write(folder / "rent.yaml", job_text("rent", "one"))


def test_the_first_scan_is_published_without_being_asked_for(folder: Path, rent: Path) -> None:
    with watching(folder) as watched:
        assert watched.messages() == {"rent": "one"}


def test_an_empty_directory_is_published_too(folder: Path) -> None:
    with watching(folder) as watched:
        assert watched.last == Scan({}, folders=frozenset({str(folder)}))


def test_a_file_written_in_place_is_seen(folder: Path, rent: Path) -> None:
    with watching(folder) as watched:
        write(rent, job_text("rent", "two"))
        watched.until_jobs(rent="two")


def test_a_new_file_is_seen(folder: Path, rent: Path) -> None:
    with watching(folder) as watched:
        write(folder / "tea.yaml", job_text("tea"))
        watched.until_jobs(rent="one", tea="Hello.")


def test_a_deleted_file_is_seen(folder: Path, rent: Path) -> None:
    with watching(folder) as watched:
        rent.unlink()
        watched.until_jobs()


def test_a_renamed_file_keeps_its_job_all_the_time(folder: Path, rent: Path) -> None:
    with watching(folder) as watched:
        rent.rename(folder / "lodging.yaml")
        watched.until(lambda scan: str(folder / "lodging.yaml") in scan.files)
        watched.rescan()
        assert all(messages == {"rent": "one"} for messages in watched.history)


def test_a_file_that_is_being_written_is_left_alone_until_it_is_closed(folder: Path) -> None:
    path = write(folder / "two.yaml", jobs_text("a", "b"))
    text = jobs_text("a", "b", "c")
    half = text.index("  - name: b")  # the first half alone is a good file
    with watching(folder) as watched:
        with path.open("w", encoding="utf-8") as file:
            file.write(text[:half])
            file.flush()
            watched.rescan()
            assert set(watched.jobs) == {"a", "b"}
            file.write(text[half:])
        watched.until(lambda _: set(watched.jobs) == {"a", "b", "c"})
        assert all({"a", "b"} <= set(messages) for messages in watched.history)


def test_a_new_file_that_is_being_written_is_not_there_until_it_is_closed(folder: Path, rent: Path) -> None:
    text = jobs_text("a", "b")
    with watching(folder) as watched:
        with (folder / "two.yaml").open("w", encoding="utf-8") as file:
            file.write(text[: text.index("  - name: b")])
            file.flush()
            watched.rescan()
            assert set(watched.jobs) == {"rent"}
            file.write(text[text.index("  - name: b") :])
        watched.until(lambda _: set(watched.jobs) == {"rent", "a", "b"})
        assert all("b" in messages for messages in watched.history if "a" in messages)


def test_a_slow_writer_does_not_hold_up_the_others(folder: Path, rent: Path) -> None:
    with watching(folder) as watched:
        with (folder / "slow.yaml").open("w", encoding="utf-8") as file:
            file.write("# more to come")
            file.flush()
            write(rent, job_text("rent", "two"))
            watched.until_jobs(rent="two")


def test_a_writer_that_never_closes_is_believed_after_a_while(folder: Path) -> None:
    with watching(folder) as watched, (folder / "rent.yaml").open("w", encoding="utf-8") as file:
        file.write(job_text("rent", "one"))
        file.flush()
        watched.until_jobs(rent="one")


def test_a_broken_file_keeps_its_jobs_and_disturbs_no_other(folder: Path, rent: Path) -> None:
    with watching(folder) as watched:
        write(rent, "schedule: [")
        write(folder / "tea.yaml", job_text("tea"))
        watched.until_problem("rent.yaml")
        watched.until_jobs(rent="one", tea="Hello.")
        write(rent, job_text("rent", "two"))
        watched.until_jobs(rent="two", tea="Hello.")


def test_a_file_that_is_emptied_for_a_moment_is_never_reported(folder: Path, rent: Path) -> None:
    with watching(folder) as watched:
        for number in range(20):
            os.truncate(rent, 0)
            write(rent, job_text("rent", f"version {number}"))
        watched.until_jobs(rent="version 19")
        watched.rescan()
        assert not watched.problems()


def test_nothing_is_published_when_nothing_is_said(folder: Path, rent: Path) -> None:
    with watching(folder) as watched:
        rent.touch()
        rent.chmod(0o600)
        write(rent, rent.read_text())
        write(folder / ".rent.yaml.swp", "x")
        write(folder / "note.txt", "x")
        # One more real change at the end: everything before it has been looked at with it, or earlier.
        write(folder / "tea.yaml", job_text("tea"))
        watched.until_jobs(rent="one", tea="Hello.")
        assert watched.history == [{"rent": "one"}, {"rent": "one", "tea": "Hello."}]


def test_an_asked_for_scan_is_published_before_it_is_answered(folder: Path, rent: Path) -> None:
    with watching(folder) as watched:
        before = len(watched.history)
        answer = watched.rescan()
        assert len(watched.history) == before + 1
        assert watched.last == answer


def test_an_asked_for_scan_knows_what_was_written_just_before(folder: Path, rent: Path) -> None:
    with watching(folder) as watched:
        for number in range(4):
            write(rent, job_text("rent", f"version {number}"))
            watched.rescan()
            assert watched.messages() == {"rent": f"version {number}"}


def test_an_asked_for_scan_tells_what_is_broken_and_what_is_gone(folder: Path, rent: Path) -> None:
    tea = write(folder / "tea.yaml", job_text("tea"))
    with watching(folder) as watched:
        write(rent, "schedule: [")
        tea.unlink()
        watched.rescan()
        assert watched.messages() == {"rent": "one"}
        assert len(watched.problems()) > 0


def test_an_asked_for_scan_does_not_wait_for_ever_for_a_slow_writer(folder: Path, rent: Path) -> None:
    with watching(folder) as watched, rent.open("a", encoding="utf-8") as file:
        for _ in range(2):
            file.write("# still writing\n")
            file.flush()
            watched.rescan()
            assert watched.messages() == {"rent": "one"}


def test_a_start_waits_for_what_was_just_written(folder: Path) -> None:
    watched = Watched()
    for number in range(300):
        write(folder / f"job-{number}.yaml", job_text(f"job-{number}"))
    watcher = Watcher(Reader([folder], Defaults()), watched.scans.put, on_error=watched.errors.append)
    watcher.start()
    try:
        assert len(watched.until(lambda _: True).files) == 300
    finally:
        watcher.stop()


def test_another_reader_brings_other_paths_and_defaults(folder: Path, rent: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.d"
    other.mkdir()
    write(other / "tea.yaml", job_text("tea"))
    with watching(folder) as watched:
        assert watched.watcher is not None
        watched.watcher.replace_reader(Reader([other], Defaults("Europe/Berlin")))
        watched.until_jobs(tea="Hello.")
        assert watched.jobs["tea"].timezone == "Europe/Berlin"
        write(other / "tea.yaml", job_text("tea", "two"))
        watched.until_jobs(tea="two")


def test_new_defaults_reach_unchanged_files_at_once(folder: Path, rent: Path) -> None:
    with watching(folder) as watched:
        assert watched.watcher is not None
        watched.watcher.replace_reader(Reader([folder], Defaults("Asia/Tokyo")))
        watched.until(lambda _: watched.jobs["rent"].timezone == "Asia/Tokyo")
        assert not watched.problems()


def test_several_directories_and_single_files_are_watched_together(tmp_path: Path) -> None:
    for name in ("a.d", "b.d", "c.d"):
        (tmp_path / name).mkdir()
    write(tmp_path / "a.d" / "a.yaml", job_text("a", "one"))
    write(tmp_path / "b.d" / "b.yaml", job_text("b", "one"))
    single = write(tmp_path / "c.d" / "single", job_text("c", "one"))
    with watching([tmp_path / "a.d", tmp_path / "b.d", single]) as watched:
        write(tmp_path / "b.d" / "b.yaml", job_text("b", "two"))
        watched.until_jobs(a="one", b="two", c="one")
        write(tmp_path / "c.d" / "new", job_text("c", "two")).rename(single)
        watched.until_jobs(a="one", b="two", c="two")
        write(tmp_path / "a.d" / "a.yaml", job_text("a", "two"))
        watched.until_jobs(a="two", b="two", c="two")


def test_the_same_directory_under_two_names_is_heard_under_both(folder: Path, rent: Path, tmp_path: Path) -> None:
    (tmp_path / "link.d").symlink_to(folder)
    with watching([folder, tmp_path / "link.d"]) as watched:
        # Both names lead to one file, so its job is declared twice: the first keeps it.
        write(rent, job_text("rent", "two"))
        watched.until_jobs(rent="two")
        watched.until_problem("already declared")


def test_polling_finds_what_no_event_tells(folder: Path, tmp_path: Path) -> None:
    target = write(tmp_path / "target", job_text("rent", "one"))
    (folder / "rent.yaml").symlink_to(target)
    with watching(folder, rescan_every=0.2) as watched:
        write(target, job_text("rent", "two"))
        watched.until_jobs(rent="two")


def test_polling_does_not_load_a_file_that_is_being_written_elsewhere(folder: Path, tmp_path: Path) -> None:
    text = jobs_text("a", "b")
    half = text.index("  - name: b")
    target = write(tmp_path / "target", text)
    (folder / "two.yaml").symlink_to(target)
    with watching(folder, rescan_every=0.02) as watched:
        for _ in range(300):
            with target.open("w", encoding="utf-8") as file:
                file.write(text[:half])
                file.flush()
                file.write(text[half:])
        watched.rescan()
        assert all({"a", "b"} <= set(messages) for messages in watched.history)


def test_files_that_ran_before_the_start_are_not_gone_at_the_first_look(folder: Path, rent: Path) -> None:
    ran = str(folder / "tea.yaml")
    with watching(folder, known=[ran]) as watched:
        # By then it had been looked for twice.
        assert watched.last is not None
        assert ran not in watched.last.unreadable
        assert watched.messages() == {"rent": "one"}


def test_a_failing_callback_is_reported_and_the_watcher_goes_on(folder: Path, rent: Path) -> None:
    watched = Watched()
    failed = threading.Event()

    def publish(scan: Scan) -> None:
        if not failed.is_set():
            failed.set()
            raise ValueError("the first one fails")
        watched.scans.put(scan)

    watcher = Watcher(Reader([folder], Defaults()), publish, on_error=watched.errors.append)
    watcher.start()
    try:
        watched.until_jobs(rent="one")
        assert [str(error) for error in watched.errors] == ["the first one fails"]
    finally:
        watcher.stop()


def test_a_failing_reply_is_reported_and_not_repeated(folder: Path, rent: Path) -> None:
    with watching(folder) as watched:
        assert watched.watcher is not None
        answers: list[Scan] = []

        def reply(scan: Scan) -> None:
            answers.append(scan)
            raise ValueError("nobody listens")

        watched.watcher.rescan(reply)
        watched.until(lambda _: bool(watched.errors) or not watched.scans.empty() or bool(answers))
        watched.rescan()
        assert len(answers) == 1
        assert [str(error) for error in watched.errors] == ["nobody listens"]
        watched.errors.clear()


def test_stopping_is_quick_and_final(folder: Path, rent: Path) -> None:
    with watching(folder) as watched:
        assert watched.watcher is not None
        watched.watcher.stop()
        watched.drain()
        write(rent, job_text("rent", "two"))
        watched.watcher.rescan(watched.scans.put)
    assert watched.scans.empty()
    assert not [thread for thread in threading.enumerate() if thread.name == "watcher"]


def test_a_watcher_that_was_never_started_can_be_stopped(folder: Path) -> None:
    Watcher(Reader([folder], Defaults()), lambda _: None, on_error=lambda _: None).stop()


@pytest.mark.parametrize("count", [1_000, pytest.param(5_000, marks=pytest.mark.nightly)])
def test_thousands_of_files_come_and_go_at_once(folder: Path, count: int) -> None:
    with watching(folder) as watched:
        for number in range(count):
            write(folder / f"job-{number:04}.yaml", job_text(f"job-{number:04}"))
        watched.until(lambda _: len(watched.jobs) == count)
        assert not watched.problems()
        for number in range(count):
            (folder / f"job-{number:04}.yaml").unlink()
        watched.until_jobs()
