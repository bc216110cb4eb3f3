"""Durations as people write them everywhere in reminderd: 20s, 5m, 1h30m, 2d, 1w."""

import re
from datetime import timedelta

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WHOLE = re.compile(r"(?:[0-9]{1,9}[wdhms])+")
_PART = re.compile(r"([0-9]+)([wdhms])")
_LONGEST = timedelta(days=3660)

HINT = "write durations like 20s, 5m, 1h30m, 2d or 1w"


def parse_duration(text: str) -> timedelta:
    """The length of `text`, at most ten years; raises ValueError with a sentence for people.

    Units go from large to small and none comes twice: 1h30m, not 30m1h.
    """
    text = text.strip()
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration")
    parts = _PART.findall(text)
    order = ["wdhms".index(unit) for _, unit in parts]
    if order != sorted(set(order)):
        raise ValueError(f"{text!r} is not a duration: units go from large to small, each once")
    seconds = sum(int(number) * _UNITS[unit] for number, unit in parts)
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"{text!r} is longer than ten years")
    return timedelta(seconds=seconds)


def format_duration(length: timedelta) -> str:
    """`length` in whole seconds in the same notation; 0s for nothing, a leading - for the past."""
    rest = round(abs(length.total_seconds()))
    words = []
    for unit, size in _UNITS.items():
        number, rest = divmod(rest, size)
        if number:
            words.append(f"{number}{unit}")
    sign = "-" if length < timedelta(0) and words else ""
    return sign + ("".join(words) or "0s")
