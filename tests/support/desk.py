"""A state on disk, with hands to move single deliveries with."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from reminderd.model import InDoubt, Instant, OnDoubt, Outcome, Source, State, Text
from reminderd.plan import NewDelivery, NewOccurrence, Plan
from reminderd.store import Claim, Finished, Settled
from tests.support.clock import START
from tests.support.world import ANNA, BERT, CARA, SENDER, World, job

HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=90)
EVERYBODY = (ANNA, BERT, CARA)


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Desk:
    """A state with one job `a` for everybody, and hands to move its deliveries with."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.world.load("a.yaml", job(cron="0 0 1 1 *", to=EVERYBODY))
        self.world.load("b.yaml", job(cron="0 0 1 1 *", to=EVERYBODY))
        self.store = self.world.store
        self.path = self.world.path
        self._tokens = 0

    def owe(
        self,
        phone: str = ANNA,
        *,
        name: str = "a",
        nominal: str = "2027-03-01T08:00:00",
        due: datetime = START,
        valid_for: timedelta = HOUR,
        retry: Sequence[int] = (60,),
        text: str = "Hello.",
    ) -> int:
        """One delivery, pending; its id."""
        new = NewDelivery(phone, State.PENDING, "due", due + valid_for, phone, None, SENDER, Text(text, "GSM-7", 1))
        delays = tuple(timedelta(seconds=each) for each in retry)
        occurrence = NewOccurrence(
            name, Source("a.yaml", 1), "UTC", Instant(nominal, due), valid_for, delays, OnDoubt.WAIT, (new,)
        )
        self.store.deliveries.add(Plan((occurrence,), {}), START)
        return max(int(row["id"]) for row in self.world.rows())

    def claim(self, most: int = 9, now: datetime = START) -> list[Claim]:
        self._tokens += most
        tokens = [f"token-{self._tokens}-{number}" for number in range(most)]
        return self.store.deliveries.claim(most, now, LEASE, tokens)

    def begin(self, now: datetime = START) -> Claim:
        """Claim the one delivery that can be claimed, and begin."""
        (claim,) = self.claim(now=now)
        assert self.store.deliveries.begin([claim], now) == {claim.attempt_id}
        return claim

    def finish(self, claim: Claim, outcome: Outcome, now: datetime = START, jitter: float = 0) -> Settled:
        (settled,) = self.store.deliveries.finish(
            [Finished(claim, outcome)], now, jitter=jitter, first_look=timedelta(0), first_receipt=timedelta(minutes=1)
        )
        return settled

    def send(self, outcome: Outcome, now: datetime = START) -> Settled:
        return self.finish(self.begin(now), outcome, now)

    def command(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.world.command(command, **arguments)

    def state(self, delivery: int) -> str:
        row = self.store.reports.delivery(delivery)
        assert row is not None
        return str(row["state"])

    def raw(self) -> sqlite3.Connection:
        """A second connection, past all of our code."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("pragma foreign_keys = on")
        return connection

    def doubtful(self, phone: str) -> int:
        """A delivery in doubt; its id."""
        delivery = self.owe(phone)
        self.send(InDoubt("time-out"))
        return delivery
