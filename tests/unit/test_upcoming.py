"""What of a job is to come: in order, across its zones and parts, as it will be planned."""

from datetime import UTC, datetime
from itertools import islice

from reminderd.jobs import parse_file
from reminderd.model import Job, State
from reminderd.upcoming import upcoming
from tests.support.world import DEFAULTS

NOW = datetime(2027, 3, 1, 8, tzinfo=UTC)
ANN, BEN = "+14155550101", "+14155550102"


def declared(schedule: str, people: str, more: str = "") -> Job:
    text = f"jobs:\n  - {{name: tea, schedule: {schedule}, to: {people}, message: 'Tea.'{more}}}\n"
    (job,) = parse_file("jobs.yaml", text.encode(), DEFAULTS).jobs
    return job


def test_the_zones_of_people_take_turns() -> None:
    people = f"[{{phone: '{ANN}', timezone: Asia/Tokyo}}, {{phone: '{BEN}', timezone: Europe/Berlin}}]"
    job = declared("{cron: '0 9 * * *'}", people, ", timezone: recipient")
    found = list(islice(upcoming(job, NOW), 4))
    assert [(each.zone, each.instant.due_at.hour) for each in found] == [
        ("Asia/Tokyo", 0),
        ("Europe/Berlin", 8),
    ] * 2
    assert [[each.phone for each in one.deliveries(())] for one in found[:2]] == [[ANN], [BEN]]


def test_a_single_time_at_which_a_rule_has_one_too_comes_once() -> None:
    job = declared("[{cron: '0 9 * * *'}, {at: '2027-03-01T09:00'}, {at: '2027-03-01T10:00'}]", f"'{ANN}'")
    found = [each.instant.nominal for each in islice(upcoming(job, NOW), 3)]
    assert found == ["2027-03-01T09:00:00", "2027-03-01T10:00:00", "2027-03-02T09:00:00"]


def test_who_opted_out_gets_nothing_and_the_first_are_shown() -> None:
    job = declared("{cron: '0 9 * * *'}", f"['{ANN}', '{BEN}']")
    (coming,) = islice(upcoming(job, NOW), 1)
    assert [(each.phone, each.state) for each in coming.deliveries({(ANN, "")})] == [
        (ANN, State.CANCELLED),
        (BEN, State.PENDING),
    ]
    assert [each.phone for each in coming.deliveries((), 1)] == [ANN]
