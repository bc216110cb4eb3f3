"""`timezone: recipient`: the zone of each person, and whether the schedule's times exist in all of them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from reminderd.document import Fault, fault_of
from reminderd.document.scalars import Wrong
from reminderd.jobs.crowd import Crowd, Entry
from reminderd.jobs.gather import Finding
from reminderd.jobs.schedule import ScheduleSpec, schedule_of
from reminderd.message import zone_of_number
from reminderd.model import Problem, Recipient

_MOST_SHOWN = 20  # people without a zone; the others are counted
_MOST_CHECKS = 100_000  # of a time in a zone; about a second

_OFFSET = re.compile(r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})\s*$")


class Zoned(NamedTuple):
    """The people, each with a zone, and what is wrong with those who have none."""

    crowd: Crowd
    findings: list[Finding]


def zoned(crowd: Crowd, from_number: bool) -> Zoned:
    """Give each person the own zone, else, `from_number`, that of the number where it has exactly one."""
    entries, lost = [], []
    for entry in crowd.entries:
        people = [_with_zone(person, from_number) for person in entry.people]
        lost += [(entry, index) for index, person in enumerate(people) if person.timezone is None]
        entries.append(replace(entry, people=people))
    findings = [_nowhere(entry, index, from_number) for entry, index in lost[:_MOST_SHOWN]]
    if len(lost) > _MOST_SHOWN:
        findings.append(
            Fault(("to",), f"{len(lost):,} recipients have no time zone", f"{_MOST_SHOWN} of them are shown")
        )
    return Zoned(Crowd(tuple(entries)), findings)


def _with_zone(person: Recipient, from_number: bool) -> Recipient:
    if person.timezone is not None or not from_number:
        return person
    zone = zone_of_number(person.phone)
    return person if zone is None else replace(person, timezone=zone)


def _nowhere(entry: Entry, index: int, from_number: bool) -> Finding:
    if from_number:
        message, hint = "the number belongs to no time zone, or to several", "give this recipient a timezone"
    else:
        message, hint = "has no timezone", "write timezone, or for the whole job timezone_from_number: true"
    if entry.file is None:
        return Fault(("to", entry.at), message, hint)
    return Problem(entry.file.path, entry.lines[index], 1, "timezone", message, hint)


def times_in_zones(rules: Sequence[ScheduleSpec], crowd: Crowd) -> Iterator[Fault]:
    """What is wrong with the schedule in the zones of the people: a time that does not exist there, or exists twice."""
    for index, rule in enumerate(rules):
        if rule.anchor is not None and not _OFFSET.search(rule.anchor):
            message = "is meant in no one's zone where each recipient has an own one"
            yield Fault(("schedule", index, "from"), message, "write it with Z or an offset")
            return
    people = _people_by_zone(crowd)
    times = sum(len(rule.at or ()) for rule in rules)
    if times * len(people) > _MOST_CHECKS:
        message = f"{times:,} times in {len(people)} time zones are too many"
        yield Fault(("schedule",), message, "split the job")
        return
    said: set[tuple[object, ...]] = set()
    for zone, number in people.items():
        try:
            schedule_of(rules, zone)
        except Wrong as error:
            fault = fault_of(error, ("schedule",))
            if fault.loc not in said:
                said.add(fault.loc)
                whom = f"{number:,} recipient{'s' * (number != 1)}"
                yield fault._replace(message=f"{fault.message} (for {whom})")


def _people_by_zone(crowd: Crowd) -> Mapping[str, int]:
    """How many people there are in each zone."""
    found: dict[str, int] = {}
    for person in crowd.recipients:
        if person.timezone is not None:
            found[person.timezone] = found.get(person.timezone, 0) + 1
    return found
