"""The language of job files: what a job may say, and how each value is read.

The models take what a document gives, where every scalar is text, and the JSON of a job's definition alike.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated

from pydantic import BeforeValidator, Field

from reminderd.document import scalars
from reminderd.document.scalars import Wrong, show
from reminderd.jobs.fields import Line, Span, Spec, one_or_more
from reminderd.jobs.person import LIST_KEYS, Item, Language, RecipientSpec, read_language, read_zone
from reminderd.jobs.schedule import SCHEDULE_KEYS, Rules
from reminderd.model import CatchUp, OnDoubt, OnQuiet, OnUndelivered
from reminderd.recurrence import parse_quiet_hours

SHORTEST_VALIDITY = timedelta(seconds=5)
LONGEST_VALIDITY = timedelta(days=3660)
LONGEST_SPLAY = timedelta(days=1)
MOST_DELIVERIES = 10_000_000
DEFAULT_VALIDITY = timedelta(hours=1)
DEFAULT_RETRY = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=25))

NO_QUIET_HOURS = "none"  # in a job, where the settings have some
RECIPIENT = "recipient"  # as a job's timezone
MOST_RETRIES = 100

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_CATCH_UP = {each.value: each for each in CatchUp}
_ON_DOUBT = {each.value: each for each in OnDoubt}
_ON_QUIET = {each.value: each for each in OnQuiet}
_ON_UNDELIVERED = {each.value: each for each in OnUndelivered}


def job_name(value: object) -> str:
    """A job's name, fit for commands, paths and logs."""
    name = scalars.line(value)
    if not _NAME.fullmatch(name):
        hint = "use up to 100 letters a-z, digits, dots, dashes and underscores, and no dot or dash first"
        raise Wrong(f"{show(name)} cannot be the name of a job", hint)
    return name


def _job_zone(value: object) -> str:
    """The zone of a job's schedule, or `recipient` for each one's own."""
    if value == RECIPIENT:
        return RECIPIENT
    if isinstance(value, str) and get_close_matches(value[:20].lower(), [RECIPIENT], cutoff=0.8):
        raise Wrong(f"unknown time zone {show(value)}", f"did you mean {RECIPIENT!r}, each one's own?")
    return read_zone(value)


def _validity(value: object) -> timedelta:
    return scalars.between(scalars.span(value), SHORTEST_VALIDITY, LONGEST_VALIDITY)


def _catch_up(value: object) -> CatchUp:
    return scalars.choice(value, _CATCH_UP)


def _on_doubt(value: object) -> OnDoubt:
    return scalars.choice(value, _ON_DOUBT)


def _on_quiet(value: object) -> OnQuiet:
    return scalars.choice(value, _ON_QUIET)


def _on_undelivered(value: object) -> OnUndelivered:
    return scalars.choice(value, _ON_UNDELIVERED)


def _splay(value: object) -> timedelta:
    return scalars.between(scalars.span(value), timedelta(0), LONGEST_SPLAY)


def _message(value: object) -> str:
    if isinstance(value, dict):
        raise Wrong("must be text, not a mapping", "put it in quotes, or texts by language under messages:")
    return scalars.text(value)


