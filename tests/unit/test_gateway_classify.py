"""The meaning of each exchange, without any wire."""

from datetime import timedelta

import pytest

from reminderd.gateway.classify import PERMANENT, SUSPENDING, send_outcome
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
