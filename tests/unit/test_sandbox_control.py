"""Faults at work in the sandbox, its counts, and its control addresses."""

import json
from typing import Any

import pytest

from reminderd.gateway.sandbox import AUTH_ID, Ledger, Options, Service
from reminderd.gateway.sandbox.http import Malformed
from tests.support.sandbox import Played


@pytest.fixture
def played() -> Played:
    return Played(Options(log_limit=0))


def test_a_fault_before_accepting_accepts_nothing() -> None:
    played = Played(None, "status=503,count=1")
    assert played.send().status == 503
    assert played.ledger.messages() == []
    assert played.send().status == 202


def test_a_fault_after_accepting_is_named_in_the_ledger() -> None:
    played = Played(None, "status=503,accept=true,count=1")
    assert played.send().status == 503
    assert played.send().status == 202
    assert [message.fault for message in played.ledger.messages()] == ["status=503,accept=true,count=1", None]


def test_a_request_that_is_refused_anyway_spends_no_fault() -> None:
    played = Played(None, "status=503,count=1")
    assert played.send(dst="111").status == 400
    assert played.send().status == 503


def test_a_full_ledger_is_said(played: Played) -> None:
    played.ledger = Ledger(most=1)
    played.service = Service(played.ledger, played.clock, Options())
    assert [played.send().status for _ in range(2)] == [202, 503]


def test_requests_are_counted_by_kind_and_shown_without_text(played: Played) -> None:
    played.send()
    played.send(dst="111")
    played.page()
    played.service.handle(Malformed(400, "noise"))
    assert played.service.counts == {"total": 4, "send": 1, "refused": 1, "log": 1, "malformed": 1}
    assert [(seen.method, seen.what, seen.result) for seen in played.seen] == [
        ("POST", "send", "202 Accepted"),
        ("POST", "refused", "400 Bad Request"),
        ("GET", "log", "200 OK"),
        ("?", "malformed", "400 Bad Request"),
    ]


def control(played: Played, method: str, path: str, body: object = None) -> tuple[int, Any]:
    answer = played.ask(method, f"/__control/{path}", body, credentials="")
    return answer.status, json.loads(answer.body)


def test_faults_are_added_listed_and_cleared_while_it_runs(played: Played) -> None:
    status, listed = control(played, "POST", "faults", {"status": 503, "count": 1})
    assert (status, listed) == (200, {"faults": [{"fault": "status=503,count=1", "seen": 0, "applied": 0}]})
    control(played, "POST", "faults", ["reset=after", {"empty": True}])
    assert played.send().status == 503
    assert [rule["applied"] for rule in control(played, "GET", "faults")[1]["faults"]] == [1, 0, 0]
    assert control(played, "DELETE", "faults") == (200, {"faults": []})
    assert played.send().status == 202


@pytest.mark.parametrize("body", [b"{", 5, [5], {"stauts": 503}, "status=503,count=x"])
def test_a_fault_that_cannot_be_read_is_refused_with_a_sentence(played: Played, body: object) -> None:
    status, answer = control(played, "POST", "faults", body)
    assert status == 400
    assert len(answer["error"]) > 10
    assert control(played, "GET", "faults") == (200, {"faults": []})


def test_the_ledger_is_shown_in_pages(played: Played) -> None:
    for _ in range(3):
        played.send()
    first = control(played, "GET", "ledger?limit=2")[1]
    second = control(played, "GET", "ledger?limit=2&after=2")[1]
    assert [[message["seq"] for message in page["messages"]] for page in (first, second)] == [[1, 2], [3]]
    assert [(page["total"], page["more"]) for page in (first, second)] == [(3, True), (3, False)]
    assert first["messages"][0] == played.ledger.messages()[0]._asdict()
    assert control(played, "GET", "ledger?after=9")[1] == {"total": 3, "more": False, "messages": []}
    assert control(played, "GET", "ledger?after=x")[0] == 400


def test_duplicates_are_shown(played: Played) -> None:
    for text in ("one", "two", "one"):
        played.send(text=text)
    assert control(played, "GET", "duplicates")[1] == {
        "duplicates": [{"src": "14155550100", "dst": "14155550101", "text": "one", "count": 2, "seqs": [1, 3]}]
    }


def test_a_reset_goes_back_to_the_start() -> None:
    played = Played(None, "status=503,count=1")
    control(played, "POST", "faults", "status=500")
    assert [played.send().status for _ in range(2)] == [503, 500]
    for _ in range(20):
        played.page()
    assert control(played, "POST", "reset") == (200, {"accepted": 0})
    assert [played.send().status for _ in range(2)] == [503, 202]
    assert len(played.page()["objects"]) == 1


def test_other_control_addresses_say_which_there_are(played: Played) -> None:
    assert "ledger" in control(played, "GET", "faluts")[1]["error"]
    assert control(played, "PUT", "faults")[0] == 405


def test_the_log_can_be_shown_otherwise_until_the_reset(played: Played) -> None:
    played.send()
    shown = played.page()["objects"][0]["to_number"]
    assert control(played, "POST", "log", {"numbers": ["[0-9]{4}$=****"]})[0] == 200
    assert played.page()["objects"][0]["to_number"] == f"{shown[:-4]}****"
    assert control(played, "POST", "log", {"lag": "2s"})[0] == 200
    assert played.page()["objects"] == []
    played.clock.passed = 2.0
    assert played.page()["objects"][0]["to_number"] == f"{shown[:-4]}****"
    control(played, "POST", "reset")
    played.send()
    assert played.page()["objects"][0]["to_number"] == shown


@pytest.mark.parametrize(
    "wrong", [{"lags": 2}, {"lag": "soon"}, {"numbers": "x=y"}, {"numbers": [1]}, {"numbers": ["("]}, 3]
)
def test_what_the_log_cannot_be_told_is_refused(played: Played, wrong: object) -> None:
    assert control(played, "POST", "log", wrong)[0] == 400


def test_the_account_is_told_what_to_say() -> None:
    played = Played(Options())
    status, said = control(
        played, "POST", "account", {"credit": "3.5", "billing_mode": "postpaid", "numbers": ["+1415 5550100"]}
    )
    assert (status, said["credit"], said["numbers"]) == (200, "3.50000", ["14155550100"])
    account = json.loads(played.ask("GET", f"/v1/Account/{AUTH_ID}/").body)
    assert (account["cash_credits"], account["billing_mode"]) == ("3.50000", "postpaid")
    assert played.ask("GET", f"/v1/Account/{AUTH_ID}/Number/14155550100/").status == 200
    assert played.ask("GET", f"/v1/Account/{AUTH_ID}/Number/14155550199/").status == 404
    control(played, "POST", "reset")
    assert played.ask("GET", f"/v1/Account/{AUTH_ID}/Number/14155550199/").status == 200


@pytest.mark.parametrize(
    "words", [[], {"credit": "much"}, {"credit": 3}, {"numbers": ["anna"]}, {"numbers": [1]}, {"mood": "good"}]
)
def test_what_no_account_says_is_refused(words: object) -> None:
    status, said = control(Played(Options()), "POST", "account", words)
    assert status == 400
    assert said["error"]
