"""What people look at first: deliveries that need someone, and how each hour's ended. Read-only; works on any connection."""

from datetime import datetime
from typing import NamedTuple

from reminderd.clock import to_text
from reminderd.model import State
from reminderd.store.connection import Connection, Row, listed
from reminderd.store.fifth import NOT_DELIVERED

_SHOWN = "d.id, d.job, d.state, d.name, d.phone, d.recipient, d.due_at, d.reason, d.drill, d.erased"


class Worst(NamedTuple):
    """The first few rows of a kind, and how many there are."""

    rows: list[Row]
    number: int


class Attention:
    """Each question reads no more rows than are unsettled, or were due since the moment that is given."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def in_doubt(self, most: int) -> Worst:
        """Deliveries in doubt, the one that was due first at the top; `reconcile_at` is null where nobody looks any more."""
        rows = self._db.rows(
            f"select {_SHOWN}, d.reconcile_at from deliveries d indexed by deliveries_in_doubt "
            "where d.state = 'in_doubt' order by d.due_at, d.id limit :most",
            {"most": most},
        )
        query = "select count(*) from deliveries indexed by deliveries_in_doubt where state = 'in_doubt'"
        return Worst(rows, int(self._db.value(query)))

    def hold(self, hold_id: int) -> Row | None:
        """A hold, also one that is over: all of its columns."""
        return self._db.row("select * from holds where id = :id", {"id": hold_id})

    def kept_by(self, hold_id: int, most: int) -> Worst:
        """Deliveries that an open hold keeps back, the one that was due first at the top: all of their columns."""
        rows = self._db.rows(
            "select d.* from deliveries d indexed by deliveries_held where d.hold_id = :id and d.state = 'pending' "
            "order by d.due_at, d.id limit :most",
            {"id": hold_id, "most": most},
        )
        query = "select count(*) from deliveries indexed by deliveries_held where hold_id = :id and state = 'pending'"
        return Worst(rows, int(self._db.value(query, {"id": hold_id})))

    def holds_of_job(self, job: str) -> list[Row]:
        """`id, kind, reason, number` of the open holds that keep something of this job back, and how much of it."""
        return self._db.rows(
            "select h.id, h.kind, h.reason, count(*) as number from holds h cross join deliveries d indexed by deliveries_held "
            "on d.hold_id = h.id where h.closed_at is null and d.job = :job and d.state = 'pending' group by h.id order by h.id",
            {"job": job},
        )

    def ended(self, state: str, since: datetime, most: int) -> Worst:
        """Deliveries due since then that are in this state now, the newest first.

        Not what nobody wanted, as in `Conditions.ended_after`: rows that stand for skipped occurrences, what quiet hours drop, tests.
        """
        values = {"state": state, "since": to_text(since), "most": most}
        where = (
            "from deliveries d indexed by deliveries_by_state where d.state = :state and d.due_at >= :since "
            "and d.recipient not like '*%' and d.drill = 0 and d.reason not like '%(on_quiet: drop)'"
        )
        rows = self._db.rows(f"select {_SHOWN} {where} order by d.due_at desc, d.id desc limit :most", values)
        return Worst(rows, int(self._db.value(f"select count(*) {where}", values)))

    def undelivered(self, since: datetime, most: int) -> Worst:
        """Deliveries due since then that Plivo took and reports as not delivered, the newest first; `receipt` says how. Not tests."""
        values = {"since": to_text(since), "most": most}
        where = (
            "from deliveries d indexed by deliveries_not_delivered "
            f"where {NOT_DELIVERED} and d.due_at >= :since and d.state = 'accepted' and d.drill = 0"
        )
        shown = f"{_SHOWN}, d.receipt"
        rows = self._db.rows(f"select {shown} {where} order by d.due_at desc, d.id desc limit :most", values)
        return Worst(rows, int(self._db.value(f"select count(*) {where}", values)))

    def by_hour(self, since: datetime, until: datetime) -> list[Row]:
        """`hour, state, number` of the deliveries due in [since, until); hours of UTC as `2026-11-22T08`."""
        states, values = listed(tuple(State))
        return self._db.rows(
            "select substr(due_at, 1, 13) as hour, state, count(*) as number from deliveries indexed by deliveries_by_state "
            f"where state in ({states}) and due_at >= :since and due_at < :until group by hour, state order by hour",
            {**values, "since": to_text(since), "until": to_text(until)},
        )

    def problems(self, most: int) -> Worst:
        """What is wrong in settings and files, in their order."""
        rows = self._db.rows("select * from problems order by position limit :most", {"most": most})
        return Worst(rows, int(self._db.value("select count(*) from problems")))

    def next_waiting(self, now: datetime) -> str | None:
        """When the next delivery that waits for its own time may go out."""
        found: str | None = self._db.value(
            "select min(not_before) from deliveries indexed by deliveries_waiting "
            "where state = 'pending' and not_before > :now",
            {"now": to_text(now)},
        )
        return found
