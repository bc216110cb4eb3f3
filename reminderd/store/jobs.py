"""The declared jobs as the state knows them: last good versions, cursors, absence, and what a new catalog changes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from reminderd.clock import from_text, to_text
from reminderd.model import Job, Problem, State
from reminderd.plan import LEAST_VALIDITY, appointments_key
from reminderd.recurrence import parted
from reminderd.store.births import find_equal
from reminderd.store.connection import Connection, Row, listed_rows
from reminderd.store.endings import ENDED, end_for_good
from reminderd.store.moves import Why, move
from reminderd.store.optouts import IS_OPTED_OUT
from reminderd.store.reminders import Reminders

# A job that was away for no longer than this was never away: a git checkout, a file being rewritten.
BRIEF_ABSENCE = timedelta(seconds=60)

EACH_ZONE = "recipient"  # stands for a zone where each recipient's own is meant
NOT_DECLARED = "its job is no longer declared"
NOT_RECIPIENT = "its recipient is no longer in the job"

_AT_ONCE = 200  # rows in one statement


@dataclass(frozen=True, slots=True)
class KnownJob:
    """One row of the jobs table."""

    name: str
    file: str
    line: int
    definition: str
    digest: str
    zone: str
    enabled: bool
    present: bool
    held: bool
    first_loaded_at: datetime
    loaded_at: datetime
    absent_since: datetime | None


class Replaced(NamedTuple):
    """changed: names whose row changed, removed ones included. moved: deliveries with their new (state, reason)."""

    changed: list[str]
    moved: list[tuple[int, str, State, str]]  # id, job, state, reason


class Jobs:
    """Jobs and cursors. Each public method is one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self._moved: list[tuple[int, str, State, str]] = []

    def known(self) -> dict[str, KnownJob]:
        """Every job that was ever declared, by name."""
        return {row["name"]: _known(row) for row in self._db.rows("select * from jobs")}

    def cursors(self) -> dict[tuple[str, str], datetime]:
        """(job, zone) to the instant up to which its occurrences are planned."""
        rows = self._db.rows("select job, zone, planned_until from cursors")
        return {(row["job"], row["zone"]): from_text(row["planned_until"]) for row in rows}

    def files(self) -> dict[str, bytes]:
        """By digest, the contents of all files that declared jobs use besides their own."""
        return contents(self._db)

    def unfinished(self) -> dict[tuple[str, str], str]:
        """(job, zone) to the nominal time of the occurrence that is planned in part only."""
        rows = self._db.rows("select job, zone, nominal from unfinished")
        return {(row["job"], row["zone"]): row["nominal"] for row in rows}

    def replace(
        self,
        jobs: Mapping[str, Job],
        held: Collection[str],
        problems: Iterable[Problem],
        now: datetime,
        awake_since: datetime,
        *,
        keep: Collection[str] = (),
    ) -> Replaced:
        """Make `jobs` the declared ones.

        held: names in `jobs` that run on only because their removal waits for approval.
        keep: names that stay declared although nobody can run them now.
        awake_since: where a changed job's cursor starts; `now`, or at start the time at which the last daemon was alive.
        """
        known = self.known()
        changed = [job for job in jobs.values() if _differs(known.get(job.name), job, job.name in held)]
        gone = [old for name, old in known.items() if old.present and name not in jobs and name not in keep]
        self._moved = []
        with self._db.write():
            # First, so that what is taken back does not give way to what is withdrawn in the same moment.
            ended = Reminders(self._db).ended(old.name for old in gone)
            for old in gone:
                self._remove(old, now, ended=old.name in ended)
            for job in changed:
                self._declare(job, known.get(job.name), job.name in held, now, awake_since)
            if changed or gone:
                self._forget_files()
            self._replace_problems(problems)
        return Replaced([job.name for job in changed] + [old.name for old in gone], self._moved)

    def _declare(self, job: Job, old: KnownJob | None, held: bool, now: datetime, awake_since: datetime) -> None:
        same = old is not None and old.digest == job.digest
        self._db.execute(
            """
            insert into jobs (name, file, line, definition, digest, zone, enabled, present, held,
                              first_loaded_at, loaded_at, absent_since)
            values (:name, :file, :line, :definition, :digest, :zone, :enabled, 1, :held, :now, :now, null)
            on conflict (name) do update set file = :file, line = :line, definition = :definition, digest = :digest,
                zone = :zone, enabled = :enabled, present = 1, held = :held, absent_since = null,
                loaded_at = case when digest = :digest and present = 1 then loaded_at else :now end
            """,
            {
                "name": job.name,
                "file": job.source.file,
                "line": job.source.line,
                "definition": job.definition,
                "digest": job.digest,
                "zone": EACH_ZONE if job.recipient_zones else job.timezone,
                "enabled": job.enabled,
                "held": held,
                "now": to_text(now),
            },
        )
        if old is not None or job.files:
            self._keep_files(job)
        if not same or (old is not None and not old.present):
            self._start_cursors(job, old, now, awake_since)
            self._match_recipients(job, now)

    def _start_cursors(self, job: Job, old: KnownJob | None, now: datetime, awake_since: datetime) -> None:
        """A rule is owed from now on, or from where a changed job's planning stood; times of `at` are looked at anew."""
        appointments, rules = parted(job.schedule)
        for zone in job.by_zone():
            if appointments is not None:
                key = appointments_key(zone) if rules else zone
                self._db.execute("delete from cursors where job = :job and zone = :key", {"job": job.name, "key": key})
            if rules is not None:
                self._start_cursor(job, zone, old, now, awake_since)

    def _start_cursor(self, job: Job, zone: str, old: KnownJob | None, now: datetime, awake_since: datetime) -> None:
        key = {"job": job.name, "zone": zone}
        away = old is None or not old.enabled or (old.absent_since and old.absent_since < now - BRIEF_ABSENCE)
        planned = self._db.value("select planned_until from cursors where job = :job and zone = :zone", key)
        # Nobody planned for it while it was briefly gone: what it says now is owed from then on.
        start = now if away else (old and old.absent_since) or awake_since
        if planned and not away:
            kept = old is not None and old.digest == job.digest
            start = from_text(planned) if kept else max(start, from_text(planned))
        self._db.execute(
            "insert into cursors (job, zone, planned_until) values (:job, :zone, :start) "
            "on conflict (job, zone) do update set planned_until = :start",
            {**key, "start": to_text(start)},
        )

    def _keep_files(self, job: Job) -> None:
        """Keep what the job was made of, so that it can be made again when its files are gone or broken."""
        self._db.execute("delete from job_files where job = :job", {"job": job.name})
        for file in job.files:
            values = {"job": job.name, **file._asdict()}
            self._db.execute("insert or ignore into files (digest, content) values (:digest, :content)", values)
            self._db.execute("insert into job_files (job, path, digest) values (:job, :path, :digest)", values)

    def _forget_files(self) -> None:
        """Drop the contents that no declared job uses any more."""
        self._db.execute("delete from job_files where job in (select name from jobs where present = 0)")
        self._db.execute("delete from files where digest not in (select digest from job_files)")

    def _match_recipients(self, job: Job, now: datetime) -> None:
        """Withdraw what is owed to people who left the job, and take back what was withdrawn from those who returned."""
        wanted = {recipient.identity for recipient in job.recipients}
        query = (
            "select d.id, d.job, d.recipient, d.state, d.withdrawn, d.valid_until, d.phone, d.due_at, d.text, d.occurrence_id, d.proven_by, "
            f"{IS_OPTED_OUT} from deliveries d where d.job = :job and d.drill = 0 "
            "and (d.state in ('pending', 'sending', 'in_doubt') or d.withdrawn is not null)"
        )
        for row in self._db.rows(query, {"job": job.name}):
            if row["recipient"] not in wanted:
                self._withdraw(row, NOT_RECIPIENT, now)
            elif row["withdrawn"]:
                self._take_back(row, now)

    def _remove(self, old: KnownJob, now: datetime, *, ended: bool) -> None:
        """ended: through the API, so that what is cancelled here never comes back."""
        self._db.execute(
            "update jobs set present = 0, held = 0, absent_since = :now where name = :name",
            {"name": old.name, "now": to_text(now)},
        )
        query = "select id, job, state, withdrawn from deliveries where job = :job and state in ('pending', 'sending', 'in_doubt')"
        for row in self._db.rows(query, {"job": old.name}):
            self._withdraw(row, ENDED if ended else NOT_DECLARED, now)
        if ended:
            end_for_good(self._db, old.name)

    def _withdraw(self, row: Row, why: str, now: datetime) -> None:
        if row["withdrawn"]:
            return
        self._db.execute("update deliveries set withdrawn = :why where id = :id", {"why": why, "id": row["id"]})
        if row["state"] == State.PENDING:
            move(self._db, row["id"], State.PENDING, State.CANCELLED, now, Why(why))
            self._moved.append((row["id"], row["job"], State.CANCELLED, why))

    def _take_back(self, row: Row, now: datetime) -> None:
        if row["state"] == State.CANCELLED and row["text"] is None:
            return  # there is nothing left to send
        if row["proven_by"] is not None:
            return  # Plivo took it after all
        if row["withdrawn"] == ENDED:
            return  # it was under way or in doubt then
        if row["state"] == State.CANCELLED and find_equal(self._db, row["occurrence_id"], row) is not None:
            return  # another name has sent it meanwhile, or will
        self._db.execute("update deliveries set withdrawn = null where id = :id", {"id": row["id"]})
        if row["opted_out"]:
            return  # nor does it come back when they want messages again
        if row["state"] == State.CANCELLED and from_text(row["valid_until"]) > now + LEAST_VALIDITY:
            why = Why("its job or recipient returned in time")
            move(self._db, row["id"], State.CANCELLED, State.PENDING, now, why)
            self._moved.append((row["id"], row["job"], State.PENDING, why.reason))

    def _replace_problems(self, problems: Iterable[Problem]) -> None:
        self._db.execute("delete from problems")
        rows = [
            (position, each.file, each.line, each.column, each.path, each.message, each.hint)
            for position, each in enumerate(problems)
        ]
        # Many at once: each statement is a turn for other threads, and the one that reads the files takes its time.
        for start in range(0, len(rows), _AT_ONCE):
            places, values = listed_rows(rows[start : start + _AT_ONCE])
            self._db.execute(
                f'insert into problems (position, file, line, "column", path, message, hint) values {places}', values
            )

    def rewind_cursors(self, now: datetime) -> int:
        """Set every cursor that is ahead of now back to now; the unique keys keep what was sent from being sent again."""
        with self._db.write():
            return self._db.execute(
                "update cursors set planned_until = :now where planned_until > :now", {"now": to_text(now)}
            )


def contents(connection: Connection) -> dict[str, bytes]:
    """By digest, the contents of all files that declared jobs use; none in a state of before they were kept."""
    if connection.value("select 1 from sqlite_master where name = 'files'") is None:
        return {}
    return {row["digest"]: row["content"] for row in connection.rows("select digest, content from files")}


def _differs(old: KnownJob | None, job: Job, held: bool) -> bool:
    return old is None or (old.digest, old.file, old.line, old.present, old.held) != (
        job.digest,
        job.source.file,
        job.source.line,
        True,
        held,
    )


def _known(row: Row) -> KnownJob:
    return KnownJob(
        row["name"],
        row["file"],
        row["line"],
        row["definition"],
        row["digest"],
        row["zone"],
        bool(row["enabled"]),
        bool(row["present"]),
        bool(row["held"]),
        from_text(row["first_loaded_at"]),
        from_text(row["loaded_at"]),
        from_text(row["absent_since"]) if row["absent_since"] else None,
    )
