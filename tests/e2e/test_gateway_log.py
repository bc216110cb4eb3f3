"""The log and the account, with the real SDK over real sockets."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from reminderd.gateway.plivo import PlivoGateway
from reminderd.gateway.port import LogPage, LogUnavailable
from reminderd.model import Accepted, LogRow
from tests.e2e.scripted_server import (
    ACCEPTED,
    AUTH_ID,
    AUTH_TOKEN,
    ScriptedServer,
    Step,
    answer,
    close,
    gateway_to,
    reset,
    send,
)

SINCE = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
UNTIL = SINCE + timedelta(minutes=4)
ROW = {
    "message_uuid": "u1",
    "message_time": "2026-11-22 13:31:00+05:30",
    "message_direction": "outbound",
    "message_state": "delivered",
    "message_type": "sms",
    "from_number": "14155550100",
    "to_number": "14155550123",
    "units": 1,
}
LISTING = {"api_id": "x", "meta": {"limit": 20, "next": "/v1/?limit=20&offset=20", "offset": 0}, "objects": [ROW]}
NO_LISTING = {"api_id": "x", "meta": {"limit": 20, "next": None, "offset": 0}, "objects": []}


def ask(gateway: PlivoGateway, page: str | None = None) -> LogPage | LogUnavailable:
    return gateway.log(since=SINCE, until=UNTIL, phone="+14155550123", sender="+14155550100", page=page)


def test_the_log_is_read_page_by_page() -> None:
    with ScriptedServer([answer(200, LISTING), answer(200, NO_LISTING)]) as server:
        with gateway_to(server.url) as gateway:
            first = ask(gateway)
            assert first == LogPage(
                (LogRow("u1", SINCE + timedelta(minutes=1), "14155550100", "14155550123", 1, "delivered"),), "offset=20"
            )
            assert isinstance(first, LogPage)
            assert ask(gateway, first.next) == LogPage(())
    asked = [request.line.split() for request in server.requests]
    assert [method for method, _, _ in asked] == ["GET", "GET"]
    assert urlsplit(asked[0][1]).path == f"/v1/Account/{AUTH_ID}/Message/"
    assert parse_qs(urlsplit(asked[0][1]).query) == {
        "message_direction": ["outbound"],
        "message_time__gte": ["2026-11-22 08:00:00"],
        "message_time__lte": ["2026-11-22 08:04:00"],
        "to_number": ["+14155550123"],
        "from_number": ["+14155550100"],
        "limit": ["20"],
        "offset": ["0"],
    }
    assert parse_qs(urlsplit(asked[1][1]).query)["offset"] == ["20"]


@pytest.mark.parametrize(
    "step",
    [
        answer(400, {"error": "bad"}),
        answer(401, b"no"),
        answer(404, {"error": "no"}),
        answer(429, {"error": "too many requests"}),
        answer(500, b""),
        answer(302, LISTING, Location="http://127.0.0.1:9/"),
        answer(200, b"nonsense"),
        answer(200, b"17"),
        close,
        reset,
    ],
    ids=range(10),
)
def test_a_log_that_does_not_answer_is_unavailable_and_not_asked_again(step: Step) -> None:
    with ScriptedServer([step]) as server, gateway_to(server.url) as gateway:
        assert isinstance(ask(gateway), LogUnavailable)
        assert len(server.requests) == 1


def test_the_log_says_when_to_come_back() -> None:
    with ScriptedServer([answer(429, b"", Retry_After="30")]) as server, gateway_to(server.url) as gateway:
        assert ask(gateway) == LogUnavailable("no list of messages in 429 without a body", timedelta(seconds=30))


def test_the_log_is_asked_20_times_a_minute_at_most_and_sending_goes_on() -> None:
    with ScriptedServer([answer(200, NO_LISTING)] * 20 + [answer(202, ACCEPTED)]) as server:
        with gateway_to(server.url) as gateway:
            for _ in range(20):
                assert ask(gateway) == LogPage(())
            refused = ask(gateway)
            assert isinstance(refused, LogUnavailable)
            assert refused.evidence == "log budget used up"
            assert refused.retry_after is not None
            assert timedelta(0) < refused.retry_after <= timedelta(minutes=1)
            assert len(server.requests) == 20
            assert isinstance(send(gateway), Accepted)


def test_a_good_account_answer_is_a_good_probe() -> None:
    with ScriptedServer([answer(200, {"api_id": "x", "cash_credits": "4.2"})]) as server:
        with gateway_to(server.url) as gateway:
            assert gateway.probe().ok
        assert server.requests[0].line == f"GET /v1/Account/{AUTH_ID}/ HTTP/1.1"


@pytest.mark.parametrize(
    "step",
    [answer(401, AUTH_TOKEN.encode()), answer(402, {"error": f"{AUTH_ID} is out of credit"}), answer(503), close],
    ids=range(4),
)
def test_anything_else_is_a_bad_one(step: Step) -> None:
    with ScriptedServer([step]) as server, gateway_to(server.url) as gateway:
        probe = gateway.probe()
    assert not probe.ok
    assert probe.evidence
    assert AUTH_ID not in probe.evidence
    assert AUTH_TOKEN not in probe.evidence


def test_a_probe_hands_on_retry_after() -> None:
    with ScriptedServer([answer(429, b"", Retry_After="30")]) as server, gateway_to(server.url) as gateway:
        assert gateway.probe().retry_after == timedelta(seconds=30)
