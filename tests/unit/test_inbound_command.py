"""`reminderd inbound` shows what people wrote; `why` and `status` mention it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reminderd.cli import main
from reminderd.clock import SystemClock
from reminderd.model import Intent
from reminderd.store import Written
from tests.support.clock import START
from tests.support.desk import Desk, later
from tests.support.world import ANNA, BERT, SENDER

HOSTILE = "\x1b[2JGone\n\u202ereversed\x07"


@pytest.fixture
def told(tmp_path: Path) -> Desk:
    """A message to Anna, her answer, and texts of Bert's."""
    desk = Desk(tmp_path)
    desk.owe(ANNA)
    for uuid, phone, text, intent, at in (
        ("early", ANNA, "Too early", Intent.OTHER, START - timedelta(hours=1)),
        ("stop", ANNA, "Stop!", Intent.STOP, later(60)),
        ("hostile", BERT, HOSTILE, Intent.OTHER, later(120)),
        ("picture", BERT, "", Intent.OTHER, later(180)),
    ):
        desk.store.inbound.record(Written(uuid, phone, SENDER, text, intent, int(uuid == "picture")), at)
    return desk


def run(desk: Desk, *words: str) -> Result:
    return CliRunner().invoke(main, ["--state", str(desk.path), *words], catch_exceptions=False)


def shown(desk: Desk, *words: str) -> Any:
    return json.loads(run(desk, *words, "--json").output)


def test_texts_are_listed_with_what_came_of_them_newest_first(told: Desk) -> None:
    head, *lines = run(told, "inbound").output.splitlines()
    assert head.split() == ["RECEIVED", "FROM", "TO", "INTENT", "RESULT", "TEXT"]
    assert [line.split()[3] for line in lines] == [BERT, BERT, ANNA, ANNA]
    assert lines[0].endswith("(1 file)")
    assert lines[2].split(maxsplit=6)[4:] == [SENDER, "stop", lines[2].split(maxsplit=6)[6]]
    assert lines[2].endswith("Stop!")


def test_nothing_of_a_text_steers_the_terminal(told: Desk) -> None:
    output = run(told, "inbound", "--phone", BERT).output
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert len(output.splitlines()) == 3
    assert r"\x1b[2JGone⏎\u202ereversed\x07" in output
    assert shown(told, "inbound", "--phone", BERT)[1]["text"] == HOSTILE


def test_they_can_be_narrowed_down(told: Desk) -> None:
    assert [row["message_uuid"] for row in shown(told, "inbound", "--phone", "+1 (415) 555-0101")] == ["stop", "early"]
    assert [row["message_uuid"] for row in shown(told, "inbound", "--since", "2027-03-01T08:02")] == [
        *("picture", "hostile")
    ]
    assert [row["message_uuid"] for row in shown(told, "inbound", "--limit", "1")] == ["picture"]
    assert len(shown(told, "inbound", "--limit", "0")) == 4
    assert "nobody has written" in run(told, "inbound", "--phone", "12345").output


def test_a_row_says_all_that_is_known(told: Desk) -> None:
    (row,) = shown(told, "inbound", "--limit", "1", "--since", "2027-03-01T08:02:30")
    assert row == {
        "id": 4,
        "message_uuid": "picture",
        "received_at": "2027-03-01T08:03:00.000Z",
        "written_at": None,
        "phone": BERT,
        "sender": SENDER,
        "text": "",
        "media": 1,
        "intent": "other",
        "result": "for people to read",
    }


@pytest.mark.parametrize("phone", ["Anna", "0170 123456", "+1"])
def test_what_is_no_number_is_refused(told: Desk, phone: str) -> None:
    result = run(told, "inbound", "--phone", phone)
    assert result.exit_code == 2
    assert "phone number" in result.output


def test_what_is_no_longer_kept_is_said(told: Desk) -> None:
    told.store.inbound.empty_texts(later(9999), 10)
    told.command("forget", phone=BERT)
    output = run(told, "inbound").output
    assert output.count("forgotten") == 2
    assert output.count("(no longer kept)") == 4


def test_why_tells_what_they_wrote_after_it_was_planned(told: Desk) -> None:
    lines = [line for line in run(told, "why", "1").output.splitlines() if "they wrote" in line]
    assert len(lines) == 1
    assert "Stop! → opted out; cancelled: delivery 1" in lines[0]
    (answer,) = shown(told, "why", "1")["answers"]
    assert (answer["text"], answer["intent"]) == ("Stop!", "stop")


def test_status_counts_those_of_a_day(tmp_path: Path) -> None:
    desk, now = Desk(tmp_path), SystemClock().now()
    assert "came in" not in run(desk, "status").output
    for number, (intent, hours) in enumerate(
        [(Intent.OTHER, 1), (Intent.OTHER, 23), (Intent.HELP, 2), (Intent.STOP, 25)]
    ):
        at = now - timedelta(hours=hours)
        desk.store.inbound.record(Written(str(number), ANNA, SENDER, "Hi", intent), at)
    assert shown(desk, "status")["inbound"] == {"help": 1, "other": 2}
    assert "3 texts in 24 hours (1 help, 2 other); see `reminderd inbound`" in run(desk, "status").output
