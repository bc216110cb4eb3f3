"""The files of `systemd/` are at hand for code, in a checkout too."""

from pathlib import Path

import pytest

from reminderd.shipped import shipped_unit

SYSTEMD = Path(__file__).parents[2] / "systemd"


@pytest.mark.parametrize("path", sorted(SYSTEMD.iterdir()), ids=lambda path: path.name)
def test_every_file_of_the_folder_is_read_as_it_lies_there(path: Path) -> None:
    assert shipped_unit(path.name).encode() == path.read_bytes()


def test_the_service_is_what_is_meant_without_a_name() -> None:
    assert shipped_unit() == (SYSTEMD / "reminderd.service").read_text()


def test_a_file_that_is_not_shipped_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"other\.service"):
        shipped_unit("other.service")
