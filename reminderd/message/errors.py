"""The errors of this room. None of them repeats a phone number or a text: problems are logged."""


class PhoneError(ValueError):
    """Not a phone number to send to. message: what is wrong; hint: what to write instead, or ""."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class RenderError(Exception):
    """A message that cannot be made, or an expression without a value.

    line: where in the source, from 1; None where it is all of it. column: where in that line, from 1, if it is known.
    template: the name of the template file that the line is in; None for the text of the job file. mark: a regular
    expression of what stands in the expression that is to blame, "" if that is not known. steps: what was spent on
    making it.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        line: int | None = None,
        template: str | None = None,
        *,
        column: int | None = None,
        mark: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line
        self.column = column
        self.template = template
        self.mark = mark
        self.steps = 0
