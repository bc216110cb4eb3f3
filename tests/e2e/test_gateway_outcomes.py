"""Every row of the table of outcomes, with the real SDK over real sockets."""

import json
import socket
from base64 import b64encode
from datetime import timedelta

import pytest

from reminderd.model import Accepted, InDoubt, NotSent, Outcome, Refused
from tests.e2e.scripted_server import (
    ACCEPTED,
    API_ID,
    AUTH_ID,
    AUTH_TOKEN,
    UUID,
    Request,
    ScriptedServer,
    Step,
    answer,
    close,
    gateway_to,
    head,
    raw,
    reset,
    send,
)

REFUSAL = {"api_id": API_ID, "error": "no"}


def outcome_of(step: Step) -> Outcome:
    """What the gateway makes of one scripted answer; checks that it asked exactly once."""
    with ScriptedServer([step]) as server, gateway_to(server.url) as gateway:
        outcome = send(gateway)
        assert len(server.requests) == 1
    return outcome


def test_202_with_a_uuid_is_accepted() -> None:
    assert outcome_of(answer(202, ACCEPTED)) == Accepted(UUID, f"202 api_id={API_ID}")


@pytest.mark.parametrize("status", [200, 201, 202, 207])
def test_any_2xx_with_a_uuid_is_accepted(status: int) -> None:
    assert isinstance(outcome_of(answer(status, ACCEPTED)), Accepted)


def test_a_uuid_outside_a_list_is_read() -> None:
    assert outcome_of(answer(202, {"message_uuid": UUID, "api_id": API_ID})) == Accepted(UUID, f"202 api_id={API_ID}")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>ok</html>",
        b"null",
        b"17",
        b"[]",
        b'["x"]',
        b"{}",
        b'"' + UUID.encode() + b'"',
        b'{"api_id": "x", "message_uuid": []}',
        b'{"api_id": "x", "message_uuid": null}',
        b'{"api_id": "x", "message_uuid": [""]}',
        b'{"api_id": "x", "message_uuid": " "}',
        b'{"api_id": "x", "message_uuid": [1]}',
        b'{"api_id": "x", "message_uuid": ["a", "b"]}',
        b'{"api_id": "x", "message_uuid": {"a": 1}}',
        b'{"api_id": "x", "message_uuid": ["a\\u0000b"]}',
        b'{"api_id": "x", "message_uuid": ["a"]',
        b"\xff\xfe\xfa",
        b"[" * 100_000,
        b"9" * 10_000,
    ],
    ids=lambda body: repr(body[:50]),
)
def test_2xx_without_a_readable_uuid_is_in_doubt(body: bytes) -> None:
    outcome = outcome_of(answer(202, body))
    assert isinstance(outcome, InDoubt)
    assert outcome.status == 202


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 410, 413, 422])
@pytest.mark.parametrize("body", [REFUSAL, {"error": "no"}, {"api_id": API_ID}])
def test_plivos_own_no_is_refused(status: int, body: dict[str, str]) -> None:
    outcome = outcome_of(answer(status, body))
    assert isinstance(outcome, Refused)
    assert outcome.status == status
    assert ("no" in outcome.evidence) == ("error" in body)


def test_plivos_own_no_counts_whatever_its_content_type() -> None:
    assert isinstance(outcome_of(answer(400, REFUSAL, content_type="text/html")), Refused)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 410, 413, 422])
@pytest.mark.parametrize("body", [b"", b"<h1>no</h1>", b'{"message": "no"}', b'["error"]', b'"error"'])
def test_a_4xx_that_is_not_plivos_is_in_doubt(status: int, body: bytes) -> None:
    assert outcome_of(answer(status, body)) == InDoubt(outcome_evidence(status, body), status)


def outcome_evidence(status: int, body: bytes) -> str:
    return f"{status}, not Plivo's JSON" if body else f"{status} without a body"


@pytest.mark.parametrize("status", [406, 408, 411, 415, 418, 425, 431, 451, 499])
def test_other_4xx_are_in_doubt_even_from_plivo(status: int) -> None:
    assert isinstance(outcome_of(answer(status, REFUSAL)), InDoubt)


