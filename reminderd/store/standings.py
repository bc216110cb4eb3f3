"""How jobs stand: what their last occurrence came to, and what of them is not settled. Read-only; works on any connection."""

from collections.abc import Sequence
from dataclasses import dataclass

from reminderd.model import State
from reminderd.store.connection import Connection, listed
from reminderd.store.fifth import NOT_DELIVERED

_NOT_OVER = "('pending', 'sending')"
_UNSETTLED = "d.state in ('pending', 'sending', 'in_doubt')"  # word for word as its index has it
# Each is looked for by itself: an occurrence of many is not read to its end where all is well.
_WORST_FIRST = (State.IN_DOUBT, State.FAILED, State.MISSED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Standing:
    """last_due: when the newest delivery that is over was due, and last_state the worst end among those due then; None without
    one. waiting: pending or sending. A test is no result. held: it runs on only because its removal waits for approval.
    undelivered: Plivo reports one of those due then as not delivered."""

    name: str
    held: bool
    waiting: int
    in_doubt: int
    last_due: str | None
    last_state: State | None
    undelivered: bool = False


class Standings:
    """Questions about several jobs at once."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def of(self, names: Sequence[str]) -> dict[str, Standing]:
        """By name, of those that the state knows."""
        given, values = listed(names)
        worst = " ".join(
            f"when exists (select 1 from deliveries d indexed by deliveries_by_state where d.state = '{state}' "
            "and d.due_at = n.due_at and d.job = n.name and d.drill = 0) "
            f"then '{state}'"
            for state in _WORST_FIRST
        )
        rows = self._db.rows(
            f"""
            with newest(name, held, due_at) as (
              select j.name, j.held, (select d.due_at from deliveries d indexed by deliveries_of_job where d.job = j.name
                and d.drill = 0 and d.state not in {_NOT_OVER} order by d.due_at desc limit 1)
              from jobs j where j.name in ({given})
            )
            select n.name, n.held, n.due_at as last_due,
              case when n.due_at is null then null {worst} else 'accepted' end as last_state,
              exists (select 1 from deliveries d indexed by deliveries_not_delivered where {NOT_DELIVERED}
                 and d.due_at = n.due_at and d.job = n.name and d.drill = 0 and d.state = 'accepted') as undelivered,
              (select count(*) from deliveries d indexed by deliveries_unsettled where d.job = n.name
                 and {_UNSETTLED} and d.state in {_NOT_OVER}) as waiting,
              (select count(*) from deliveries d indexed by deliveries_unsettled where d.job = n.name
                 and {_UNSETTLED} and d.state = 'in_doubt') as in_doubt
            from newest n
            """,
            values,
        )
        return {
            row["name"]: Standing(
                row["name"],
                bool(row["held"]),
                row["waiting"],
                row["in_doubt"],
                row["last_due"],
                None if row["last_state"] is None else State(row["last_state"]),
                bool(row["undelivered"]),
            )
            for row in rows
        }
