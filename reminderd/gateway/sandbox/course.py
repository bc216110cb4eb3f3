"""How an accepted message fares: queued, sent, and then what becomes of it."""

from typing import NamedTuple

from reminderd.gateway.intents import as_plivo_reads
from reminderd.model import Intent

STATES = ("queued", "sent", "delivered", "undelivered", "failed", "read")
OPTED_OUT = 200  # the error code of what goes to somebody who has said STOP
_SENT_AFTER = 1.0  # seconds
_NEVER_SENT = ("queued", "failed")
_SAID = {Intent.STOP: "optout", Intent.START: "optin", Intent.HELP: "help", Intent.OTHER: ""}


class Step(NamedTuple):
    """A state that a message comes to, with which error code, so many seconds after its acceptance."""

    state: str
    code: int | None
    after: float


class Course(NamedTuple):
    """ends: the state that the message comes to and stays in. code: with an error code. after: seconds from its acceptance."""

    ends: str = "delivered"
    code: int | None = None
    after: float = 3.0

    def standing(self, age: float) -> tuple[str, int | None]:
        """State and error code so many seconds after the acceptance."""
        if age >= self.after:
            return self.ends, self.code
        return ("queued" if age < _SENT_AFTER or self.ends in _NEVER_SENT else "sent"), None

    def steps(self) -> tuple[Step, ...]:
        """The states that it passes through, in order."""
        queued, ends = Step("queued", None, 0.0), Step(self.ends, self.code, self.after)
        if self.ends == "queued":
            return (queued,)
        if self.ends == "failed":
            return queued, ends
        sent = Step("sent", None, min(_SENT_AFTER, self.after))
        return (queued, sent) if self.ends == "sent" else (queued, sent, ends)

    def sent_after(self, age: float) -> float | None:
        """How long after its acceptance it was handed to the carrier; None while, or where, it was not."""
        at = min(_SENT_AFTER, self.after)
        return None if age < at or self.ends in _NEVER_SENT else at


def intent(text: str) -> str:
    """What Plivo says that an incoming text is meant as: optout, optin, help, or nothing in particular."""
    return _SAID[as_plivo_reads(text)]


def stops(text: str) -> bool | None:
    """Whether the text of an incoming message ends what is sent to its writer (True) or begins it again (False)."""
    return {Intent.STOP: True, Intent.START: False}.get(as_plivo_reads(text))
