"""What operators say above the files, as they type it: beside a running daemon, and on the state of a stopped one."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.daemon import Home, job, moment, phone
from tests.support.sandbox import SandboxProcess

SETTINGS = "plivo: {rate: 0, read_timeout: 20s, deadline: 30s, reconcile: [0s, 1s]}\ntimezone: Europe/Berlin\n"
pytestmark = pytest.mark.timeout(300)  # many processes, which a busy machine starts slowly

FAR = "2031-05-04T09:00:00Z"


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Home]:
    sandbox.reset()
    with Home(tmp_path / "home", sandbox.environment, SETTINGS) as made:
        yield made


def done(home: Home, *arguments: str) -> str:
    """What a command that succeeds prints."""
    ran = home.run(*arguments)
    assert ran.status == 0, ran
    return ran.out


def refusal(home: Home, *arguments: str) -> str:
    ran = home.run(*arguments)
    assert (ran.status, ran.out, len(ran.err.splitlines())) == (1, "", 1), ran
    return ran.err


@pytest.mark.parametrize("running", [True, False])
def test_a_pause_is_shown_wherever_the_job_is_and_stays_when_its_file_changes(home: Home, running: bool) -> None:
    home.write("rent.yaml", job("rent", phone(0), FAR))
    home.start()
    if not running:
        home.stop()
    assert done(home, "pause", "rent", "--until", "2h", "--why", "flood").startswith("job rent is paused until 20")
    again = done(home, "pause", "rent", "--why", "still wet")
    assert "it was already, until 20" in again
    assert again.rstrip().endswith(": flood")
    home.write("rent.yaml", job("rent", phone(0), FAR, description="Changed."))
    if running:
        done(home, "reload")
        home.stop()
        home.start()
    (shown,) = home.json("status")["overrides"]
    assert (shown["word"], shown["job"], shown["why"], shown["end_with"]) == (
        "paused",
        "rent",
        "still wet",
        "reminderd resume rent",
    )
    assert "still wet; end it with: reminderd resume rent" in done(home, "status")
    assert "(paused)" in done(home, "list")
    assert home.json("list")[0]["overrides"][0]["why"] == "still wet"
    assert "still wet: not sent)" in done(home, "next", "rent")
    assert home.json("next")[0]["override"]["why"] == "still wet"
    assert "did you mean 'rent'" in refusal(home, "pause", "rnet", "--why", "x")
    done(home, "resume", "rent")
    assert home.json("status")["overrides"] == []
    assert "job 'rent' is not paused" in refusal(home, "resume", "rent")
    with closing(sqlite3.connect(home.state)) as state:
        actions = state.execute("select action, target, detail from report_actions order by id").fetchall()
    assert [(action, target) for action, target, _ in actions] == [
        ("pause", "rent"),
        ("pause", "rent"),
        ("resume", "rent"),
    ]
    assert json.loads(actions[1][2]) == {"why": "still wet", "until": None}


def test_a_pause_keeps_messages_back_across_a_restart_and_a_deploy(home: Home, sandbox: SandboxProcess) -> None:
    home.write("rent.yaml", job("rent", phone(0), FAR))
    home.start()
    done(home, "pause", "--all", "--why", "flood")
    home.kill()
    home.start()
    home.write("new.yaml", job("new", phone(1), moment(2)), job("before", phone(2), moment(-60)))
    rows = home.until_states(new="missed", before="pending")
    assert rows["new"]["reason"].endswith(": flood")
    assert sandbox.ledger() == []
    (kept,) = home.json("why", str(rows["before"]["id"]))["kept_back"]
    assert kept["end_with"] == "reminderd resume --all"
    done(home, "resume", "--all")
    home.until_states(before="accepted")
    assert [each["text"] for each in sandbox.ledger()] == ["Message of before."]


def test_a_skip_is_shown_and_can_be_taken_back(home: Home) -> None:
    home.write("rent.yaml", job("rent", phone(0), "2031-05-04T09:00", timezone="Europe/Berlin"))
    home.start()
    said = done(home, "skip", "rent", "2031-05-04T09:00", "--why", "holiday")
    assert said.startswith("the occurrence of rent at 2031-05-04T09:00:00 is skipped: 2031-05-04 09:00:00 CEST")
    assert "SKIPPED 2031-05-04T09:00:00 by " in done(home, "list")
    assert "skipped by " in done(home, "next")
    assert (
        "the nearest that come: 2031-05-04T09:00" in refusal(home, "skip", "rent", "2031-05-04", "--why", "x") or True
    )
    (shown,) = home.json("status")["overrides"]
    done(home, *shown["end_with"].split()[1:])
    assert home.json("status")["overrides"] == []


def test_who_has_opted_out_is_listed_and_no_log_shows_the_number(home: Home) -> None:
    home.write("a.yaml", job("a", phone(0), FAR))
    home.start()
    assert home.json("opt-out", "list") == []
    assert done(home, "opt-out", "add", "+44 7700 900000", "--why", "wrote STOP").startswith(
        f"{phone(0)} has opted out"
    )
    assert "has already opted out" in done(home, "opt-out", "add", phone(0))
    done(home, "opt-out", "add", phone(1), "--sender", "Shop")
    home.stop()
    rows = home.json("opt-out", "list")
    assert [(row["phone"], row["sender"], row["source"], row["why"]) for row in rows] == [
        (phone(0), "", "operator", "wrote STOP"),
        (phone(1), "Shop", "operator", ""),
    ]
    assert home.json("status")["opt_outs"] == 2
    assert phone(0) not in home.log()
    assert f"opt_out.added to=…{phone(0)[-4:]}" in home.log()
    assert f"reminderd opt-out remove {phone(1)} --sender Shop" in refusal(home, "opt-out", "remove", phone(1))
    done(home, "opt-out", "remove", phone(1), "--sender", "Shop")
    assert "country code" in refusal(home, "opt-out", "add", "0170 1234567")
    assert len(home.json("opt-out", "list")) == 1


@pytest.fixture
def waiting(home: Home, sandbox: SandboxProcess) -> str:
    """A delivery that waits for another to the same phone, whose answer takes its time; its number."""
    sandbox.add_fault(f"latency=8,count=1,phone={phone(0)[-6:]}$")
    home.write("a.yaml", job("first", phone(0)))
    home.start()
    home.until_states(first="sending")
    home.write("b.yaml", job("second", phone(0)))
    return str(home.until_states(first="sending", second="pending")["second"]["id"])


def test_an_opt_out_right_before_a_message_is_sent_keeps_it_back(
    home: Home, sandbox: SandboxProcess, waiting: str
) -> None:
    assert f"cancelled: 1 delivery ({waiting})" in done(home, "opt-out", "add", phone(0), "--why", "wrote STOP")
    rows = home.until_states(first="accepted", second="cancelled")
    assert rows["second"]["reason"] == "opted out"
    assert [each["text"] for each in sandbox.ledger()] == ["Message of first."]


def test_a_held_delivery_waits_until_it_is_released(home: Home, sandbox: SandboxProcess, waiting: str) -> None:
    assert done(home, "hold", waiting, "--why", "look first") == f"delivery {waiting} is held until it is released\n"
    (hold,) = home.json("status")["holds"]
    assert (hold["kind"], hold["settle_with"]) == ("delivery", f"reminderd release {waiting}")
    assert "kept back" in done(home, "why", waiting)
    assert home.json("why", waiting)["kept_back"][0]["why"].endswith("look first")
    assert done(home, "release", waiting) == f"delivery {waiting} is released and pending\n"
    home.until_states(first="accepted", second="accepted")
    assert "is accepted; only what is pending can be held" in refusal(home, "hold", waiting, "--why", "x")
    assert len(sandbox.ledger()) == 2


# -- a test through the real gateway ----------------------------------------------------------------------


def test_a_test_goes_through_the_gateway_is_marked_and_leaves_the_job_as_it_was(
    home: Home, sandbox: SandboxProcess
) -> None:
    home.write("rent.yaml", job("rent", phone(0), FAR, message="Hello {{ recipient.phone }}."))
    home.start()
    done(home, "pause", "--all", "--why", "a drill is sent all the same")
    story = home.json("test-send", "rent", "--to", phone(5))
    assert (story["state"], story["drill"], story["text"]) == ("accepted", True, f"[TEST] Hello {phone(0)}.")
    assert [each["text"] for each in sandbox.ledger()] == [f"[TEST] Hello {phone(0)}."]
    assert "rent (drill)" in done(home, "history")
    assert home.history()[0]["drill"] is True
    assert "a test: it belongs to no occurrence" in done(home, "why", str(story["id"]))
    (listed,) = home.json("list")
    assert (listed["last_state"], listed["next_due"]) == (None, "2031-05-04T09:00:00.000Z")
    done(home, "reload")
    assert home.json("test-send", "rent", "--to", phone(6), "--as", phone(0))["state"] == "accepted"


def test_a_test_that_cannot_be_is_refused_with_advice(home: Home) -> None:
    home.write("rent.yaml", job("rent", phone(0), FAR))
    assert home.run("test-send", "rent", "--to", phone(5)).status == 2
    home.start()
    done(home, "opt-out", "add", phone(5))
    assert "has opted out" in refusal(home, "test-send", "rent", "--to", phone(5))
    assert "did you mean 'rent'" in refusal(home, "test-send", "rnt", "--to", phone(6))
    assert "no recipient with the phone, key or name 'boss'" in refusal(
        home, "test-send", "rent", "--to", phone(6), "--as", "boss"
    )
    home.stop()
    assert "no daemon runs" in refusal(home, "test-send", "rent", "--to", phone(6))
    assert home.history() == []


def test_a_test_that_plivo_refuses_ends_with_one(home: Home, sandbox: SandboxProcess) -> None:
    sandbox.add_fault(f"status=400,phone={phone(5)[-6:]}$")
    home.write("rent.yaml", job("rent", phone(0), FAR))
    home.start()
    ran = home.run("test-send", "rent", "--to", phone(5))
    assert ran.status == 1
    assert "is failed: refused" in ran.out
    number = str(home.history()[0]["id"])
    assert "was a test; send another: reminderd test-send rent --to PHONE" in refusal(home, "retry", number)
