"""What the reading commands show. Read-only; works on any connection."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from reminderd.clock import to_text
from reminderd.model import bare
from reminderd.store.connection import Connection, Row, listed
from reminderd.store.holds import IDLE
from reminderd.store.jobs import contents
from reminderd.store.overrides import OPEN_OVERRIDES

HISTORY = """
select d.*, (select count(*) from attempts a where a.delivery_id = d.id and a.outcome is not 'not_begun') as attempts,
       o.nominal, coalesce(d.zone, o.zone) as zone, o.skipped, own.parts, own.charged
from deliveries d join occurrences o on o.id = d.occurrence_id left join attempts own on own.message_uuid = d.message_uuid
"""


# Of a delivery's report, the state that Plivo gives the message: `undelivered` of `undelivered (30: spam detected)`.
FIRST_WORD = "rtrim(substr(d.receipt, 1, instr(d.receipt || ' ', ' ') - 1), ';')"


class Reports:
    """Queries for people."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def close(self) -> None:
        self._db.close()

    def last_run(self, task: str, status: str | None = None) -> Row | None:
        """The newest run of a task, or the newest that ended so: `started_at, finished_at, status, detail`."""
        return self._db.row(
            "select started_at, finished_at, status, detail from heartbeats "
            "where task = :task and status = coalesce(:status, status) order by id desc limit 1",
            {"task": task, "status": status},
        )

    def history(
        self,
        job: str | None = None,
        states: Sequence[str] = (),
        since: datetime | None = None,
        limit: int = 50,
        receipts: Sequence[str] = (),
    ) -> list[Row]:
        """Deliveries, newest due time first; no states means all of them, limit 0 means no limit.

        receipts: what Plivo has reported of them, each the first word of a report; none means whatever it said.
        """
        wheres = ["d.job = :job"] if job is not None else []
        values: dict[str, object] = {"job": job}
        for name, column, wanted in (("state", "d.state", states), ("receipt", FIRST_WORD, receipts)):
            if wanted:
                values |= {f"{name}{i}": word for i, word in enumerate(wanted)}
                wheres.append(f"{column} in ({', '.join(f':{name}{i}' for i in range(len(wanted)))})")
        if since is not None:
            wheres.append("d.due_at >= :since")
            values["since"] = to_text(since)
        where = " where " + " and ".join(wheres) if wheres else ""
        values["most"] = limit or -1
        return self._db.rows(HISTORY + where + " order by d.due_at desc, d.id desc limit :most", values)

    def timetable(self) -> list[Row]:
        """Every delivery with what it came to, by the time due, in an order that does not depend on when it was planned."""
        return self._db.rows(
            """
            select d.job, o.nominal, coalesce(d.zone, o.zone) as zone, d.due_at, d.not_before, d.valid_until, d.recipient, d.phone, d.name, d.text,
                   d.encoding, d.segments, d.state, d.reason, d.attempts, d.updated_at, d.receipt
            from deliveries d join occurrences o on o.id = d.occurrence_id
            order by d.due_at, d.job, o.nominal, d.recipient
            """
        )

    def newest_delivery(self) -> int:
        """The id of the delivery that was born last; 0 where there is none."""
        return int(self._db.value("select coalesce(max(id), 0) from deliveries"))

    def moved(self, at: datetime, up_to: int) -> list[Row]:
        """Deliveries up to that id that became cancelled or pending at that moment, as they are now."""
        return self._db.rows(
            """
            select d.id, d.job, o.nominal, coalesce(d.zone, o.zone) as zone, d.due_at, d.not_before, d.recipient, d.phone, d.name, d.text, d.segments,
                   d.state, d.reason
            from deliveries d join occurrences o on o.id = d.occurrence_id
            where d.id <= :up_to and d.updated_at = :at
              and (d.state = 'cancelled' or d.state = 'pending' and d.created_at < :at)
            order by d.due_at, d.job, d.recipient
            """,
            {"at": to_text(at), "up_to": up_to},
        )

    def pending_of(self, job: str) -> list[Row]:
        """What is pending of this job, by the time due."""
        return self._db.rows(
            """
            select d.id, d.job, o.nominal, coalesce(d.zone, o.zone) as zone, d.due_at, d.not_before, d.recipient, d.phone, d.name,
                   d.text, d.encoding, d.segments, d.state, d.reason, d.hold_id
            from deliveries d join occurrences o on o.id = d.occurrence_id
            where d.job = :job and d.state = 'pending' and d.drill = 0 order by d.due_at, d.recipient
            """,
            {"job": job},
        )

    def job_enabled(self, name: str) -> bool:
        """Whether the job is declared, and not switched off."""
        return bool(self._db.value("select enabled from jobs where name = :name and present = 1", {"name": name}))

    def born_after(self, last: int) -> list[Row]:
        """Deliveries that were born after the one with that id, by the time due."""
        return self._db.rows(
            """
            select d.id, d.job, o.nominal, coalesce(d.zone, o.zone) as zone, d.due_at, d.not_before, d.recipient, d.phone, d.name, d.text, d.encoding,
                   d.segments, d.state, d.reason, d.hold_id
            from deliveries d join occurrences o on o.id = d.occurrence_id
            where d.id > :last order by d.due_at, d.job, d.recipient
            """,
            {"last": last},
        )

    def delivery(self, delivery_id: int) -> Row | None:
        """All columns of one delivery, with its occurrence's `nominal` and `skipped`, and the `zone` it is meant in."""
        return self._db.row(HISTORY + " where d.id = :id", {"id": delivery_id})

    def attempts(self, delivery_id: int) -> list[Row]:
        return self._db.rows("select * from attempts where delivery_id = :id order by number", {"id": delivery_id})

    def moves(self, delivery_id: int) -> list[Row]:
        """All of its moves, in their order. why: what an operator said for it; null where nothing was said."""
        return self._db.rows(
            "select m.*, a.number as attempt, (select json_extract(x.detail, '$.why') from actions x "
            "where m.who <> 'daemon' and x.at = m.at and x.who = m.who and x.target = cast(m.delivery_id as text)) as why "
            "from moves m left join attempts a on a.id = m.attempt_id where m.delivery_id = :id order by m.id",
            {"id": delivery_id},
        )

    def lookups(self, delivery_id: int) -> list[Row]:
        """The looks into Plivo's log that did not settle it: when, what they said, about which attempt."""
        return self._db.rows(
            "select l.at, l.finding, a.number as attempt from lookups l left join attempts a on a.id = l.attempt_id "
            "where l.delivery_id = :id order by l.id",
            {"id": delivery_id},
        )

    def running(self) -> list[Row]:
        """The jobs that run, each with its last good version: `name, file, line, definition`."""
        return self._db.rows("select name, file, line, definition from jobs where present = 1")

    def files(self) -> dict[str, bytes]:
        """By digest, the contents of the lists and templates that the last good versions use."""
        return contents(self._db)

    def job_exists(self, name: str) -> bool:
        return self._db.value("select 1 from jobs where name = :name", {"name": name}) is not None

    def last_results(self, names: Sequence[str] | None = None) -> Mapping[str, Row]:
        """By job: its newest delivery's state and due time, and how many are unsettled. A drill is no result.

        names: of these jobs only.
        """
        listing, values = listed(names or ())
        only = "" if names is None else f"where j.name in ({listing})"
        newest = "join occurrences o on o.id = d.occurrence_id where d.job = j.name and o.nominal not like 'drill %'"
        rows = self._db.rows(
            f"""
            select j.name, j.present, j.held,
              (select d.state from deliveries d {newest} order by d.due_at desc, d.id desc limit 1) as state,
              (select d.due_at from deliveries d {newest} order by d.due_at desc, d.id desc limit 1) as due_at,
              (select count(*) from deliveries d where d.job = j.name
                 and d.state in ('pending', 'sending', 'in_doubt')) as unsettled,
              (select count(*) from deliveries d where d.job = j.name and d.state in ('pending', 'sending')) as waiting
            from jobs j {only}
            """,
            values,
        )
        return {row["name"]: row for row in rows}

    def counts(self) -> dict[str, int]:
        rows = self._db.rows("select state, count(*) as number from deliveries group by state")
        return {row["state"]: row["number"] for row in rows}

    def reported(self, since: datetime) -> dict[str, int]:
        """How many deliveries Plivo has reported on since then, by the state that it gives their messages."""
        rows = self._db.rows(
            f"select {FIRST_WORD} as word, count(*) as number from deliveries d indexed by deliveries_reported "
            "where d.receipt_at >= :since group by word",
            {"since": to_text(since)},
        )
        return {row["word"]: row["number"] for row in rows}

    def oldest(self, state: str) -> Row | None:
        return self._db.row(
            "select id, job, due_at from deliveries where state = :state order by due_at, id limit 1", {"state": state}
        )

    def problems(self) -> list[Row]:
        return self._db.rows("select * from problems order by position")

    def daemon(self) -> Row:
        row = self._db.row("select * from daemon")
        assert row is not None
        return row

    def gateway(self) -> Row:
        row = self._db.row("select * from gateway")
        assert row is not None
        return row

    def holds(self) -> list[Row]:
        """The open holds: `id, kind, key, reason, detail, opened_at, opened_by, until`; `idle` where it is of a limit, and all
        that it kept back is withdrawn: it stays open for what may come back."""
        return self._db.rows(f"select h.*, {IDLE} as idle from holds h where h.closed_at is null order by h.id")

    def holds_of(self, delivery_id: int) -> list[Row]:
        """The holds that kept this delivery back, or do, the first one first; also those of its whole occurrence."""
        return self._db.rows(
            "select h.id, h.kind, h.reason, h.opened_at, h.opened_by, h.closed_at, h.closed_by, h.approved from holds h "
            "join deliveries d on d.id = :id where h.kind = 'delivery' and h.key = cast(d.id as text) "
            "or h.kind = 'limit' and h.key = cast(d.occurrence_id as text) order by h.id",
            {"id": delivery_id},
        )

    def overrides(self, now: datetime) -> list[Row]:
        """The pauses and skips in force."""
        return self._db.rows(OPEN_OVERRIDES, {"now": to_text(now)})

    def heartbeats(self) -> dict[str, Row]:
        """By task, its last run: `task, node, started_at, finished_at, status, detail`."""
        rows = self._db.rows(
            "select task, node, started_at, finished_at, status, detail from heartbeats h "
            "where id = (select max(id) from heartbeats n where n.task = h.task)"
        )
        return {row["task"]: row for row in rows}

    def backups(self) -> list[str]:
        """When the last good backups were made, the newest first; few of them."""
        rows = self._db.rows(
            "select finished_at from heartbeats where task = 'backup' and status = 'ok' order by id desc limit 6"
        )
        return [row["finished_at"] for row in rows]

    def alerts(self, since: datetime | None = None) -> list[Row]:
        """The alerts that are open, and those that were over since then; the newest first."""
        query = (
            "select id, name, summary, opened_at, told_at, over_at, over_told_at, told_by, over_told_by from alerts "
            "where over_at is null or over_at >= :since order by id desc"
        )
        return self._db.rows(query, {"since": to_text(since) if since else "9"})

    def opt_outs(self) -> list[Row]:
        """Who wants no messages, by phone."""
        return self._db.rows("select phone, sender, since, who, source, why from opt_outs order by phone, sender")

    def opt_outs_of(self, phone: str | None, sender: str | None) -> list[Row]:
        """The opt-outs by which this phone gets nothing from that sender."""
        return self._db.rows(
            "select phone, sender, since, who, source, why from opt_outs where phone = :phone "
            "and ltrim(sender, '+') in ('', :sender)",
            {"phone": phone, "sender": bare(sender or "")},
        )

    def inbound(
        self,
        phone: str | None = None,
        sender: str | None = None,
        since: datetime | None = None,
        limit: int = 50,
    ) -> list[Row]:
        """What people wrote, the newest first; limit 0 means no limit."""
        wheres = ["phone = :phone"] if phone is not None else []
        wheres += ["ltrim(sender, '+') = :sender"] if sender is not None else []
        wheres += ["received_at >= :since"] if since is not None else []
        where = f"where {' and '.join(wheres)} " if wheres else ""
        return self._db.rows(
            "select id, message_uuid, received_at, written_at, phone, sender, text, media, intent, result from inbound "
            f"{where}order by received_at desc, id desc limit :most",
            {
                "phone": phone,
                "sender": bare(sender or ""),
                "since": to_text(since) if since else None,
                "most": limit or -1,
            },
        )

    def answers(self, phone: str | None, sender: str | None, since: str, until: str, most: int) -> list[Row]:
        """What this phone wrote to this sender from one time to another, the first of it: `received_at, text, media, intent,
        result`."""
        return self._db.rows(
            "select received_at, text, media, intent, result from inbound where phone = :phone "
            "and ltrim(sender, '+') = :sender and received_at >= :since and received_at < :until "
            "order by received_at, id limit :most",
            {"phone": phone, "sender": bare(sender or ""), "since": since, "until": until, "most": most},
        )

    def inbound_counts(self, since: datetime) -> dict[str, int]:
        """How many texts came in since then, by what they were taken for."""
        rows = self._db.rows(
            "select intent, count(*) as number from inbound where received_at >= :since group by intent",
            {"since": to_text(since)},
        )
        return {row["intent"]: row["number"] for row in rows}

    def actions(self) -> list[Row]:
        """What operators did, the first thing first: `at, who, action, target, detail`."""
        return self._db.rows("select at, who, action, target, detail from actions order by id")

    def shifts(self, since: datetime) -> list[Row]:
        """What new time zone rules move and is still to come."""
        query = (
            "select job, zone, nominal, was_due_at, due_at, noted_at from shifts "
            "where max(was_due_at, due_at) >= :since order by due_at, job"
        )
        return self._db.rows(query, {"since": to_text(since)})

    def job_counts(self) -> dict[str, Any]:
        row = self._db.row(
            "select count(*) as declared, coalesce(sum(enabled), 0) as enabled, coalesce(sum(held), 0) as held "
            "from jobs where present = 1"
        )
        assert row is not None
        return row
