"""What becomes of accepted messages, through the whole program: the real SDK, real sockets, and the commands."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import Home, Row, job, phone
from tests.support.sandbox import SENDER, SandboxProcess

SETTINGS = "plivo: {rate: 0, receipts: [1s, 2s, 4s, 8s, 15s]}\n"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Home]:
    with Home(tmp_path / "home", sandbox.environment, SETTINGS) as made:
        yield made


def ends(sandbox: SandboxProcess, number: int, course: str) -> None:
    """What becomes of the messages to one phone."""
    sandbox.add_fault(f"{course},phone={phone(number)[-6:]}$")


def taken(sandbox: SandboxProcess) -> Counter[str]:
    return Counter(message["text"].removeprefix("Message of ").rstrip(".") for message in sandbox.ledger())


def until_reported(home: Home, **receipts: str) -> dict[str, Row]:
    """Wait until the report on each of these jobs' messages begins so; the history by job."""
    found: dict[str, Row] = {}

    def reported() -> bool:
        found.update(home.by_job())
        return all((found.get(name, {}).get("receipt") or "").startswith(word) for name, word in receipts.items())

    home.until(reported, f"not reported: {receipts}")
    return found


def test_what_plivo_reports_is_shown_with_its_code_in_words(sandbox: SandboxProcess, home: Home) -> None:
    ends(sandbox, 2, "ends=undelivered,code=30,after=0s")
    ends(sandbox, 3, "ends=failed,code=420,after=0s")
    ends(sandbox, 4, "ends=sent")
    ends(sandbox, 5, "ends=failed,code=910,after=0s")
    names = ("delivered", "spam", "expired", "sent", "disabled")
    home.write("a.yaml", *(job(name, phone(number)) for number, name in enumerate(names, 1)))
    home.start()
    rows = until_reported(
        home,
        delivered="delivered",
        spam="undelivered (30: spam detected)",
        expired="failed (420: it expired in Plivo's queue)",
        sent="sent",
        disabled="failed (910: the account is disabled)",
    )
    assert {row["state"] for row in rows.values()} == {"accepted"}
    assert (rows["spam"]["receipt_code"], rows["delivered"]["receipt_code"]) == (30, None)
    assert taken(sandbox) == dict.fromkeys(names, 1)
    _check_why(home, rows["spam"], rows["sent"])
    assert home.json("status")["reported"]["failed"] == 2
    assert "reported        1 undelivered, 2 failed in 24 hours" in home.run("status").out
    failed = home.history("--receipt", "failed", "--receipt", "undelivered")
    assert sorted(row["job"] for row in failed) == ["disabled", "expired", "spam"]
    assert "receipt.account code=910" in home.log()
    until_reported(home, sent="sent; no final report within 15s")
    assert taken(sandbox) == dict.fromkeys(names, 1)


def _check_why(home: Home, spam: Row, sent: Row) -> None:
    story = home.json("why", str(spam["id"]))
    assert (story["receipt_code"], story["next_question_at"]) == (30, None)
    assert story["attempts"][0]["receipt"] == "undelivered (30: spam detected)"
    told = home.run("why", str(spam["id"])).out
    assert "receipt       undelivered (30: spam detected), as of " in told
    assert "Plivo reports         undelivered (30: spam detected) (attempt 1)" in told
    assert "next question" not in told
    waiting = home.json("why", str(sent["id"]))
    assert waiting["receipt"].startswith("sent")
    assert waiting["next_question_at"] or "no final report" in waiting["receipt"]


