"""Why a reminder is not made, or not removed."""

from collections.abc import Sequence
from enum import StrEnum

from reminderd.reminders.asked import Flaw


class Why(StrEnum):
    """What kind of reason it is; whoever asked over HTTP gets a status for it."""

    UNREADABLE = "unreadable"  # no JSON that could be a job
    WRONG = "wrong"  # what `check` would refuse
    TAKEN = "taken"  # the name is somebody's
    REUSED = "reused"  # the key was used for something else
    GONE = "gone"
    UNKNOWN = "unknown"
    EDITED = "edited"  # the file is not as it was written
    ELSEWHERE = "elsewhere"  # another file declares the job
    FULL = "full"
    NO_SPACE = "no space"
    TROUBLE = "trouble"  # of the disk, or the state
    BUSY = "busy"


class RefusedError(Exception):
    """why: the kind. hint: what to do. flaws: each thing that is wrong with what was asked for."""

    def __init__(self, why: Why, message: str, hint: str = "", flaws: Sequence[Flaw] = ()) -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.why = why
        self.flaws = tuple(flaws)
