"""What the daemon notes about itself and the gateway. Each public method is one transaction."""

import json
import os
import socket
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from reminderd import __version__
from reminderd.clock import from_text, to_text
from reminderd.store.connection import Connection, Row


@dataclass(frozen=True, slots=True)
class Suspension:
    """Why nothing is claimed, and when the gateway is probed next. level: how often it was suspended in a row."""

    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    level: int = 0
    refusal: str | None = None
    refused_phones: tuple[str, ...] = ()


class Reading(NamedTuple):
    """What the wall clock showed when the clock of this boot had counted so many seconds. boot: "" where unknown."""

    wall: datetime
    boottime: float
    boot: str


class Health:
    """The daemon's and the gateway's own rows."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def started(self, now: datetime) -> datetime | None:
        """Note the start; returns when the last daemon was alive, None on a new state."""
        with self._db.write():
            before = self._db.value("select alive_at from daemon")
            self._db.execute(
                "update daemon set pid = :pid, host = :host, version = :version, started_at = :now, alive_at = "
                "coalesce(alive_at, :now), stopped_at = null",
                {"pid": os.getpid(), "host": socket.gethostname(), "version": __version__, "now": to_text(now)},
            )
        return from_text(before) if before else None

    def alive(self, now: datetime) -> None:
        """Everything due until now is planned."""
        with self._db.write():
            self._db.execute("update daemon set alive_at = :now", {"now": to_text(now)})

    def note_clock(self, reading: Reading) -> None:
        """Both clocks agree that time went on as it should."""
        with self._db.write():
            self._db.execute(
                "update daemon set clock_wall = :wall, clock_boottime = :boottime, clock_boot = :boot",
                {"wall": to_text(reading.wall), "boottime": reading.boottime, "boot": reading.boot},
            )

    def last_clock(self) -> Reading | None:
        """The last reading of the clocks that was believed, maybe another daemon's."""
        row = self._db.row("select clock_wall, clock_boottime, clock_boot from daemon where clock_wall is not null")
        return Reading(from_text(row["clock_wall"]), row["clock_boottime"], row["clock_boot"]) if row else None

    def loaded(self, digest: str, now: datetime) -> None:
        with self._db.write():
            self._db.execute(
                "update daemon set catalog_digest = :digest, catalog_loaded_at = :now",
                {"digest": digest, "now": to_text(now)},
            )

    def stopped(self, now: datetime) -> None:
        with self._db.write():
            self._db.execute("update daemon set stopped_at = :now, pid = null", {"now": to_text(now)})

    def forget_future(self, now: datetime, horizon: datetime) -> None:
        """What was written while the clock ran ahead, later than `horizon`, must not wait for that time to come.

        A message still waits for its own time.
        """
        values = {"now": to_text(now), "horizon": to_text(horizon)}
        with self._db.write():
            self._db.execute(
                "update deliveries set not_before = max(:now, due_at) "
                "where state = 'pending' and updated_at > :horizon and not_before > :now",
                values,
            )
            # What is a quiet period of the true time is looked up anew (`hush`); until then it does not go out.
            self._db.execute(
                "update deliveries set quiet_from = :now, quiet_until = :now "
                "where state = 'pending' and updated_at > :horizon and quiet_hours is not null",
                values,
            )
            self._db.execute(
                "update deliveries set reconcile_at = :now "
                "where state = 'in_doubt' and updated_at > :horizon and reconcile_at > :now",
                values,
            )
            self._db.execute("update gateway set suspended_until = :now where suspended_since > :horizon", values)

    def suspension(self) -> Suspension:
        row = self._db.row("select * from gateway")
        assert row is not None
        return suspension(row)

    def suspend(self, state: Suspension) -> None:
        """Replace what is known of the gateway."""
        with self._db.write():
            self._db.execute(
                "update gateway set suspended_since = :since, suspended_until = :until, reason = :reason, level = :level, "
                "refusal = :refusal, refused_phones = :phones",
                {
                    "since": to_text(state.since) if state.since else None,
                    "until": to_text(state.until) if state.until else None,
                    "reason": state.reason,
                    "level": state.level,
                    "refusal": state.refusal,
                    "phones": json.dumps(list(state.refused_phones)),
                },
            )


def suspension(row: Row) -> Suspension:
    return Suspension(
        row["reason"],
        from_text(row["suspended_since"]) if row["suspended_since"] else None,
        from_text(row["suspended_until"]) if row["suspended_until"] else None,
        row["level"],
        row["refusal"],
        tuple(json.loads(row["refused_phones"])),
    )
