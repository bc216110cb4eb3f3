"""A job made again from its definition, as the state keeps it."""

import json

from reminderd.jobs.build import build, check_keys, recipient_of, schedule_of, zone_of
from reminderd.jobs.spec import JobSpec, Reading, ScheduleSpec
from reminderd.model import At, Defaults, Job, Schedule, Source
from reminderd.recurrence import parse_at


def restore(definition: str, source: Source, defaults: Defaults) -> Job:
    """The job that has this definition, the same in everything when `defaults` are the same.

    What was accepted once is accepted again: a phone number that newer numbering plans do not know, or a local time
    that new zone rules skip. Raises ValueError where `definition` is not a job, or its zone does not exist any more.
    """
    try:
        spec = JobSpec.model_validate(json.loads(definition), context=Reading(accepted=True))
        schedule = _schedule(spec.schedule, zone_of(spec, defaults))
        return build(spec, schedule, map(recipient_of, spec.to), source, defaults)
    except (ValueError, RecursionError) as error:
        # The error's own words may hold phone numbers and the message.
        raise ValueError(f"not the definition of a job ({type(error).__name__})") from None


def _schedule(spec: ScheduleSpec, zone: str) -> Schedule:
    check_keys(spec)
    if spec.at is None:
        return schedule_of(spec, zone)
    # In UTC no time is skipped or comes twice; one by one, no two of them are the same.
    return At(tuple(parse_at([text], "UTC").times[0] for text in spec.at))
