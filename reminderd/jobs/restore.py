"""A job made again from its definition, as the state keeps it."""

import json

from reminderd.jobs.build import build, recipient_of, zone_of
from reminderd.jobs.schedule import schedule_of
from reminderd.jobs.spec import JobSpec, Reading
from reminderd.model import Defaults, Job, Source


def restore(definition: str, source: Source, defaults: Defaults) -> Job:
    """The job that has this definition, the same in everything when `defaults` are the same.

    What was accepted once is accepted again: a phone number that newer numbering plans do not know, or a local time
    that new zone rules skip. Raises ValueError where `definition` is not a job, or its zone does not exist any more.
    """
    try:
        spec = JobSpec.model_validate(json.loads(definition), context=Reading(accepted=True))
        schedule = schedule_of(spec.schedule, zone_of(spec, defaults), accepted=True)
        return build(spec, schedule, map(recipient_of, spec.to), source, defaults)
    except (ValueError, RecursionError) as error:
        # The error's own words may hold phone numbers and the message.
        raise ValueError(f"not the definition of a job ({type(error).__name__})") from None
