"""What may need someone, as the rows tell it: for alerts, health checks and figures. Read-only; works on any connection."""

from datetime import datetime, timedelta

from reminderd.clock import to_text
from reminderd.store.connection import Connection, Row


class Conditions:
    """Questions about the present; none reads more rows than are unsettled or recent."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def overdue(self, now: datetime, after: timedelta) -> list[Row]:
        """By job: `job, deliveries, since` of what is pending so long past the time at which it may go out.

        What a hold or a pause keeps back is not overdue: that it is kept back is said elsewhere.
        """
        return self._db.rows(
            """
            select d.job, count(*) as deliveries, min(d.not_before) as since
            from deliveries d indexed by deliveries_waiting join jobs j on j.name = d.job
            where d.state = 'pending' and d.not_before <= :since and d.hold_id is null and d.withdrawn is null
              and (d.drill = 1 or not exists (
                select 1 from overrides p where p.kind = 'pause' and p.ended_at is null and (p.until is null or p.until > :now)
                  and (p.job is null or p.job = d.job)))
            group by d.job order by since, d.job
            """,
            {"now": to_text(now), "since": to_text(now - after)},
        )

    def planned_until(self) -> str | None:
        """Until when everything that was due is planned, kept current twice a minute while all is well."""
        found: str | None = self._db.value("select alive_at from daemon")
        return found

    def ended(self, since: datetime) -> dict[str, int]:
        """How many deliveries due since then have ended, by state."""
        rows = self._db.rows(
            "select state, count(*) as number from deliveries indexed by deliveries_by_due "
            "where due_at >= :since and state in ('accepted', 'failed', 'missed') group by state",
            {"since": to_text(since)},
        )
        return {row["state"]: row["number"] for row in rows}
