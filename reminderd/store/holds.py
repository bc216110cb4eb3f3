"""Holds: what waits for an operator's `approve`. At most one of a kind is open at a time."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reminderd.clock import from_text, to_text
from reminderd.store.connection import Connection, Row


@dataclass(frozen=True, slots=True)
class Hold:
    """kind: removal, clock or cursor. detail: what the kind needs, as JSON values."""

    id: int
    kind: str
    reason: str
    detail: dict[str, Any]
    opened_at: datetime


class Holds:
    """The holds of a state. Each public method is one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def open(self, kind: str, reason: str, detail: dict[str, Any], now: datetime) -> bool:
        """Open a hold, or bring the open one of this kind up to date; True when it is new."""
        values = {"kind": kind, "reason": reason, "detail": json.dumps(detail, sort_keys=True), "now": to_text(now)}
        with self._db.write():
            changed = self._db.execute(
                "update holds set reason = :reason, detail = :detail where kind = :kind and closed_at is null", values
            )
            if not changed:
                self._db.execute(
                    "insert into holds (kind, reason, detail, opened_at) values (:kind, :reason, :detail, :now)",
                    values,
                )
        return not changed

    def close(self, hold_id: int, who: str, approved: bool, now: datetime) -> bool:
        """Close an open hold; False when it was closed already."""
        with self._db.write():
            return 1 == self._db.execute(
                "update holds set closed_at = :now, closed_by = :who, approved = :approved "
                "where id = :id and closed_at is null",
                {"now": to_text(now), "who": who, "approved": approved, "id": hold_id},
            )

    def open_ones(self) -> list[Hold]:
        return [_hold(row) for row in self._db.rows("select * from holds where closed_at is null order by id")]

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
    return Hold(row["id"], row["kind"], row["reason"], json.loads(row["detail"]), from_text(row["opened_at"]))
