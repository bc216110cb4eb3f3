"""Which state this is, and where it was used last. Each public method is one transaction."""

from dataclasses import dataclass
from datetime import datetime

from reminderd.clock import from_text
from reminderd.store.connection import Connection
from reminderd.store.mark import NOTHING, Began


@dataclass(frozen=True, slots=True)
class Identity:
    """state_id: shared by all copies of a state. host: where it was last used. marked: a mark was left there."""

    state_id: str
    host: str | None
    marked: bool


class Origin:
    """What a state knows of itself, to be compared with the host that it lies on."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def identity(self) -> Identity:
        row = self._db.row("select state_id, host, marked from origin")
        assert row is not None
        return Identity(row["state_id"], row["host"], bool(row["marked"]))

    def settle(self, host: str, *, marked: bool) -> None:
        """This host uses the state now."""
        with self._db.write():
            self._db.execute("update origin set host = :host, marked = :marked", {"host": host, "marked": marked})

    def last_began(self) -> Began:
        """The attempt that began last, by the state's own record."""
        row = self._db.row("select id, token from attempts where begun_at is not null order by id desc limit 1")
        return Began.of(row["id"], row["token"]) if row else NOTHING

    def knows(self, began: Began) -> bool:
        """Whether that attempt is in this state, and has begun."""
        if began == NOTHING:
            return True
        row = self._db.row(
            "select id, token from attempts where id = :id and begun_at is not null", {"id": began.attempt_id}
        )
        return row is not None and Began.of(row["id"], row["token"]) == began

    def last_sign(self) -> datetime | None:
        """The last moment at which something was written that says when."""
        found = self._db.value(
            "select max(coalesce((select max(claimed_at) from attempts where id = (select max(id) from attempts)), ''), "
            "coalesce((select alive_at from daemon), ''))"
        )
        return from_text(found) if found else None
