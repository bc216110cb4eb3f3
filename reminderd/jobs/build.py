"""From what is written to a job: its definition and its digest."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from reminderd.duration import format_duration
from reminderd.jobs.schedule import write_schedule
from reminderd.jobs.spec import NO_QUIET_HOURS, RECIPIENT, JobSpec, RecipientSpec
from reminderd.model import Defaults, Job, Limits, QuietHours, Recipient, Schedule, Source
from reminderd.recurrence import parse_quiet_hours

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def recipient_of(spec: RecipientSpec) -> Recipient:
    """The recipient that is written."""
    return Recipient(spec.phone, spec.name, spec.key, spec.timezone, spec.variables, spec.language)


def zone_of(spec: JobSpec, defaults: Defaults) -> str:
    """The zone of a job; where each recipient has an own one, of whatever is shown for no recipient in particular."""
    return defaults.timezone if spec.timezone in (None, RECIPIENT) else spec.timezone


def _quiet_hours(spec: JobSpec, defaults: Defaults) -> QuietHours | None:
    if spec.quiet_hours is None:
        return defaults.quiet_hours
    return None if spec.quiet_hours == NO_QUIET_HOURS else parse_quiet_hours(spec.quiet_hours)


def build(
    spec: JobSpec, schedule: Schedule, recipients: Iterable[Recipient], source: Source, defaults: Defaults
) -> Job:
    """The job, with its definition (only what is written) and its digest (all that it comes to)."""
    recipients = tuple(recipients)
    zone, sender = zone_of(spec, defaults), spec.sender or defaults.sender
    quiet, on_quiet = _quiet_hours(spec, defaults), spec.on_quiet or defaults.on_quiet
    smart = defaults.smart_punctuation if spec.smart_punctuation is None else spec.smart_punctuation
    resolved = _as_written(spec, schedule, recipients)
    written = {key: resolved[key] for key in spec.model_fields_set}
    given = {
        "timezone": RECIPIENT if spec.timezone == RECIPIENT else zone,
        "default_timezone": zone,
        "sender": sender,
        "quiet_hours": str(quiet),
        "on_quiet": on_quiet,
        "smart_punctuation": smart,
    }
    return Job(
        name=spec.name,
        source=source,
        schedule=schedule,
        timezone=zone,
        sender=sender,
        recipients=recipients,
        message=spec.message or "",
        vars=spec.vars,
        valid_for=spec.valid_for,
        catch_up=spec.catch_up,
        retry=spec.retry,
        on_doubt=spec.on_doubt,
        enabled=spec.enabled,
        description=spec.description,
        definition=_canonical(written),
        digest=sha256(_canonical(resolved | given).encode()).hexdigest()[:16],
        template=spec.template,
        messages=spec.messages,
        fallback=spec.fallback,
        smart_punctuation=smart,
        recipient_zones=spec.timezone == RECIPIENT,
        quiet_hours=quiet,
        on_quiet=on_quiet,
        splay=spec.splay,
        on_undelivered=spec.on_undelivered,
        limits=Limits(spec.limits.per_occurrence, spec.limits.per_job_and_day),
    )


def _as_written(spec: JobSpec, schedule: Schedule, recipients: Iterable[Recipient]) -> dict[str, Any]:
    """Every key of the job in the notation of job files, in its one normal form."""
    return {
        "name": spec.name,
        "schedule": write_schedule(schedule),
        "timezone": spec.timezone,
        "timezone_from_number": spec.timezone_from_number,
        "sender": spec.sender,
        "to": [_write_recipient(each) for each in recipients],
        "message": spec.message,
        "template": spec.template,
        "messages": spec.messages,
        "fallback": spec.fallback,
        "smart_punctuation": spec.smart_punctuation,
        "vars": spec.vars,
        "valid_for": format_duration(spec.valid_for),
        "catch_up": spec.catch_up,
        "retry": [format_duration(delay) for delay in spec.retry],
        "on_doubt": spec.on_doubt,
        "on_undelivered": spec.on_undelivered,
        "quiet_hours": spec.quiet_hours,
        "on_quiet": spec.on_quiet,
        "splay": format_duration(spec.splay),
        "limits": spec.limits.model_dump(exclude_none=True),
        "enabled": spec.enabled,
        "description": spec.description,
    }


def _write_recipient(recipient: Recipient) -> dict[str, Any]:
    known = {
        "phone": recipient.phone,
        "name": recipient.name,
        "key": recipient.key,
        "timezone": recipient.timezone,
        "language": recipient.language,
    }
    return {**recipient.variables, **{key: value for key, value in known.items() if value is not None}}


def _canonical(value: Mapping[str, Any]) -> str:
    return _ENCODER.encode(value)
