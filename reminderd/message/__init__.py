"""What: phone numbers, message templates, and how a text is encoded and cut into segments. Pure: no I/O, no clock."""

from reminderd.message.check import Effort, MessageProblem, check_job
from reminderd.message.encoding import Measure, measure
from reminderd.message.errors import PhoneError, RenderError
from reminderd.message.phones import parse_phone
from reminderd.message.render import render

__all__ = [
    "Effort",
    "Measure",
    "MessageProblem",
    "PhoneError",
    "RenderError",
    "check_job",
    "measure",
    "parse_phone",
    "render",
]
