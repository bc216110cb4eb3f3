"""What operators say about what is planned: pauses and skipped occurrences. Each public method is one transaction."""

from datetime import datetime, timedelta

from reminderd.clock import from_text, to_text
from reminderd.plan import Override
from reminderd.store.connection import Connection, Row

# An occurrence may be planned so long after its time, where the daemon was down, and is still overridden.
_REMEMBERED = timedelta(days=40)

_ITS_TIME = "its time"
_OVER = "ended_at is null and (kind = 'pause' and until <= :now or kind = 'skip' and until <= :long_ago)"


class Overrides:
    """The overrides of a state. They know jobs by name, so that removing a job does not remove its pause."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def pause(self, job: str | None, until: datetime | None, who: str, why: str, now: datetime) -> Override | None:
        """Pause a job, or all of them; one that is paused already takes the new author, reason and end.

        Returns what it said before where it was paused already.
        """
        values = {"job": job, "who": who, "why": why, "until": _text(until), "now": to_text(now)}
        with self._db.write():
            self._expire(now)
            before = self._open("pause", job, None)
            if before is None:
                self._db.execute(
                    "insert into overrides (kind, job, who, why, since, until) "
                    "values ('pause', :job, :who, :why, :now, :until)",
                    values,
                )
            else:
                self._db.execute(
                    "update overrides set who = :who, why = :why, until = :until "
                    "where kind = 'pause' and job is :job and ended_at is null",
                    values,
                )
        return _override(before) if before else None

    def resume(self, job: str | None, who: str, now: datetime) -> bool:
        """End the pause of a job, or that of all of them; False where there is none."""
        with self._db.write():
            self._expire(now)
            return self._end("pause", job, None, who, now)

    def skip(self, job: str, nominal: str, last_due: datetime, who: str, why: str, now: datetime) -> bool:
        """Skip one occurrence; False where it is skipped already. last_due: when it is due in the last of its zones."""
        values = {"job": job, "nominal": nominal, "until": to_text(last_due), "who": who, "why": why}
        with self._db.write():
            return 1 == self._db.execute(
                "insert into overrides (kind, job, nominal, who, why, since, until) "
                "values ('skip', :job, :nominal, :who, :why, :now, :until) on conflict do nothing",
                {**values, "now": to_text(now)},
            )

    def unskip(self, job: str, nominal: str, who: str, now: datetime) -> bool:
        """Have an occurrence sent after all; False where it is not skipped."""
        with self._db.write():
            return self._end("skip", job, nominal, who, now)

    def _end(self, kind: str, job: str | None, nominal: str | None, who: str, now: datetime) -> bool:
        return 1 == self._db.execute(
            "update overrides set ended_at = :now, ended_by = :who "
            "where kind = :kind and job is :job and nominal is :nominal and ended_at is null",
            {"kind": kind, "job": job, "nominal": nominal, "who": who, "now": to_text(now)},
        )

    def _open(self, kind: str, job: str | None, nominal: str | None) -> Row | None:
        return self._db.row(
            "select * from overrides where kind = :kind and job is :job and nominal is :nominal and ended_at is null",
            {"kind": kind, "job": job, "nominal": nominal},
        )

    # -- the passing of time ----------------------------------------------------------------------------

    def expire(self, now: datetime) -> list[Override]:
        """Record the end of pauses whose time is over, and of skips long past; returns those pauses."""
        query = f"select 1 from overrides where {_OVER} limit 1"
        if self._db.value(query, _over(now)) is None:
            return []
        with self._db.write():
            return self._expire(now)

    def _expire(self, now: datetime) -> list[Override]:
        """A pause ended at its time, whenever that is written down."""
        rows = self._db.rows(
            f"update overrides set ended_at = until, ended_by = :by where {_OVER} returning *",
            {**_over(now), "by": _ITS_TIME},
        )
        return [_override(row) for row in rows if row["kind"] == "pause"]

    def next_end(self) -> datetime | None:
        """When the next pause ends by itself."""
        found = self._db.value("select min(until) from overrides where kind = 'pause' and ended_at is null")
        return from_text(found) if found else None

    def pending_of(self, job: str, nominal: str) -> list[int]:
        """The deliveries of an occurrence that wait already, which no skip reaches."""
        rows = self._db.rows(
            "select d.id from deliveries d join occurrences o on o.id = d.occurrence_id "
            "where o.job = :job and o.nominal = :nominal and d.state = 'pending' order by d.id",
            {"job": job, "nominal": nominal},
        )
        return [row["id"] for row in rows]

    # -- what is overridden -----------------------------------------------------------------------------

    def open_ones(self, now: datetime) -> list[Override]:
        """Those that still keep something from being sent, the oldest first."""
        rows = self._db.rows(OPEN_OVERRIDES, {"now": to_text(now)})
        return [_override(row) for row in rows]

    def all_for_planning(self, now: datetime) -> tuple[Override, ...]:
        """All that may say something about an occurrence that is planned now, or was due in the last forty days."""
        query = "select * from overrides where ended_at is null or kind = 'pause' and ended_at > :long_ago order by id"
        return tuple(_override(row) for row in self._db.rows(query, {"long_ago": to_text(now - _REMEMBERED)}))


OPEN_OVERRIDES = "select * from overrides where ended_at is null and (until is null or until > :now) order by since, id"


def _override(row: Row) -> Override:
    until, ended_at = (from_text(row[name]) if row[name] else None for name in ("until", "ended_at"))
    since = from_text(row["since"])
    return Override(row["kind"], row["job"], row["nominal"], row["who"], row["why"], since, until, ended_at)


def _over(now: datetime) -> dict[str, str]:
    return {"now": to_text(now), "long_ago": to_text(now - _REMEMBERED)}


def _text(moment: datetime | None) -> str | None:
    return to_text(moment) if moment else None
