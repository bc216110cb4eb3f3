"""Holds: what waits for an operator's `approve`. At most one of a kind and key is open at a time."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reminderd.clock import from_text, to_text
from reminderd.store.connection import Connection, Row

# The deliveries that a hold keeps back, or will where what was withdrawn returns in time.
_KEPT_BACK = """
select 1 from deliveries d where d.hold_id = h.id
  and (d.state = 'pending' or d.state = 'cancelled' and d.withdrawn is not null and d.valid_until > :now)
"""

# Nobody needs to decide of a hold that keeps nothing back now; it stays, so that nothing of it returns unasked.
IDLE = "(h.kind = 'limit' and not exists (select 1 from deliveries d where d.hold_id = h.id and d.state = 'pending'))"


@dataclass(frozen=True, slots=True)
class Hold:
    """kind: removal, recipients, clock, cursor, restored, limit or delivery. key: what it is about, where several of a
    kind may be open. detail: what the kind needs, as JSON values. until: when it ends by itself.
    """

    id: int
    kind: str
    reason: str
    detail: dict[str, Any]
    opened_at: datetime
    key: str = ""
    opened_by: str = "daemon"
    until: datetime | None = None


class Holds:
    """The holds of a state. Each public method is one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def open(
        self,
        kind: str,
        reason: str,
        detail: dict[str, Any],
        now: datetime,
        *,
        key: str = "",
        who: str = "daemon",
        until: datetime | None = None,
    ) -> bool:
        """Open a hold, or bring the open one of this kind and key up to date; True when it is new."""
        values = {
            "kind": kind,
            "key": key,
            "reason": reason,
            "detail": json.dumps(detail, sort_keys=True),
            "who": who,
            "until": to_text(until) if until else None,
        }
        with self._db.write():
            changed = self._db.execute(
                "update holds set reason = :reason, detail = :detail, opened_by = :who, until = :until "
                "where kind = :kind and key = :key and closed_at is null",
                values,
            )
            if not changed:
                self._db.execute(
                    "insert into holds (kind, key, reason, detail, opened_at, opened_by, until) "
                    "values (:kind, :key, :reason, :detail, :now, :who, :until)",
                    {**values, "now": to_text(now)},
                )
        return not changed

    def close(self, hold_id: int, who: str, approved: bool, now: datetime) -> bool:
        """Close an open hold; False when it was closed already. What it keeps back stays so until `let_go`."""
        with self._db.write():
            return 1 == self._db.execute(
                "update holds set closed_at = :now, closed_by = :who, approved = :approved "
                "where id = :id and closed_at is null",
                {"now": to_text(now), "who": who, "approved": approved, "id": hold_id},
            )

    def let_go(self, hold_id: int) -> int:
        """Nothing is kept back by this hold any more; returns how many deliveries may go out now."""
        with self._db.write():
            query = "select count(*) from deliveries where hold_id = :id and state = 'pending'"
            pending: int = self._db.value(query, {"id": hold_id})
            self._db.execute("update deliveries set hold_id = null where hold_id = :id", {"id": hold_id})
        return pending

    def open_ones(self) -> list[Hold]:
        return [_hold(row) for row in self._db.rows("select * from holds where closed_at is null order by id")]

    def find(self, kind: str, key: str) -> Hold | None:
        """The open hold of this kind and key."""
        row = self._db.row(
            "select * from holds where kind = :kind and key = :key and closed_at is null", {"kind": kind, "key": key}
        )
        return _hold(row) if row else None

    def get(self, hold_id: int) -> Hold | None:
        """An open hold by its number."""
        row = self._db.row("select * from holds where id = :id and closed_at is null", {"id": hold_id})
        return _hold(row) if row else None

    # -- the passing of time ----------------------------------------------------------------------------

    def end_due(self, now: datetime) -> list[Hold]:
        """Close the holds whose time is over, and those of deliveries that keep nothing back any more."""
        query = (
            "select h.* from holds h where h.closed_at is null "
            f"and (h.until <= :now or h.kind in ('delivery', 'limit') and not exists ({_KEPT_BACK})) order by h.id"
        )
        rows = self._db.rows(query, {"now": to_text(now)})
        if rows:
            with self._db.write():
                for row in rows:
                    over = row["until"] is not None and row["until"] <= to_text(now)
                    self.close(row["id"], "its time" if over else "nothing is left to hold", False, now)
                    self.let_go(row["id"])
        return [_hold(row) for row in rows]

    def next_end(self) -> datetime | None:
        """When the next hold ends by itself."""
        found = self._db.value("select min(until) from holds where closed_at is null")
        return from_text(found) if found else None

    # -- what was approved ------------------------------------------------------------------------------

    def last_approved(self, kind: str) -> datetime | None:
        """When a hold of this kind was last approved."""
        found = self._db.value("select max(closed_at) from holds where kind = :kind and approved = 1", {"kind": kind})
        return from_text(found) if found else None

    def last_approved_detail(self, kind: str) -> dict[str, Any]:
        """The detail of the hold of this kind that was approved last; empty when none was."""
        query = "select detail from holds where kind = :kind and approved = 1 order by closed_at desc, id desc limit 1"
        found = self._db.value(query, {"kind": kind})
        detail: dict[str, Any] = json.loads(found) if found else {}
        return detail


def _hold(row: Row) -> Hold:
    return Hold(
        row["id"],
        row["kind"],
        row["reason"],
        json.loads(row["detail"]),
        from_text(row["opened_at"]),
        row["key"],
        row["opened_by"],
        from_text(row["until"]) if row["until"] else None,
    )
