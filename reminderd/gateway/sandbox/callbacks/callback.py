"""One callback: what it says, where to, and how it fared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode

from reminderd.gateway.sandbox.faults import Kind
from reminderd.gateway.sandbox.mishaps import Signature


class Standing(StrEnum):
    """How far a callback has come. ANSWERED: with 2xx. REFUSED: not to this machine. DROPPED: too many, or the sandbox ended."""

    WAITING = "waiting"
    HELD = "held"
    SENDING = "sending"
    RETRYING = "retrying"
    ANSWERED = "answered"
    GIVEN_UP = "given up"
    LOST = "lost"
    REFUSED = "refused"
    DROPPED = "dropped"

    @property
    def over(self) -> bool:
        return self not in (Standing.WAITING, Standing.HELD, Standing.SENDING, Standing.RETRYING)


@dataclass(frozen=True, slots=True)
class Try:
    """One request. at: when it was answered, or not; status: of the answer, None without one; result: in words."""

    at: str
    status: int | None
    result: str


@dataclass(slots=True)
class Callback:
    """chain: those of one chain are first tried one after another. body: the form, encoded. state: the one that it reports. fault: the rules that changed it."""

    kind: Kind
    chain: str
    message_uuid: str
    phone: str
    url: str
    method: str
    body: str
    token: str = field(repr=False)
    number: int = 0
    state: str = ""
    signature: Signature = Signature.RIGHT
    fault: str | None = None
    standing: Standing = Standing.WAITING
    tries: tuple[Try, ...] = ()
    reason: str | None = None

    @property
    def form(self) -> Mapping[str, str]:
        """What it says, field by field."""
        return dict(parse_qsl(self.body, keep_blank_values=True))

    @property
    def status(self) -> int | None:
        """The status that came back last."""
        return self.tries[-1].status if self.tries else None

    @property
    def result(self) -> str:
        """How it fared so far, in words."""
        if self.reason is not None:
            return f"{self.standing.value}: {self.reason}"
        return self.tries[-1].result if self.tries else self.standing.value

    @property
    def whole_url(self) -> str:
        """Its address with what a GET says in its query."""
        if self.method != "GET" or not self.body:
            return self.url
        return f"{self.url}{'&' if '?' in self.url else '?'}{self.body}"

    def document(self) -> Mapping[str, object]:
        """For /__control/callbacks."""
        return {
            "id": self.number,
            "kind": self.kind.value,
            "message_uuid": self.message_uuid,
            "url": self.url,
            "method": self.method,
            "form": self.form,
            "signature": self.signature.value,
            "fault": self.fault,
            "standing": self.standing.value,
            "reason": self.reason,
            "tries": [{"at": each.at, "status": each.status, "result": each.result} for each in self.tries],
        }


def encoded(form: Mapping[str, str]) -> str:
    """The form as a body or a query."""
    return urlencode(form)
