"""The port to the service that sends messages: what the daemon may ask of it, and what it can answer.

Cheap to import; the adapters (`plivo`, `rehearsal`) are imported where one of them is built.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from reminderd.model import LogRow, Outcome


class SendRequest(NamedTuple):
    """One message for one phone."""

    token: str  # names the attempt; unique
    sender: str  # a number with +, a short code, or a sender name
    phone: str  # E.164
    text: str
    message_expiry: int | None  # seconds that Plivo may keep it queued; None for Plivo's own default of three hours


class LogPage(NamedTuple):
    """One page of the outbound log, newest first as a rule.

    next: hand it back as `page` for the following page; None at the end.
    skipped: how many rows of this page could not be read. While there are any, "not found" says less than usual.
    """

    rows: tuple[LogRow, ...]
    next: str | None = None
    skipped: int = 0


class LogUnavailable(NamedTuple):
    """The log could not be read now, which says nothing about any message. retry_after: when it makes sense again."""

    evidence: str
    retry_after: timedelta | None = None


class MessageState(StrEnum):
    """What Plivo says of a message that it took.

    sent: handed to a carrier. failed: never handed to any. undelivered: handed over, and not delivered. read: seen, where
    that can be known. rejected: of older accounts. received: of what somebody wrote to us.
    """

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    READ = "read"
    REJECTED = "rejected"
    RECEIVED = "received"


class Details(NamedTuple):
    """What became of one message; None for what Plivo does not say.

    error_code: None where there is none, too. units: segments. at: since when it stands so. sender, phone: from and to, as
    Plivo writes them. charged: millionths of a US dollar. mcc, mnc: the country and the network it went to.
    """

    state: MessageState
    error_code: int | None = None
    units: int | None = None
    at: datetime | None = None
    sender: str | None = None
    phone: str | None = None
    charged: int | None = None
    mcc: str | None = None
    mnc: str | None = None
    queued_at: datetime | None = None
    sent_at: datetime | None = None


class DetailsUnavailable(NamedTuple):
    """Nothing is known of this message now.

    retry_after: when it makes sense again. unknown: Plivo itself says that it has no such message. pause: it is not this
    message: asking about others makes no sense now either.
    """

    evidence: str
    retry_after: timedelta | None = None
    unknown: bool = False
    pause: bool = False


class Account(NamedTuple):
    """What Plivo says of the account itself; None for what it does not say.

    credit: what is left, in USD. auto_recharge: whether Plivo fills it up by itself. prepaid: whether sending ends where
    the credit does. trial: whether only numbers that were verified get messages.
    """

    credit: float | None = None
    auto_recharge: bool | None = None
    prepaid: bool | None = None
    trial: bool | None = None


class Probe(NamedTuple):
    """Whether the gateway answers its account's questions, and with it: whether sending makes sense again.

    status: of the answer, also of a proxy's; None where there was none. account: what a good answer says of it. date: what
    the answering server takes for the time, to the second.
    """

    ok: bool
    evidence: str
    retry_after: timedelta | None = None
    status: int | None = None
    account: Account | None = None
    date: datetime | None = None


class Ownership(NamedTuple):
    """Whether a number belongs to the account. owned: None where that could not be learned. sms: whether it is made for
    text messages, as far as Plivo says. status: of the answer; None where there was none."""

    owned: bool | None
    evidence: str
    sms: bool | None = None
    status: int | None = None


class Gateway(Protocol):
    """Safe to use from several threads. Every evidence is short and holds no text, phone number or credential."""

    def send(self, request: SendRequest, begin: Callable[[], bool]) -> Outcome:
        """Send one message, once; never raises on its own account.

        `begin` is called at most once, when the connection stands and right before the first byte is written. If it
        returns False nothing is written (NotBegun). If it raises, nothing is written and its exception comes out
        here. It is not called when the gateway cannot be reached (NotSent) or the request makes no sense (Refused
        with status 0).
        """

    def ready(self) -> int:
        """How many requests could start at once, on connections that stand; an estimate."""

    def log(
        self,
        *,
        since: datetime,
        until: datetime,
        phone: str | None = None,
        sender: str | None = None,
        page: str | None = None,
    ) -> LogPage | LogUnavailable:
        """Outbound messages with a time from `since` to `until` (aware), both included to the second.

        phone and sender narrow the question but not surely the answer: compare again. page: `LogPage.next`, asked
        with the same other arguments.
        """

    def details(self, message_uuid: str) -> Details | DetailsUnavailable:
        """Ask what became of a message that Plivo took. At most 10 times a second; never raises on its own account."""

    def probe(self) -> Probe:
        """Ask for the account: is the gateway usable (again)?"""

    def close(self) -> None:
        """Close idle connections; requests under way end by themselves, within their deadline."""
