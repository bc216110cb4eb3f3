"""Reminders that were made through the API: which files are theirs, and which requests made them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from reminderd.clock import from_text, to_text
from reminderd.store.connection import Connection, Row
from reminderd.store.endings import end_for_good

BY_THE_FILES = "the files"  # as `deleted_by`: somebody else removed the file


@dataclass(frozen=True, slots=True)
class Reminder:
    """One row. written: its file was there. deleted_at: when somebody wanted it gone; removed: the file went for that.

    digests: SHA-256 in hexadecimal, of the file, of who asked with which key, and of what was asked for.
    """

    id: int
    name: str
    file: str
    digest: str
    key_digest: str | None
    request_digest: str
    who: str
    created_at: datetime
    written: bool
    deleted_at: datetime | None
    deleted_by: str | None
    removed: bool


class Wanted(NamedTuple):
    """A reminder that is to be; see `Reminder`."""

    name: str
    file: str
    digest: str
    key_digest: str | None
    request_digest: str
    who: str


class Place(StrEnum):
    """What came of asking for a row: a new one, that of the same key, or none: the name has one, a job of another file has
    it, one of either had it and is kept still, or there are too many."""

    NEW = "new"
    REPEATED = "repeated"
    TAKEN = "taken"
    DECLARED = "declared"
    USED = "used"
    FULL = "full"


class Reserved(NamedTuple):
    """found: the new row, or the one in the way. where: the file and line of a job in the way. since: when a job that had the
    name went, where that is known."""

    place: Place
    found: Reminder | None = None
    where: str = ""
    since: datetime | None = None


class Reminders:
    """Each public method is one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    # -- reading ----------------------------------------------------------------------------------------

    def by_key(self, key_digest: str) -> Reminder | None:
        return _one(self._db.row("select * from reminders where key_digest = :key", {"key": key_digest}))

    def newest(self, name: str) -> Reminder | None:
        """The one of this name that is there, or was last."""
        query = "select * from reminders where name = :name order by deleted_at is null desc, id desc limit 1"
        return _one(self._db.row(query, {"name": name}))

    def page(self, before: int | None, most: int) -> list[Reminder]:
        """Those that are there, newest first, from below the one with this id."""
        query = (
            "select * from reminders where deleted_at is null and written_at is not null and id < :before "
            "order by id desc limit :most"
        )
        rows = self._db.rows(query, {"before": 2**62 if before is None else before, "most": most})
        return [_reminder(row) for row in rows]

    def unsettled(self) -> list[Reminder]:
        """Those of which nobody knows whether the file came, or went."""
        query = (
            "select * from reminders where written_at is null or (deleted_at is not null and removed_at is null) "
            "order by id"
        )
        return [_reminder(row) for row in self._db.rows(query)]

    def ended(self, names: Iterable[str]) -> frozenset[str]:
        """Those of these jobs whose files were removed because somebody asked for that, by the API, and for each by itself."""
        query = (
            "select 1 from reminders r join jobs j on j.name = r.name and j.file = r.file where r.name = :name "
            "and r.deleted_at is not null and coalesce(r.removed_at, r.deleted_at) >= j.loaded_at limit 1"
        )
        return frozenset(name for name in names if self._db.value(query, {"name": name}))

    def runs_elsewhere(self, name: str, file: str) -> str:
        """Where another file than this one declares the job that runs by this name, as FILE:LINE; "" for nowhere."""
        query = "select file, line from jobs where name = :name and file <> :file and present = 1"
        row = self._db.row(query, {"name": name, "file": file})
        return f"{row['file']}:{row['line']}" if row else ""

    # -- writing ----------------------------------------------------------------------------------------

    def reserve(self, wanted: Wanted, now: datetime, most: int, *, vacant: bool) -> Reserved:
        """A row for a file that is to be written, unless something is in the way.

        most: how many there may be. vacant: the file of this name is not there, so whoever had the name has it no longer.
        Nobody else gets it as long as anything of theirs is kept: an occurrence of theirs would stand for one of the new job,
        which would send nothing.
        """
        with self._db.write():
            if wanted.key_digest is not None and (repeated := self.by_key(wanted.key_digest)) is not None:
                return Reserved(Place.REPEATED, repeated)
            if (taken := self._live(wanted.name)) is not None and (not vacant or taken.file != wanted.file):
                return Reserved(Place.TAKEN, taken)
            if where := self.runs_elsewhere(wanted.name, wanted.file):
                return Reserved(Place.DECLARED, where=where)
            if (used := self._used(wanted.name)) is not None:
                return used
            if int(self._db.value("select count(*) from reminders where deleted_at is null") or 0) >= most:
                return Reserved(Place.FULL)
            self._db.execute(
                "insert into reminders (name, file, digest, key_digest, request_digest, who, created_at) "
                "values (:name, :file, :digest, :key_digest, :request_digest, :who, :now)",
                {**wanted._asdict(), "now": to_text(now)},
            )
            return Reserved(Place.NEW, self._live(wanted.name))

    def written(self, id_: int, now: datetime) -> None:
        """Its file is there."""
        with self._db.write():
            self._db.execute(
                "update reminders set written_at = :now where id = :id and written_at is null",
                {"id": id_, "now": to_text(now)},
            )

    def drop(self, id_: int) -> None:
        """It came to nothing, and nobody was told that it is there."""
        with self._db.write():
            self._db.execute("delete from reminders where id = :id and written_at is null", {"id": id_})

    def condemn(self, id_: int, who: str, now: datetime) -> None:
        """Somebody wants it gone: its file goes next."""
        with self._db.write():
            self._db.execute(
                "update reminders set deleted_at = :now, deleted_by = :who where id = :id and deleted_at is null",
                {"id": id_, "who": who, "now": to_text(now)},
            )
            # What went before, with its file, does not come back with it either.
            query = "select j.name from jobs j join reminders r on r.name = j.name where r.id = :id and j.present = 0"
            if (absent := self._db.value(query, {"id": id_})) is not None:
                end_for_good(self._db, absent)

    def spare(self, id_: int) -> None:
        """Its file could not be removed."""
        with self._db.write():
            self._db.execute(
                "update reminders set deleted_at = null, deleted_by = null where id = :id and removed_at is null "
                "and not exists (select 1 from reminders o where o.name = reminders.name and o.deleted_at is null)",
                {"id": id_},
            )

    def removed(self, id_: int, now: datetime) -> None:
        """Its file is gone."""
        with self._db.write():
            self._db.execute("update reminders set removed_at = :now where id = :id", {"id": id_, "now": to_text(now)})

    def _live(self, name: str) -> Reminder | None:
        return _one(self._db.row("select * from reminders where name = :name and deleted_at is null", {"name": name}))

    def _used(self, name: str) -> Reserved | None:
        """Who had this name, if anything of them is kept."""
        if (last := self.newest(name)) is not None:
            return Reserved(Place.USED, last, since=last.deleted_at)
        row = self._db.row("select absent_since from jobs where name = :name", {"name": name})
        if row is None:
            return None
        return Reserved(Place.USED, since=from_text(row["absent_since"]) if row["absent_since"] else None)


def _one(row: Row | None) -> Reminder | None:
    return None if row is None else _reminder(row)


def _reminder(row: Row) -> Reminder:
    return Reminder(
        row["id"],
        row["name"],
        row["file"],
        row["digest"],
        row["key_digest"],
        row["request_digest"],
        row["who"],
        from_text(row["created_at"]),
        row["written_at"] is not None,
        from_text(row["deleted_at"]) if row["deleted_at"] else None,
        row["deleted_by"],
        row["removed_at"] is not None,
    )
