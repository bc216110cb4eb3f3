"""How a text travels: GSM-7 or UCS-2, and in how many segments (3GPP TS 23.038 and 23.040)."""

import re
from collections.abc import Iterable
from typing import NamedTuple

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each of these takes an escape and a second septet.
_EXTENDED = "\f^{}\\[~]|€"
_NOT_GSM = re.compile(f"[^{re.escape(_BASIC + _EXTENDED)}]")
_PAIR = re.compile(f"[{re.escape(_EXTENDED)}]")

GSM_7 = "GSM-7"
UCS_2 = "UCS-2"


class Measure(NamedTuple):
    """What a text costs.

    units: septets in GSM-7, 16-bit units in UCS-2. limit: how many units Plivo takes in this encoding.
    culprit: the first character that is not in GSM-7, None if there is none; culprit_index: where it stands.
    """

    encoding: str
    units: int
    segments: int
    limit: int
    culprit: str | None
    culprit_index: int | None


def measure(text: str) -> Measure:
    """The encoding, units and segments of `text`; an empty text still takes one segment."""
    culprit = _NOT_GSM.search(text)
    if culprit is None:
        units = len(text) + len(_PAIR.findall(text))
        segments = 1 if units <= 160 else _split((2 if character in _EXTENDED else 1 for character in text), 153)
        return Measure(GSM_7, units, segments, 1600, None, None)
    units = len(text) + sum(character > "\uffff" for character in text)
    segments = 1 if units <= 70 else _split((2 if character > "\uffff" else 1 for character in text), 67)
    return Measure(UCS_2, units, segments, 737, culprit[0], culprit.start())


def not_in_gsm(text: str) -> list[str]:
    """The characters of `text` that are not in the GSM alphabet, as they come."""
    return _NOT_GSM.findall(text)


def _split(widths: Iterable[int], room: int) -> int:
    """How many segments of `room` units hold characters of these widths, none of them cut in two."""
    segments, used = 1, 0
    for width in widths:
        if used + width > room:
            segments, used = segments + 1, 0
        used += width
    return segments
