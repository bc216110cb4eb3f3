"""What was known of the zones' rules, and what newer rules moved. Each public method is one transaction."""

import json
from collections.abc import Mapping
from datetime import datetime

from reminderd.clock import from_text, to_text
from reminderd.model import Instant
from reminderd.recurrence import Rules
from reminderd.store.connection import Connection


class Zones:
    """The rules by which planning went on so far."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def known(self) -> dict[str, Rules]:
        """By zone: its rules as they were when they were last looked at."""
        rows = self._db.rows("select zone, since, until, offsets from zone_rules")
        return {
            row["zone"]: Rules(
                from_text(row["since"]),
                from_text(row["until"]),
                tuple((from_text(start), seconds) for start, seconds in json.loads(row["offsets"])),
            )
            for row in rows
        }

    def note(self, rules: Mapping[str, Rules], now: datetime) -> None:
        """Planning goes by these from now on."""
        with self._db.write():
            for zone, each in rules.items():
                offsets = json.dumps([[to_text(start), seconds] for start, seconds in each.offsets])
                self._db.execute(
                    "insert into zone_rules (zone, since, until, offsets, noted_at) "
                    "values (:zone, :since, :until, :offsets, :now) on conflict (zone) do update set "
                    "since = excluded.since, until = excluded.until, offsets = excluded.offsets, noted_at = excluded.noted_at",
                    {
                        "zone": zone,
                        "since": to_text(each.since),
                        "until": to_text(each.until),
                        "offsets": offsets,
                        "now": to_text(now),
                    },
                )

    def moved(self, job: str, zone: str, instant: Instant, was_due_at: datetime, now: datetime) -> None:
        """List a job whose occurrences move, from this one on."""
        with self._db.write():
            self._db.execute(
                "insert into shifts (job, zone, nominal, was_due_at, due_at, noted_at) "
                "values (:job, :zone, :nominal, :was, :due, :now)",
                {
                    "job": job,
                    "zone": zone,
                    "nominal": instant.nominal,
                    "was": to_text(was_due_at),
                    "due": to_text(instant.due_at),
                    "now": to_text(now),
                },
            )
