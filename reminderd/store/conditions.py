"""What may need someone, as the rows tell it: for alerts, health checks and figures. Read-only; works on any connection."""

from datetime import datetime, timedelta

from reminderd.clock import to_text
from reminderd.store.connection import Connection, Row
from reminderd.store.holds import IDLE
from reminderd.store.reports import FIRST_WORD


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

    def waiting(self) -> int:
        """How many deliveries are pending, whatever they wait for."""
        found: int = self._db.value(
            "select count(*) from deliveries indexed by deliveries_waiting where state = 'pending'"
        )
        return found

    def planned_until(self) -> str | None:
        """Until when everything that was due is planned, kept current twice a minute while all is well."""
        found: str | None = self._db.value("select alive_at from daemon")
        return found

    def ended(self, since: datetime) -> dict[str, int]:
        """How many deliveries due since then have ended, by state."""
        rows = self._db.rows(
            "select state, count(*) as number from deliveries indexed by deliveries_by_state "
            "where due_at >= :since and state in ('accepted', 'failed', 'missed') group by state",
            {"since": to_text(since)},
        )
        return {row["state"]: row["number"] for row in rows}

    def doubtful(self, old: datetime) -> int:
        """How many deliveries in doubt wait for a person: nobody will look them up again, or they are older than that."""
        return int(
            self._db.value(
                "select count(*) from deliveries d indexed by deliveries_in_doubt "
                "left join attempts a on a.id = d.attempt_id "
                "where d.state = 'in_doubt' and (d.reconcile_at is null or a.begun_at < :old)",
                {"old": to_text(old)},
            )
        )

    def newest_move(self, before: datetime | None = None) -> int:
        """The id of the newest move, or of the newest one before then; 0 where there is none. Reads what came after it."""
        where = "where at < :before" if before else ""
        found = self._db.value(
            f"select id from moves {where} order by id desc limit 1", {"before": to_text(before) if before else ""}
        )
        return int(found or 0)

    def ended_after(self, move: int, up_to: int) -> dict[str, int]:
        """How often deliveries have ended in moves after that one, by state.

        Not what nobody wanted: rows that stand for skipped occurrences, what quiet hours drop, tests.
        """
        rows = self._db.rows(
            """
            select m.to_state as state, count(*) as number from moves m join deliveries d on d.id = m.delivery_id
            where m.id > :after and m.id <= :up_to and m.to_state in ('accepted', 'failed', 'missed')
              and d.recipient not like '*%' and d.drill = 0 and m.reason not like '%(on_quiet: drop)'
            group by m.to_state
            """,
            {"after": move, "up_to": up_to},
        )
        return {row["state"]: row["number"] for row in rows}

    def reported_badly(self, since: datetime, until: datetime) -> int:
        """How many messages Plivo has reported as not delivered from `since` on, before `until`."""
        return int(
            self._db.value(
                f"select count(*) from deliveries d indexed by deliveries_reported where d.receipt_at >= :since "
                f"and d.receipt_at < :until and d.drill = 0 and {FIRST_WORD} in ('undelivered', 'failed', 'rejected')",
                {"since": to_text(since), "until": to_text(until)},
            )
        )

    def problems(self) -> tuple[int, int]:
        """How many problems there are, and in how many files."""
        row = self._db.row('select count(*) as number, count(distinct "file") as files from problems')
        assert row is not None
        return row["number"], row["files"]

    def holds(self) -> dict[str, int]:
        """How many holds are open, by kind; without those that keep nothing back now."""
        query = (
            f"select h.kind, count(*) as number from holds h where h.closed_at is null and not {IDLE} group by h.kind"
        )
        rows = self._db.rows(query)
        return {row["kind"]: row["number"] for row in rows}
