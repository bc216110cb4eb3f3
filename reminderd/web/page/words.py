"""How figures, refusals and what people wrote are put into words on the page. Pure."""

import re
from datetime import datetime

_CONTROL_PICTURES = 0x2400
_DELETE = 0x7F
_NO_BREAK_SPACE = 0xA0

# A command's options by the labels that forms have for them; where a sentence gives a whole command it stays one.
_LABELS = {"why": "Why", "until": "Until", "to": "To", "as": "As", "at": "Which", "valid-for": "Valid for"}
_OPTION = re.compile(r"(^|leave out |; |, )--(why|until|to|as|at|valid-for)\b")
_HOW_TO_SAY_WHY = ": --why TEXT"
_PAST = re.compile(r": that is \S+ ago \(\S+\)")


def fitting(refusal: str) -> str:
    """A command's refusal for those who filled in a form."""
    said = _PAST.sub(": that is in the past", refusal.replace(_HOW_TO_SAY_WHY, ""))
    said = _OPTION.sub(lambda found: f"{found[1]}“{_LABELS[found[2]]}”", said)
    return said[:1].upper() + said[1:]


def nominal(text: str) -> str:
    """An occurrence's nominal time, in the form of all other times; it is of its job's zone."""
    try:
        return f"{datetime.fromisoformat(text):%a %d %b %Y %H:%M}"
    except ValueError:
        return text


def share(value: float | None) -> str:
    """A part of the whole; never 100 % where anything is missing, nor 0 % where anything is there."""
    if value is None:
        return "–"
    percent = value * 100
    if 99.9 <= percent < 100:
        return "> 99.9 %"
    if 0 < percent < 0.1:
        return "< 0.1 %"
    return f"{percent:.0f} %" if percent in (0, 100) else f"{percent:.1f} %"


def seconds(value: float | None) -> str:
    """How long, as precisely as somebody wants to know it."""
    if value is None:
        return "–"
    if value < 0.05:
        return "< 0.1 s"
    if value < 60:
        return f"{value:.1f} s"
    if value < 3600:
        return f"{value / 60:.0f} min"
    return f"{value / 3600:.1f} h"


def amount(value: float, currency: str) -> str:
    """Money; what is less than one unit with four digits, since a segment costs less than a cent."""
    digits = 2 if abs(value) >= 1 or not value else 4
    return f"{value:,.{digits}f} {currency}"


def visible(text: str) -> str:
    """A text as it can be shown: characters that control something as their pictures, line breaks as they are."""
    if text.isprintable():
        return text
    return "".join(_shown(each) for each in text)


def _shown(each: str) -> str:
    code = ord(each)
    if each == "\n" or each.isprintable():
        return each
    if code < ord(" "):
        return chr(_CONTROL_PICTURES + code)
    if code == _DELETE:
        return "\u2421"
    return "\ufffd" if code < _NO_BREAK_SPACE or 0xD800 <= code <= 0xDFFF else each
