"""Small charts of one value a week: the geometry, which a template draws. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 240, 72
_GAP = 3
_LEAST = 1.5  # of a bar that is not nothing


class Bar(NamedTuple):
    """One week's. said: what a pointer shows. known: whether it was counted yet. bad: the part of it from its top down."""

    x: float
    y: float
    width: float
    height: float
    said: str
    known: bool = True
    bad: float = 0.0


class Chart(NamedTuple):
    """title: what is shown. latest: the last value, in words. said: the whole in a sentence, for those who do not
    see it."""

    title: str
    bars: tuple[Bar, ...]
    latest: str
    said: str


def chart(
    title: str,
    names: Sequence[str],
    values: Sequence[float | None],
    words: Callable[[float], str],
    *,
    bad: Sequence[float | None] | None = None,
    top: float | None = None,
    counted: Sequence[bool] = (),
) -> Chart:
    """names: of the weeks. values: None where there is nothing to say. bad: the part of a value that is to stand out.

    top: what the full height stands for; the greatest value without it. counted: whether a week's value is known at all.
    """
    known = [value for value in values if value is not None]
    greatest = max(known, default=0.0)
    full = top or greatest or 1.0
    step = WIDTH / max(1, len(values))
    bars = []
    for number, value in enumerate(values):
        is_counted = counted[number] if counted else True
        said = f"{names[number]}: {_said(value, words, is_counted)}"
        height = _height(value, full)
        share = (bad[number] or 0.0) / value if bad and value else 0.0
        x, y = number * step + _GAP / 2, HEIGHT - height
        bars.append(Bar(round(x, 2), round(y, 2), round(step - _GAP, 2), height, said, is_counted, height * share))
    last = next((value for value in reversed(values) if value is not None), None)
    told = (
        f"{title}: {words(known[0])} to {words(last)} over the weeks" if last is not None else f"{title}: nothing yet"
    )
    latest = _said(values[-1], words, counted[-1] if counted else True) if values else ""
    return Chart(title, tuple(bars), latest, told)


def _said(value: float | None, words: Callable[[float], str], counted: bool) -> str:
    if not counted:
        return "being counted"
    return "nothing" if value is None else words(value)


def _height(value: float | None, full: float) -> float:
    if not value:
        return 0.0
    return round(max(_LEAST, min(1.0, value / full) * HEIGHT), 2)
