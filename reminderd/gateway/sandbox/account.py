"""The account that the sandbox plays: what it says of itself, and which numbers are its own."""

import re
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from reminderd.gateway.sandbox.http import Response
from reminderd.model import digits

_CREDIT = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,5})?")


class PlayedAccount(NamedTuple):
    """The account as it stands. credit: in USD. numbers: its own, as digits; None: every number that is asked for."""

    credit: str = "100.00000"
    auto_recharge: bool = False
    billing_mode: str = "prepaid"
    account_type: str = "standard"
    numbers: frozenset[str] | None = None

    def told(self, words: Mapping[str, object]) -> "PlayedAccount":
        """The account with these changes, as its control address takes them. Raises ValueError."""
        found: dict[str, object] = {}
        for key, value in words.items():
            match key, value:
                case "credit", str():
                    found[key] = parse_credit(value)
                case "auto_recharge", bool():
                    found[key] = value
                case "billing_mode", "prepaid" | "postpaid":
                    found[key] = value
                case "account_type", "standard" | "developer":
                    found[key] = value
                case "numbers", None:
                    found[key] = None
                case "numbers", [*numbers] if all(isinstance(each, str) for each in numbers):
                    found[key] = own_numbers(numbers)
                case _:
                    raise ValueError(
                        'the account is told {"credit": "3.50"}, {"auto_recharge": true}, {"billing_mode": "postpaid"}, '
                        '{"account_type": "developer"}, {"numbers": ["+14155550100"]} or several of them'
                    )
        return self._replace(**found)  # type: ignore[arg-type]  # each was just looked at

    def document(self, auth_id: str, offset: timedelta) -> dict[str, object]:
        """What a question about the account is answered with."""
        seconds = round(offset.total_seconds())
        minutes = abs(seconds) // 60
        return {
            "account_type": self.account_type,
            "address": None,
            "auth_id": auth_id,
            "auto_recharge": self.auto_recharge,
            "billing_mode": self.billing_mode,
            "cash_credits": self.credit,
            "city": None,
            "name": "reminderd sandbox",
            "resource_uri": f"/v1/Account/{auth_id}/",
            "state": None,
            "timezone": f"UTC{'-' if seconds < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}",
            "api_id": str(uuid.uuid4()),
        }

    def number(self, auth_id: str, number: str) -> Response:
        """What a question about one number is answered with."""
        if self.numbers is not None and number not in self.numbers:
            return Response.of_json(404, {"api_id": str(uuid.uuid4()), "error": "not found"})
        document = {
            "active": True,
            "api_id": str(uuid.uuid4()),
            "number": number,
            "number_type": "local",
            "resource_uri": f"/v1/Account/{auth_id}/Number/{number}/",
            "sms_enabled": True,
            "voice_enabled": True,
        }
        return Response.of_json(200, document)


def parse_credit(text: str) -> str:
    """`3.50` as Plivo writes it, `3.50000`; raises ValueError."""
    if not _CREDIT.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is not an amount, write it like 3.50")
    return f"{float(text):.5f}"


def own_numbers(numbers: object) -> frozenset[str]:
    """Numbers as people write them, as Plivo does; raises ValueError."""
    assert isinstance(numbers, list | tuple)
    for number in numbers:
        if not digits(number).isdecimal():
            raise ValueError(f"{number!r} is not a number, write it like +14155550100")
    return frozenset(map(digits, numbers))