@pytest.mark.parametrize("status", [401, 402, 407, 429])
@pytest.mark.parametrize("body", [REFUSAL, b"", b"Could not verify your access level"])
def test_answers_about_the_account_suspend_the_gateway(status: int, body: object) -> None:
    outcome = outcome_of(answer(status, body))
    assert isinstance(outcome, NotSent)
    assert (outcome.status, outcome.suspend, outcome.retry_after) == (status, True, None)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry_After": "7"}, timedelta(seconds=7)),
        (
            {"Retry_After": "Sun, 22 Nov 2026 08:01:30 GMT", "Date": "Sun, 22 Nov 2026 08:00:00 GMT"},
            timedelta(seconds=90),
        ),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "9" * 400}, None),
        ({"Retry_After": "999999999"}, timedelta(days=1)),
        ({"Retry_After": "Sun, 22 Nov 2020 08:01:30 GMT"}, timedelta(0)),
    ],
)
def test_retry_after_is_handed_on(headers: dict[str, str], expected: timedelta | None) -> None:
    outcome = outcome_of(answer(429, REFUSAL, **headers))
    assert isinstance(outcome, NotSent)
    assert outcome.retry_after == expected


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 599])
@pytest.mark.parametrize("body", [REFUSAL, b"<h1>Bad gateway</h1>", ACCEPTED])
def test_5xx_are_in_doubt(status: int, body: object) -> None:
    outcome = outcome_of(answer(status, body))
    assert isinstance(outcome, InDoubt)
    assert outcome.status == status


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_is_in_doubt_and_not_followed(status: int) -> None:
    with ScriptedServer([answer(202, ACCEPTED)]) as elsewhere:
        location = f"{elsewhere.url}/v1/Account/{AUTH_ID}/Message/"
        outcome = outcome_of(answer(status, ACCEPTED, Location=location))
        assert elsewhere.connections == 0
    assert isinstance(outcome, InDoubt)


