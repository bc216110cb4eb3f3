"""The files of `systemd/` as this installation was shipped with them."""

from importlib.resources import files
from pathlib import Path


def shipped_unit(name: str = "reminderd.service") -> str:
    """The text of a file of `systemd/`, byte for byte what a package installs.

    A wheel has them beside this module; in a checkout they are read where they lie.
    Raises FileNotFoundError where this version ships no file of that name.
    """
    packaged = files(__name__).joinpath(name)
    if packaged.is_file():
        return packaged.read_text("utf-8")
    return Path(__file__).parents[2].joinpath("systemd", name).read_text("utf-8")
