from datetime import datetime
from typing import NamedTuple

import phonenumbers
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reminderd.message.errors import PhoneError, RenderError
from reminderd.model import Job, Recipient, Text


class Measure(NamedTuple):
    encoding: str
    units: int
    segments: int
    limit: int
    culprit: str | None
    culprit_index: int | None


class MessageProblem(NamedTuple):
    path: tuple[str | int, ...]
    line_offset: int
    column_offset: int
    message: str
    hint: str


def parse_phone(text: str) -> str:
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise PhoneError(f"{text!r} is not a phone number", "write +14155550123") from None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def measure(text: str) -> Measure:
    return Measure("GSM-7", len(text), 1 if len(text) <= 160 else -(-len(text) // 153), 1600, None, None)


def render(job: Job, recipient: Recipient, due_at: datetime) -> Text:
    env = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    person = {**recipient.variables, "name": recipient.name, "phone": recipient.phone}
    try:
        text = env.from_string(job.message).render(job=job, recipient=person, vars=job.vars, due_at=due_at).strip()
    except TemplateError as error:
        raise RenderError(str(error)) from None
    return Text(text, measure(text).encoding, measure(text).segments)


def check_job(job: Job, due_at: datetime) -> list[MessageProblem]:
    for recipient in job.recipients:
        try:
            render(job, recipient, due_at)
        except RenderError as error:
            return [MessageProblem(("message",), (error.line or 1) - 1, 0, error.message, error.hint)]
    return []
