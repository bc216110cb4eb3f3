"""How late requests begin, how long they take, and how they end."""

from collections.abc import Iterable
from datetime import datetime

from reminderd.clock import Clock
from reminderd.store import Claim, Finished
from reminderd.store.deliveries import OUTCOMES
from reminderd.telemetry import Figures


class Measures:
    """Called from the loop's thread, but for `ended`."""

    def __init__(self, clock: Clock, figures: Figures | None) -> None:
        self._clock = clock
        self._figures = figures or Figures(clock)
        self._began: dict[int, float] = {}  # by attempt
        self._ended: dict[int, float] = {}

    def begun(self, claims: Iterable[Claim], now: datetime) -> None:
        """The beginnings of these claims' requests are committed."""
        moment = self._clock.boottime()
        for claim in claims:
            self._began[claim.attempt_id] = moment
            if claim.not_before is not None:
                self._figures.lateness.observe(max(0.0, (now - claim.not_before).total_seconds()))

    def ended(self, finished: Finished) -> None:
        """Its sender is done; in the sender's thread."""
        self._ended[finished.claim.attempt_id] = self._clock.boottime()

    def recorded(self, finished: Iterable[Finished]) -> None:
        """These outcomes are committed."""
        for claim, outcome in finished:
            self._figures.attempts[OUTCOMES[type(outcome)]] += 1
            began, ended = self._began.pop(claim.attempt_id, None), self._ended.pop(claim.attempt_id, None)
            if began is not None and ended is not None:
                self._figures.requests.observe(max(0.0, ended - began))
