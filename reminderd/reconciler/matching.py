"""Which row of Plivo's log belongs to which attempt in doubt. Pure.

The log knows neither our text nor our token: a row is matched by sender, phone and time, and counts only when there is
no way in which it could all have come about without the attempt. Every `rows` here is without what has a known owner.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from reminderd.model import LogRow, digits
from reminderd.reconciler.numbers import could_be, keys, words
from reminderd.store import Doubt

Pair = tuple[Doubt, LogRow]
Left = TypeVar("Left", int, str)
Right = TypeVar("Right", int, str)


def rows_for(doubt: Doubt, rows: Iterable[LogRow], slack: timedelta) -> list[LogRow]:
    """The rows that can be proof: the doubt's own sender and phone, in its time."""
    line = digits(doubt.phone), digits(doubt.sender)
    return [row for row in rows if (row.phone, row.sender) == line and _in_time(doubt, row, slack)]


def may_be(doubt: Doubt, row: LogRow, slack: timedelta) -> bool:
    """Whether the row could be the doubt's message in any way: also with a number that is masked or rewritten."""
    return (
        row.sender.casefold() in ("", digits(doubt.sender).casefold())
        and _in_time(doubt, row, slack)
        and could_be(row.phone, doubt.phone)
    )


def _in_time(doubt: Doubt, row: LogRow, slack: timedelta) -> bool:
    return doubt.begun_at - slack <= row.sent_at <= doubt.ended_by + slack


def strangers(owners: Sequence[Doubt], rows: Sequence[LogRow], slack: timedelta) -> list[LogRow]:
    """The rows that are left when each of `owners` has taken one that may be its own: somebody else's messages.

    owners: every attempt that could own one of the `rows`, however it stands now.
    """
    known = {row.message_uuid: row for row in rows}
    choices = _possible_owners(owners, known.values(), slack)
    taken: dict[int, str] = {}
    for uuid in choices:
        _assign(uuid, choices, taken, set())
    return [known[uuid] for uuid in choices.keys() - set(taken.values())]


def undisputed(owners: Sequence[Doubt], rows: Sequence[LogRow], slack: timedelta) -> list[LogRow]:
    """The rows that show no other phone of ours in a rewritten form."""
    known = {row.message_uuid: row for row in rows}
    phones = {owner.attempt_id: digits(owner.phone) for owner in owners}
    choices = _possible_owners(owners, known.values(), slack)
    return [known[uuid] for uuid, some in choices.items() if all(phones[each] == known[uuid].phone for each in some)]


def _possible_owners(owners: Iterable[Doubt], rows: Iterable[LogRow], slack: timedelta) -> dict[str, list[int]]:
    """By message_uuid: the attempts that the row may be of."""
    by_id = {owner.attempt_id: owner for owner in owners}
    index: dict[str, list[int]] = defaultdict(list)
    for owner in by_id.values():
        for key in keys(owner.phone):
            index[key].append(owner.attempt_id)
    found = {}
    for row in rows:
        asked = words(row.phone)
        near = by_id if asked is None else dict.fromkeys(each for word in asked for each in index.get(word, ()))
        found[row.message_uuid] = [each for each in near if may_be(by_id[each], row, slack)]
    return found


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
        _assign(attempt, choices, owners, set())
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


def _assign(one: Left, choices: Mapping[Left, Sequence[Right]], taken: dict[Right, Left], seen: set[Right]) -> bool:
    """Give `one` of its choices, if need be one whose taker can have another."""
    for choice in choices[one]:
        if choice not in seen:
            seen.add(choice)
            if choice not in taken or _assign(taken[choice], choices, taken, seen):
                taken[choice] = one
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
