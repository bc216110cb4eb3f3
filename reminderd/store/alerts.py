"""Alerts: what needs someone, from when to when, and whether they were told. Each public method is one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reminderd.clock import from_text, to_text
from reminderd.store.connection import Connection, Row

_KEPT = 1000


@dataclass(slots=True)
class Alert:
    """id: None until it is written. told_at: when they were told that it began, by all ways. over_told_at: that it is over.

    told_by, over_told_by: by which ways, also before all of them. gone_at: since when it is not seen, while it is open.
    """

    name: str
    summary: str
    opened_at: datetime
    told_at: datetime | None = None
    over_at: datetime | None = None
    over_told_at: datetime | None = None
    told_by: set[str] = field(default_factory=set)
    over_told_by: set[str] = field(default_factory=set)
    gone_at: datetime | None = None
    id: int | None = None


class Alerts:
    """The alerts of a state. At most one of a name is open at a time."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def unfinished(self) -> list[Alert]:
        """What is open, and what is over where somebody who was told that it began was not told so yet."""
        rows = self._db.rows(
            "select * from alerts where over_at is null or told_at is not null and over_told_at is null order by id"
        )
        return [_alert(row) for row in rows]

    def save(self, alerts: Sequence[Alert]) -> None:
        """Write them down as they are; gives an id to those that are new. The oldest that are over are forgotten."""
        with self._db.write():
            ids = [self._save(alert) for alert in alerts]
        for alert, row_id in zip(alerts, ids, strict=True):  # when it is committed
            alert.id = row_id

    def _save(self, alert: Alert) -> int:
        values = _values(alert)
        if alert.id is not None:
            self._db.execute(
                "update alerts set summary = :summary, told_at = :told_at, over_at = :over_at, "
                "over_told_at = :over_told_at, told_by = :told_by, over_told_by = :over_told_by, gone_at = :gone_at "
                "where id = :id",
                values,
            )
            return alert.id
        row_id = self._db.insert(
            "insert into alerts "
            "(name, summary, opened_at, told_at, over_at, over_told_at, told_by, over_told_by, gone_at) values "
            "(:name, :summary, :opened_at, :told_at, :over_at, :over_told_at, :told_by, :over_told_by, :gone_at)",
            values,
        )
        self._db.execute("delete from alerts where id <= :last and over_at is not null", {"last": row_id - _KEPT})
        return row_id


def _values(alert: Alert) -> dict[str, object]:
    return {
        "id": alert.id,
        "name": alert.name,
        "summary": alert.summary,
        "opened_at": to_text(alert.opened_at),
        "told_at": to_text(alert.told_at) if alert.told_at else None,
        "over_at": to_text(alert.over_at) if alert.over_at else None,
        "over_told_at": to_text(alert.over_told_at) if alert.over_told_at else None,
        "told_by": " ".join(sorted(alert.told_by)),
        "over_told_by": " ".join(sorted(alert.over_told_by)),
        "gone_at": to_text(alert.gone_at) if alert.gone_at else None,
    }


def _alert(row: Row) -> Alert:
    told, over, over_told, gone = (
        from_text(row[name]) if row[name] else None for name in ("told_at", "over_at", "over_told_at", "gone_at")
    )
    opened, ways, over_ways = from_text(row["opened_at"]), set(row["told_by"].split()), set(row["over_told_by"].split())
    return Alert(row["name"], row["summary"], opened, told, over, over_told, ways, over_ways, gone, row["id"])
