"""Phone numbers as people write them."""

import subprocess
import sys

import pytest

from reminderd.message import PhoneError, parse_phone, zone_of_number


def phone_error(text: str) -> PhoneError:
    with pytest.raises(PhoneError) as caught:
        parse_phone(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+14155550100", "+14155550100"),
        (" +1 415 555 0100 ", "+14155550100"),
        ("+1 (415) 555-0100", "+14155550100"),
        ("+1.415.555.0100", "+14155550100"),
        ("+1\u00a0415\u2011555\u20110100", "+14155550100"),
        ("+44 7700 900123", "+447700900123"),
        ("+44 (0)7700 900123", "+447700900123"),
        ("+44 (0) 7700 / 900123", "+447700900123"),
        ("+61 491 570 006", "+61491570006"),
        ("+33 6 39 98 12 34", "+33639981234"),
    ],
)
def test_a_number_becomes_e164(text: str, number: str) -> None:
    assert parse_phone(text) == number


def test_e164_stays_as_it_is_when_parsed_again() -> None:
    assert parse_phone(parse_phone("+44 (0)7700 900123")) == "+447700900123"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "is empty", "+14155550123"),
        ("  ", "is empty", "+14155550123"),
        ("+", "no digits", "+14155550123"),
        ("415 555 0100", "does not begin with +", "country code"),
        ("14155550100", "does not begin with +", "country code"),
        ("07700 900123", "does not begin with +", "country code"),
        ("00447700900123", "begins with 00", "write + instead of 00"),
        ("+1 415 555 01", "too short", "write it in full"),
        ("+1 555 0100", "too short for its country", "with country and area code"),
        ("+4930", "too short for its country", "write it in full"),
        ("+1 415 555 01000", "too long", ""),
        ("+44 7700 9001 2345 6789", "more than 15 digits", ""),
        ("+999 1234 5678", "unknown country code", ""),
        ("+0 1234 5678", "unknown country code", ""),
        ("+1 415 555 0100 ext. 5", "extension", "leave it out"),
        ("+1 415 555 0100;ext=5", "extension", "leave it out"),
        ("+1 415 555 0100 x5", "extension", "leave it out"),
        ("+1 415 555 0100 #5", "extension", "leave it out"),
        ("+1 415 555 0100,5", "extension", "leave it out"),
        ("++14155550100", "unexpected character, U+002B", ""),
        ("tel:+14155550100", "not a phone number, it has letters", "like +14155550123"),
        ("+1 415 FLOWERS", "not a phone number, it has letters", "like +14155550123"),
        ("+١٤١٥٥٥٥٠١٠٠", "unexpected character, U+0661", ""),
        ("\u202a+14155550100", "unexpected character, U+202A", ""),
        ("+1\n415", "unexpected character, U+000A", ""),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(text: str, message: str, hint: str) -> None:
    error = phone_error(text)
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize("text", ["4155550100", "+1 415 555 01", "+1 415 555 0100 x5", "00447700900123"])
def test_a_refusal_never_repeats_the_number(text: str) -> None:
    error = phone_error(text)
    shown = "".join(character for character in error.message + error.hint if character.isdigit())
    assert "415555010" not in shown
    assert "7700900123" not in shown


@pytest.mark.parametrize(
    ("phone", "zone"),
    [
        ("+493023125012", "Europe/Berlin"),
        ("+33140205050", "Europe/Paris"),
        ("+12125550123", "America/New_York"),
        ("+18005550123", None),  # all of North America
        ("+61491570156", None),  # a mobile of any of Australia's zones
        ("+447911123456", None),
        ("+99999", None),
        ("not a number", None),
    ],
)
def test_a_number_tells_a_zone_only_where_there_is_exactly_one(phone: str, zone: str | None) -> None:
    assert zone_of_number(phone) == zone


def test_the_table_of_zones_is_loaded_only_when_it_is_asked() -> None:
    code = "import sys, reminderd.message; sys.exit('phonenumbers.timezone' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
