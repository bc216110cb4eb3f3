"""The one error of this room."""


class ScheduleError(ValueError):
    """A schedule or zone that cannot be used as it is written.

    message: what is wrong. hint: what to write instead, or "". index: which item of a list, from 0. key: which key of
    the rule is to blame, "" for the one that was read.
    """

    def __init__(self, message: str, hint: str = "", index: int | None = None, key: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.index = index
        self.key = key