def _messages(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not value:
        raise Wrong(f"must be a mapping, not {scalars.kind(value)}", "write messages: {de: a text, en: a text}")
    return {language: _wording(language, each) for language, each in value.items()}


def _wording(language: str, value: object) -> str:
    try:
        read_language(language)
        text = scalars.text(value)
    except Wrong as error:
        raise Wrong(error.message, error.hint, (language,)) from None
    if not text.strip():
        raise Wrong("the text is empty", "write it, or remove the language", (language,))
    return text


def most_deliveries(value: object) -> int:
    """A number of deliveries in `limits`."""
    return scalars.whole(value, 1, MOST_DELIVERIES)


def _delays(value: object) -> list[object]:
    if not isinstance(value, list):
        raise Wrong(f"must be a list of delays, not {scalars.kind(value)}", "write [1m, 5m, 25m], or [] for no retry")
    if len(value) > MOST_RETRIES:
        raise Wrong(f"has {len(value)} delays, at most {MOST_RETRIES} are allowed")
    return value


def _variables(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Wrong(f"must be a mapping, not {scalars.kind(value)}", "write vars: {name: value}")
    return {key: scalars.core(item) for key, item in value.items()}


def _quiet_hours(value: object) -> str:
    """Quiet hours in their normal notation, or `none`."""
    if isinstance(value, list):
        raise Wrong("must be text, not a list", "write one stretch of the day, like 21:00-08:00")
    word = scalars.notation(value)
    if word.lower() in ("no", "off", "false"):
        raise Wrong(f"{show(word)} are not quiet hours", f"write {NO_QUIET_HOURS}, or hours like 21:00-08:00")
    return word if word == NO_QUIET_HOURS else str(parse_quiet_hours(word))


Truth = Annotated[bool, BeforeValidator(scalars.boolean)]


class LimitsSpec(Spec):
    """The job's own limits, in the place of the settings'."""

    per_occurrence: Annotated[int, BeforeValidator(most_deliveries)] | None = None
    per_job_and_day: Annotated[int, BeforeValidator(most_deliveries)] | None = None


class JobSpec(Spec):
    """One job as it is written, its file's defaults filled in."""

    name: Annotated[str, BeforeValidator(job_name)]
    schedule: Rules
    timezone: Annotated[str, BeforeValidator(_job_zone)] | None = None
    timezone_from_number: Truth = False
    sender: Annotated[str, BeforeValidator(scalars.sender)] | None = None
    to: Annotated[tuple[Item, ...], BeforeValidator(one_or_more)]
    message: Annotated[str, BeforeValidator(_message)] | None = None
    template: Line | None = None
    messages: Annotated[dict[str, str], BeforeValidator(_messages)] = Field(default_factory=dict)
    fallback: Language | None = None
    smart_punctuation: Truth | None = None
    vars: Annotated[dict[str, object], BeforeValidator(_variables)] = Field(default_factory=dict)
    valid_for: Annotated[timedelta, BeforeValidator(_validity)] = DEFAULT_VALIDITY
    catch_up: Annotated[CatchUp, BeforeValidator(_catch_up)] = CatchUp.LATEST
    retry: Annotated[tuple[Span, ...], BeforeValidator(_delays)] = DEFAULT_RETRY
    on_doubt: Annotated[OnDoubt, BeforeValidator(_on_doubt)] = OnDoubt.WAIT
    on_undelivered: Annotated[OnUndelivered, BeforeValidator(_on_undelivered)] = OnUndelivered.FAIL
    quiet_hours: Annotated[str, BeforeValidator(_quiet_hours)] | None = None
    on_quiet: Annotated[OnQuiet, BeforeValidator(_on_quiet)] | None = None
    splay: Annotated[timedelta, BeforeValidator(_splay)] = timedelta(0)
    limits: LimitsSpec = LimitsSpec()
    enabled: Truth = True
    description: Annotated[str, BeforeValidator(scalars.text)] = ""


KEYS: Mapping[tuple[str | int, ...], tuple[str, ...]] = {
    (): tuple(JobSpec.model_fields),
    ("schedule",): SCHEDULE_KEYS,
    ("to",): (*RecipientSpec.model_fields, *LIST_KEYS),
    ("limits",): tuple(LimitsSpec.model_fields),
}

EXAMPLES = {
    "name": "write name: followed by a name of its own for each job",
    "schedule": "write for example schedule: {cron: '0 9 * * MON-FRI'}",
    "to": "write for example to: +14155550123",
    "phone": "write for example phone: +14155550123",
    "message": "write the text to send",
}

# What people call keys, whatever it looks like.
OTHER_NAMES = {
    **dict.fromkeys(("text", "body", "content", "sms"), "message"),
    **dict.fromkeys(("recipients", "recipient", "people", "receiver"), "to"),
    **dict.fromkeys(("when", "trigger"), "schedule"),
    **dict.fromkeys(("tz", "zone"), "timezone"),
    **dict.fromkeys(("variables", "values"), "vars"),
}
