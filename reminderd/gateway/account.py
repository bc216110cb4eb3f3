"""What Plivo says of the account and of its numbers, out of whatever came back. Pure."""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, assert_never

from reminderd.gateway.classify import describe, plivo_json
from reminderd.gateway.evidence import scrub
from reminderd.gateway.port import Account, Ownership, Probe
from reminderd.gateway.transport import Answer, Broken, Exchange, Rejected, Unreached, Withdrawn


def probe_result(exchange: Exchange, secrets: tuple[str, ...]) -> Probe:
    """What an exchange about the account says of the gateway."""
    match exchange:
        case Answer(status, body, retry_after, date):
            said = plivo_json(body)
            ok = 200 <= status < 300 and said is not None and not said.get("error")
            account = _account(said) if ok and said is not None else None
            evidence = scrub(describe(exchange, said), secrets=secrets)
            return Probe(ok, evidence, retry_after, status, account, _moment(date))
        case Unreached(evidence, status) | Broken(evidence, status):
            return Probe(False, scrub(evidence, secrets=secrets), status=status)
        case Rejected(evidence):
            return Probe(False, scrub(evidence, secrets=secrets))
        case Withdrawn():
            return Probe(False, "withdrawn before the request")
        case _:
            assert_never(exchange)


def ownership_of(exchange: Exchange, secrets: tuple[str, ...]) -> Ownership:
    """What the answer to the question about one number says. Plivo has no such number: it is not the account's."""
    match exchange:
        case Answer(status, body):
            said = plivo_json(body)
            evidence = scrub(describe(exchange, said), secrets=secrets)
            if 200 <= status < 300 and said is not None and said.get("number"):
                return Ownership(True, evidence, _yes(said.get("sms_enabled")), status)
            return Ownership(False if status == 404 and said is not None else None, evidence, status=status)
        case Unreached(evidence, status) | Broken(evidence, status):
            return Ownership(None, scrub(evidence, secrets=secrets), status=status)
        case Rejected(evidence):
            return Ownership(None, scrub(evidence, secrets=secrets))
        case Withdrawn():
            return Ownership(None, "withdrawn before the request")
        case _:
            assert_never(exchange)


def _account(said: dict[str, Any]) -> Account:
    billing, kind = said.get("billing_mode"), said.get("account_type")
    return Account(
        _credit(said.get("cash_credits")),
        _yes(said.get("auto_recharge")),
        billing == "prepaid" if billing in ("prepaid", "postpaid") else None,
        kind == "developer" if isinstance(kind, str) else None,
    )


def _credit(said: object) -> float | None:
    """Documented as text of digits."""
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        return None
    try:
        credit = float(said)
    except (ValueError, OverflowError):
        return None
    return credit if math.isfinite(credit) else None


def _yes(said: object) -> bool | None:
    return said if isinstance(said, bool) else None


def _moment(date: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date) if date else None
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo else None
    except (ValueError, TypeError, OverflowError):
        return None
