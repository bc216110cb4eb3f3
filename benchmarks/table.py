"""Figures, and the one table that shows them."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

_HEAD = ("", "measured", "target", "bare", "ratio")


class Figure(NamedTuple):
    """One line: what was measured, in words; the target and the baseline where there are such."""

    what: str
    measured: str
    target: str = ""
    bare: str = ""
    ratio: str = ""


def show(figures: Iterable[Figure]) -> str:
    rows = [Figure(*_HEAD), *figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = []
    for row in rows:
        first, *others = row
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def lateness(what: str, late: Sequence[float], targets: tuple[str, str], bare: Sequence[float]) -> list[Figure]:
    """Median and p99 of seconds."""
    pairs = (("median", median(late), median(bare)), ("p99", percentile(late, 0.99), percentile(bare, 0.99)))
    return [
        Figure(f"{what}, {name}", milliseconds(ours), target, milliseconds(theirs), f"{ours / theirs:.2f}")
        for (name, ours, theirs), target in zip(pairs, targets, strict=True)
    ]
