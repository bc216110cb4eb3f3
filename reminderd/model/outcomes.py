"""What comes of one request to the gateway, and what Plivo's log shows. Plain data."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Accepted:
    """Plivo took the message and named it."""

    message_uuid: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Plivo's own, permanent no. `evidence` is short and holds neither the text nor a full phone number."""

    status: int
    evidence: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request certainly did not lead to a message.

    suspend: the gateway as a whole is unusable (401, 402, 407, 429): stop claiming, and spend no retry.
    retry_after: what the answer asked for, when it did.
    """

    evidence: str
    status: int | None = None
    suspend: bool = False
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class NotBegun:
    """The request was never started: the lease ran short, the claim was withdrawn or the daemon is stopping."""

    evidence: str


@dataclass(frozen=True, slots=True)
class InDoubt:
    """Nobody can know from this whether Plivo took the message."""

    evidence: str
    status: int | None = None


Outcome = Accepted | Refused | NotSent | NotBegun | InDoubt


MASKED = "X"  # in a number of the log: a digit that is not shown


class LogRow(NamedTuple):
    """One outbound message of Plivo's own log."""

    message_uuid: str
    sent_at: datetime  # message_time, UTC
    sender: str  # digits, or a sender name
    phone: str  # digits, possibly rewritten by Plivo, each hidden one as MASKED
    units: int | None
    state: str


def digits(number: str) -> str:
    """A phone number as Plivo's log shows it: only its digits. A sender name (letters) is kept as it is."""
    stripped = "".join(c for c in number if c.isdigit())
    return number if any(c.isalpha() for c in number) else stripped


def bare(sender: str) -> str:
    """A sender as it is compared: a number is the same with and without its plus sign."""
    return sender.removeprefix("+")


def mask(phone: str) -> str:
    """A phone number fit for a log: the last four digits only."""
    return f"…{phone[-4:]}" if len(phone) > 6 else "…"
