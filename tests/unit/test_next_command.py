"""reminderd next: each one's own time, what waits and why, what a text costs, and never a screen full of people."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from reminderd.cli import main
from reminderd.store import Store

PEOPLE = ", ".join(f'"+1415555{number:04}"' for number in range(100, 150))


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMINDERD_PLIVO__SENDER", "+14155550100")
    monkeypatch.delenv("REMINDERD_CONFIG", raising=False)


def shown(folder: Path, content: str, *arguments: str) -> str:
    (folder / "jobs.d").mkdir(exist_ok=True)
    (folder / "jobs.d" / "job.yaml").write_text(content)
    options = ["--jobs", str(folder / "jobs.d"), "--state", str(folder / "state.db")]
    ran = CliRunner().invoke(main, [*options, "next", *arguments])
    assert ran.exit_code == 0, ran.output
    return ran.output


def job(to: str, *lines: str, at: str = "2091-03-01T22:30", message: str = "Hello.") -> str:
    return "\n".join([f"schedule: {{at: {at}}}", f"to: [{to}]", f'message: "{message}"', *lines, ""])


def test_it_shows_each_zone_for_itself(tmp_path: Path) -> None:
    to = "{phone: +14155550101, timezone: Europe/Berlin}, {phone: +14155550102, timezone: America/New_York}"
    lines = shown(tmp_path, job(to, "timezone: recipient")).splitlines()
    assert lines == [
        "2091-03-01 22:30:00 CET (Europe/Berlin)  job",
        "    +14155550101: Hello.",
        "2091-03-01 22:30:00 EST (America/New_York)  job",
        "    +14155550102: Hello.",
    ]


def test_it_shows_when_quiet_hours_let_it_out(tmp_path: Path) -> None:
    told = shown(tmp_path, job("+14155550101", 'quiet_hours: "21:00-08:00"'))
    assert "    +14155550101 (at 2091-03-02 08:00:00 UTC): Hello." in told
    (coming,) = json.loads(shown(tmp_path, job("+14155550101", 'quiet_hours: "21:00-08:00"'), "--json"))
    assert coming["recipients"][0]["send_at"] == "2091-03-02T08:00:00.000Z"


def test_it_says_what_quiet_hours_drop(tmp_path: Path) -> None:
    told = shown(tmp_path, job("+14155550101", 'quiet_hours: "21:00-08:00"', "on_quiet: drop"))
    assert (
        "+14155550101 (not sent: it fell into the recipient's quiet hours, 21:00-08:00 (on_quiet: drop)): Hello."
        in told
    )


def test_it_says_what_a_long_text_takes(tmp_path: Path) -> None:
    assert "(3 segments)" in shown(tmp_path, job("+14155550101", message="x" * 400))
    assert "(2 segments, UCS-2)" in shown(tmp_path, job("+14155550101", message="“" + "x" * 100))


def test_it_shows_some_of_many_people_and_says_so(tmp_path: Path) -> None:
    told = shown(tmp_path, job(PEOPLE))
    assert told.count("Hello.") == 20
    assert "    ... and 30 more (--people 0 shows all)" in told
    assert shown(tmp_path, job(PEOPLE), "--people", "0").count("Hello.") == 50
    (coming,) = json.loads(shown(tmp_path, job(PEOPLE), "--json", "--people", "3"))
    assert (len(coming["recipients"]), coming["people"]) == (3, 50)


def test_list_speaks_of_each_recipients_zone(tmp_path: Path) -> None:
    shown(
        tmp_path,
        "schedule: {cron: 0 9 * * *}\ntimezone: recipient\nto: {phone: +14155550101, timezone: Asia/Tokyo}\nmessage: x\n",
    )
    options = ["--jobs", str(tmp_path / "jobs.d"), "--state", str(tmp_path / "state.db")]
    assert "At 09:00 every day (each recipient's zone)" in CliRunner().invoke(main, [*options, "list"]).output


def test_it_says_who_has_opted_out(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "state.db", create=True)
    store.opt_outs.add("+14155550101", "", "ops", "operator", "asked to", datetime(2026, 11, 29, tzinfo=UTC))
    store.close()
    told = shown(tmp_path, job("+14155550101, +14155550102"))
    assert "    +14155550101 (not sent: opted out): Hello." in told
    assert "    +14155550102: Hello." in told
