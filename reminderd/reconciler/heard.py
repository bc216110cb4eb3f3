"""What comes of something that Plivo said by itself."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class Result(StrEnum):
    """counted: it said something new. repeated: nothing that was not known, or is newer. strange: it does not fit what it names,
    and changed nothing. unknown: nobody knows what it names.
    """

    COUNTED = "counted"
    REPEATED = "repeated"
    STRANGE = "strange"
    UNKNOWN = "unknown"


class Heard(NamedTuple):
    """told: what is to be logged when it is committed."""

    result: Result
    told: tuple[Callable[[], None], ...] = ()
