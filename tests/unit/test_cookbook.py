"""Every recipe of the cookbook is good, and sends what a person would expect: told here by hand, lived through by `simulate`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from reminderd.cli import main
from reminderd.jobs import Reader, places_for
from reminderd.model import State
from reminderd.reference import job_files, recipient_files
from reminderd.settings import Settings
from reminderd.simulation import Line, Simulation, timetable
from tests.support.recipes import Recipe, recipes
from tests.support.yaml12 import load

RECIPES = recipes()


class Told(NamedTuple):
    """What goes out from one day to another, in the time of the job's own zone: "2027-03-01 09:45 CET Ada"."""

    start: str
    end: str
    zone: str
    messages: Sequence[str]
    texts: Sequence[str] = ()  # of the first few


TOLD = {
    "The handover of the on-call phone": Told(
        "2027-03-01",
        "2027-04-06",
        "Europe/Berlin",
        [
            "2027-03-01 09:45 CET Ada",
            "2027-03-08 09:45 CET Grace",
            "2027-03-15 09:45 CET Edsger",
            "2027-03-22 09:45 CET Ada",
            "2027-03-29 09:45 CEST Grace",
            "2027-04-05 09:45 CEST Edsger",
        ],
        ["Ada, you are on call from 10:00 today, for a week. Handover: https://wiki.example/on-call"],
    ),
    "A certificate that expires": Told(
        "2027-05-01",
        "2027-07-01",
        "UTC",
        [
            "2027-05-02 09:00 UTC Ada",
            "2027-05-02 09:00 UTC Grace",
            "2027-05-25 09:00 UTC Ada",
            "2027-05-25 09:00 UTC Grace",
            "2027-05-31 09:00 UTC Ada",
            "2027-05-31 09:00 UTC Grace",
        ],
    ),
    "Was the backup made, also on the day when clocks change": Told(
        "2027-03-20",
        "2027-04-05",
        "Europe/Berlin",
        [
            "2027-03-21 02:30 CET +4930231250101",
            "2027-03-28 03:00 CEST +4930231250101",
            "2027-04-04 02:30 CEST +4930231250101",
        ],
        ["Did the backup of 2027-03-21 end well? https://backup.example"],
    ),
    "Every ninety minutes, but not at night": Told(
        "2027-03-01",
        "2027-03-02T12:00",
        "Europe/Berlin",
        [
            "2027-03-01 07:30 CET +4930231250101",
            "2027-03-01 09:00 CET +4930231250101",
            "2027-03-01 10:30 CET +4930231250101",
            "2027-03-01 12:00 CET +4930231250101",
            "2027-03-01 13:30 CET +4930231250101",
            "2027-03-01 15:00 CET +4930231250101",
            "2027-03-01 16:30 CET +4930231250101",
            "2027-03-01 18:00 CET +4930231250101",
            "2027-03-01 19:30 CET +4930231250101",
            "2027-03-01 21:00 CET +4930231250101",
            "2027-03-02 07:30 CET +4930231250101",
            "2027-03-02 09:00 CET +4930231250101",
            "2027-03-02 10:30 CET +4930231250101",
        ],
    ),
    "The stand-up, with another time on Fridays": Told(
        "2027-03-25",
        "2027-03-31",
        "Europe/London",
        [
            "2027-03-25 09:25 GMT +447700900101",
            "2027-03-25 09:25 GMT +447700900102",
            "2027-03-26 10:55 GMT +447700900101",
            "2027-03-26 10:55 GMT +447700900102",
            "2027-03-29 09:25 BST +447700900101",
            "2027-03-29 09:25 BST +447700900102",
            "2027-03-30 09:25 BST +447700900101",
            "2027-03-30 09:25 BST +447700900102",
        ],
    ),
    "The whole company, each at nine o'clock of their own": Told(
        "2027-06-08",
        "2027-06-10",
        "UTC",
        ["2027-06-09 00:00 UTC Yukihiro", "2027-06-09 07:00 UTC Ada", "2027-06-09 13:00 UTC Grace"],
        ["Good morning Yukihiro! The town hall is today at 16:00 UTC."],
    ),
    "The maintenance window, an hour ahead and again when it begins": Told(
        "2027-04-17",
        "2027-04-18",
        "UTC",
        [
            "2027-04-17 21:00 UTC Ada",
            "2027-04-17 21:00 UTC Grace",
            "2027-04-17 22:00 UTC Ada",
            "2027-04-17 22:00 UTC Grace",
        ],
        [
            "Maintenance of the database in an hour.",
            "Maintenance of the database in an hour.",
            "Maintenance of the database begins now.",
        ],
    ),
    "The end of the quarter": Told(
        "2027-01-01",
        "2028-01-01",
        "Europe/Berlin",
        [
            "2027-03-31 14:00 CEST +4930231250101",
            "2027-06-30 14:00 CEST +4930231250101",
            "2027-09-30 14:00 CEST +4930231250101",
            "2027-12-31 14:00 CET +4930231250101",
        ],
    ),
    # On 2029-03-30, the last weekday of its month, is Good Friday.
    "The last business day of the month": Told(
        "2029-02-01",
        "2029-05-01",
        "Europe/Berlin",
        [
            "2029-02-28 15:00 CET +4930231250101",
            "2029-02-28 15:00 CET +4930231250102",
            "2029-03-29 15:00 CEST +4930231250101",
            "2029-03-29 15:00 CEST +4930231250102",
            "2029-04-30 15:00 CEST +4930231250101",
            "2029-04-30 15:00 CEST +4930231250102",
        ],
    ),
    "The first Monday of the month": Told(
        "2027-03-01",
        "2027-06-01",
        "Europe/Amsterdam",
        [
            "2027-03-01 11:45 CET +31201234567",
            "2027-04-05 11:45 CEST +31201234567",
            "2027-05-03 11:45 CEST +31201234567",
        ],
    ),
    "Several pills for one phone": Told(
        "2027-03-01",
        "2027-03-02",
        "Europe/Berlin",
        ["2027-03-01 08:00 CET +4930231250101", "2027-03-01 08:00 CET +4930231250101"],
        ["Time for the white one.", "Time for vitamin D."],
    ),
    "A course of antibiotics": Told(
        "2027-03-01",
        "2027-03-20",
        "Europe/Berlin",
        [
            "2027-03-01 06:00 CET +4930231250101",
            "2027-03-01 14:00 CET +4930231250101",
            "2027-03-01 22:00 CET +4930231250101",
            "2027-03-02 06:00 CET +4930231250101",
            "2027-03-02 14:00 CET +4930231250101",
            "2027-03-02 22:00 CET +4930231250101",
            "2027-03-03 06:00 CET +4930231250101",
            "2027-03-03 14:00 CET +4930231250101",
            "2027-03-03 22:00 CET +4930231250101",
            "2027-03-04 06:00 CET +4930231250101",
            "2027-03-04 14:00 CET +4930231250101",
            "2027-03-04 22:00 CET +4930231250101",
            "2027-03-05 06:00 CET +4930231250101",
            "2027-03-05 14:00 CET +4930231250101",
            "2027-03-05 22:00 CET +4930231250101",
            "2027-03-06 06:00 CET +4930231250101",
            "2027-03-06 14:00 CET +4930231250101",
            "2027-03-06 22:00 CET +4930231250101",
            "2027-03-07 06:00 CET +4930231250101",
            "2027-03-07 14:00 CET +4930231250101",
            "2027-03-07 22:00 CET +4930231250101",
        ],
    ),
    "Appointments, the day before": Told(
        "2027-03-10",
        "2027-03-12",
        "Europe/Berlin",
        ["2027-03-10 16:00 CET Fatma"],
        ["Randevunuz yarin, 11.03. 10:30."],
    ),
    "The list of tomorrow's appointments, from the practice's own program": Told(
        "2027-03-10",
        "2027-03-12",
        "Europe/Berlin",
        ["2027-03-10 16:00 CET Ada", "2027-03-10 16:00 CET Fatma"],
        [
            "Dear Ada, we expect you tomorrow at 09:00. Dental practice, 030 2312500",
            "Dear Fatma, we expect you tomorrow at 10:30. Dental practice, 030 2312500",
        ],
    ),
    "A vaccination for those over sixty": Told(
        "2027-10-04",
        "2027-10-05",
        "Europe/Berlin",
        ["2027-10-04 10:00 CEST Edsger", "2027-10-04 10:00 CEST Grace"],
        ["Dear Edsger, the flu vaccine is here. Call us: 030 2312500."],
    ),
    "A check-in that must not be lost": Told(
        "2027-03-01",
        "2027-03-02",
        "Europe/Berlin",
        ["2027-03-01 07:00 CET Ada", "2027-03-01 13:00 CET Ada", "2027-03-01 19:00 CET Ada"],
    ),
    "The rent, on the first working day": Told(
        "2027-01-01",
        "2027-06-02",
        "Europe/Berlin",
        [
            "2027-01-04 09:00 CET Ada",
            "2027-01-04 09:00 CET Grace",
            "2027-02-01 09:00 CET Ada",
            "2027-02-01 09:00 CET Grace",
            "2027-03-01 09:00 CET Ada",
            "2027-03-01 09:00 CET Grace",
            "2027-04-01 09:00 CEST Ada",
            "2027-04-01 09:00 CEST Grace",
            "2027-05-03 09:00 CEST Ada",
            "2027-05-03 09:00 CEST Grace",
            "2027-06-01 09:00 CEST Ada",
            "2027-06-01 09:00 CEST Grace",
        ],
        ["Hello Ada, the rent of 640.00 EUR is due.", "Hello Grace, the rent of 1,215.50 EUR is due."],
    ),
    "The bins, without the weeks in which nobody comes": Told(
        "2027-01-01",
        "2027-05-13",
        "Europe/Berlin",
        [
            "2027-01-06 19:00 CET +4930231250101",
            "2027-01-20 19:00 CET +4930231250101",
            "2027-02-03 19:00 CET +4930231250101",
            "2027-03-03 19:00 CET +4930231250101",
            "2027-03-17 19:00 CET +4930231250101",
            "2027-04-28 19:00 CEST +4930231250101",
            "2027-05-12 19:00 CEST +4930231250101",
        ],
    ),
    "Reading the meter while the heating runs": Told(
        "2027-09-01",
        "2028-06-01",
        "Europe/Berlin",
        [
            "2027-10-31 18:00 CET +4930231250101",
            "2027-11-30 18:00 CET +4930231250101",
            "2027-12-31 18:00 CET +4930231250101",
            "2028-01-31 18:00 CET +4930231250101",
            "2028-02-29 18:00 CET +4930231250101",
            "2028-03-31 18:00 CEST +4930231250101",
            "2028-04-30 18:00 CEST +4930231250101",
        ],
    ),
    "A passport that expires": Told(
        "2027-01-01",
        "2027-12-01",
        "Europe/Berlin",
        ["2027-01-15 10:00 CET +4930231250101", "2027-03-15 10:00 CET +4930231250101"],
    ),
    "A birthday on the 29th of February": Told(
        "2027-01-01",
        "2028-04-01",
        "Europe/Berlin",
        ["2027-02-28 08:00 CET +4930231250101", "2028-02-29 08:00 CET +4930231250101"],
    ),
    "Training, but not in the school holidays": Told(
        "2027-01-25",
        "2027-04-10",
        "Europe/Berlin",
        [
            "2027-01-26 16:00 CET Ada",
            "2027-01-26 16:00 CET Grace",
            "2027-02-09 16:00 CET Ada",
            "2027-02-09 16:00 CET Grace",
            "2027-02-16 16:00 CET Ada",
            "2027-02-16 16:00 CET Grace",
            "2027-02-23 16:00 CET Ada",
            "2027-02-23 16:00 CET Grace",
            "2027-03-02 16:00 CET Ada",
            "2027-03-02 16:00 CET Grace",
            "2027-03-09 16:00 CET Ada",
            "2027-03-09 16:00 CET Grace",
            "2027-03-16 16:00 CET Ada",
            "2027-03-16 16:00 CET Grace",
            "2027-04-06 16:00 CEST Ada",
            "2027-04-06 16:00 CEST Grace",
        ],
        ["Training at 18:00, and please bring the keys.", "Training at 18:00."],
    ),
    "A meeting every second Thursday": Told(
        "2027-03-01",
        "2027-04-20",
        "Europe/Vienna",
        [
            "2027-03-04 18:00 CET +43123456789",
            "2027-03-18 18:00 CET +43123456789",
            "2027-04-01 18:00 CEST +43123456789",
            "2027-04-15 18:00 CEST +43123456789",
        ],
    ),
    "The end of a trial": Told(
        "2027-04-11",
        "2027-04-16",
        "UTC",
        [
            "2027-04-12 01:00 UTC +81312345678",
            "2027-04-12 08:00 UTC +4930231250101",
            "2027-04-14 01:00 UTC +81312345678",
            "2027-04-14 08:00 UTC +4930231250101",
        ],
        [
            "Your trial ends in 3 days. To stay: https://shop.example/plans",
            "Your trial ends in 3 days. To stay: https://shop.example/plans",
            "Your trial ends tomorrow. To stay: https://shop.example/plans",
        ],
    ),
    "An offer to many, with a limit that is meant": Told(
        "2027-07-01",
        "2027-07-02",
        "Europe/Berlin",
        ["2027-07-01 10:00 CEST Ada", "2027-07-01 10:00 CEST Grace"],
    ),
    "Late in the evening, sent in the morning": Told(
        "2027-03-01",
        "2027-03-14",
        "Europe/Berlin",
        ["2027-03-07 23:00 CET Ada"],
    ),
}

