"""Lists that grow without end, a page at a time. Read-only; works on any connection."""

from reminderd.store.connection import Connection, Row


class Entries:
    """What operators did, who wants no messages, what people wrote, and what is wrong in files."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def actions(self, before: int | None, limit: int) -> list[Row]:
        """What operators did, the last thing first: `id, at, who, action, target, detail`. before: older than this one."""
        return self._db.rows(
            "select id, at, who, action, target, detail from actions where id < :before order by id desc limit :most",
            {"before": 2**63 - 1 if before is None else before, "most": limit},
        )

    def opt_outs(self, after: tuple[str, str], limit: int) -> list[Row]:
        """Who wants no messages, by phone and sender: those after (phone, sender)."""
        return self._db.rows(
            "select phone, sender, since, who, source, why from opt_outs where (phone, sender) > (:phone, :sender) "
            "order by phone, sender limit :most",
            {"phone": after[0], "sender": after[1], "most": limit},
        )

    def inbound(self, phone: str | None, before: tuple[str, int], limit: int) -> list[Row]:
        """What people wrote, the newest first, as `Reports.inbound` has it: those before (received_at, id)."""
        narrowed = "phone = :phone and " if phone is not None else ""
        return self._db.rows(
            "select id, message_uuid, received_at, written_at, phone, sender, text, media, intent, result from inbound "
            f"where {narrowed}(received_at, id) < (:at, :id) order by received_at desc, id desc limit :most",
            {"phone": phone, "at": before[0], "id": before[1], "most": limit},
        )

    def problems(self, first: int, limit: int) -> list[Row]:
        """What is wrong in settings and files: those from this position on."""
        return self._db.rows(
            "select * from problems where position >= :first order by position limit :most",
            {"first": first, "most": limit},
        )
