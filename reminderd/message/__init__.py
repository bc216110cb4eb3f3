"""What: phone numbers, message templates, and how a text is encoded and cut into segments. Pure: no I/O, no clock."""

from reminderd.message.anynotation import in_any_notation
from reminderd.message.assembly import includes
from reminderd.message.check import CheckedMessage, MessageProblem, Whereabouts, check_job
from reminderd.message.effort import Effort
from reminderd.message.encoding import Measure, measure
from reminderd.message.errors import PhoneError, RenderError
from reminderd.message.phones import country_of_number, parse_phone, zone_of_number
from reminderd.message.render import Renderer, render
from reminderd.message.where import Where, parse_where
from reminderd.message.wordings import Wording, wording

__all__ = [
    "CheckedMessage",
    "Effort",
    "Measure",
    "MessageProblem",
    "PhoneError",
    "RenderError",
    "Renderer",
    "Where",
    "Whereabouts",
    "Wording",
    "check_job",
    "country_of_number",
    "in_any_notation",
    "includes",
    "measure",
    "parse_phone",
    "parse_where",
    "render",
    "wording",
    "zone_of_number",
]
