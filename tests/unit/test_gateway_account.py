"""What answers about the account and its numbers mean, without any wire."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from reminderd.gateway.account import ownership_of, probe_result
from reminderd.gateway.port import Account, Ownership, Probe
from reminderd.gateway.transport import Answer, Broken, Exchange, Rejected, Unreached, Withdrawn

REFUSAL = b'{"api_id": "x", "error": "no"}'


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        (Answer(200, b'{"api_id": "x"}'), Probe(True, "200", None, 200, Account())),
        (Answer(200, b"<html>"), Probe(False, "200, not Plivo's JSON", None, 200)),
        (Answer(200, b'{"error": "no"}'), Probe(False, "200: no", None, 200)),
        (Answer(401, b"", timedelta(seconds=9)), Probe(False, "401 without a body", timedelta(seconds=9), 401)),
        (Answer(302, b'{"api_id": "x"}'), Probe(False, "302", None, 302)),
        (Unreached("refused"), Probe(False, "refused")),
        (Unreached("the proxy answered 407", 407), Probe(False, "the proxy answered 407", None, 407)),
        (Broken("reset"), Probe(False, "reset")),
        (Rejected("no"), Probe(False, "no")),
        (Withdrawn(), Probe(False, "withdrawn before the request")),
    ],
)
def test_an_exchange_about_the_account_means(exchange: Exchange, expected: Probe) -> None:
    assert probe_result(exchange, ()) == expected


def account(**said: object) -> Account | None:
    return probe_result(Answer(200, json.dumps({"api_id": "x", **said}).encode()), ()).account


def test_the_account_says_its_credit_and_how_it_is_filled() -> None:
    said = account(cash_credits="1.80900", auto_recharge=False, billing_mode="prepaid", account_type="standard")
    assert said == Account(1.809, False, True, False)
    assert account(cash_credits=-2, billing_mode="postpaid", account_type="developer") == Account(
        -2.0, None, False, True
    )


@pytest.mark.parametrize("credit", [None, "", "much", True, "nan", "inf", [], {}, "1e999", 10**400])
def test_a_credit_that_is_no_number_is_not_known(credit: object) -> None:
    assert account(cash_credits=credit, auto_recharge="no", billing_mode=7, account_type=[]) == Account()


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Sun, 22 Nov 2026 08:00:00 GMT", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("Sun, 22 Nov 2026 10:00:00 +0200", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("yesterday", None),
        ("Sun, 22 Nov 99999 08:00:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_the_servers_time_is_read_where_there_is_one(date: str | None, expected: datetime | None) -> None:
    assert probe_result(Answer(401, b"", None, date), ()).date == expected


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        (
            Answer(200, b'{"api_id": "x", "number": "14155550100", "sms_enabled": true}'),
            Ownership(True, "200", True, 200),
        ),
        (Answer(200, b'{"api_id": "x", "number": "14155550100"}'), Ownership(True, "200", None, 200)),
        (Answer(200, b'{"api_id": "x"}'), Ownership(None, "200", status=200)),
        (Answer(200, b"<html>"), Ownership(None, "200, not Plivo's JSON", status=200)),
        (Answer(404, REFUSAL), Ownership(False, "404: no", status=404)),
        (Answer(404, b"<html>"), Ownership(None, "404, not Plivo's JSON", status=404)),
        (Answer(401, REFUSAL), Ownership(None, "401: no", status=401)),
        (Unreached("refused"), Ownership(None, "refused")),
        (Broken("reset"), Ownership(None, "reset")),
        (Rejected("no"), Ownership(None, "no")),
        (Withdrawn(), Ownership(None, "withdrawn before the request")),
    ],
)
def test_only_plivos_own_word_says_whose_a_number_is(exchange: Exchange, expected: Ownership) -> None:
    assert ownership_of(exchange, ()) == expected
