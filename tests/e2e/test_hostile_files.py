"""A jobs directory full of what is no job file, beside healthy jobs that must fire in time all the same."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Home, job, moment, phone
from tests.support.sandbox import SandboxProcess

MANY = 10_000
IN_TIME = "30s"  # what is later than that is missed, not accepted
pytestmark = pytest.mark.timeout(600)

EXPENSIVE = "{% for a in range(400) %}{% for b in range(20) %}{% endfor %}{% endfor %}x"
BROKEN = "schedule: {cron: '61 9 * * *'}\nto: +14155550123\nmessage: hello\n"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with (
        SandboxProcess(tmp_path) as sandbox,
        Home(tmp_path / "home", sandbox.environment, "plivo: {rate: 0}\n", patience=300.0) as made,
    ):
        yield made


def poison(jobs: Path) -> dict[str, str]:
    """Put every hostile thing into the directory; what is said of each, by its name."""
    os.mkfifo(jobs / "fifo.yaml")
    (jobs / "dir.yaml").mkdir()
    (jobs / "loop.yaml").symlink_to("loop.yaml")
    (jobs / "zero.yaml").symlink_to("/dev/zero")
    (jobs / "nothing.yaml").symlink_to("/nowhere")
    (jobs / "bad\x1b[2J\u202e.yaml").write_text(BROKEN)
    with (jobs / "large.yaml").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    (jobs / "bomb.yaml").write_text("a: &a [x, x]\n" + "b: [" + "*a, " * 100_000 + "]\n")
    (jobs / "deep.yaml").write_text("[" * 500_000)
    shared = f"{{schedule: {{cron: '0 9 * * *'}}, to: +14155550123, message: '{EXPENSIVE}'}}"
    (jobs / "slow.yaml").write_text(
        f"defaults: {shared}\njobs:\n" + "".join(f"  - {{name: s{n}}}\n" for n in range(2_000))
    )
    return {
        "fifo.yaml": "is a FIFO, not a file",
        "dir.yaml": "is a directory, not a file",
        "loop.yaml": "Too many levels of symbolic links",
        "zero.yaml": "is a device, not a file",
        "nothing.yaml": "is a link to nothing",
        "bad\\x1b[2J\\u202e.yaml": "unprintable characters",
        "large.yaml": "is too large",
        "bomb.yaml:2:": "aliases repeat too much",
        "deep.yaml:1:": "more than 32 levels",
        "slow.yaml:1:": "take too much work to check",
    }


@contextlib.contextmanager
def growing(path: Path) -> Iterator[None]:
    """A file that somebody appends to without a pause."""
    over = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            while not over.wait(0.001):
                file.write(b"# more\n")

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_what_is_no_job_file_is_one_problem_each_and_stops_nobody(home: Home) -> None:
    home.write("healthy.yaml", *(job(f"ok{n}", phone(n), moment(2 + 2 * n), valid_for=IN_TIME) for n in range(4)))
    home.start()
    with growing(home.jobs / "grows.yaml"):
        said = poison(home.jobs)
        home.until_settled(4, {"accepted"})
    problems = home.run("reload", "--json").json["problems"]
    for name, words in said.items():
        found = [problem for problem in problems if f"/{name}" in problem]
        assert len(found) == 1, (name, found)
        assert words in found[0]
    assert len(problems) == len(said)
    home.write("later.yaml", job("later", phone(9)))
    home.until_states(later="accepted")
    assert home.stop() == 0
    assert "Traceback" not in home.log()


def memory(home: Home) -> int:
    """The most memory that the daemon has taken, in MB."""
    status = Path(f"/proc/{home.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024


@pytest.mark.nightly
def test_ten_thousand_broken_files_leave_the_daemon_of_use(home: Home) -> None:
    home.write("healthy.yaml", *(job(f"ok{n}", phone(n), moment(5 + 2 * n), valid_for=IN_TIME) for n in range(40)))
    home.start()
    for number in range(MANY):
        (home.jobs / f"broken{number}.yaml").write_text(BROKEN)
    home.until(lambda: len(home.json("status")["problems"]) == MANY, "not all problems are known")
    shown = home.run("status").out
    assert f"{MANY} problems" in shown
    assert f"... and {MANY - 20} more problems: `reminderd check` shows them" in shown
    assert shown.count("\n") < 40
    home.until_settled(40, {"accepted"})
    assert memory(home) < 200
    home.write("later.yaml", job("later", phone(99)))
    home.until_states(later="accepted")
    assert home.stop() == 0
