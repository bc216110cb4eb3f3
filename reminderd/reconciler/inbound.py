"""Texts that people write to our numbers: kept, and heeded where they stop messages or begin them again."""

from collections.abc import Callable
from datetime import datetime

from reminderd.gateway.callbacks import InboundText
from reminderd.gateway.intents import intent_of
from reminderd.message import PhoneError, parse_phone
from reminderd.model import Intent, mask
from reminderd.plan import OPTED_OUT
from reminderd.reconciler.heard import Heard, Result
from reminderd.store import Store, Upshot, Written
from reminderd.telemetry import Event, Figures, emit


class InboundTexts:
    """Takes them into the state."""

    def __init__(self, store: Store, figures: Figures) -> None:
        self._store = store
        self._figures = figures

    def hear(self, text: InboundText, now: datetime) -> Heard:
        """One of them; inside the loop's transaction."""
        written = Written(
            text.message_uuid,
            _as_jobs_write(text.phone),
            text.sender,
            text.text,
            intent_of(text.text, text.intent),
            text.media,
            text.at,
        )
        upshot = self._store.inbound.record(written, now)
        if upshot is None:
            return Heard(Result.REPEATED)
        return Heard(Result.COUNTED, (lambda: self._count(written), *_telling(written, upshot)))

    def _count(self, written: Written) -> None:
        self._figures.inbound[written.intent] += 1


def _as_jobs_write(phone: str) -> str:
    """In E.164, where it is a number that a job could have. Short codes write too."""
    try:
        return parse_phone(phone)
    except PhoneError:
        return phone


def _telling(written: Written, upshot: Upshot) -> list[Callable[[], None]]:
    to, sender, intent = mask(written.phone), written.sender, written.intent
    told = [lambda: emit(Event.INBOUND_RECEIVED, phone=to, sender=sender, intent=intent, result=upshot.result)]
    match intent:
        case Intent.STOP if upshot.changed:
            number = len(upshot.cancelled)
            told.append(lambda: emit(Event.OPT_OUT_ADDED, to=to, sender=sender, source="inbound", cancelled=number))
        case Intent.START if upshot.changed:
            told.append(lambda: emit(Event.OPT_OUT_REMOVED, to=to, sender=sender, by="recipient"))
        case _:
            pass
    return told + [_cancelled(each.id, each.job) for each in upshot.cancelled]


def _cancelled(delivery: int, job: str) -> Callable[[], None]:
    return lambda: emit(Event.DELIVERY_CANCELLED, job=job, delivery=delivery, reason=OPTED_OUT)
