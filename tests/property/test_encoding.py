"""Segments against a splitter that really cuts the text, unit by unit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminderd.message import measure

GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ abcXYZ019"
PAIRS = "\f^{}\\[~]|€"
OTHERS = "ő’\t漢"
ASTRAL = "😀𝒳"


def pieces(text: str) -> list[list[str]]:
    """The text as units that must stay together: an escape with what follows, or both halves of a surrogate pair."""
    if all(character in GSM + PAIRS for character in text):
        return [["esc", character] if character in PAIRS else [character] for character in text]
    return [_utf_16(character) for character in text]


def _utf_16(character: str) -> list[str]:
    encoded = character.encode("utf-16-be")
    return [encoded[index : index + 2].hex() for index in range(0, len(encoded), 2)]


def segments_of(text: str) -> list[list[str]]:
    """The segments themselves, filled one after the other."""
    gsm = all(character in GSM + PAIRS for character in text)
    single, room = (160, 153) if gsm else (70, 67)
    whole = [unit for piece in pieces(text) for unit in piece]
    if len(whole) <= single:
        return [whole]
    segments: list[list[str]] = [[]]
    for piece in pieces(text):
        if len(segments[-1]) + len(piece) > room:
            segments.append([])
        segments[-1].extend(piece)
    return segments


def runs(*alphabets: str) -> st.SearchStrategy[str]:
    """Texts of long runs of one character, so that the edges of segments are met often."""
    run = st.tuples(st.sampled_from("".join(alphabets)), st.integers(1, 160)).map(lambda pair: pair[0] * pair[1])
    return st.lists(run, max_size=8).map("".join)


TEXTS = st.one_of(
    runs(GSM), runs(GSM, PAIRS), runs("a" * 20, PAIRS), runs(OTHERS, ASTRAL), runs(GSM, PAIRS, OTHERS, ASTRAL)
)


def check(text: str) -> None:
    measured, segments = measure(text), segments_of(text)
    assert measured.segments == len(segments)
    assert measured.units == sum(map(len, segments))
    outside = [character for character in text if character not in GSM + PAIRS]
    assert measured.encoding == ("UCS-2" if outside else "GSM-7")
    assert measured.culprit == (outside[0] if outside else None)
    assert measured.culprit_index is None or text[measured.culprit_index] == measured.culprit


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_segments_are_as_many_as_a_real_cut_makes(text: str) -> None:
    check(text)


@pytest.mark.nightly
@given(TEXTS)
@settings(max_examples=10_000, deadline=None)
def test_segments_are_as_many_as_a_real_cut_makes_at_length(text: str) -> None:
    check(text)
