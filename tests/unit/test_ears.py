from pathlib import Path

import pytest

from reminderd.jobs.ears import survey, trace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path.resolve()


def test_a_plain_path_depends_on_its_last_entry(root: Path) -> None:
    (root / "jobs.d").mkdir()
    assert trace(root / "jobs.d") == ([root / "jobs.d"], root / "jobs.d")


def test_a_relative_path_begins_at_the_current_directory(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "jobs.d").mkdir()
    monkeypatch.chdir(root)
    assert trace(Path("jobs.d")) == ([root / "jobs.d"], root / "jobs.d")
    assert trace(Path()) == ([root], root)


def test_every_symlink_on_the_way_decides(root: Path) -> None:
    (root / "releases" / "1" / "jobs.d").mkdir(parents=True)
    (root / "current").symlink_to("releases/1")
    (root / "etc").symlink_to(root / "current" / "jobs.d")
    end = root / "releases" / "1" / "jobs.d"
    assert trace(root / "etc") == ([root / "etc", root / "current", end], end)


def test_a_step_up_is_taken_from_where_a_symlink_leads(root: Path) -> None:
    (root / "far" / "away").mkdir(parents=True)
    (root / "far" / "jobs.d").mkdir()
    (root / "link").symlink_to("far/away")
    end = root / "far" / "jobs.d"
    assert trace(root / "link" / ".." / "jobs.d") == ([root / "link", end], end)


def test_a_missing_path_depends_on_the_first_entry_that_is_missing(root: Path) -> None:
    assert trace(root / "etc" / "reminderd" / "jobs.d") == ([root / "etc"], None)


def test_a_symlink_to_nothing_depends_on_itself_and_on_what_is_missing(root: Path) -> None:
    (root / "jobs.d").symlink_to("gone/jobs.d")
    assert trace(root / "jobs.d") == ([root / "jobs.d", root / "gone"], None)


def test_symlinks_in_a_circle_lead_nowhere(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    steps, end = trace(root / "a")
    assert end is None
    assert set(steps) == {root / "a", root / "b"}


def test_one_real_directory_is_listened_to_once_whatever_its_names(root: Path) -> None:
    (root / "jobs.d").mkdir()
    (root / "link.d").symlink_to("jobs.d")
    posts = survey([root / "jobs.d", root / "link.d"])
    assert set(posts) == {root, root / "jobs.d"}
    heard = posts[root / "jobs.d"].heard(str(root / "jobs.d" / "rent.yaml"))
    assert heard == [str(root / "jobs.d" / "rent.yaml"), str(root / "link.d" / "rent.yaml")]


def test_only_the_steps_matter_in_a_directory_on_the_way(root: Path) -> None:
    (root / "jobs.d").mkdir()
    post = survey([root / "jobs.d"])[root]
    assert post.heard(str(root / "jobs.d")) == []
    assert post.heard(str(root / "state.db")) is None
    assert post.heard("") is None


def test_a_single_file_is_known_by_its_given_path(root: Path) -> None:
    (root / "real").mkdir()
    (root / "real" / "rent.txt").touch()
    (root / "rent.yaml").symlink_to("real/rent.txt")
    posts = survey([root / "rent.yaml"])
    assert posts[root / "real"].heard(str(root / "real" / "rent.txt")) == [str(root / "rent.yaml")]
    assert posts[root / "real"].heard(str(root / "real" / "other")) is None
