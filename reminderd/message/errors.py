"""The errors of this room."""


class PhoneError(ValueError):
    """Not a phone number to send to. message: what is wrong; hint: what to write instead, or ""."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class RenderError(Exception):
    """A message that cannot be made. line: where in the message's source, from 1, when that is known."""

    def __init__(self, message: str, hint: str = "", line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line
