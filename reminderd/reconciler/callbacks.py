"""Take what Plivo says of a message by itself: a report, and with it the proof that it took the message at all.

What follows from a report that is for good is done where polled ones are judged (`receipts.py`), so that both come to the same.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from reminderd.gateway.callbacks import StatusReport
from reminderd.model import State, digits, mask
from reminderd.reconciler.heard import Heard, Result
from reminderd.reconciler.lookup import SLACK
from reminderd.reconciler.numbers import could_be
from reminderd.reconciler.receipts import next_question, report_of
from reminderd.store import Addressed, Callback, Effect, Store
from reminderd.telemetry import Event, emit

_REMEMBERED, _MOST_SAID = timedelta(hours=1), 20
_RESULTS = {
    Effect.STRANGE: Result.STRANGE,
    Effect.REPEATED: Result.REPEATED,
    Effect.NOTED: Result.COUNTED,
    Effect.PROVED: Result.COUNTED,
}


class CallbackTaker:
    """delays, shared_sender: as the collector of receipts and the reconciler have them. unknown: who hears of what names nothing of
    ours, inside the transaction.
    """

    def __init__(
        self,
        store: Store,
        delays: Sequence[timedelta],
        shared_sender: bool,
        unknown: Callable[[StatusReport, datetime], None] = lambda _said, _now: None,
    ) -> None:
        self._store = store
        self._unknown = unknown
        self._said: dict[str, datetime] = {}  # of which unknown messages the log has a line, and since when
        self.configure(delays, shared_sender)

    def configure(self, delays: Sequence[timedelta], shared_sender: bool) -> None:
        self._delays = tuple(delays)
        self._shared_sender = shared_sender

    def hear(self, said: StatusReport, now: datetime) -> Heard:
        """In the loop's thread, inside the transaction of its caller."""
        found = self._store.callbacks.addressed(said.token)
        if found is None:
            self._unknown(said, now)
            return Heard(Result.UNKNOWN, (lambda: self._tell_unknown(said, now),))
        if not _fits(said, found) or not (said.proven or self._may_be(said, found)):
            return Heard(Result.STRANGE)
        report = report_of(said.details)
        ask = next_question(found.begun_at, self._delays, now)
        callback = Callback(said.message_uuid, report, said.sequence, said.proven)
        effect = self._store.callbacks.take(found.attempt_id, callback, ask, now)
        return Heard(_RESULTS[effect], tuple(self._told(said, found, effect)))

    def _tell_unknown(self, said: StatusReport, now: datetime) -> None:
        """A line for each message, and few of them: another program may use our address."""
        self._said = {uuid: at for uuid, at in self._said.items() if timedelta(0) <= now - at < _REMEMBERED}
        if said.message_uuid not in self._said and len(self._said) < _MOST_SAID:
            self._said[said.message_uuid] = now
            to, at = mask(digits(said.details.phone or "")), said.details.queued_at
            emit(Event.CALLBACK_UNKNOWN, to=to, at=at, receipt=said.details.state, message_uuid=said.message_uuid)

    def _may_be(self, said: StatusReport, found: Addressed) -> bool:
        """Without a signature over what it says it is worth what a row of Plivo's log is: of the right time, and of no other
        program's."""
        at = said.details.queued_at
        return not self._shared_sender and at is not None and found.begun_at - SLACK <= at <= found.ended_by + SLACK

    def _told(self, said: StatusReport, found: Addressed, effect: Effect) -> list[Callable[[], None]]:
        told: list[Callable[[], None]] = []
        about = {"job": found.job, "delivery": found.delivery_id}
        if effect is Effect.PROVED and found.state is State.IN_DOUBT:
            told.append(lambda: emit(Event.DOUBT_SETTLED, **about, state=State.ACCEPTED, by="callback"))
        if effect is Effect.PROVED and found.state is State.PENDING:
            told.append(lambda: emit(Event.DELIVERY_ACCEPTED, **about, reason="a callback proves an earlier attempt"))
        details, report = said.details, report_of(said.details)
        if effect in (Effect.NOTED, Effect.PROVED) and report.well:
            to = mask(found.phone or "")
            words, at, parts = report.words, details.at, details.units
            told.append(lambda: emit(Event.RECEIPT_DELIVERED, **about, to=to, receipt=words, at=at, segments=parts))
        return told


def _fits(said: StatusReport, found: Addressed) -> bool:
    """Whether its numbers can be the attempt's. Plivo may write a phone in another form than it was given, or mask it."""
    details = said.details
    if found.phone is None:
        return False
    sender = details.sender is None or digits(details.sender).casefold() == digits(found.sender).casefold()
    return sender and (details.phone is None or could_be(digits(details.phone), found.phone))
