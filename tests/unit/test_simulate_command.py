"""`reminderd simulate`: what it prints, as text and as JSON, and how it ends."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reminderd.cli import main

JOBS = {
    "rent.yaml": """\
schedule: {cron: "30 2 * * *"}
timezone: Europe/Berlin
to:
  - {name: Ada, phone: "+4930231250101"}
  - "+4930231250102"
message: "Rent for {{ due_at.strftime('%d.%m.') }}"
""",
    "visit.yaml": """\
schedule: {at: "2027-03-28T09:00:00Z"}
to: "+4930231250103"
message: "See you – soon"
""",
}
GOLDEN = """\
Sat 2027-03-27 02:30:00 CET   Europe/Berlin  rent   +4930231250101 Ada  1 segment  accepted  Rent for 27.03.
Sat 2027-03-27 02:30:00 CET   Europe/Berlin  rent   +4930231250102      1 segment  accepted  Rent for 27.03.
Sun 2027-03-28 03:00:00 CEST  Europe/Berlin  rent   +4930231250101 Ada  1 segment  accepted  Rent for 28.03.
Sun 2027-03-28 03:00:00 CEST  Europe/Berlin  rent   +4930231250102      1 segment  accepted  Rent for 28.03.
Sun 2027-03-28 09:00:00 UTC   UTC            visit  +4930231250103      1 segment  failed (refused: 404: Not Found)  See you – soon

4 messages, 4 segments, 0.0320 EUR
by state: 4 accepted, 1 failed
busiest hour: 2027-03-27 01:00 (UTC), 2 messages
busiest day: 2027-03-27 (UTC), 2 messages
    rent  4 messages, 4 segments, 0.0320 EUR
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "jobs.d").mkdir()
    for name, text in JOBS.items():
        (tmp_path / "jobs.d" / name).write_text(text)
    (tmp_path / "reminderd.yaml").write_text('plivo: {sender: "+14155550100", price: 0.008, currency: EUR}\n')
    return tmp_path


def simulate(folder: Path, *arguments: str) -> Result:
    options = ("--config", str(folder / "reminderd.yaml"), "--jobs", str(folder / "jobs.d"))
    return CliRunner().invoke(main, ["simulate", *options, *arguments])


def test_it_prints_one_line_a_message_and_the_totals(folder: Path) -> None:
    result = simulate(folder, "--from", "2027-03-27", "--to", "2027-03-29", "--fault", "status=404,phone=103$")
    assert result.exit_code == 0
    assert result.stdout == GOLDEN


def test_its_json_is_the_same_each_time_and_names_each_message(folder: Path) -> None:
    first, again = (simulate(folder, "--from", "2027-03-27", "--to", "2027-03-29", "--json") for _ in "ab")
    assert first.stdout == again.stdout
    document = json.loads(first.stdout)
    assert document["messages"][0] == {
        "local": "Sat 2027-03-27 02:30:00 CET",
        "timezone": "Europe/Berlin",
        "job": "rent",
        "nominal": "2027-03-27T02:30:00",
        "due_at": "2027-03-27T01:30:00.000Z",
        "at": "2027-03-27T01:30:00.000Z",
        "name": "Ada",
        "phone": "+4930231250101",
        "key": None,
        "text": "Rent for 27.03.",
        "encoding": "GSM-7",
        "segments": 1,
        "state": "accepted",
        "reason": "accepted by Plivo",
        "attempts": 1,
        "receipt": None,
    }
    assert document["messages"][4]["encoding"] == "UCS-2"
    assert document["totals"]["cost"] == 0.04
    assert document["totals"]["by_job"]["rent"] == {"messages": 4, "segments": 4, "cost": 0.032}


def test_times_are_local_to_the_zone_of_the_settings_or_carry_an_offset(folder: Path) -> None:
    with (folder / "reminderd.yaml").open("a") as file:
        file.write("timezone: America/New_York\n")
    inside = simulate(folder, "--from", "2027-03-28T05:00", "--to", "2027-03-28T05:01")
    outside = simulate(folder, "--from", "2027-03-28T09:01+00:00", "--to", "2027-03-28T10:00Z")
    assert "visit" in inside.stdout
    assert outside.stdout.startswith("nothing is due in this time\n")


def test_a_broken_file_is_said_and_the_others_are_simulated(folder: Path) -> None:
    (folder / "jobs.d" / "broken.yaml").write_text("schedule: 5\n")
    result = simulate(folder, "--from", "2027-03-27", "--to", "2027-03-28")
    assert result.exit_code == 1
    assert "Rent for 27.03." in result.stdout
    assert "broken.yaml:1:1" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "soon", "--to", "2027-03-29"), "neither a date"),
        (("--from", "2027-03-29", "--to", "2027-03-29"), "is not after --from"),
        (("--from", "2027-03-29", "--to", "2027-03-30", "--fault", "stratus=1"), "did you mean 'status'"),
        (("--from", "0001-01-01", "--to", "2027-03-30"), "out of all reason"),
    ],
)
def test_what_cannot_be_meant_is_said(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    result = simulate(folder, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_no_state_is_made_and_none_is_needed(folder: Path) -> None:
    simulate(folder, "--from", "2027-03-27", "--to", "2027-03-28")
    assert sorted(path.name for path in folder.iterdir()) == ["jobs.d", "reminderd.yaml"]
