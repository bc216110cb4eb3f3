"""Tests through the real gateway: deliveries of no occurrence that a schedule has. Each public method is one transaction."""

from datetime import datetime, timedelta
from typing import NamedTuple

from reminderd.clock import to_text
from reminderd.model import OnDoubt, Source, Text
from reminderd.store.connection import Connection
from reminderd.store.optouts import recall_opt_outs

# No schedule has such a nominal time, so a drill is one of its own, and no cursor knows of it.
_NOMINAL = "drill {}"
# The same test within it is one: a second click, a program that repeats what it had no answer to.
ONE_MOMENT = timedelta(seconds=5)


class Drill(NamedTuple):
    """What is to be sent as a test: a job's text, to whoever asked for it."""

    job: str
    source: Source
    zone: str
    phone: str
    sender: str
    text: Text
    valid_for: timedelta


class Drills:
    """The drills of a state."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, drill: Drill, who: str, now: datetime) -> int | None:
        """Owe one message, pending from now on and never retried; its delivery's id. None where this job
        tested this phone with this text within `ONE_MOMENT`."""
        at = to_text(now)
        with self._db.write():
            if self._is_repeated(drill, now):
                return None
            recall_opt_outs(self._db, [drill.phone])
            occurrence = self._occurrence(drill, at)
            delivery: int | None = self._db.value(
                """
                insert into deliveries (occurrence_id, job, job_file, job_line, due_at, recipient, phone, sender, text,
                    encoding, segments, state, reason, who, evidence, retry_delays, on_doubt, valid_for, not_before,
                    valid_until, drill, created_at, updated_at)
                values (:occurrence, :job, :file, :line, :at, :phone, :phone, :sender, :text,
                    :encoding, :segments, 'pending', 'a test', :who, 'operator', '[]', :on_doubt, :valid_for, :at,
                    :until, 1, :at, :at)
                on conflict (occurrence_id, recipient) do nothing returning id
                """,
                {
                    "occurrence": occurrence,
                    "job": drill.job,
                    "file": drill.source.file,
                    "line": drill.source.line,
                    "phone": drill.phone,
                    "sender": drill.sender,
                    "text": drill.text.text,
                    "encoding": drill.text.encoding,
                    "segments": drill.text.segments,
                    "who": who,
                    "on_doubt": OnDoubt.WAIT,
                    "valid_for": int(drill.valid_for.total_seconds()),
                    "until": to_text(now + drill.valid_for),
                    "at": at,
                },
            )
        return delivery

    def _is_repeated(self, drill: Drill, now: datetime) -> bool:
        query = (
            "select 1 from deliveries where job = :job and phone = :phone and text = :text and drill = 1 "
            "and due_at > :since and due_at <= :now limit 1"
        )
        key = {"job": drill.job, "phone": drill.phone, "text": drill.text.text}
        return self._db.value(query, {**key, "since": to_text(now - ONE_MOMENT), "now": to_text(now)}) is not None

    def _occurrence(self, drill: Drill, at: str) -> int:
        key = {"job": drill.job, "nominal": _NOMINAL.format(at)}
        self._db.execute(
            "insert into occurrences (job, nominal, zone, due_at, planned, created_at) "
            "values (:job, :nominal, :zone, :at, 0, :at) on conflict (job, nominal) do nothing",
            {**key, "zone": drill.zone, "at": at},
        )
        found: int = self._db.value("select id from occurrences where job = :job and nominal = :nominal", key)
        return found
