"""What goes when it is old: texts first, then whole rows, of which a digest stays. Each public method is one transaction.

What may still be sent, may be in doubt, is asked about at Plivo, or is a witness of what this host has sent, stays.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from reminderd.clock import from_text, to_text
from reminderd.store.connection import Connection, Row, listed
from reminderd.store.memory import Memory

# The mark names one of the attempts that began last, and a state that does not know it is taken for an older one. That
# one cannot have begun before the newest, but for a clock that was set back by less than opens a hold.
WITNESSES = timedelta(hours=1)
# How far from each other the times of two attempts are at least that can never own the same row of Plivo's log.
APART = timedelta(days=1)
_PAUSES = timedelta(days=40)  # planning hears of ended pauses for so long

# What has ended, so that nothing moves it again but an operator's word. `withdrawn`: it comes back while it is valid.
_ENDED = """
d.updated_at < :before and d.state in ('accepted', 'failed', 'missed', 'cancelled') and d.receipt_due_at is null
and not (d.state = 'cancelled' and d.withdrawn is not null and d.valid_until >= :before)
"""

_WITH_TEXT = f"""
select d.id, d.job, o.nominal, d.due_at, d.phone, d.text, d.state, d.proven_by
from deliveries d indexed by deliveries_whole join occurrences o on o.id = d.occurrence_id
where d.erased is null and d.due_at < :before and {_ENDED}
order by d.due_at limit :most
"""

# A number is never given twice: the newest row of each table stays. doubtful: from when on attempts without proof may
# still own what is looked for.
_OLD = f"""
select d.id, d.job, o.nominal, o.zone as own_zone, coalesce(d.zone, o.zone) as zone, d.recipient, d.due_at, d.phone,
       d.text, d.state, d.proven_by, d.drill, d.erased, d.occurrence_id
from deliveries d indexed by deliveries_by_time join occurrences o on o.id = d.occurrence_id
where d.due_at < :before and {_ENDED}
  and d.id < (select max(id) from deliveries) and d.occurrence_id < (select max(id) from occurrences)
  and not exists (
    select 1 from attempts a where a.delivery_id = d.id and (a.id = (select max(id) from attempts)
      or a.begun_at >= :witnesses or a.begun_at >= :doubtful and a.outcome = 'in_doubt'
        and (a.message_uuid is null or a.uuid_from = 'operator')))
order by d.due_at limit :most
"""

_DOUBTS_SINCE = """
select min(a.begun_at) from deliveries d join attempts a on a.delivery_id = d.id where d.state = 'in_doubt'
"""

# Nothing of a job is left that names nobody.
NOBODY = '{"to": []}'

_NEVER = "9"  # later than any time

# What an error said of a text that could not be rendered may repeat what it was made of.
_UNRENDERED = "the text cannot be rendered"

_THE_REST = (
    # Closed holds: of deliveries and occurrences with them, of all kinds but the one that was approved last.
    """
    delete from holds where id in (
      select h.id from holds h where h.closed_at < :before and h.id < (select max(id) from holds)
        and not exists (select 1 from deliveries d where d.hold_id = h.id)
        and not (h.kind = 'delivery' and exists (select 1 from deliveries d where d.id = cast(h.key as integer)))
        and not (h.kind = 'limit' and exists (select 1 from occurrences o where o.id = cast(h.key as integer)))
        and (h.approved = 0 or exists (select 1 from holds l where l.kind = h.kind and l.approved = 1
          and (l.closed_at, l.id) > (h.closed_at, h.id)))
      limit :most)
    """,
    # An operator's word about an attempt counts as long as that is kept.
    """
    delete from actions where id in (
      select x.id from actions x where x.at < :before and not (x.action like 'resolve %'
        and exists (select 1 from deliveries d where d.id = cast(x.target as integer)))
      limit :most)
    """,
    "delete from overrides where id in (select id from overrides where ended_at < :pauses limit :most)",
    """
    delete from shifts where id in (
      select id from shifts where noted_at < :before and max(was_due_at, due_at) < :before limit :most)
    """,
    "delete from reminders where id in (select id from reminders where removed_at < :before limit :most)",
)

_ABSENT = """
select name from jobs where present = 0 and absent_since < :before
  and not exists (select 1 from deliveries d where d.job = jobs.name) limit :most
