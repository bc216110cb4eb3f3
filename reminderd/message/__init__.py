"""What: phone numbers, message templates, and how a text is encoded and cut into segments. Pure: no I/O, no clock."""

from reminderd.message.errors import PhoneError, RenderError
from reminderd.message.quick import Measure, MessageProblem, check_job, measure, parse_phone, render

__all__ = [
    "Measure",
    "MessageProblem",
    "PhoneError",
    "RenderError",
    "check_job",
    "measure",
    "parse_phone",
    "render",
]