def test_what_expires_at_plivo_is_sent_again_once_where_the_job_says_so(sandbox: SandboxProcess, home: Home) -> None:
    ends(sandbox, 1, "ends=failed,code=420,after=0s,count=1")
    home.write("a.yaml", job("again", phone(1), on_undelivered="retry", retry=["1s", "1s"], valid_for="1h"))
    home.start()
    (row,) = until_reported(home, again="delivered").values()
    story = home.json("why", str(row["id"]))
    assert [attempt["receipt"] for attempt in story["attempts"]] == [
        "failed (420: it expired in Plivo's queue)",
        "delivered",
    ]
    moves = [(move["from_state"], move["to_state"]) for move in story["moves"]]
    assert moves.count(("accepted", "pending")) == 1
    assert taken(sandbox) == {"again": 2}
    home.kill()
    home.start()
    home.until_logged("daemon.started", 2)
    assert home.stop() == 0
    assert taken(sandbox) == {"again": 2}


def test_a_daemon_that_is_killed_around_the_report_sends_no_third_message(sandbox: SandboxProcess, home: Home) -> None:
    ends(sandbox, 1, "ends=failed,code=420,after=0s,count=1")
    home.write("a.yaml", job("again", phone(1), on_undelivered="retry", retry=["3s", "3s"], valid_for="1h"))
    home.start().until_logged("delivery.retrying")
    home.kill()
    assert home.states() == {"again": "pending"}
    home.start()
    sandbox.wait_accepted(2)
    home.kill()
    home.start()
    home.until_states(again="accepted")
    until_reported(home, again="delivered")
    assert taken(sandbox) == {"again": 2}


def test_who_has_said_stop_is_written_to_no_more(sandbox: SandboxProcess, home: Home) -> None:
    sandbox.hear(phone(1), SENDER, "STOP")
    home.write("a.yaml", job("first", phone(1), on_undelivered="retry", retry=["1s"]))
    home.start()
    until_reported(home, first="failed (200: the recipient has opted out)")
    home.until_logged("opt_out.added")
    home.write("b.yaml", job("second", phone(1), valid_for="1h"))
    home.until_states(second="cancelled")
    assert taken(sandbox) == {"first": 1}
    (opted_out,) = home.json("opt-out", "list")
    assert (opted_out["phone"], opted_out["sender"], opted_out["source"]) == (phone(1), SENDER, "plivo")


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("status=404", "none; no final report within 15s (Plivo has no message of this name, 404: Not Found)"),
        ("status=500", "none; no final report within 15s (Plivo's answer cannot be used, 500: Internal Server Error)"),
        ("garbage", "none; no final report within 15s (Plivo's answer cannot be used, 202: no JSON object)"),
    ],
)
def test_a_message_that_plivo_says_nothing_of_ends_so(
    sandbox: SandboxProcess, home: Home, trouble: str, said: str
) -> None:
    sandbox.add_fault(f"{trouble},on=details")
    home.write("a.yaml", job("a", phone(1)))
    home.start()
    until_reported(home, a=said)
    assert home.by_job()["a"]["state"] == "accepted"
    assert sandbox.requests()["details"] == 5


def test_a_busy_plivo_is_left_alone_and_nothing_is_lost(sandbox: SandboxProcess, home: Home) -> None:
    sandbox.add_fault({"status": 429, "on": "details", "count": 1, "header": {"Retry-After": "1"}})
    home.write("a.yaml", *(job(f"of-{number}", phone(number)) for number in range(3)))
    home.start().until_logged("receipt.unavailable")
    assert sandbox.requests()["details"] == 1
    line = next(line for line in home.log().splitlines() if "receipt.unavailable" in line)
    assert "429" in line
    assert "retry_in=30s" in line
    assert {row["state"] for row in home.history()} == {"accepted"}


def test_without_delays_nobody_asks(tmp_path: Path, sandbox: SandboxProcess) -> None:
    with Home(tmp_path / "quiet", sandbox.environment, "plivo: {rate: 0, receipts: []}\n") as home:
        home.write("a.yaml", job("a", phone(1)))
        home.start().until_states(a="accepted")
        assert home.stop() == 0
    story: dict[str, Any] = home.json("why", "1")
    assert (story["receipt"], story["next_question_at"]) == (None, None)
    assert "details" not in sandbox.requests()
