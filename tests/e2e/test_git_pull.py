"""deploy/git-pull/reminderd-pull: what is new in a repository goes live as a whole, or not at all."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.daemon import Home
from tests.support.jobfiles import job_text, jobs_text, write
from tests.support.watching import watching

SCRIPT = Path(__file__).parents[2] / "deploy" / "git-pull" / "reminderd-pull"
# Credentials for a gateway that nobody plays; what is deployed is due in years.
NOBODY = {"PLIVO_AUTH_ID": "MA" + "X" * 18, "PLIVO_AUTH_TOKEN": "x", "REMINDERD_PLIVO__URL": "http://127.0.0.1:9"}


class Pulled(NamedTuple):
    status: int
    out: str
    err: str


class Scene:
    """A repository that people push to, the directory that is pulled into, and a home of the daemon."""

    def __init__(self, folder: Path, home: Home) -> None:
        self.origin = folder / "origin"
        self.place = folder / "pull"
        self.home = home
        (self.origin / "jobs.d").mkdir(parents=True)
        self.place.mkdir()
        self.live = self.place / "current" / "jobs.d"
        home.environment["REMINDERD_JOBS"] = str(self.live)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        identity = ("-c", "user.name=Ops", "-c", "user.email=ops@example.org", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(self.origin), *identity, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()

    def commit(self, **files: str | None) -> str:
        """Change these files of jobs.d, by their stems; None removes one. Returns the commit."""
        for stem, text in files.items():
            path = self.origin / "jobs.d" / f"{stem}.yaml"
            path.unlink() if text is None else write(path, text)
        self.git("add", "-A", ".")
        self.git("commit", "-q", "-m", "change")
        return self.git("rev-parse", "HEAD")

    def pull(self, *, seconds: float = 60, **environment: str) -> Pulled:
        variables = {
            **self.home.environment,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "STATE_DIRECTORY": str(self.place),
            "PULL_REPOSITORY": str(self.origin),
            **environment,
        }
        done = subprocess.run([SCRIPT], env=variables, capture_output=True, text=True, timeout=seconds, check=False)
        assert "Traceback" not in done.stderr
        return Pulled(done.returncode, done.stdout, done.stderr)

    def jobs(self) -> set[str]:
        return {job["name"] for job in self.home.json("list")}

    @property
    def current(self) -> str:
        return (self.place / "current").readlink().name


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    with Home(tmp_path / "home", NOBODY) as home:
        yield Scene(tmp_path, home)


def test_what_is_pushed_runs_and_what_is_broken_never_does(scene: Scene) -> None:
    first = scene.commit(rent=job_text("rent"))
    scene.home.start()  # before there is anything
    pulled = scene.pull()
    assert (pulled.status, scene.current) == (0, first)
    assert pulled.out.splitlines()[-1] == f"live: {first}"
    assert scene.jobs() == {"rent"}
    assert scene.pull() == Pulled(0, "", "")

    scene.commit(rent=job_text("rent") + "timezon: UTC\n", tea=job_text("tea"))
    for _ in range(2):
        pulled = scene.pull()
        assert (pulled.status, scene.current) == (1, first)
        assert "/jobs.d/rent.yaml:6:1: timezon: unknown key" in pulled.out
    assert scene.jobs() == {"rent"}

    mended = scene.commit(rent=job_text("rent"))
    assert (scene.pull().status, scene.current) == (0, mended)
    assert scene.jobs() == {"rent", "tea"}


def test_a_commit_is_seen_as_a_whole(scene: Scene) -> None:
    scene.commit(a=jobs_text("rent", "tea"), b=jobs_text("milk"))
    assert scene.pull().status == 2  # nobody runs whom one could ask to reload
    with watching(scene.live) as watched:
        for text, other in (
            (jobs_text("rent"), jobs_text("milk", "tea")),
            (jobs_text("rent", "tea"), jobs_text("milk")),
        ):
            scene.commit(a=text, b=other)
            scene.pull()
            watched.rescan()
            assert watched.jobs["tea"].source.file.endswith(
                "b.yaml" if "milk" in other and "tea" in other else "a.yaml"
            )
        scene.commit(a=None, c=jobs_text("rent", "tea"))
        scene.pull()
        watched.until(lambda _: watched.jobs["rent"].source.file.endswith("c.yaml"))
        assert not watched.problems()
        assert all(jobs.keys() == {"rent", "tea", "milk"} for jobs in watched.history)


def test_what_an_interrupted_run_left_does_not_matter(scene: Scene) -> None:
    commit = scene.commit(rent=job_text("rent"))
    for name in ("incoming", "releases"):
        write_into(scene.place / name / "jobs.d", "half.yaml")
    write(scene.place / "incoming.tar", "half")
    (scene.place / "incoming.link").symlink_to("releases/nowhere")
    scene.pull()
    assert scene.current == commit
    assert [path.name for path in scene.live.iterdir()] == ["rent.yaml"]
    assert not (scene.place / "incoming.link").is_symlink()


def write_into(folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    write(folder / name, "half\n")


def test_a_history_that_was_written_anew_is_refused(scene: Scene) -> None:
    first = scene.commit(rent=job_text("rent"))
    scene.pull()
    scene.git("commit", "-q", "--amend", "-m", "another")
    pulled = scene.pull()
    assert (pulled.status, scene.current) == (1, first)
    assert "non-fast-forward" in pulled.err
    scene_repository = scene.place / "repository"
    subprocess.run(["git", "-C", scene_repository, "update-ref", "-d", "refs/heads/live"], check=True)
    scene.pull()
    assert scene.current == scene.git("rev-parse", "HEAD")


def test_without_a_remote_or_jobs_the_live_files_stay(scene: Scene) -> None:
    first = scene.commit(rent=job_text("rent"))
    scene.pull()
    assert scene.pull(PULL_REPOSITORY=str(scene.place / "nowhere")).status == 128
    assert scene.pull(PULL_BRANCH="other").status == 128
    assert "names the repository to fetch from" in scene.pull(PULL_REPOSITORY="").err
    scene.git("mv", "jobs.d", "jobs")
    scene.git("commit", "-q", "-m", "gone")
    pulled = scene.pull()
    assert (pulled.status, scene.current) == (1, first)
    assert "jobs.d: does not exist" in pulled.out


def test_the_newest_releases_stay(scene: Scene) -> None:
    commits = []
    for number, keep in enumerate(["2", "2", "2", "0"]):
        commits.append(scene.commit(rent=job_text("rent", f"Number {number}.")))
        scene.pull(PULL_KEEP=keep)
        assert {path.name for path in (scene.place / "releases").iterdir()} == set(commits[-max(int(keep), 1) :])
        assert scene.current == commits[-1]


def test_a_reload_that_failed_is_tried_again_by_each_run(scene: Scene) -> None:
    commit = scene.commit(rent=job_text("rent"))
    for said in (f"live: {commit}\n", "", ""):
        pulled = scene.pull()
        assert (pulled.status, scene.current) == (2, commit)
        assert pulled.out.endswith(said)
        assert "no daemon answers" in pulled.err
    scene.home.start()
    assert scene.pull().status == 0
    assert scene.pull() == Pulled(0, "", "")
    scene.home.stop()
    scene.commit(rent=job_text("rent", "Another."))
    assert [scene.pull().status for _ in range(2)] == [2, 2]


def test_what_is_not_as_committed_is_replaced_and_loaded(scene: Scene) -> None:
    commit = scene.commit(rent=job_text("rent"), tea=job_text("tea"))
    scene.home.start()
    assert scene.pull().status == 0
    for number in range(3):  # the mended one too
        write(scene.live / "rent.yaml", "" if number else job_text("rent") + "broken: 1\n")
        (scene.live / "tea.yaml").unlink()
        write(scene.live / "milk.yaml", job_text("milk"))
        damaged = scene.current
        pulled = scene.pull()
        assert (pulled.status, scene.current.removesuffix("-mended")) == (0, commit)
        assert f"releases/{damaged} is not what was committed" in pulled.err
        assert scene.current != damaged
        assert "rent.yaml" in pulled.err
        assert {path.name: path.read_text() for path in scene.live.iterdir()} == {
            "rent.yaml": job_text("rent"),
            "tea.yaml": job_text("tea"),
        }
        assert scene.jobs() == {"rent", "tea"}
        assert scene.pull() == Pulled(0, "", "")


def test_a_release_chosen_by_hand_stays_until_the_next_commit(scene: Scene) -> None:
    first = scene.commit(rent=job_text("rent"))
    scene.home.start()
    assert scene.pull().status == 0
    scene.commit(rent=job_text("rent", "Wrong."))
    assert scene.pull().status == 0
    (scene.place / "next").symlink_to(f"releases/{first}")
    (scene.place / "next").rename(scene.place / "current")
    for _ in range(2):
        pulled = scene.pull()
        assert (pulled.status, scene.current) == (0, first)
        assert f"current names releases/{first}, which somebody chose" in pulled.out
    third = scene.commit(rent=job_text("rent", "Right."))
    assert (scene.pull().status, scene.current) == (0, third)


def test_a_commit_without_a_job_is_refused_unless_allowed(scene: Scene) -> None:
    first = scene.commit(rent=job_text("rent"))
    scene.home.start()
    assert scene.pull().status == 0
    write(scene.origin / "jobs.d" / ".gitkeep", "")
    empty = scene.commit(rent=None)
    for _ in range(2):
        pulled = scene.pull()
        assert (pulled.status, scene.current) == (1, first)
        assert f"{empty} has no job" in pulled.err
        assert "PULL_ALLOW_EMPTY=yes" in pulled.err
    assert scene.jobs() == {"rent"}
    assert scene.pull(PULL_ALLOW_EMPTY="yes").status == 0
    assert scene.jobs() == set()
    assert scene.pull() == Pulled(0, "", "")


def test_runs_at_the_same_time_wait_for_each_other(scene: Scene) -> None:
    commit = scene.commit(rent=job_text("rent"))
    scene.home.start()
    with ThreadPoolExecutor(3) as pool:
        pulled = list(pool.map(lambda _: scene.pull(), range(3)))
    assert [each.status for each in pulled] == [0, 0, 0], pulled
    assert [each.out.count(f"live: {commit}") for each in pulled].count(1) == 1
    assert scene.current == commit
