"""Texts that people write to a sender: kept for as long as the sandbox runs, to be asked for by their uuid."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from reminderd.gateway.sandbox.course import intent
from reminderd.gateway.sandbox.index import Criteria
from reminderd.message import measure
from reminderd.model import digits

MOST_KEPT = 10_000


class Received(NamedTuple):
    """One incoming text. src: the phone it came from, dst: the sender it was written to; digits."""

    message_uuid: str
    at: datetime
    auth_id: str
    src: str
    dst: str
    text: str
    units: int

    @property
    def intent(self) -> str:
        """What Plivo takes it for: optout, optin, help or nothing in particular."""
        return intent(self.text)


class Incoming:
    """What came in, the newest of it."""

    def __init__(self) -> None:
        self._kept: dict[str, Received] = {}

    def take(self, auth_id: str, phone: str, sender: str, text: str, now: datetime) -> Received:
        """Keep a text from a phone to a sender."""
        units = measure(text).segments
        received = Received(str(uuid.uuid4()), now, auth_id, digits(phone), digits(sender), text, units)
        while len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[received.message_uuid] = received
        return received

    def find(self, message_uuid: str) -> Received | None:
        return self._kept.get(message_uuid)

    def search(self, criteria: Criteria, offset: int, limit: int) -> Sequence[Received]:
        """At most `limit` texts that meet the criteria, newest first, after passing over `offset` of them."""
        found = (received for received in reversed(self._kept.values()) if _meets(received, criteria))
        return list(islice(found, offset, offset + limit))

    def clear(self) -> None:
        self._kept.clear()


def _meets(received: Received, criteria: Criteria) -> bool:
    asked = ((received.src, criteria.src), (received.dst, criteria.dst), ("sms", criteria.type))
    return (
        received.auth_id == criteria.auth_id
        and criteria.since <= received.at.timestamp() < criteria.until
        and all(wanted is None or value == wanted for value, wanted in asked)
    )
