"""Phone numbers as people write them, to E.164, and the time zone that a number tells."""

import re
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from reminderd.message.errors import PhoneError

# Copied numbers come with no-break spaces and typographic dashes.
_SEPARATORS = re.compile("[ .()/\u00a0\u2007\u2009\u202f\u2010-\u2015\u2212-]+")
_LONGEST = 15  # digits, by E.164
_EXAMPLE = "write the country code too, like +14155550123"
_SHORT = "write it in full, with country and area code, like +14155550123"
_TOO_SHORT = (ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY)
_REASONS = {
    ValidationResult.INVALID_COUNTRY_CODE: "the phone number has an unknown country code",
    # Of +4930 as of +1 555 0100: it would do within some town of the country, and nobody knows what is missing.
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "the phone number is too short for its country",
    ValidationResult.TOO_SHORT: "the phone number is too short for its country",
    ValidationResult.TOO_LONG: "the phone number is too long for its country",
    ValidationResult.INVALID_LENGTH: "the phone number has a length that its country does not use",
}


def parse_phone(text: str) -> str:
    """`text` as E.164, like +14155550123; raises PhoneError.

    It must begin with + and the country code. Spaces, dashes, dots, slashes and parentheses are dropped, and so is a
    trunk zero as in +44 (0)7700. Length and country are checked, not whether the number is in use.
    """
    number = _SEPARATORS.sub("", text.strip())
    _check_form(number)
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        raise PhoneError("the phone number has an unknown country code or is too short", _EXAMPLE) from None
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    if reason != ValidationResult.IS_POSSIBLE:
        raise PhoneError(_REASONS[reason], _SHORT if reason in _TOO_SHORT else "")
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def zone_of_number(phone: str) -> str | None:
    """The time zone of a number in E.164, None unless there is exactly one and it is known here.

    A number tells where it was given out, not where its owner is.
    """
    from phonenumbers import timezone  # its table takes long to load, and few jobs need it

    try:
        zones = timezone.time_zones_for_number(phonenumbers.parse(phone))
        return ZoneInfo(zones[0]).key if len(zones) == 1 else None
    except (NumberParseException, KeyError, OSError, ValueError):
        return None


def country_of_number(phone: str) -> str | None:
    """The country of a number in E.164, as ISO 3166-1 has it in two letters; None where it belongs to none.

    Of a number that nobody can have, the greatest of the countries that share its code.
    """
    try:
        parsed = phonenumbers.parse(phone)
    except NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(parsed)
    region = region or phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    return region if region and region.isalpha() and region != phonenumbers.UNKNOWN_REGION else None


def _check_form(number: str) -> None:
    digits = number.removeprefix("+")
    if not number:
        raise PhoneError("the phone number is empty", _EXAMPLE)
    if not (digits.isascii() and digits.isdigit()):
        raise _unexpected_character(digits)
    if not number.startswith("+"):
        if number.startswith("00"):
            raise PhoneError("the phone number begins with 00", "write + instead of 00")
        raise PhoneError("the phone number does not begin with +", _EXAMPLE)
    if len(digits) > _LONGEST:
        raise PhoneError(f"the phone number has more than {_LONGEST} digits", _EXAMPLE)


def _unexpected_character(digits: str) -> PhoneError:
    odd = next((character for character in digits if character not in "0123456789"), "")
    if not odd:
        return PhoneError("the phone number has no digits", _EXAMPLE)
    if re.search(r"[0-9](?:;?ext|#|x|,|;)", digits, re.IGNORECASE):
        return PhoneError("the phone number has an extension", "text messages reach no extension: leave it out")
    if odd.isalpha():
        return PhoneError("this is not a phone number, it has letters", "write digits alone, like +14155550123")
    return PhoneError(f"the phone number has an unexpected character, U+{ord(odd):04X}", _EXAMPLE)
