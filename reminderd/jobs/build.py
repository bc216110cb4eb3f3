"""From what is written to a job: its definition and its digest."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from reminderd.duration import format_duration
from reminderd.jobs.crowd import Crowd
from reminderd.jobs.schedule import write_schedule
from reminderd.jobs.spec import NO_QUIET_HOURS, RECIPIENT, JobSpec
from reminderd.jobs.texts import Texts
from reminderd.model import Defaults, Job, Limits, QuietHours, Schedule, Source, UsedFile
from reminderd.recurrence import parse_quiet_hours

TEMPLATES = "templates"  # in a definition: the files of its templates, by their names

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def zone_of(spec: JobSpec, defaults: Defaults) -> str:
    """The zone of a job; where each recipient has an own one, of whatever is shown for no recipient in particular."""
    return defaults.timezone if spec.timezone in (None, RECIPIENT) else spec.timezone


def _quiet_hours(spec: JobSpec, defaults: Defaults) -> QuietHours | None:
    if spec.quiet_hours is None:
        return defaults.quiet_hours
    return None if spec.quiet_hours == NO_QUIET_HOURS else parse_quiet_hours(spec.quiet_hours)


def build(spec: JobSpec, schedule: Schedule, crowd: Crowd, texts: Texts, source: Source, defaults: Defaults) -> Job:
    """The job, with its definition (only what is written) and its digest (all that it comes to).

    Both name the files that it uses by the digests of their contents. The digest of the job is the same wherever they lie.
    """
    zone, sender = zone_of(spec, defaults), spec.sender or defaults.sender
    quiet, on_quiet = _quiet_hours(spec, defaults), spec.on_quiet or defaults.on_quiet
    smart = defaults.smart_punctuation if spec.smart_punctuation is None else spec.smart_punctuation
    resolved = _as_written(spec, schedule)
    written = {key: resolved[key] for key in spec.model_fields_set} | _references(crowd, texts)
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
        recipients=crowd.recipients,
        message=spec.message or texts.sources.get(spec.template or "", ""),
        vars=spec.vars,
        valid_for=spec.valid_for,
        catch_up=spec.catch_up,
        retry=spec.retry,
        on_doubt=spec.on_doubt,
        enabled=spec.enabled,
        description=spec.description,
        definition=_canonical(written),
        digest=sha256(_canonical(resolved | given | _contents(spec, crowd, texts)).encode()).hexdigest()[:16],
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
        templates=texts.sources,
        lists=crowd.lists,
        files=_once([*crowd.files, *(texts.files[name] for name in sorted(texts.files))]),
    )


def _references(crowd: Crowd, texts: Texts) -> dict[str, Any]:
    """The people and templates of a definition: who is written in the job, and which files hold the rest."""
    found: dict[str, Any] = {"to": crowd.written}
    if texts.files:
        found[TEMPLATES] = {name: {"path": each.path, "digest": each.digest} for name, each in texts.files.items()}
    return found


def _contents(spec: JobSpec, crowd: Crowd, texts: Texts) -> dict[str, Any]:
    """What the people and templates come to, wherever their files lie."""
    found: dict[str, Any] = {"to": [{k: v for k, v in each.items() if k != "path"} for each in crowd.written]}
    if texts.files:
        found[TEMPLATES] = {name: each.digest for name, each in texts.files.items()}
    if spec.timezone_from_number:
        # Where a number belongs is said by a table that moves with time.
        zones = "\n".join(each.timezone or "" for each in crowd.recipients)
        found["zones"] = sha256(zones.encode()).hexdigest()
    return found


def _as_written(spec: JobSpec, schedule: Schedule) -> dict[str, Any]:
    """Every key of the job but its people in the notation of job files, in its one normal form."""
    return {
        "name": spec.name,
        "schedule": write_schedule(schedule),
        "timezone": spec.timezone,
        "timezone_from_number": spec.timezone_from_number,
        "sender": spec.sender,
        "to": None,
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
        "limits": {key: str(most) for key, most in spec.limits.model_dump(exclude_none=True).items()},
        "enabled": spec.enabled,
        "description": spec.description,
    }


def _once(files: Iterable[UsedFile]) -> tuple[UsedFile, ...]:
    """Each file once, whatever a job reads of it."""
    return tuple({each.path: each for each in files}.values())


def _canonical(value: Mapping[str, Any]) -> str:
    return _ENCODER.encode(value)
