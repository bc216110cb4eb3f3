"""The meaning of each exchange, without any wire."""

from datetime import timedelta

import pytest

from reminderd.gateway.classify import PERMANENT, SUSPENDING, probe_result, send_outcome
from reminderd.gateway.port import Probe
from reminderd.gateway.transport import Answer, Broken, Exchange, Rejected, Unreached, Withdrawn
from reminderd.model import Accepted, InDoubt, NotBegun, NotSent, Outcome, Refused

REFUSAL = b'{"api_id": "x", "error": "no"}'


def outcome(exchange: Exchange) -> Outcome:
    return send_outcome(exchange, "the text", ())


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        (Unreached("refused"), NotSent("refused")),
        (Unreached("the proxy answered 502", 502), NotSent("the proxy answered 502", 502)),
        (Unreached("the proxy answered 407", 407), NotSent("the proxy answered 407", 407, suspend=True)),
        (Withdrawn(), NotBegun("withdrawn before the request")),
        (Rejected("dst is required"), Refused(0, "dst is required")),
        (Broken("reset"), InDoubt("reset")),
        (Broken("half an answer", 401), InDoubt("half an answer", 401)),
        (Answer(202, b'{"message_uuid": ["u"]}'), Accepted("u", "202")),
        (Answer(202, b"{}"), InDoubt("202 without a readable message_uuid", 202)),
        (Answer(400, REFUSAL), Refused(400, "400: no")),
        (Answer(400, b"<html>"), InDoubt("400, not Plivo's JSON", 400)),
        (
            Answer(429, b"", timedelta(seconds=3)),
            NotSent("429 without a body", 429, suspend=True, retry_after=timedelta(seconds=3)),
        ),
        (Answer(500, REFUSAL), InDoubt("500: no", 500)),
        (Answer(302, REFUSAL), InDoubt("302: no", 302)),
    ],
)
def test_an_exchange_means(exchange: Exchange, expected: Outcome) -> None:
    assert outcome(exchange) == expected


@pytest.mark.parametrize("status", range(100, 600))
def test_only_the_listed_refusals_are_ever_certain(status: int) -> None:
    certain = isinstance(outcome(Answer(status, REFUSAL)), Refused | NotSent)
    assert certain == (status in PERMANENT | SUSPENDING)


def test_an_api_id_is_shown_only_if_it_is_one() -> None:
    body = b'{"message_uuid": ["u"], "api_id": "+14155550123"}'
    assert outcome(Answer(202, body)) == Accepted("u", "202")


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        (Answer(200, b'{"api_id": "x", "cash_credits": "1.0"}'), Probe(True, "200")),
        (Answer(200, b"<html>"), Probe(False, "200, not Plivo's JSON")),
        (Answer(200, b'{"error": "no"}'), Probe(False, "200: no")),
        (Answer(401, b"", timedelta(seconds=9)), Probe(False, "401 without a body", timedelta(seconds=9))),
        (Answer(302, b'{"api_id": "x"}'), Probe(False, "302")),
        (Unreached("refused"), Probe(False, "refused")),
        (Broken("reset"), Probe(False, "reset")),
        (Rejected("no"), Probe(False, "no")),
        (Withdrawn(), Probe(False, "withdrawn before the request")),
    ],
)
def test_an_exchange_about_the_account_means(exchange: Exchange, expected: Probe) -> None:
    assert probe_result(exchange, ()) == expected
