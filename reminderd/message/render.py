"""From a job and a recipient to the text that is sent."""

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminderd.message.assembly import Assembly, assemble
from reminderd.message.encoding import Measure, measure
from reminderd.message.errors import RenderError
from reminderd.message.expressions import Run
from reminderd.message.moments import Moment
from reminderd.message.punctuation import plain
from reminderd.message.statements import write
from reminderd.message.wordings import Wording, wording
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
    fit its values, too much work, or a text that is empty, too long or cannot be sent. For many recipients of one job,
    a `Renderer` does it in less time.
    """
    return Renderer(job).draw(recipient, due_at).text


class Renderer:
    """Makes the texts of one job, one after another."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._job_view = job_view(job)
        self._assemblies: dict[tuple[str | int, ...], Assembly | None] = {}
        self._plain: dict[tuple[str | int, ...], Drawn] = {}
        self._zones: dict[str, tzinfo] = {}

    def render(self, recipient: Recipient, due_at: datetime) -> Text:
        """As the function of this name."""
        return self.draw(recipient, due_at).text

    def assembly(self, of: Wording) -> Assembly | None:
        """The template of a text, None if it is plain; raises RenderError."""
        if of.place not in self._assemblies:
            try:
                found = assemble(of.source, self.job.templates) if _MARKS.search(of.source) else None
            except RenderError as error:
                raise _placed(error, of) from None
            self._assemblies[of.place] = found
        return self._assemblies[of.place]

    def draw(self, recipient: Recipient, due_at: datetime) -> Drawn:
        """The text with the steps that it took; an error carries the steps, too."""
        chosen = wording(self.job, recipient)
        assembly = self.assembly(chosen)
        if assembly is None:
            if chosen.place not in self._plain:
                self._plain[chosen.place] = Drawn(self._finished(chosen.source), 1)
            return self._plain[chosen.place]
        zone, schedule_zone = (self._zone(of(recipient)) for of in (self.job.zone_of, self.job.schedule_zone_of))
        local = due_at.astimezone(schedule_zone)
        run = Run(self._variables(recipient, local), Moment(zone, local, schedule_zone), assembly.parts)
        try:
            write(assembly.root, run)
            return Drawn(self._finished(run.text), run.steps)
        except RenderError as error:
            error.steps = run.steps
            raise _placed(error, chosen) from None

    def _variables(self, recipient: Recipient, due_at: datetime) -> dict[str, object]:
        return {
            "job": self._job_view,
            "recipient": recipient_view(recipient),
            "due_at": due_at,
            "vars": self.job.vars,
        }

    def _zone(self, name: str) -> tzinfo:
        if name not in self._zones:
            self._zones[name] = ZoneInfo(name)
        return self._zones[name]

    def _finished(self, text: str) -> Text:
        return _finished(plain(text) if self.job.smart_punctuation else text)


def job_view(job: Job) -> Mapping[str, object]:
    """What `job` is in a message; what is not given is not in it."""
    return _given(name=job.name, description=job.description, timezone=job.timezone, sender=job.sender)


def recipient_view(recipient: Recipient) -> Mapping[str, object]:
    """What `recipient` is in a message; what is not given is not in it."""
    view = dict(recipient.variables)
    for name in _FIELDS:
        value = getattr(recipient, name)
        if value is not None:
            view[name] = value
    return view


_FIELDS = ("name", "phone", "key", "timezone", "language")


def _given(**fields: str | None) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _placed(error: RenderError, of: Wording) -> RenderError:
    """The error with the file that its line is in."""
    if error.line is not None and error.template is None:
        error.template = of.template
    return error


def _finished(text: str) -> Text:
    text = _LINE_END.sub("\n", text).strip() if "\r" in text else text.strip()
    if not text:
        raise RenderError("the text is empty")
    if not (text.isascii() and text.isprintable()) and (unsendable := _UNSENDABLE.search(text)):
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
