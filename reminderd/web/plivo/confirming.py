"""Asking Plivo itself about what its signature does not vouch for, in a thread of its own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from reminderd.gateway.callbacks import Arrival, InboundText, StatusReport
from reminderd.gateway.port import Details, DetailsUnavailable, Gateway, MessageState
from reminderd.model import digits

# So many wait at the most for an answer about theirs: each takes a request.
_MOST_WAITING = 20


class Unconfirmed(Exception):
    """Nothing could be learned of it now. words: why, without anything of it."""


class Confirming:
    """gateway(): the one in use. To be used in the listener's event loop."""

    def __init__(self, gateway: Callable[[], Gateway]) -> None:
        self._gateway = gateway
        self._thread = ThreadPoolExecutor(1, "web-plivo")
        self._waiting = 0

    async def confirm(self, arrival: Arrival) -> Arrival | None:
        """The arrival as Plivo tells it when asked; None where it does not have such a message. Raises Unconfirmed."""
        found = await self._ask(arrival.message_uuid)
        return None if found is None else _confirmed(arrival, found)

    async def date(self, text: InboundText) -> InboundText:
        """The text, with the time at which it was written where Plivo knows that. Raises Unconfirmed."""
        found = await self._ask(text.message_uuid)
        return text._replace(at=found.queued_at) if found is not None and _is_of(text, found) else text

    async def _ask(self, message_uuid: str) -> Details | None:
        if self._waiting >= _MOST_WAITING:
            raise Unconfirmed("too many wait for it")
        self._waiting += 1
        try:
            ask = self._gateway().details
            answer = await asyncio.get_running_loop().run_in_executor(self._thread, ask, message_uuid)
        finally:
            self._waiting -= 1
        if isinstance(answer, DetailsUnavailable):
            if answer.unknown:
                return None
            raise Unconfirmed(answer.evidence)
        return answer

    def close(self) -> None:
        """Does not wait for what is being asked."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _confirmed(arrival: Arrival, found: Details) -> Arrival | None:
    match arrival:
        case StatusReport():
            # Its own words do not count at all. Which report of Plivo's it is, it cannot prove either.
            if found.state is MessageState.RECEIVED or found.phone is None or found.sender is None:
                return None
            return arrival._replace(details=found, sequence=None, proven=False)
        case InboundText():
            return arrival._replace(at=found.queued_at, proven=False) if _is_of(arrival, found) else None


def _is_of(text: InboundText, found: Details) -> bool:
    """Whether this is what Plivo has of that text: from them, to us."""
    return _same(found.sender, text.phone) and _same(found.phone, text.sender)


def _same(shown: str | None, claimed: str) -> bool:
    return shown is not None and digits(shown).casefold() == digits(claimed).casefold()
