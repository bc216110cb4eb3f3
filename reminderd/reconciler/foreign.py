"""Messages in Plivo's log that a state does not know: a sign that it is older than what was sent."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from reminderd.gateway.port import Gateway, LogUnavailable
from reminderd.model import LogRow, digits
from reminderd.reconciler.lookup import SLACK
from reminderd.reconciler.matching import rows_for
from reminderd.store import Doubt, Owed, Store

_MOST_PAGES = 8
_MOST_PHONES = 8


def read_log(
    gateway: Gateway, since: datetime, until: datetime, phones: Collection[str]
) -> tuple[LogRow, ...] | LogUnavailable:
    """What the log has of that time: all of it, or, where that is much, the newest messages to some of the phones."""
    found = _read(gateway, since, until, None, _MOST_PAGES)
    if found is not None:
        return found
    rows: list[LogRow] = []
    for phone in sorted(phones)[:_MOST_PHONES]:
        page = _read(gateway, since, until, phone, 1)
        if isinstance(page, LogUnavailable):
            return page
        rows += page or ()
    return tuple(rows)


def _read(
    gateway: Gateway, since: datetime, until: datetime, phone: str | None, most: int
) -> tuple[LogRow, ...] | LogUnavailable | None:
    """None where there is more than `most` pages and no phone is asked for."""
    rows: list[LogRow] = []
    page = None
    for _ in range(most):
        answer = gateway.log(since=since, until=until, phone=phone, page=page)
        if isinstance(answer, LogUnavailable):
            return answer
        rows += answer.rows
        page = answer.next
        if page is None:
            return tuple(rows)
    return tuple(rows) if phone is not None else None


def foreign_rows(store: Store, owed: Sequence[Owed], rows: Sequence[LogRow]) -> list[LogRow]:
    """Rows to people who are owed a message, of a time at which it may have been sent, that nobody here can have sent."""
    due: dict[tuple[str, str], datetime] = {}
    for one in owed:
        line = digits(one.phone), digits(one.sender)
        due[line] = min(one.due_at, due.get(line, one.due_at))
    known = store.doubts.known_uuids([row.message_uuid for row in rows])
    unknown = defaultdict(list)
    for row in rows:
        since = due.get((row.phone, row.sender))
        if since is not None and row.sent_at >= since - SLACK and row.message_uuid not in known:
            unknown[row.phone, row.sender].append(row)
    doubts = store.doubts.unproven(sorted({one.phone for one in owed})) if unknown else []
    # There may be more doubts than messages; a slice with a negative end would then take what is explained.
    return [
        row for line, found in unknown.items() for row in found[: max(0, len(found) - _explained(doubts, line, found))]
    ]


def _explained(doubts: Sequence[Doubt], line: tuple[str, str], rows: Sequence[LogRow]) -> int:
    """How many of the rows may be what attempts in doubt sent."""
    own = [doubt for doubt in doubts if (digits(doubt.phone), digits(doubt.sender)) == line]
    return sum(1 for doubt in own if rows_for(doubt, rows, SLACK))
