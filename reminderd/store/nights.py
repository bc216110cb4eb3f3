"""What is pending when its recipient's quiet hours come. Each public method is one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from reminderd.clock import to_text
from reminderd.model import State
from reminderd.plan import LEAST_VALIDITY
from reminderd.store.connection import Connection, Row
from reminderd.store.moves import Why, move


class Hushed(NamedTuple):
    """A pending delivery whose quiet hours have come. dropped: why it is given up. since, until: the next quiet period."""

    id: int
    not_before: datetime
    valid_until: datetime
    since: datetime
    until: datetime
    dropped: str | None = None


class Nights:
    """The quiet hours of a state's deliveries."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def come(self, now: datetime) -> list[Row]:
        """What is pending and has come into the recipient's quiet hours, or is about to: at most a thousand."""
        query = (
            "select id, job, due_at, quiet_hours, quiet_zone, on_quiet, quiet_from, quiet_until, valid_for, not_before, "
            "valid_until "
            "from deliveries indexed by deliveries_quiet where state = 'pending' and quiet_from <= :soon limit 1000"
        )
        return self._db.rows(query, {"soon": to_text(now + LEAST_VALIDITY)})

    def hush(self, changes: Sequence[Hushed], now: datetime) -> None:
        """Let these wait until their quiet hours are over, or give them up."""
        with self._db.write():
            for each in changes:
                if each.dropped is not None:
                    move(self._db, each.id, State.PENDING, State.MISSED, now, Why(each.dropped))
                    continue
                self._db.execute(
                    "update deliveries set not_before = :not_before, valid_until = :valid_until, quiet_from = :since, "
                    "quiet_until = :until where id = :id and state = 'pending'",
                    {
                        "id": each.id,
                        "not_before": to_text(each.not_before),
                        "valid_until": to_text(each.valid_until),
                        "since": to_text(each.since),
                        "until": to_text(each.until),
                    },
                )