every_recipe = pytest.mark.parametrize("title", [pytest.param(title, id=title[:40]) for title in RECIPES])


def settings() -> Settings:
    return Settings.model_validate({"plivo": {"sender": "+14155550100"}})


def moment(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def lived(recipe: Recipe, folder: Path) -> list[Line]:
    """All that comes of a recipe in the days that are told."""
    told = TOLD[recipe.title]
    jobs, ours = recipe.write(folder), settings()
    scan = Reader([jobs], ours.defaults, places=places_for(ours, [jobs])).scan()
    simulation = Simulation(ours, scan, moment(told.start, told.zone))
    try:
        return timetable(simulation.run(moment(told.end, told.zone)), simulation.catalog.jobs)
    finally:
        simulation.close()


def sent(lines: Sequence[Line]) -> list[Line]:
    found = [line for line in lines if line.state is State.ACCEPTED]
    return sorted(found, key=lambda line: (line.due_at, who(line)))


def who(line: Line) -> str:
    assert line.recipient is not None
    return line.recipient.name or line.recipient.phone


def test_there_are_many_recipes_and_each_is_told() -> None:
    assert len(RECIPES) >= 22
    assert RECIPES.keys() == TOLD.keys()


@every_recipe
def test_a_recipe_passes_check_without_a_warning_on_its_texts(title: str, tmp_path: Path) -> None:
    jobs = RECIPES[title].write(tmp_path)
    done = CliRunner().invoke(main, ["--jobs", str(jobs), "check"], env={"PLIVO_AUTH_ID": ""}, catch_exceptions=False)
    assert done.stdout.splitlines()[-1].startswith("no problems in ")
    assert done.exit_code == 0
    assert [line for line in done.stdout.splitlines() if ": message" in line] == []


@every_recipe
def test_a_recipe_sends_what_a_person_would_expect(title: str, tmp_path: Path) -> None:
    told, zone = TOLD[title], ZoneInfo(TOLD[title].zone)
    lines = sent(lived(RECIPES[title], tmp_path))
    assert [f"{line.due_at.astimezone(zone):%Y-%m-%d %H:%M %Z} {who(line)}" for line in lines] == list(told.messages)
    assert [line.text for line in lines[: len(told.texts)]] == list(told.texts)


@every_recipe
def test_a_recipe_fits_the_schema(title: str) -> None:
    for path, text in RECIPES[title].files.items():
        if path.endswith(".yaml"):
            schema = recipient_files if path.startswith("recipients.d") else job_files
            Draft202012Validator(schema("2020-12")).validate(load(text))


def test_what_falls_into_the_night_is_dropped(tmp_path: Path) -> None:
    lines = lived(RECIPES["Every ninety minutes, but not at night"], tmp_path)
    berlin = ZoneInfo("Europe/Berlin")
    dropped = [f"{line.due_at.astimezone(berlin):%d %H:%M}" for line in lines if line.state is State.MISSED]
    assert dropped == ["01 06:00", "01 22:30", "02 00:00", "02 01:30", "02 03:00", "02 04:30", "02 06:00"]


def test_what_waits_for_the_morning_goes_out_when_the_night_is_over(tmp_path: Path) -> None:
    (line,) = sent(lived(RECIPES["Late in the evening, sent in the morning"], tmp_path))
    assert f"{line.at.astimezone(ZoneInfo('Europe/Berlin')):%Y-%m-%d %H:%M}" == "2027-03-08 08:30"


@pytest.mark.parametrize(
    ("title", "length"),
    [("A vaccination for those over sixty", 2), ("An offer to many, with a limit that is meant", 1)],
)
def test_splay_spreads_the_people_within_its_time(title: str, length: int, tmp_path: Path) -> None:
    later = [line.at - line.due_at for line in sent(lived(RECIPES[title], tmp_path))]
    assert len(set(later)) == 2
    assert all(timedelta(0) <= each <= timedelta(hours=length, seconds=1) for each in later)
