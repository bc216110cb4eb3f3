"""The job files that `reminderd new` writes: complete, explained, and switched off until somebody has looked at them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

_JOB = """\
# {title}
# Try it:  reminderd check {file}    and    reminderd next {name} --jobs {file}
name: {name}
description: {description}
enabled: false                 # remove this line when the rest is right: until then nothing is sent

{schedule}
timezone: {zone}

{to}

{message}

# What most jobs need not say, with what holds when they do not:
# valid_for: 1h                # after that nobody wants the message any more, and it is recorded as missed
# catch_up: latest             # after a downtime: latest, all, none
# retry: [1m, 5m, 25m]         # when Plivo certainly did not take it
# on_doubt: wait               # when nobody knows whether it went out: wait for a person, or resend
# quiet_hours: "21:00-08:00"   # in the recipient's zone; the message waits until they end
"""

_PEOPLE = """\
to:                            # who: numbers with their country code, and whatever the message says of each person
  - {name: Ada, phone: "+14155550101", flat: front}
  - {name: Grace, phone: "+14155550102", flat: back}"""

_GREETING = """\
message: >
  Hello {{ recipient.name }}, this is the reminder for the {{ recipient.flat }} flat of {{ due_at | date }}"""


class Starter(NamedTuple):
    """One kind of job. schedule: with {date} and {time} of a coming morning to fill in."""

    title: str
    description: str
    schedule: str
    to: str = _PEOPLE
    message: str = _GREETING
    beside: Mapping[str, str] = {}  # other files that it needs, by what is added to the job's name


STARTERS: Mapping[str, Starter] = {
    "cron": Starter(
        "A reminder that comes by the calendar.",
        "On weekdays at nine",
        """\
schedule:
  cron: "0 9 * * MON-FRI"      # minute, hour, day of month, month, day of week""",
    ),
    "at": Starter(
        "A reminder of single appointments.",
        "An appointment",
        """\
schedule:
  at:                          # local times; or with an offset, like {date}T09:00+02:00
    - "{date}T09:00"
    - "{later}T09:00\"""",
    ),
    "every": Starter(
        "A reminder at a fixed interval, whatever the clocks do.",
        "Every ninety minutes",
        """\
schedule:
  every: 90m                   # counted from there, in hours and not in wall time
  from: "{date}T08:00\"""",
    ),
    "rrule": Starter(
        "A reminder by a rule, as calendars have them.",
        "On the last weekday of each month",
        """\
schedule:
  rrule: FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1
  start: "{date}T09:00"    # from when on, and at which time of day
  # until: "{later}"        # to when
  # except: ["{later}"]     # not on these days
  # holidays: DE-BE          # with on_holiday: skip, before or after; needs pip install '.[holidays]'""",
    ),
    "list": Starter(
        "A reminder for the people of a list.",
        "On weekdays at nine, to some of a list",
        """\
schedule:
  cron: "0 9 * * MON-FRI\"""",
        to="""\
to:
  file: {name}.csv       # beside this file; its columns are known to the message
  where: active == 'yes' # who of them""",
        beside={".csv": "phone,name,flat,active\n+14155550101,Ada,front,yes\n+14155550102,Grace,back,yes\n"},
    ),
}


def starter(kind: str, name: str, file: str, zone: str, now: datetime) -> Mapping[str, str]:
    """The files of a new job, by what is added to its name: "" for the job file itself, which comes last.

    file: how people would name the job file. now: from which on its times are to come.
    """
    chosen = STARTERS[kind]
    date, later = (f"{now + timedelta(days=days):%Y-%m-%d}" for days in (30, 60))
    job = _JOB.format(
        title=chosen.title,
        description=chosen.description,
        name=name,
        file=file,
        zone=zone,
        schedule=chosen.schedule.format(date=date, later=later),
        to=chosen.to.replace("{name}", name),
        message=chosen.message,
    )
    return {**chosen.beside, "": job}
