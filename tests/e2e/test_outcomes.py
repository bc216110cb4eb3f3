"""The table of outcomes, row by row, through the whole program: the sandbox misbehaves, `history` says what came of it."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.daemon import Home, Row, job, phone
from tests.support.sandbox import SandboxProcess

SETTINGS = "plivo: {rate: 0, read_timeout: 1s, deadline: 2s, reconcile: [0s, 1s, 2s]}\n"
NOT_FOUND = "in doubt: Plivo's log shows no such message yet, which proves nothing"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Home]:
    with Home(tmp_path / "home", sandbox.environment, SETTINGS) as made:
        yield made


def met(sandbox: SandboxProcess, number: int, fault: str) -> None:
    """Have the sandbox misbehave with one phone."""
    sandbox.add_fault(f"{fault},phone={phone(number)[-6:]}$")


def taken(sandbox: SandboxProcess) -> Counter[str]:
    """How often the sandbox accepted the message of each job."""
    return Counter(message["text"].removeprefix("Message of ").rstrip(".") for message in sandbox.ledger())


def summary(row: Row) -> tuple[str, str, int]:
    return row["state"], row["reason"], row["attempts"]


def test_a_refusal_of_plivo_fails_at_once(sandbox: SandboxProcess, home: Home) -> None:
    statuses = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict"}
    statuses |= {410: "Gone", 413: "Request Entity Too Large", 422: "Unprocessable Entity"}
    for status in statuses:
        met(sandbox, status, f"status={status}")
    home.write("refused.yaml", *(job(f"of-{status}", phone(status)) for status in statuses))
    home.start()
    rows = home.until_states(**{f"of-{status}": "failed" for status in statuses})
    assert {name: summary(row) for name, row in rows.items()} == {
        f"of-{status}": ("failed", f"refused: {status}: {words}", 1) for status, words in statuses.items()
    }
    assert sandbox.ledger() == []
    assert sandbox.requests()["send"] == len(statuses)
    story = home.json("why", str(rows["of-404"]["id"]))
    (attempt,) = story["attempts"]
    assert (attempt["outcome"], attempt["status"], attempt["evidence"]) == ("refused", 404, "404: Not Found")
    assert [move["to_state"] for move in story["moves"]] == ["pending", "sending", "failed"]
    assert home.json("status")["gateway"]["suspended"] is False


def test_an_unusable_account_suspends_and_spends_no_retry(sandbox: SandboxProcess, home: Home) -> None:
    statuses = {401: "Unauthorized", 402: "Payment Required", 407: "Proxy Authentication Required"}
    statuses |= {429: "Too Many Requests"}
    for status in statuses:
        met(sandbox, status, f"status={status},count=1")
    sandbox.add_fault("on=account,status=401,count=1")
    home.write("suspended.yaml", *(job(f"of-{status}", phone(status), retry=[]) for status in statuses))
    home.start().until_logged("gateway.suspended")
    assert home.json("status")["gateway"]["suspended"] is True
    rows = home.until_states(**{f"of-{status}": "accepted" for status in statuses})
    assert taken(sandbox) == dict.fromkeys(rows, 1)
    assert sandbox.requests()["account"] >= 2, "it went on without having asked for the account"
    for status, words in statuses.items():
        attempts = home.json("why", str(rows[f"of-{status}"]["id"]))["attempts"]
        first, second = (attempt for attempt in attempts if attempt["outcome"] != "not_begun")
        assert (first["outcome"], first["status"], first["evidence"]) == ("not_sent", status, f"{status}: {words}")
        assert second["outcome"] == "accepted"
    assert home.json("status")["gateway"] == {
        "suspended": False,
        "reason": None,
        "since": None,
        "next_probe_at": None,
    }


def test_as_long_as_the_account_does_not_answer_nothing_is_sent(sandbox: SandboxProcess, home: Home) -> None:
    met(sandbox, 1, "status=401,count=1")
    sandbox.add_fault("on=account,status=401,count=2")
    home.write("first.yaml", job("first", phone(1)))
    home.start().until_logged("gateway.suspended")
    home.write("second.yaml", job("second", phone(2)))
    home.until_states(first="accepted", second="accepted")
    log = home.log()
    assert log.index("gateway.resumed") < log.index("delivery.accepted")
    assert sandbox.requests()["account"] == 3


def test_retry_after_is_waited_for(sandbox: SandboxProcess, home: Home) -> None:
    met(sandbox, 1, "status=429,count=1,header=Retry-After: 600")
    home.write("one.yaml", job("one", phone(1)))
    home.start().until_logged("gateway.suspended")
    status = home.json("status")["gateway"]
    assert status["next_probe_at"] > status["since"][:17]
    row = home.by_job()["one"]
    assert summary(row) == ("pending", "not sent: 429: Too Many Requests", 1)
    waits = datetime.fromisoformat(status["next_probe_at"]) - datetime.fromisoformat(status["since"])
    assert waits.total_seconds() == 600
    assert home.stop(5) == 0


class Doubt(NamedTuple):
    """A fault that leaves a doubt. taken: the message was accepted all the same. reason: the first one, in part."""

    fault: str
    taken: bool
    reason: str


DOUBTS = {
    "of-500": Doubt("status=500,accept=true", True, "500: Internal Server Error"),
    "of-503": Doubt("status=503", False, "503: Service Unavailable"),
    "of-504-html": Doubt("status=504,body=html", False, "504, not Plivo's JSON"),
    "of-404-html": Doubt("status=404,body=html", False, "404, not Plivo's JSON"),
    "of-422-text": Doubt("status=422,body=text,accept=true", True, "422, not Plivo's JSON"),
    "of-418": Doubt("status=418", False, "418: I'm a Teapot"),
    "redirect": Doubt("redirect=http://127.0.0.1:9/", False, "302 without a body"),
    "redirect-307": Doubt("status=307,redirect=/v1/elsewhere", False, "307 without a body"),
    "hang": Doubt("hang=9s", False, "no answer for 1 s"),
    "hang-taken": Doubt("hang=9s,accept=true", True, "no answer for 1 s"),
    "dribble": Doubt("dribble=400ms", True, "no whole answer within the deadline of 2 s"),
    "reset-before": Doubt("reset=before", False, "connection lost: Connection reset by peer"),
    "reset-after": Doubt("reset=after", True, "connection lost: Connection reset by peer"),
    "close-before": Doubt("close=before", False, "closed without an answer"),
    "close-after": Doubt("close=after", True, "closed without an answer"),
    "truncate": Doubt("truncate", True, "half an answer"),
    "garbage": Doubt("garbage", True, "202 without a readable message_uuid"),
    "garbage-only": Doubt("garbage,accept=false", False, "202 without a readable message_uuid"),
    "empty": Doubt("empty", True, "202 without a readable message_uuid"),
    "no-uuid": Doubt("wrong=no-uuid", True, "202 without a readable message_uuid"),
    "null": Doubt("wrong=null,accept=false", False, "202 without a readable message_uuid"),
    "list": Doubt("wrong=list", True, "202 without a readable message_uuid"),
}


def test_what_nobody_can_know_is_in_doubt_until_the_log_proves_it(sandbox: SandboxProcess, home: Home) -> None:
    for number, doubt in enumerate(DOUBTS.values()):
        met(sandbox, number, doubt.fault)
    home.write("doubts.yaml", *(job(name, phone(number)) for number, name in enumerate(DOUBTS)))
    home.start()
    lost = [name for name, doubt in DOUBTS.items() if not doubt.taken]
    home.until_logged("doubt.unresolved", len(lost))
    rows = home.until_states(**{name: "accepted" if doubt.taken else "in_doubt" for name, doubt in DOUBTS.items()})
    assert {name: summary(row) for name, row in rows.items()} == {
        name: ("accepted", "found in Plivo's log", 1) if doubt.taken else ("in_doubt", NOT_FOUND, 1)
        for name, doubt in DOUBTS.items()
    }
    assert taken(sandbox) == {name: 1 for name, doubt in DOUBTS.items() if doubt.taken}
    assert sandbox.requests()["send"] == len(DOUBTS)
    assert {row["message_uuid"] for row in rows.values() if row["state"] == "accepted"} == {
        message["message_uuid"] for message in sandbox.ledger()
    }
    for name, doubt in DOUBTS.items():
        assert f"job={name} " in home.log()
        assert _first_reason(home, name) == doubt.reason, name
    _check_the_stories(home, rows)


def _first_reason(home: Home, name: str) -> str:
    """Why the log says that it came into doubt."""
    (line,) = (line for line in home.log().splitlines() if f"delivery.in_doubt job={name} " in line)
    return line.partition("reason=")[2].strip('"').removeprefix("in doubt: ")


def _check_the_stories(home: Home, rows: dict[str, Row]) -> None:
    story = home.json("why", str(rows["reset-after"]["id"]))
    assert [move["to_state"] for move in story["moves"]] == ["pending", "sending", "in_doubt", "accepted"]
    (attempt,) = story["attempts"]
    assert (attempt["outcome"], attempt["uuid_from"]) == ("in_doubt", "log")
    assert attempt["message_uuid"] == story["message_uuid"] == rows["reset-after"]["message_uuid"]
    assert story["moves"][-1]["evidence"].startswith(f"log: {story['message_uuid']} ")
    told = home.run("why", str(rows["of-503"]["id"]))
    assert "is in_doubt: in doubt: Plivo's log shows no such message yet" in told.out
    assert "attempt 1: begun " in told.out
    assert "in_doubt 503: 503: Service Unavailable" in told.out


def test_by_the_word_of_its_job_what_the_log_does_not_show_is_sent_again(sandbox: SandboxProcess, home: Home) -> None:
    met(sandbox, 1, "status=503,count=1")
    met(sandbox, 2, "reset=after,count=1")
    met(sandbox, 3, "status=503")
    met(sandbox, 4, "close=before,count=1")
    home.write(
        "resent.yaml",
        job("lost", phone(1), on_doubt="resend"),
        job("taken", phone(2), on_doubt="resend"),
        job("spent", phone(3), on_doubt="resend", retry=["1s"]),
        job("waits", phone(4), on_doubt="wait"),
    )
    home.start()
    home.until_logged("doubt.unresolved job=spent")
    home.until_logged("doubt.unresolved job=waits")
    rows = home.by_job()
    assert {name: summary(row) for name, row in rows.items()} == {
        "lost": ("accepted", "accepted by Plivo", 2),
        "taken": ("accepted", "found in Plivo's log", 1),
        "spent": ("in_doubt", NOT_FOUND, 2),
        "waits": ("in_doubt", NOT_FOUND, 1),
    }
    assert taken(sandbox) == {"lost": 1, "taken": 1}
    moves = [move["to_state"] for move in home.json("why", str(rows["lost"]["id"]))["moves"]]
    assert moves == ["pending", "sending", "in_doubt", "pending", "sending", "accepted"]


def test_a_gateway_that_is_down_is_tried_again_until_it_is_back(sandbox: SandboxProcess, home: Home) -> None:
    sandbox.kill()
    home.write(
        "down.yaml",
        job("patient", phone(1), retry=["2s", "2s", "2s", "2s", "2s", "2s"]),
        job("hasty", phone(2), retry=["1s"]),
        job("single", phone(3), retry=[]),
        job("short", phone(4), retry=["20s"], valid_for="15s"),
    )
    home.start()
    home.until_states(hasty="failed", single="failed", short="missed")
    sandbox.start()
    rows = home.until_states(patient="accepted")
    refused = "not sent: no connection: Connection refused"
    assert summary(rows["hasty"]) == ("failed", f"{refused}; retries used up", 2)
    assert summary(rows["single"]) == ("failed", f"{refused}; retries used up", 1)
    assert summary(rows["short"]) == ("missed", f"{refused}; its validity is over before the next try", 1)
    assert rows["patient"]["attempts"] > 1
    assert taken(sandbox) == {"patient": 1}
    *tried, last = home.json("why", str(rows["patient"]["id"]))["attempts"]
    assert {(attempt["outcome"], attempt["begun_at"]) for attempt in tried} == {("not_sent", None)}
    assert last["outcome"] == "accepted"


def test_the_same_refusal_of_five_phones_is_not_the_phones_fault(sandbox: SandboxProcess, home: Home) -> None:
    home.settings.write_text("plivo: {rate: 0, threads: 1}\n")
    sandbox.add_fault("status=400,count=5")
    sandbox.add_fault("on=account,status=503,count=1")
    home.write("all.yaml", *(job(f"job-{number}", phone(number)) for number in range(12)))
    home.launch("--once").ended()
    states = Counter(row["state"] for row in home.history())
    assert (states["failed"], sandbox.requests()["send"] - len(sandbox.ledger())) == (5, 5)
    assert states["pending"] == 7
    reason = "the last 5 different phones were all refused alike: 400: Bad Request"
    assert home.json("status")["gateway"]["reason"] == reason
    home.start()
    rows = home.until_settled(12, {"accepted", "failed"})
    assert Counter(row["state"] for row in rows.values()) == {"failed": 5, "accepted": 7}
    assert taken(sandbox) == {name: 1 for name, row in rows.items() if row["state"] == "accepted"}


def test_one_phone_that_is_refused_again_and_again_suspends_nothing(sandbox: SandboxProcess, home: Home) -> None:
    met(sandbox, 1, "status=400")
    home.write("same.yaml", *(job(f"job-{number}", phone(1)) for number in range(6)), job("other", phone(2)))
    home.start()
    rows = home.until_settled(7, {"accepted", "failed"})
    assert rows["other"]["state"] == "accepted"
    assert "gateway.suspended" not in home.log()
