"""A stretch of time in figures: what was owed in it, and what came of it. Read-only; works on any connection.

What it takes grows with what was due in that time, and with nothing else. Tests belong to nothing of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reminderd.clock import to_text
from reminderd.model import State
from reminderd.store.connection import Connection
from reminderd.store.reports import FIRST_WORD

_BADLY = "('undelivered', 'failed', 'rejected')"
_DUE = "d.due_at >= :since and d.due_at < :until and d.drill = 0 and substr(d.recipient, 1, 1) <> '*'"
# The attempt that Plivo took. What it says of a message that it took and gave up is of an attempt that was tried again.
_TAKEN = "join attempts a on a.id = d.attempt_id"
# From when on it might go out: its time, or the end of quiet hours or of a splay. After a retry's pause `not_before` is
# the end of that, which counts as late; then nobody knows the end of quiet hours any more.
_MIGHT = "case when d.retries_used = 0 then d.not_before else d.due_at end"
_HELD = (
    "(d.id in (select cast(key as integer) from holds where kind = 'delivery') "
    "or d.occurrence_id in (select cast(key as integer) from holds where kind = 'limit'))"
)
_PREFIX = 8  # characters of a number that tell its country


@dataclass(frozen=True, slots=True)
class Area:
    """Messages to numbers with the same beginning. example: one of them, to tell their country by. accepted: by Plivo;
    undelivered: of these."""

    example: str
    accepted: int
    undelivered: int


@dataclass(frozen=True, slots=True)
class Spend:
    """What Plivo took messages for. charged: millionths of a US dollar, of `charged_messages` of which it told the price.

    other_segments: of the other messages.
    """

    charged: int = 0
    charged_messages: int = 0
    other_segments: int = 0
    other_messages: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """What was due within a stretch of time.

    states: deliveries by the state that they are in now. skipped: occurrences that were never planned, since they were
    no longer valid when it came to that. receipts: of the accepted ones, by the first word of Plivo's report; "" without one.
    bad: of these, how many were not delivered, by that word and the error code. late: how many of what was accepted went out
    so many tenths of a second after it might; without what somebody or a limit held.
    """

    states: Mapping[State, int]
    skipped: int
    receipts: Mapping[str, int]
    bad: Mapping[tuple[str, int | None], int]
    late: Mapping[int, int]
    areas: tuple[Area, ...]
    spend: Spend


class Weeks:
    """Figures of weeks, or of any other stretch."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def count(self, since: datetime, until: datetime) -> Counted:
        """What was due from `since` on and before `until`."""
        values = {"since": to_text(since), "until": to_text(until)}
        states = dict.fromkeys(State, 0)
        receipts: dict[str, int] = {}
        bad: dict[tuple[str, int | None], int] = {}
        for row in self._db.rows(
            f"select d.state, coalesce({FIRST_WORD}, '') as word, d.receipt_code as code, "
            f"coalesce({FIRST_WORD} in {_BADLY}, 0) as bad, count(*) as number "
            f"from deliveries d where {_DUE} group by 1, 2, 3",
            values,
        ):
            states[State(row["state"])] += row["number"]
            if row["state"] == State.ACCEPTED:
                receipts[row["word"]] = receipts.get(row["word"], 0) + row["number"]
                if row["bad"]:
                    bad[row["word"], row["code"]] = row["number"]
        return Counted(
            states, self._skipped(values), receipts, bad, self._late(values), self._areas(values), self._spend(values)
        )

    def _skipped(self, values: Mapping[str, object]) -> int:
        query = (
            "select coalesce(sum(o.skipped), 0) from deliveries d "
            "join occurrences o on o.id = d.occurrence_id "
            "where d.due_at >= :since and d.due_at < :until and substr(d.recipient, 1, 1) = '*'"
        )
        return int(self._db.value(query, values))

    def _late(self, values: Mapping[str, object]) -> dict[int, int]:
        rows = self._db.rows(
            f"select max(0, cast(round((julianday(a.begun_at) - julianday({_MIGHT})) * 864000) as integer)) as tenths, "
            f"count(*) as number from deliveries d {_TAKEN} "
            f"where {_DUE} and d.state = 'accepted' and a.begun_at is not null and not {_HELD} "
            "and (d.retries_used = 0 or d.quiet_hours is null) group by 1",
            values,
        )
        return {row["tenths"]: row["number"] for row in rows}

    def _areas(self, values: Mapping[str, object]) -> tuple[Area, ...]:
        rows = self._db.rows(
            f"select min(d.phone) as example, count(*) as accepted, "
            f"coalesce(sum({FIRST_WORD} in {_BADLY}), 0) as undelivered "
            f"from deliveries d where {_DUE} and d.state = 'accepted' and d.phone is not null "
            f"group by substr(d.phone, 1, {_PREFIX})",
            values,
        )
        return tuple(Area(**row) for row in rows)

    def _spend(self, values: Mapping[str, object]) -> Spend:
        row = self._db.row(
            "select coalesce(sum(a.charged), 0) as charged, count(a.charged) as charged_messages, "
            "coalesce(sum(case when a.charged is null then coalesce(a.parts, d.segments) end), 0) as other_segments, "
            "count(*) - count(a.charged) as other_messages "
            "from deliveries d join attempts a on a.delivery_id = d.id "
            f"where {_DUE} and a.outcome = 'accepted'",
            values,
        )
        assert row is not None
        return Spend(**row)
