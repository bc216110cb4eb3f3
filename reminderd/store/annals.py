"""What is written down one after the other: texts that came in, opt-outs, what operators did; a page at a time.

Read-only; works on any connection. However much there is, a page costs its own rows.
"""

from reminderd.store.connection import Connection, Row


class Annals:
    """Each method gives one row more than `limit` where there are more."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def inbound(self, before: int | None, limit: int) -> list[Row]:
        """Texts that came in, the newest first, with a lower id than `before`."""
        return self._db.rows(
            "select id, received_at, phone, sender, text, media, intent, result from inbound "
            "where id < coalesce(:before, 9223372036854775807) order by id desc limit :most",
            {"before": before, "most": limit + 1},
        )

    def actions(self, before: int | None, limit: int) -> list[Row]:
        """What operators did, the newest first, with a lower id than `before`."""
        return self._db.rows(
            "select id, at, who, action, target, detail from actions "
            "where id < coalesce(:before, 9223372036854775807) order by id desc limit :most",
            {"before": before, "most": limit + 1},
        )

    def opt_outs(self, after: tuple[str, str] | None, limit: int) -> list[Row]:
        """Who wants no messages, by phone and sender, after that one."""
        phone, sender = after or ("", "")
        return self._db.rows(
            "select phone, sender, since, who, source, why from opt_outs "
            "where (phone, sender) > (:phone, :sender) order by phone, sender limit :most",
            {"phone": phone, "sender": sender, "most": limit + 1},
        )
