"""Heartbeats: what ran, when, and how it ended. Each public method is one transaction."""

from datetime import datetime, timedelta
from enum import StrEnum

from reminderd.clock import to_text
from reminderd.store.connection import Connection

_KEPT = 100  # rows of each task
# What follows so soon on a run that went well belongs to it, for so long.
_PAUSE, _LONGEST = timedelta(minutes=1), timedelta(hours=1)


class Task(StrEnum):
    """What the daemon does again and again."""

    LOOP = "loop"
    RELOAD = "reload"
    RECONCILE = "reconcile"
    PRUNE = "prune"
    BACKUP = "backup"


class Heartbeats:
    """The runs of a state's tasks. A row's node is the host of the daemon that ran last."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def loop(self, started: datetime, now: datetime) -> None:
        """The loop, which began then, has just made a good pass: one row for each node, kept current."""
        with self._db.write():
            self._db.execute(
                "insert into heartbeats (task, node, started_at, finished_at, status) "
                "select 'loop', coalesce(host, ''), :started, :now, 'ok' from daemon where true "
                "on conflict (node) where task = 'loop' do update set "
                "started_at = excluded.started_at, finished_at = excluded.finished_at, status = 'ok', detail = ''",
                {"started": to_text(started), "now": to_text(now)},
            )

    def begin(self, task: Task, now: datetime, *, joins: bool = False) -> int:
        """A run begins; returns its row's id. joins: it goes on with one that has just ended well, where there is one.

        One that has no end yet was cut short.
        """
        with self._db.write():
            self._db.execute(
                "update heartbeats set status = 'failed', finished_at = :now, detail = 'cut short' "
                "where task = :task and status = 'running'",
                {"task": task, "now": to_text(now)},
            )
            if joins and (known := self._just_ended(task, now)) is not None:
                self._db.execute(
                    "update heartbeats set status = 'running', finished_at = null where id = :id", {"id": known}
                )
                return known
            row_id = self._db.insert(
                "insert into heartbeats (task, node, started_at, status) "
                "select :task, coalesce(host, ''), :now, 'running' from daemon",
                {"task": task, "now": to_text(now)},
            )
            self._forget(task)
        return row_id

    def _just_ended(self, task: Task, now: datetime) -> int | None:
        row = self._db.row(
            "select id, started_at, finished_at, status from heartbeats where task = :task order by id desc limit 1",
            {"task": task},
        )
        if row is None or row["status"] != "ok":
            return None
        recent = row["finished_at"] >= to_text(now - _PAUSE) and row["started_at"] >= to_text(now - _LONGEST)
        return int(row["id"]) if recent else None

    def end(self, run: int, ok: bool, detail: str, now: datetime) -> None:
        """The run is over. detail: what came of it, in a few words."""
        with self._db.write():
            self._db.execute(
                "update heartbeats set status = :status, detail = :detail, finished_at = :now "
                "where id = :id and status = 'running'",
                {"id": run, "status": _status(ok), "detail": detail, "now": to_text(now)},
            )

    def note(self, task: Task, started: datetime, finished: datetime, ok: bool, detail: str) -> None:
        """A run that is over already, maybe another process's."""
        with self._db.write():
            self._db.execute(
                "insert into heartbeats (task, node, started_at, finished_at, status, detail) "
                "select :task, coalesce(host, ''), :started, :finished, :status, :detail from daemon",
                {
                    "task": task,
                    "started": to_text(started),
                    "finished": to_text(finished),
                    "status": _status(ok),
                    "detail": detail,
                },
            )
            self._forget(task)

    def close_dead(self, now: datetime) -> None:
        """At a start: what still runs by the rows has died with the last daemon."""
        with self._db.write():
            self._db.execute(
                "update heartbeats set status = 'failed', finished_at = :now, detail = 'the daemon ended before it did' "
                "where status = 'running'",
                {"now": to_text(now)},
            )

    def _forget(self, task: Task) -> None:
        self._db.execute(
            "delete from heartbeats where task = :task and id <= (select id from heartbeats where task = :task "
            "order by id desc limit 1 offset :kept)",
            {"task": task, "kept": _KEPT},
        )


def _status(ok: bool) -> str:
    return "ok" if ok else "failed"