@pytest.mark.parametrize(
    "step",
    [
        reset,
        close,
        raw(b""),
        raw(b"HTTP/1.1 2"),
        raw(b"HTTP/1.1 202 Accepted\r\nContent-Le"),
        raw(head(202, 500)),
        raw(head(202, 500) + b'{"message_uuid": ["a"]}'),
        raw(head(202, 500) + b'{"message_uuid": ["a"]}', then=reset),
        raw(head(202, None, Transfer_Encoding="chunked") + b"17\r\n" + b'{"message_uuid": ["a"]}\r\n'),
        raw(head(202, None, Transfer_Encoding="chunked") + b"zz\r\n"),
        raw(head(401, 500) + b"{"),
        raw(b"SSH-2.0-OpenSSH_9.2p1\r\n"),
        raw(b"\x00\xff" * 300),
        raw(b"HTTP/1.1 99999 x\r\n\r\n"),
        raw(b"HTTP/1.1 202 ok\r\n" + b"x: y\r\n" * 200 + b"\r\n"),
        raw(b"HTTP/1.1 202 ok\r\nx: " + b"y" * 70_000 + b"\r\n\r\n"),
        raw(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
    ],
    ids=range(18),
)
def test_a_cut_or_garbled_answer_is_in_doubt(step: Step) -> None:
    assert isinstance(outcome_of(step), InDoubt)


def test_a_whole_answer_that_ends_with_the_connection_is_read() -> None:
    body = b'{"message_uuid": ["a"]}'
    assert outcome_of(raw(head(202, None) + body)) == Accepted("a", "202")


def test_a_chunked_answer_is_read() -> None:
    body = b'17\r\n{"message_uuid": ["a"]}\r\n0\r\n\r\n'
    assert outcome_of(raw(head(202, None, Transfer_Encoding="chunked") + body)) == Accepted("a", "202")


def test_an_interim_answer_is_passed_over() -> None:
    body = b'{"message_uuid": ["a"]}'
    assert outcome_of(raw(b"HTTP/1.1 100 Continue\r\n\r\n" + head(202, len(body)) + body)) == Accepted("a", "202")


def test_an_answer_without_end_is_in_doubt_and_not_read_to_its_end() -> None:
    def endless(sock: socket.socket, _request: Request) -> None:
        sock.sendall(head(202, None))
        while True:  # ends with the error of the connection that the gateway closes
            sock.sendall(b" " * 65_536)

    assert outcome_of(endless) == InDoubt("an answer of more than 262144 bytes", 202)


def test_no_answer_within_the_read_time_out_is_in_doubt() -> None:
    with ScriptedServer([]) as server:
        server.steps.append(server.silence)
        with gateway_to(server.url, read_timeout=0.2) as gateway:
            assert send(gateway) == InDoubt("no answer for 0.2 s")


@pytest.mark.parametrize(
    "start", [b"H", head(202, 5_000), head(202, None), head(202, None, Transfer_Encoding="chunked")]
)
def test_a_dribbling_answer_is_cut_at_the_deadline(start: bytes) -> None:
    with ScriptedServer([]) as server:
        server.steps.append(server.dribble(start + b"1"))
        with gateway_to(server.url, deadline=0.3) as gateway:
            assert send(gateway) == InDoubt("no whole answer within the deadline of 0.3 s")


def test_what_sdk_and_port_say_reaches_the_wire() -> None:
    with ScriptedServer([answer(202, ACCEPTED)]) as server, gateway_to(server.url) as gateway:
        send(gateway, text="Miete fällig 🏠 “heute”", message_expiry=900)
        (request,) = server.requests
    assert request.line == f"POST /v1/Account/{AUTH_ID}/Message/ HTTP/1.1"
    assert request.json == {
        "src": "+14155550100",
        "dst": "+14155550123",
        "text": "Miete fällig 🏠 “heute”",
        "type": "sms",
        "method": "POST",
        "log": "true",
        "trackable": False,
        "message_expiry": 900,
    }
    assert request.headers["authorization"] == f"Basic {b64encode(f'{AUTH_ID}:{AUTH_TOKEN}'.encode()).decode()}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(("given", "sent"), [(1, 5), (5, 5), (10_799, 10_799), (90_000, 10_799)])
def test_message_expiry_stays_within_what_plivo_takes(given: int, sent: int) -> None:
    with ScriptedServer([answer(202, ACCEPTED)]) as server, gateway_to(server.url) as gateway:
        send(gateway, message_expiry=given)
        assert server.requests[0].json["message_expiry"] == sent


def test_a_base_url_may_have_a_path() -> None:
    with ScriptedServer([answer(202, ACCEPTED)]) as server, gateway_to(f"{server.url}/plivo/") as gateway:
        send(gateway)
        assert server.requests[0].line == f"POST /plivo/v1/Account/{AUTH_ID}/Message/ HTTP/1.1"


def never() -> bool:
    raise AssertionError("begin was called")


@pytest.mark.parametrize(
    "changes", [{"phone": "+14155550100"}, {"phone": ""}], ids=["to the sender itself", "to nobody"]
)
def test_what_the_sdk_itself_refuses_is_permanent_and_was_not_begun(changes: dict[str, str]) -> None:
    with ScriptedServer([answer(202, ACCEPTED)]) as server, gateway_to(server.url) as gateway:
        outcome = send(gateway, never, **changes)
        assert isinstance(outcome, Refused)
        assert outcome.status == 0
        assert "4155550100" not in outcome.evidence
        assert server.connections == 0


@pytest.mark.parametrize(
    "step",
    [
        answer(400, {"error": "'+14155550123' is not valid; text was: Rent is due today", "api_id": API_ID}),
        answer(400, {"error": {"dst": ["14155550123"], "text": "Rent is due today"}}),
        answer(401, {"error": f"bad token {AUTH_TOKEN} for {AUTH_ID}"}),
        answer(500, {"error": "4 1 5 - 5 5 5 - 0 1 2 3 " * 100}),
        answer(400, b"Rent is due today +14155550123"),
    ],
    ids=range(5),
)
def test_evidence_is_short_and_names_nobody(step: Step) -> None:
    outcome = outcome_of(step)
    assert isinstance(outcome, NotSent | Refused | InDoubt)
    assert 0 < len(outcome.evidence) <= 200
    for hidden in ("555", "Rent is due", AUTH_TOKEN, AUTH_ID):
        assert hidden not in outcome.evidence


def test_credentials_do_not_show_in_any_repr() -> None:
    with gateway_to("http://127.0.0.1:9", proxy="http://me:hush@127.0.0.1:9") as gateway:
        shown = f"{gateway!r} {vars(gateway)['_session']!r}"
    assert AUTH_TOKEN not in shown


def test_plivo_is_told_where_to_report_with_the_attempt_s_token_in_the_path() -> None:
    with ScriptedServer([answer(202, ACCEPTED)]) as server:
        with gateway_to(server.url, callbacks="https://reminders.example.org") as gateway:
            send(gateway, token="0123abcd")
    sent = json.loads(server.requests[0].body)
    assert (sent["url"], sent["method"]) == ("https://reminders.example.org/plivo/status/0123abcd", "POST")


def test_without_an_address_of_ours_the_request_has_nothing_of_it() -> None:
    with ScriptedServer([answer(202, ACCEPTED)]) as server, gateway_to(server.url) as gateway:
        send(gateway)
    fields = {"src", "dst", "text", "type", "method", "log", "trackable"}
    assert set(json.loads(server.requests[0].body)) == fields, "as the SDK has always written it"
