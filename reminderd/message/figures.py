"""The filters that show numbers as people write them. They reckon in decimals, so that 640.10 stays 640.10."""

import re
from decimal import ROUND_HALF_UP, Decimal

from reminderd.message.values import Fault, integer, kind, text

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_MOST = Decimal(10) ** 15
_MOST_DIGITS = 6
_LONGEST_CURRENCY = 12
_LONGEST_SEPARATOR = 3


def ordinal(value: object) -> str:
    """1st, 2nd, 3rd, 11th."""
    figure = _decimal(value)
    if figure != figure.to_integral_value():
        raise Fault("a whole number is needed here")
    number = int(figure)
    ending = "th" if abs(number) % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(abs(number) % 10, "th")
    return f"{number}{ending}"


def money(
    value: object, currency: object = None, digits: object = 2, thousands: object = ",", decimal: object = "."
) -> str:
    """1,234.50, with a currency 1,234.50 EUR; rounded half up, as bills are."""
    if not 0 <= integer(digits) <= _MOST_DIGITS:
        raise Fault(f"money has 0 to {_MOST_DIGITS} digits")
    amount = _decimal(value).quantize(Decimal(1).scaleb(-integer(digits)), ROUND_HALF_UP) + 0  # + 0: no -0.00
    marks = {
        ",": _short(thousands, "separator", _LONGEST_SEPARATOR),
        ".": _short(decimal, "separator", _LONGEST_SEPARATOR),
    }
    shown = "".join(marks.get(character, character) for character in f"{amount:,f}")
    return shown if currency is None else f"{shown} {_short(currency, 'currency', _LONGEST_CURRENCY)}"


def _short(value: object, what: str, longest: int) -> str:
    if len(text(value)) > longest:
        raise Fault(f"a {what} of more than {longest} characters")
    return text(value)


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Fault(f"a number is needed here, not {kind(value)}")
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value.strip()):
            raise Fault("the text is not a number", "write it without separators and currency, like 1234.50")
        return Decimal(value.strip())
    figure = Decimal(integer(value)) if isinstance(value, int) else Decimal(repr(value))
    if not (figure.is_finite() and abs(figure) < _MOST):
        raise Fault("the number is too large")
    return figure
