"""Which row of Plivo's log belongs to which attempt in doubt. Pure.

The log knows neither our text nor our token: a row is matched by sender, phone and time, and counts only when there is
no way in which it could all have come about without the attempt.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from reminderd.model import LogRow, digits
from reminderd.store import Doubt

Pair = tuple[Doubt, LogRow]


def rows_for(doubt: Doubt, rows: Iterable[LogRow], slack: timedelta) -> list[LogRow]:
    """The rows that could be the doubt's message."""
    line = digits(doubt.phone), digits(doubt.sender)
    since, until = doubt.begun_at - slack, doubt.ended_by + slack
    return [row for row in rows if (row.phone, row.sender) == line and since <= row.sent_at <= until]


def match(doubts: Sequence[Doubt], rows: Sequence[LogRow], slack: timedelta) -> list[Pair]:
    """Pairs that are certain, given that `doubts` has every attempt that could own one of the `rows`.

    Rows are handed out to as many doubts as can have one. Whose row could then as well be given to somebody who goes
    without is not certain, and left out; where everybody has one it does not matter who has which. No row and no doubt
    is used twice.
    """
    known = {row.message_uuid: row for row in rows}
    choices = _choices(doubts, known.values(), slack)
    owners: dict[str, int] = {}
    for attempt in choices:
        _find_row(attempt, choices, owners, set())
    uncertain = _replaceable(choices, owners)
    attempts = {doubt.attempt_id: doubt for doubt in doubts}
    return [(attempts[each], known[uuid]) for uuid, each in owners.items() if each not in uncertain]


def _choices(doubts: Iterable[Doubt], rows: Iterable[LogRow], slack: timedelta) -> dict[int, list[str]]:
    """By attempt, oldest first: the rows that could be its message, those of its own length first."""
    lines: dict[tuple[str, str], list[LogRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.sent_at, row.message_uuid)):
        lines[row.phone, row.sender].append(row)
    found = {}
    for doubt in sorted(doubts, key=lambda doubt: (doubt.begun_at, doubt.attempt_id)):
        own = rows_for(doubt, lines[digits(doubt.phone), digits(doubt.sender)], slack)
        found[doubt.attempt_id] = [row.message_uuid for row in sorted(own, key=lambda row: row.units != doubt.segments)]
    return found


def _find_row(attempt: int, choices: Mapping[int, Sequence[str]], owners: dict[str, int], seen: set[str]) -> bool:
    """Give the attempt a row, if need be one whose owner can take another."""
    for uuid in choices[attempt]:
        if uuid not in seen:
            seen.add(uuid)
            if uuid not in owners or _find_row(owners[uuid], choices, owners, seen):
                owners[uuid] = attempt
                return True
    return False


def _replaceable(choices: Mapping[int, Sequence[str]], owners: Mapping[str, int]) -> set[int]:
    """Attempts that could go without a row so that one that has none has one; those too that have none."""
    found = choices.keys() - set(owners.values())
    ahead = list(found)
    while ahead:
        # Every row that somebody without one could have is owned, or more rows could have been handed out.
        rivals = {owners[uuid] for uuid in choices[ahead.pop()]} - found
        found |= rivals
        ahead += rivals
    return found
