"""The one error of this room."""


class ScheduleError(ValueError):
    """A schedule or zone that cannot be used as it is written.

    message: what is wrong. hint: what to write instead, or "". index: which item of an `at` list, from 0.
    """

    def __init__(self, message: str, hint: str = "", index: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.index = index
