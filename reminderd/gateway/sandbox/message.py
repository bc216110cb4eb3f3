"""A message as the ledger has it."""

from datetime import datetime
from typing import NamedTuple

from reminderd.gateway.sandbox.course import Course


class Draft(NamedTuple):
    """A message that is about to be accepted. Numbers are digits only, as Plivo's log shows them.

    url, method: where and how what becomes of it is to be reported.
    """

    auth_id: str
    api_id: str
    src: str
    dst: str
    text: str
    units: int
    type: str = "sms"
    log: str = "true"
    message_expiry: int | None = None
    fault: str | None = None
    ends: str = Course().ends
    error_code: int | None = None
    ends_after: float = Course().after
    url: str | None = None
    method: str = "POST"


class Message(NamedTuple):
    """One line of the ledger. ts: when it was accepted, `2026-11-22T08:00:00.123456Z`. seq: from 1 without gaps."""

    seq: int
    ts: str
    auth_id: str
    api_id: str
    src: str
    dst: str
    text: str
    text_sha256: str
    message_uuid: str
    units: int
    type: str
    log: str
    message_expiry: int | None
    fault: str | None
    # Ledgers of before have none of these.
    ends: str = Course().ends
    error_code: int | None = None
    ends_after: float = Course().after
    url: str | None = None
    method: str = "POST"

    @property
    def course(self) -> Course:
        return Course(self.ends, self.error_code, self.ends_after)

    @property
    def shown_dst(self) -> str:
        """The destination as the log shows it: its last digits are hidden where the sender asked for that."""
        return self.dst[:-4] + "XXXX" if self.log in ("false", "content_only") else self.dst

    @property
    def accepted_at(self) -> datetime:
        """`ts` as an aware UTC datetime."""
        return datetime.fromisoformat(self.ts)