"""


class Retention:
    """Prunes a state. Every method does at most so much, and says how much it did; 0: nothing is left to do."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self._memory = Memory(connection)

    def empty_texts(self, before: datetime, most: int) -> int:
        """Empty the texts and names of deliveries that ended before then; their numbers stay."""
        with self._db.write():
            rows = self._db.rows(_WITH_TEXT, {"before": to_text(before), "most": most})
            if rows:
                self._remember_texts(rows)
                ids, values = listed([row["id"] for row in rows])
                for table, key in (("deliveries", "id"), ("moves", "delivery_id")):
                    self._db.execute(
                        f"update {table} set reason = '{_UNRENDERED}' where {key} in ({ids}) "
                        f"and reason like '{_UNRENDERED}: %'",
                        values,
                    )
                self._db.execute(
                    f"update deliveries set text = null, name = null, erased = 'text' where id in ({ids})", values
                )
        return len(rows)

    def empty_definitions(self, before: datetime) -> int:
        """Empty what is kept of jobs that went before then, and of whom it named."""
        with self._db.write():
            return self._db.execute(
                "update jobs set definition = :nobody, digest = '' where present = 0 and absent_since < :before "
                "and definition <> :nobody",
                {"nobody": NOBODY, "before": to_text(before)},
            )

    def prune(self, before: datetime, most: int, witnesses: timedelta = WITNESSES) -> int:
        """Remove deliveries that ended before then, with their attempts, moves and looks, and occurrences without any
        that is left. That they were is remembered. witnesses: what began so long before the newest beginning stays."""
        with self._db.write():
            rows = self._db.rows(_OLD, {**self._bounds(before, witnesses), "before": to_text(before), "most": most})
            if rows:
                self._remember(rows)
                self._remove(rows)
        return len(rows)

    def prune_empty(self, before: datetime, after: int, most: int) -> int | None:
        """Of the occurrences with ids up to `after` + `most` remove the old ones that nobody was in. Returns where to go
        on, None at the end."""
        values = {"before": to_text(before), "after": after, "until": after + most}
        where = (
            "where id > :after and id <= :until and planned = 0 and due_at < :before "
            "and id < (select max(id) from occurrences)"
        )
        with self._db.write():
            for row in self._db.rows(f"select job, nominal, zone from occurrences {where}", values):
                self._memory.keep([self._memory.occurrence(row["job"], row["nominal"]), self._memory.zone(**row)])
            self._db.execute(f"delete from occurrences {where}", values)
            left = self._db.value("select 1 from occurrences where id > :until limit 1", values)
        return after + most if left else None

    def prune_rest(self, before: datetime, now: datetime, most: int) -> int:
        """Remove old holds, actions, overrides and shifts that are over, and jobs that went
        before then and of which nothing is left."""
        values = {"before": to_text(before), "pauses": to_text(min(before, now - _PAUSES)), "most": most}
        with self._db.write():
            done = sum(self._db.execute(statement, values) for statement in _THE_REST)
            return done + self._remove_jobs(values)

    # -- the parts --------------------------------------------------------------------------------------

    def _bounds(self, before: datetime, witnesses: timedelta) -> dict[str, str]:
        """From when on attempts must stay: as witnesses, and as owners of what Plivo's log may show."""
        last = self._db.value("select begun_at from attempts where begun_at is not null order by id desc limit 1")
        doubts = self._db.value(_DOUBTS_SINCE)
        return {
            "witnesses": to_text(from_text(last) - witnesses) if last else _NEVER,
            # Also of what comes into doubt later.
            "doubtful": min(to_text(before - APART), to_text(from_text(doubts) - APART) if doubts else _NEVER),
        }

    def _remember_texts(self, rows: Sequence[Row]) -> None:
        memory = self._memory
        memory.keep_texts(
            [
                (memory.text(row["phone"], row["due_at"], row["text"]), memory.occurrence(row["job"], row["nominal"]))
                for row in rows
                if (row["state"] == "accepted" or row["proven_by"] is not None) and row["text"] is not None
            ]
        )

    def _remember(self, rows: Sequence[Row]) -> None:
        memory, digests = self._memory, list[bytes]()
        self._remember_texts(rows)
        for row in rows:
            if not row["drill"]:  # which no schedule can owe
                job, nominal = row["job"], row["nominal"]
                zones = {row["own_zone"], row["zone"]}
                digests += [memory.occurrence(job, nominal), *(memory.zone(job, nominal, zone) for zone in zones)]
                digests += [memory.delivery(job, nominal, row["recipient"])]
        ids, values = listed([row["id"] for row in rows])
        named = self._db.rows(
            f"select message_uuid from attempts where delivery_id in ({ids}) and message_uuid is not null", values
        )
        memory.keep([*digests, *(memory.uuid(row["message_uuid"]) for row in named)])

    def _remove(self, rows: Sequence[Row]) -> None:
        ids, values = listed([row["id"] for row in rows])
        for table in ("lookups", "moves", "attempts"):
            self._db.execute(f"delete from {table} where delivery_id in ({ids})", values)
        self._db.execute(f"delete from deliveries where id in ({ids})", values)
        ids, values = listed(sorted({row["occurrence_id"] for row in rows}))
        self._db.execute(
            f"delete from occurrences where id in ({ids}) "
            "and not exists (select 1 from deliveries d where d.occurrence_id = occurrences.id)",
            values,
        )

    def _remove_jobs(self, values: dict[str, object]) -> int:
        names = [row["name"] for row in self._db.rows(_ABSENT, values)]
        if names:
            places, named = listed(names)
            for table in ("cursors", "unfinished", "shifts", "job_files"):
                self._db.execute(f"delete from {table} where job in ({places})", named)
            self._db.execute(f"delete from jobs where name in ({places})", named)
        return len(names)
