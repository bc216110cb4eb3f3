"""From a job and a recipient to the text that is sent."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminderd.message.encoding import Measure, measure
from reminderd.message.errors import RenderError
from reminderd.message.expressions import Run
from reminderd.message.statements import write
from reminderd.message.template import Template, compile_template
from reminderd.model import Job, Recipient, Text

_MARKS = re.compile(r"\{[{%#]")
_LINE_END = re.compile(r"\r\n?")
# Half of a surrogate pair cannot be sent at all; controls show as nothing or as rubbish.
_UNSENDABLE = re.compile("[\0-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Drawn(NamedTuple):
    """A text with the steps that it took."""

    text: Text
    steps: int


def render(job: Job, recipient: Recipient, due_at: datetime) -> Text:
    """The message of `job` for `recipient`, due at the aware `due_at`, without white space around it.

    Raises RenderError, and nothing else whatever the variables are: something undefined, an operation that does not
    fit its values, too much work, or a text that is empty, too long or cannot be sent.
    """
    return draw(template_of(job), job, recipient, due_at).text


def template_of(job: Job) -> Template | None:
    """The compiled message, None if it is plain text; raises RenderError."""
    return compile_template(job.message) if _MARKS.search(job.message) else None


def draw(template: Template | None, job: Job, recipient: Recipient, due_at: datetime) -> Drawn:
    """As `render`, with the template at hand; an error carries the steps that it took."""
    if template is None:
        return Drawn(_finished(job.message), 1)
    run = Run(_variables(job, recipient, due_at))
    try:
        write(template, run)
        return Drawn(_finished(run.text), run.steps)
    except RenderError as error:
        error.steps = run.steps
        raise


def job_view(job: Job) -> Mapping[str, object]:
    """What `job` is in a message; what is not given is not in it."""
    return _given(name=job.name, description=job.description, timezone=job.timezone, sender=job.sender)


def recipient_view(recipient: Recipient) -> Mapping[str, object]:
    """What `recipient` is in a message; what is not given is not in it."""
    own = _given(name=recipient.name, phone=recipient.phone, key=recipient.key, timezone=recipient.timezone)
    return {**recipient.variables, **own}


def _variables(job: Job, recipient: Recipient, due_at: datetime) -> dict[str, object]:
    return {
        "job": job_view(job),
        "recipient": recipient_view(recipient),
        "due_at": due_at.astimezone(ZoneInfo(job.timezone)),
        "vars": job.vars,
    }


def _given(**fields: str | None) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _finished(text: str) -> Text:
    text = _LINE_END.sub("\n", text).strip()
    if not text:
        raise RenderError("the text is empty")
    if unsendable := _UNSENDABLE.search(text):
        raise RenderError(
            f"the text has the character U+{ord(unsendable[0]):04X}, which cannot be sent",
            "write an emoji as itself or as \\U0001F600" if unsendable[0] > "\x7f" else "",
        )
    measured = measure(text)
    if measured.units > measured.limit:
        raise _too_long(measured)
    return Text(text, measured.encoding, measured.segments)


def _too_long(measured: Measure) -> RenderError:
    message = f"the text takes {measured.units} units in {measured.encoding}, at most {measured.limit} can be sent"
    if measured.culprit is None or measured.culprit_index is None:
        return RenderError(message, "characters such as € and [ count twice" if measured.units <= 1700 else "")
    culprit = f"{measured.culprit!r} (U+{ord(measured.culprit):04X}) at character {measured.culprit_index + 1}"
    return RenderError(message, f"it is in UCS-2 because of {culprit}; GSM-7 has room for 1600")
