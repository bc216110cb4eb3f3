"""What Plivo reports, while a state that may be an older one is held, of messages that this state does not know.

Each is said beside the hold, and what was due by then to the same phone from the same sender gets a hold of its own: the message may have
been that one. A hold too many can be released; a second text cannot be taken back.
"""

from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from reminderd.clock import to_text
from reminderd.gateway.callbacks import StatusReport
from reminderd.model import digits, mask
from reminderd.reconciler import SLACK
from reminderd.reconciler.numbers import could_be
from reminderd.store import Refusal, Store

KEY = "reported"  # in the hold's detail
_WHO = "Plivo's report"
_MOST, _MOST_SHOWN = 1000, 10
_SAID = "; Plivo reports "


class _Message(NamedTuple):
    phone: str
    sender: str
    at: datetime


class Reported:
    """In the loop's thread."""

    def __init__(self, store: Store, kind: str) -> None:
        """kind: of the hold."""
        self._store = store
        self._kind = kind
        self._messages: dict[str, _Message] = {}  # by uuid; full numbers are kept in memory alone
        self._kept: set[int] = set()

    def hear(self, said: StatusReport, now: datetime) -> None:
        """One more report, inside the transaction of the caller; of each message the first counts."""
        hold, details = self._store.holds.find(self._kind, ""), said.details
        known: list[list[str]] = hold.detail.get(KEY, []) if hold else []
        if hold is None or len(known) >= _MOST or any(said.message_uuid == each[0] for each in known):
            return
        at = details.queued_at or now
        known = [*known, [said.message_uuid, mask(digits(details.phone or "")), to_text(at)]]
        if details.phone is not None and details.sender is not None:
            message = self._messages[said.message_uuid] = _Message(details.phone, details.sender, at)
            self._keep(message, now)
        self._store.holds.open(self._kind, with_reports(hold.reason, known), {**hold.detail, KEY: known}, now)

    def keep_back(self, now: datetime) -> None:
        """Before the hold is over: what was planned since the reports came is kept back too."""
        for message in self._messages.values():
            self._keep(message, now, self._kept)
        self._messages, self._kept = {}, set()

    def _keep(self, message: _Message, now: datetime, but: set[int] | frozenset[int] = frozenset()) -> None:
        why = f"Plivo reports a message of {to_text(message.at)} to them that this state does not know"
        for one in self._store.deliveries.owed_before(message.at + SLACK):
            same = digits(one.sender).casefold() == digits(message.sender).casefold()
            if one.id not in but and same and could_be(digits(message.phone), one.phone):
                with suppress(Refusal):  # it is on hold already
                    self._store.operations.hold(one.id, None, _WHO, why, now)
                self._kept.add(one.id)


def with_reports(reason: str, known: list[list[str]]) -> str:
    """The hold's reason, with what Plivo reports."""
    if not known:
        return reason
    shown = ", ".join(f"{to} of {at}" for _, to, at in known[:_MOST_SHOWN]) + (" …" if len(known) > _MOST_SHOWN else "")
    number = "1 message" if len(known) == 1 else f"{len(known)} messages"
    return (
        f"{reason.partition(_SAID)[0]}{_SAID}{number} that this state does not know (to {shown}): what was due to them by then "
        "stays on hold when this is approved (reminderd release ID lets it go)"
    )


def without_reports(detail: dict[str, Any]) -> dict[str, Any]:
    """What an approval was about."""
    return {name: value for name, value in detail.items() if name != KEY}
