"""Reading Plivo's log about what is in doubt: all of the time in question, or where that is too much, phone by phone.

Needs no state and decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple

from reminderd.gateway.port import Gateway, LogUnavailable
from reminderd.model import LogRow
from reminderd.store import Doubt

# Plivo's clock and ours need not agree. More than a step of ours that opens no hold (five minutes): else an attempt from
# before the step does not count as the owner of its own row, and another one to the same phone is given it.
SLACK = timedelta(minutes=6)
# Plivo answers 20 such questions a minute; a look that needs more would never end.
MOST_PAGES = 12


@dataclass(frozen=True, slots=True)
class Findings:
    """What the log said: rows for the doubts that were looked up, and what was left for later, and why.

    skipped: how many rows could not be read. whole: all of the time in question was read; else only what is shown under
    the doubts' own numbers, and of the rest the newest. "Nothing found" says less than usual with the one, without
    the other.
    """

    looked_up: tuple[Doubt, ...]
    rows: tuple[LogRow, ...]
    left: tuple[Doubt, ...] = ()
    unavailable: LogUnavailable | None = None
    skipped: int = 0
    whole: bool = True


class _Rows(NamedTuple):
    rows: tuple[LogRow, ...]
    skipped: int
    whole: bool  # and not more than the most pages


def look_up(gateway: Gateway, doubts: Sequence[Doubt]) -> Findings:
    """Ask the log about these doubts. Takes as long as its requests; needs no state.

    All of the time is asked for first: only that shows numbers that are masked or rewritten, and what others send.
    """
    everything = _ask(gateway, doubts, None)
    if isinstance(everything, LogUnavailable):
        return Findings((), (), tuple(doubts), everything)
    if everything.whole:
        return Findings(tuple(doubts), everything.rows, skipped=everything.skipped)
    return _one_by_one(gateway, doubts, everything)


def _one_by_one(gateway: Gateway, doubts: Sequence[Doubt], newest: _Rows) -> Findings:
    rows, done, skipped = newest.rows, list[Doubt](), newest.skipped
    groups = [list(group) for _, group in groupby(sorted(doubts, key=_by_phone), key=_by_phone)]
    for position, group in enumerate(groups):
        found = _ask(gateway, group, group[0].phone)
        if not isinstance(found, LogUnavailable) and not found.whole:
            found = LogUnavailable(f"more than {MOST_PAGES} pages of the log in question")
        if isinstance(found, LogUnavailable):
            left = [doubt for later in groups[position:] for doubt in later]
            return Findings(tuple(done), rows, tuple(left), found, skipped, whole=False)
        rows += found.rows
        skipped += found.skipped
        done += group
    return Findings(tuple(done), rows, skipped=skipped, whole=False)


def _by_phone(doubt: Doubt) -> tuple[str, str]:
    return doubt.phone, doubt.sender


def _ask(gateway: Gateway, doubts: Sequence[Doubt], phone: str | None) -> _Rows | LogUnavailable:
    """What the log has of the time of these doubts, or the newest of that."""
    since = min(doubt.begun_at for doubt in doubts) - SLACK
    until = max(doubt.ended_by for doubt in doubts) + SLACK
    rows: tuple[LogRow, ...] = ()
    skipped = 0
    page = None
    for _ in range(MOST_PAGES):
        answer = gateway.log(since=since, until=until, phone=phone, page=page)
        if isinstance(answer, LogUnavailable):
            return answer
        rows += answer.rows
        skipped += answer.skipped
        page = answer.next
        if page is None:
            return _Rows(rows, skipped, whole=True)
    return _Rows(rows, skipped, whole=False)
