"""What the daemon counts and measures of itself, in plain Python: always on, and costing next to nothing.

The loop's thread writes; others may read at any time. One that reads between two writes may see an attempt whose duration is
not there yet, and never a number that is wrong by itself.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from reminderd.clock import Clock
from reminderd.model import Intent

OUTCOMES = ("accepted", "refused", "not_sent", "not_begun", "in_doubt")
CALLBACK_KINDS = ("status", "inbound")
# counted: it said something new. The others changed nothing: what was known, what does not fit, what names nothing of ours, what
# is not signed, not read, not expected; and what Plivo is to say again: nobody could ask it, or the loop had no time.
CALLBACK_RESULTS = (
    *("counted", "repeated", "strange", "unknown", "unsigned", "unreadable", "unexpected", "unconfirmed", "busy"),
)
# Seconds. A reminder is on time within one; what is a day late was on hold.
_LATENESS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400)
_REQUEST = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
# The loop waits for 15 seconds at most, after failures for 30, and the files of thousands of jobs take it a while.
LONGEST_PASS = 60.0
_PASS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Histogram:
    """How often a measure fell at or below each bound."""

    __slots__ = ("_counts", "bounds", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self._counts = [0] * (len(self.bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def cumulative(self) -> list[tuple[float, int]]:
        """(bound, how many at or below it), ending with all of them at infinity."""
        return list(zip((*self.bounds, float("inf")), accumulate(self._counts.copy()), strict=True))


@dataclass(frozen=True, slots=True)
class Credit:
    """What was left on Plivo's account, in USD, when it was last told."""

    usd: float
    at: datetime


@dataclass(frozen=True, slots=True)
class RefusedCallbacks:
    """So many callbacks were refused, from the first to the last, for their signature, and none was taken meanwhile or since.

    Strangers can send such too.
    """

    since: datetime
    last: datetime
    times: int


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that is open, as the loop knows it; the state may not have taken it yet."""

    name: str
    summary: str
    since: datetime
    told_at: datetime | None


class Figures:
    """failures: how many passes in a row were cut short; failure: by what, in words that hold nothing secret; trouble: the
    same as a sentence. alerts: those that are open.

    well_loaded_at: when files were last taken over that have no problem.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.started_at = clock.now()
        self.attempts = dict.fromkeys(OUTCOMES, 0)
        self.lateness = Histogram(_LATENESS)
        self.requests = Histogram(_REQUEST)
        self.passes = Histogram(_PASS)
        self.passes_failed = 0
        self.failures = 0
        self.failure: str | None = None
        self.trouble: str | None = None
        self.alerts: tuple[OpenAlert, ...] = ()
        self.last_pass_at: datetime | None = None
        self.last_good_pass_at: datetime | None = None
        self.well_loaded_at: datetime | None = None
        self.loaded = False
        self.stopping = False
        self.credit: Credit | None = None
        # What Plivo said by itself, by kind and by what came of it; written by the listener's thread alone.
        self.callbacks = {(kind, result): 0 for kind in CALLBACK_KINDS for result in CALLBACK_RESULTS}
        self.refused: RefusedCallbacks | None = None  # written by the listener's thread; the loop's forgets it
        self.inbound = dict.fromkeys(Intent, 0)  # what people wrote, by what it was taken for
        self._pass_began = self._pass_ended = clock.boottime()

    def pass_begins(self) -> None:
        self._pass_began = self._clock.boottime()

    def pass_done(self) -> None:
        """A pass is over, and all of it went well."""
        self.failures, self.failure, self.trouble = 0, None, None
        self._pass_over()
        self.last_good_pass_at = self.last_pass_at

    def pass_failed(self, error: Exception, failures: int, trouble: str) -> None:
        """A pass was cut short by this; so many in a row were. trouble: what that means, in a sentence."""
        self.passes_failed += 1
        self.failures, self.failure, self.trouble = failures, type(error).__name__, trouble
        self._pass_over()

    def loaded_files(self, now: datetime, *, problems: int) -> None:
        """The files were taken over, with so many problems."""
        if not problems:
            self.well_loaded_at = now

    def _pass_over(self) -> None:
        self._pass_ended = self._clock.boottime()
        self.last_pass_at = self._clock.now()
        self.passes.observe(self._pass_ended - self._pass_began)

    def since_pass(self) -> float:
        """How many seconds ago the last pass was over, well or not; before the first one, since the start."""
        return self._clock.boottime() - self._pass_ended
