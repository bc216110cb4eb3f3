"""What is pending when its recipient's quiet hours begin waits for their end, or is given up.

A message's validity counts from the end of the quiet hours that it waited for; not for ever, where several nights pass.
"""

from datetime import datetime, timedelta

from reminderd.clock import from_text
from reminderd.model import OnQuiet
from reminderd.recurrence import parse_quiet_hours, quiet_period
from reminderd.store import Hushed, Store
from reminderd.store.connection import Row

# From the time due; with splay and one night no message begins to be valid later than that.
_LONGEST_WAIT = timedelta(days=2)


def hush(store: Store, now: datetime) -> list[tuple[int, str, str]]:
    """Move what quiet hours have come over; returns (id, job, reason) of what was given up."""
    rows = store.nights.come(now)
    changes = [_hushed(row, now) for row in rows]
    if changes:
        store.nights.hush(changes, now)
    return [
        (row["id"], row["job"], each.dropped)
        for row, each in zip(rows, changes, strict=True)
        if each.dropped is not None
    ]


def _hushed(row: Row, now: datetime) -> Hushed:
    hours, over = parse_quiet_hours(row["quiet_hours"]), from_text(row["quiet_until"])
    begins, valid_until = from_text(row["not_before"]), from_text(row["valid_until"])
    dropped = None
    if row["on_quiet"] == OnQuiet.DROP:
        # Where nobody looked while they went on, they are over, and it is sent as long as it is valid.
        dropped = f"the recipient's quiet hours began, {hours} (on_quiet: drop)" if now < over else None
    elif from_text(row["quiet_from"]) <= valid_until:  # else it was over before they began, while nobody looked
        begins = max(begins, over)
        valid_for = timedelta(seconds=row["valid_for"])
        latest = from_text(row["due_at"]) + _LONGEST_WAIT + valid_for
        valid_until = max(valid_until, min(over + valid_for, latest))
    since, until = quiet_period(hours, row["quiet_zone"], max(now, over))
    return Hushed(row["id"], begins, valid_until, since, until, dropped)
