"""Which row of Plivo's log belongs to which attempt in doubt. Pure.

The log knows neither our text nor our token: a row is matched by sender, phone and time, and counts only when there is
no other unproven attempt that could own it.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from reminderd.model import LogRow, digits
from reminderd.store import Doubt

Pair = tuple[Doubt, LogRow]


def rows_for(doubt: Doubt, rows: Iterable[LogRow], slack: timedelta) -> list[LogRow]:
    """The rows that could be the doubt's message."""
    sender, phone = digits(doubt.sender), digits(doubt.phone)
    since, until = doubt.begun_at - slack, doubt.ended_by + slack
    return [row for row in rows if row.phone == phone and row.sender == sender and since <= row.sent_at <= until]


def match(doubts: Sequence[Doubt], rows: Sequence[LogRow], slack: timedelta) -> list[Pair]:
    """Pairs that are certain, given that `doubts` has every attempt that could own one of the `rows`.

    First the rows that only one doubt can own. Where several doubts could own a row, rows are handed out only if there
    are enough of them for all; then it does not matter who gets which. No row and no doubt is used twice.
    """
    pairs: list[Pair] = []
    open_doubts = {doubt.attempt_id: doubt for doubt in sorted(doubts, key=lambda d: (d.begun_at, d.attempt_id))}
    open_rows = {row.message_uuid: row for row in sorted(rows, key=lambda row: (row.sent_at, row.message_uuid))}
    while pair := _certain(open_doubts, open_rows, slack) or _plenty(open_doubts, open_rows, slack):
        pairs.append(pair)
        del open_doubts[pair[0].attempt_id], open_rows[pair[1].message_uuid]
    return pairs


def _certain(doubts: dict[int, Doubt], rows: dict[str, LogRow], slack: timedelta) -> Pair | None:
    """A row that only one doubt can own; of several, the one whose length is the doubt's."""
    for row in rows.values():
        owners = _owners(row, doubts, slack)
        if len(owners) == 1:
            return owners[0], _best(owners[0], rows_for(owners[0], rows.values(), slack), doubts, slack)
    return None


def _best(doubt: Doubt, own: list[LogRow], doubts: dict[int, Doubt], slack: timedelta) -> LogRow:
    exclusive = [row for row in own if len(_owners(row, doubts, slack)) == 1]
    fitting = [row for row in exclusive if row.units == doubt.segments]
    return (fitting or exclusive)[0]


def _plenty(doubts: dict[int, Doubt], rows: dict[str, LogRow], slack: timedelta) -> Pair | None:
    """A doubt and a row of a group in which every doubt can have a row of its own."""
    for doubt in doubts.values():
        own = rows_for(doubt, rows.values(), slack)
        rivals = {rival.attempt_id for row in own for rival in _owners(row, doubts, slack)}
        if own and _all_served([doubts[rival] for rival in sorted(rivals)], rows, slack):
            return doubt, own[0]
    return None


def _all_served(doubts: list[Doubt], rows: dict[str, LogRow], slack: timedelta) -> bool:
    """Whether each of the doubts can be given a row of its own, earliest first."""
    left = dict(rows)
    for doubt in sorted(doubts, key=lambda d: (d.ended_by, d.attempt_id)):
        own = rows_for(doubt, left.values(), slack)
        if not own:
            return False
        del left[own[0].message_uuid]
    return True


def _owners(row: LogRow, doubts: dict[int, Doubt], slack: timedelta) -> list[Doubt]:
    return [doubt for doubt in doubts.values() if rows_for(doubt, [row], slack)]
