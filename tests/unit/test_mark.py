"""The mark outside the state's directory, and which host this is."""

from pathlib import Path

import pytest

from reminderd.store.mark import NOTHING, Began, Mark, default_folder, host_identity


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    mark = Mark(tmp_path / "marks", "abc")
    assert mark.read() is None
    mark.write(NOTHING)
    assert mark.read() == NOTHING
    for number in (1, 99_999_999, 7):
        mark.write(Began.of(number, f"token-{number}"))
        assert Mark(tmp_path / "marks", "abc").read() == Began.of(number, f"token-{number}")
    mark.close()


def test_a_mark_tells_neither_the_token_nor_anything_to_others(tmp_path: Path) -> None:
    mark = Mark(tmp_path / "marks", "abc")
    mark.write(Began.of(1, "secret-token"))
    assert "secret" not in mark.path.read_text()
    assert mark.path.stat().st_mode & 0o077 == 0
    assert mark.path.parent.stat().st_mode & 0o077 == 0
    mark.close()


@pytest.mark.parametrize("content", ["reminderd 1 5", "reminderd 1 5 ab 00000000", "\0" * 96, "ä"])
def test_a_mark_that_is_damaged_is_not_believed(tmp_path: Path, content: str) -> None:
    mark = Mark(tmp_path, "abc")
    mark.path.write_text(content)
    with pytest.raises(ValueError):
        mark.read()


def test_a_host_is_its_name_before_its_machine() -> None:
    assert host_identity("reminders-1") == "named reminders-1"
    assert host_identity(None) == host_identity(None)
    assert not host_identity(None).startswith("named")


def test_marks_lie_in_the_systems_folder_or_in_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere")
    assert default_folder() in (Path("/var/lib/reminderd-marks"), Path("/somewhere/reminderd-marks"))
