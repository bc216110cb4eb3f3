"""What texts cost: encoding, units, segments."""

import pytest

from reminderd.message import measure

EURO = "€"
EMOJI = "😀"
TWO_SEPTETS = "\f^{}\\[~]|€"


@pytest.mark.parametrize(
    ("text", "units", "segments"),
    [
        ("", 0, 1),
        ("a", 1, 1),
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("a" * 306, 306, 2),
        ("a" * 307, 307, 3),
        (EURO * 80, 160, 1),
        (EURO * 80 + "a", 161, 2),
        (EURO, 2, 1),
        # The pair does not fit into the last septet of the first segment.
        ("a" * 152 + EURO + "a" * 152, 306, 3),
        ("a" * 151 + EURO + "a" * 153, 306, 2),
        ("àéöΔñ¿@\n\r", 9, 1),
    ],
)
def test_gsm_7_counts_septets(text: str, units: int, segments: int) -> None:
    measured = measure(text)
    assert measured[:3] == ("GSM-7", units, segments)
    assert measured.limit == 1600
    assert measured.culprit is None


@pytest.mark.parametrize(
    ("text", "units", "segments"),
    [
        ("ő", 1, 1),
        ("ő" * 70, 70, 1),
        ("ő" * 71, 71, 2),
        ("ő" * 134, 134, 2),
        ("ő" * 135, 135, 3),
        (EMOJI * 35, 70, 1),
        (EMOJI * 36, 72, 2),
        # The pair does not fit into the last unit of the first segment.
        ("ő" * 66 + EMOJI + "ő" * 66, 134, 3),
        ("ő" * 65 + EMOJI + "ő" * 67, 134, 2),
    ],
)
def test_ucs_2_counts_16_bit_units(text: str, units: int, segments: int) -> None:
    measured = measure(text)
    assert measured[:3] == ("UCS-2", units, segments)
    assert measured.limit == 737


@pytest.mark.parametrize(
    "character", ["`", "\t", "\u00a0", "ç", "’", "“", "–", "…", "ő", EMOJI, "\x1b", "\0", "\ud83d"]
)
def test_one_character_outside_gsm_7_switches_the_whole_text_and_is_named(character: str) -> None:
    measured = measure("ab" + character + "c" + character)
    assert measured.encoding == "UCS-2"
    assert (measured.culprit, measured.culprit_index) == (character, 2)


@pytest.mark.parametrize("character", TWO_SEPTETS)
def test_characters_of_the_extension_table_take_two_septets(character: str) -> None:
    assert measure(character)[:2] == ("GSM-7", 2)


def test_gsm_7_has_127_characters_and_ten_in_the_extension_table() -> None:
    known = [chr(code) for code in range(0x10000) if measure(chr(code)).encoding == "GSM-7"]
    assert len(known) == 127 + 10
