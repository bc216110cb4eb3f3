"""The state in figures, for those who watch over it. Read-only; works on any connection."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reminderd.clock import to_text
from reminderd.model import State
from reminderd.store.connection import Connection, Row
from reminderd.store.overrides import OPEN_OVERRIDES
from reminderd.store.reports import FIRST_WORD

HOLD_KINDS = ("removal", "recipients", "clock", "cursor", "restored", "limit", "delivery")
OVERRIDE_KINDS = ("pause", "skip")
RECEIPTS = ("queued", "sent", "delivered", "undelivered", "failed", "read", "rejected", "none")
TASKS = ("loop", "reload", "reconcile", "prune", "backup")

_LAST_RESULTS = """
with newest(name, due_at) as (
  select j.name, (select d.due_at from deliveries d where d.job = j.name and d.drill = 0
                    and d.state not in ('pending', 'sending') order by d.due_at desc, d.id desc limit 1)
  from (select name from jobs where present = 1 order by name limit :most) j
)
select n.name, n.due_at,
  (select max(case d.state when 'in_doubt' then 5 when 'failed' then 4 when 'missed' then 3 when 'cancelled' then 2 else 1 end)
   from deliveries d where d.job = n.name and d.due_at = n.due_at and d.drill = 0
     and d.state not in ('pending', 'sending')) as worst
from newest n where n.due_at is not null
"""
_BY_WEIGHT = (State.ACCEPTED, State.CANCELLED, State.MISSED, State.FAILED, State.IN_DOUBT)


class Measures:
    """What is cheap to ask at any time, and what takes the longer the more the state holds."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    # -- cheap ------------------------------------------------------------------------------------------

    def daemon(self) -> Row:
        row = self._db.row("select * from daemon")
        assert row is not None
        return row

    def suspended(self) -> str | None:
        """Why the gateway is not used; None while it is."""
        reason: str | None = self._db.value("select reason from gateway")
        return reason

    def holds(self) -> dict[str, int]:
        """How many are open, by kind."""
        return self._by("select kind, count(*) from holds where closed_at is null group by kind", HOLD_KINDS)

    def overrides(self, now: datetime) -> dict[str, int]:
        """How many are in force, by kind."""
        query = f"select kind, count(*) from ({OPEN_OVERRIDES}) group by kind"
        return self._by(query, OVERRIDE_KINDS, {"now": to_text(now)})

    def opt_outs(self) -> int:
        return int(self._db.value("select count(*) from opt_outs"))

    def problems(self) -> int:
        return int(self._db.value("select count(*) from problems"))

    def jobs(self) -> Row:
        """How many run: `declared, enabled, held`."""
        row = self._db.row(
            "select count(*) as declared, coalesce(sum(enabled), 0) as enabled, coalesce(sum(held), 0) as held "
            "from jobs where present = 1"
        )
        assert row is not None
        return row

    def runs(self, job: str) -> bool:
        """Whether a job of this name runs."""
        return bool(self._db.value("select 1 from jobs where name = :name and present = 1", {"name": job}))

    def successes(self) -> dict[str, str]:
        """When each task last ended well, of those that ever did."""
        query = (
            "select finished_at from heartbeats where task = :task and status = 'ok' and finished_at is not null "
            "order by id desc limit 1"
        )
        found = {task: self._db.value(query, {"task": task}) for task in TASKS}
        return {task: at for task, at in found.items() if at is not None}

    def alerts(self) -> list[str]:
        """The names of those that are open."""
        return [row["name"] for row in self._db.rows("select name from alerts where over_at is null order by name")]

    # -- the longer the more there is ---------------------------------------------------------------------

    def deliveries(self) -> dict[str, int]:
        """How many there are, by state."""
        query = "select state, count(*) from deliveries indexed by deliveries_by_state group by state"
        return self._by(query, tuple(State))

    def receipts(self, since: datetime) -> dict[str, int]:
        """What Plivo said last of the deliveries that it has reported on since then, by the first word of it."""
        query = (
            f"select {FIRST_WORD}, count(*) from deliveries d indexed by deliveries_reported "
            f"where d.receipt_at >= :since group by {FIRST_WORD}"
        )
        return self._by(query, RECEIPTS, {"since": to_text(since)})

    def charged(self, since: datetime) -> int:
        """What Plivo charged for these, in millionths of a US dollar."""
        query = (
            "select coalesce(sum(a.charged), 0) from deliveries d indexed by deliveries_reported "
            "join attempts a on a.delivery_id = d.id where d.receipt_at >= :since"
        )
        return int(self._db.value(query, {"since": to_text(since)}))

    def oldest(self) -> dict[str, str]:
        """When what has waited longest was due, by state, of what is unsettled."""
        rows = self._db.rows(
            "select state, min(due_at) as due_at from deliveries indexed by deliveries_unsettled "
            "where state in ('pending', 'sending', 'in_doubt') group by state"
        )
        return {row["state"]: row["due_at"] for row in rows}

    def last_results(self, most: int) -> dict[str, tuple[str, State]]:
        """Of the first jobs by name: when their newest delivery that is over was due, and the worst end among those due
        at that time. A drill is no result."""
        rows = self._db.rows(_LAST_RESULTS, {"most": most})
        return {row["name"]: (row["due_at"], _BY_WEIGHT[row["worst"] - 1]) for row in rows}

    def names(self, most: int) -> list[str]:
        """The first jobs that run, by name."""
        query = "select name from jobs where present = 1 order by name limit :most"
        return [row["name"] for row in self._db.rows(query, {"most": most})]

    def _by(self, query: str, known: tuple[str, ...], values: Mapping[str, Any] | None = None) -> dict[str, int]:
        """A count for each of the known words, and for no other."""
        found = {row[0]: row[1] for row in (tuple(row.values()) for row in self._db.rows(query, values))}
        return {str(word): int(found.get(word, 0)) for word in known}
