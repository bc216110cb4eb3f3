"""One phone number in a text, however people write it."""

import re

import phonenumbers

_BETWEEN = "[\\s.()/\u2010-\u2015\u2212-]*"


def in_any_notation(phone: str) -> "re.Pattern[str]":
    """Matches the number of `phone`, in E.164, with or without country code, in digits of ASCII with what people put
    between them."""
    parsed = phonenumbers.parse(phone)
    country, national = str(parsed.country_code), phonenumbers.national_significant_number(parsed)
    prefix = rf"(?:(?:(?:\+|00|011){_BETWEEN})?{country}{_BETWEEN}(?:\(0\){_BETWEEN})?|\(?0)?"
    # A digit more on either side makes it another number.
    return re.compile(rf"(?<!\d){prefix}{_spread(national)}(?!\d)")


def _spread(digits: str) -> str:
    return _BETWEEN.join(digits)
