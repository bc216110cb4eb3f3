"""The errors of this room. None of them repeats a phone number or a text: problems are logged."""


class PhoneError(ValueError):
    """Not a phone number to send to. message: what is wrong; hint: what to write instead, or ""."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class RenderError(Exception):
    """A message that cannot be made.

    line: where in the message's source, from 1; None where it is all of it. steps: what was spent on making it.
    """

    def __init__(self, message: str, hint: str = "", line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line
        self.steps = 0
