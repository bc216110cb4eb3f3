"""`timezone: recipient`: the zone of each person, and times that do not exist in all of them."""

from pathlib import Path

import pytest

from reminderd.jobs.restore import Archive, restore
from tests.support.repository import DEFAULTS, Repository

ROME = "+390612345678"
TOLL_FREE = "+18005550123"
OWN = "message: Hello.\ntimezone: recipient"
NUMBER = f"{OWN}\ntimezone_from_number: true"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_each_ones_own_zone_counts_before_that_of_the_number(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", f"phone,timezone\n{ROME},\n+442071838750,Asia/Tokyo\n")
    job = repository.job("{file: people.csv}", NUMBER)
    assert [person.timezone for person in job.recipients] == ["Europe/Rome", "Asia/Tokyo"]
    assert set(job.by_zone()) == {"Europe/Rome", "Asia/Tokyo"}
    assert restore(job.definition, job.source, DEFAULTS, Archive.of([job])) == job


def test_a_zone_of_a_number_is_not_written_into_the_definition(repository: Repository) -> None:
    job = repository.job(ROME, NUMBER)
    assert job.recipients[0].timezone == "Europe/Rome"
    assert "Europe/Rome" not in job.definition
    assert restore(job.definition, job.source, DEFAULTS) == job


def test_who_has_no_zone_is_a_problem_at_the_recipient(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", f"phone,timezone\n{ROME},Europe/Rome\n{ROME[:-1]}9,\n")
    assert repository.problems(f"[{ROME}, {{file: people.csv}}]", OWN) == [
        "jobs.d/rent.yaml:2:6: to[0]: has no timezone, write timezone, or for the whole job timezone_from_number: true",
        "jobs.d/people.csv:3:1: timezone: has no timezone, write timezone, or for the whole job "
        "timezone_from_number: true",
    ]


def test_a_number_of_several_zones_is_a_problem_and_no_guess(repository: Repository) -> None:
    assert repository.problems(f"[{TOLL_FREE}]", NUMBER) == [
        "jobs.d/rent.yaml:2:6: to[0]: the number belongs to no time zone, or to several, give this recipient a timezone"
    ]


def test_many_people_without_a_zone_are_counted(repository: Repository) -> None:
    repository.write("jobs.d/people.csv", "phone\n" + "".join(f"+44770090{number:04}\n" for number in range(1000)))
    found = repository.problems("{file: people.csv}", OWN)
    assert len(found) == 21
    assert found[0].startswith("jobs.d/rent.yaml:2:5: to: 1,000 recipients have no time zone")


def test_the_zone_of_a_number_goes_with_the_zones_of_recipients_only(repository: Repository) -> None:
    (found,) = repository.problems(ROME, "message: Hello.\ntimezone_from_number: true")
    assert found.startswith("jobs.d/rent.yaml:4:1: timezone_from_number: goes with timezone: recipient")


def test_a_time_is_looked_at_in_each_zone_that_occurs(repository: Repository) -> None:
    to = f"[{{phone: {ROME}, timezone: Europe/Rome}}, {{phone: +14155550123, timezone: America/New_York}}]"
    repository.job(to, OWN, schedule="{at: 2027-03-28T09:00}")
    (found,) = repository.problems(to, OWN, schedule="{at: [2027-03-27T09:00, 2027-03-28T02:30]}")
    assert found.startswith("jobs.d/rent.yaml:1:35: schedule.at[1]: 02:30 does not exist on 2027-03-28 in Europe/Rome")
    assert "(for 1 recipient)" in found


def test_a_time_that_no_recipients_zone_skips_is_no_problem(repository: Repository) -> None:
    """02:30 does not exist in Rome on that day, and nobody is there."""
    repository.write("jobs.d/people.csv", "phone,timezone\n+14155550123,America/New_York\n")
    repository.job("{file: people.csv}", OWN, schedule="{at: 2027-03-28T02:30}")


def test_too_many_times_in_too_many_zones_are_refused(repository: Repository) -> None:
    repository.write(
        "jobs.d/people.csv",
        "phone,timezone\n" + "".join(f"+4477009001{n:02},Etc/GMT+{n}\n" for n in range(1, 12)),
    )
    times = ", ".join(f"2027-01-01T00:00:{n % 60:02}" for n in range(10_000))
    (found,) = repository.problems("{file: people.csv}", OWN, schedule=f"{{at: [{times}]}}")
    assert "10,000 times in 11 time zones are too many" in found


def test_an_interval_begins_at_one_moment_for_all(repository: Repository) -> None:
    to = f"{{phone: {ROME}, timezone: Europe/Rome}}"
    (found,) = repository.problems(to, OWN, schedule="{every: 2h, from: 2027-01-01T08:00}")
    assert found.startswith("jobs.d/rent.yaml:1:29: schedule.from: is meant in no one's zone")
    repository.job(to, OWN, schedule="{every: 2h, from: 2027-01-01T08:00+01:00}")
