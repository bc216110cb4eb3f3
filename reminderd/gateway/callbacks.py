"""What Plivo says by itself: the reports of its status callbacks, and the texts that people wrote, out of whatever came. Pure.

The token of the attempt is in the path of a callback's address, which every version of Plivo's signature covers.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from reminderd.gateway.classify import message_uuid, utc
from reminderd.gateway.details import NEED_A_CODE, charge_of, code_of, network_of, parts_of, whole_of
from reminderd.gateway.intents import INTENTS
from reminderd.gateway.port import Details, MessageState

STATUS_PATH = "/plivo/status/"
INBOUND_PATH = "/plivo/inbound"

Form = Mapping[str, Sequence[str]]
"""The fields of a form, each with all of its values."""

_REPORTED = frozenset(MessageState) - {MessageState.RECEIVED}
_LONGEST_NUMBER = 40
_LONGEST_TEXT = 4000
_MOST_MEDIA = 100
_ADDRESS = re.compile(rf"\+?[0-9A-Za-z .&_-]{{1,{_LONGEST_NUMBER}}}")


class StatusReport(NamedTuple):
    """What Plivo says of one message: token: the attempt's. sender, phone: as Plivo writes them; None where it does not.

    sequence: the order in which Plivo made its reports of this message; None where it does not say. proven: whether Plivo
    signed all of it; else Plivo, when asked, knew such a message, and what is reported here is its answer.
    """

    token: str
    message_uuid: str
    details: Details
    sequence: int | None = None
    proven: bool = True


class InboundText(NamedTuple):
    """What somebody wrote to one of our numbers. phone, sender: theirs and ours, E.164 where Plivo gives digits.

    intent: Plivo's own word for it, `optout`, `optin`, `help`, or "" for nothing in particular; None where it says none. at: when it was
    written. media: how many pictures and such came with it. proven: whether Plivo signed all of it; else Plivo,
    when asked, knew such a message, of which it does not tell the text.
    """

    message_uuid: str
    phone: str
    sender: str
    text: str
    intent: str | None = None
    at: datetime | None = None
    media: int = 0
    proven: bool = True


Arrival = StatusReport | InboundText


def read_status(token: str, form: Form) -> StatusReport | str:
    """The report of a callback; or, in words that repeat nothing of it, why it is none."""
    uuid = message_uuid({"message_uuid": _one(form, "MessageUUID")})
    if uuid is None:
        return "MessageUUID is missing or cannot be read"
    said = _one(form, "Status")
    if said not in _REPORTED:
        return "Status is missing or not a known one"
    state = MessageState(said)
    code = code_of(_one(form, "ErrorCode"))
    if code is None and state in NEED_A_CODE:
        return "ErrorCode cannot be read"
    return StatusReport(token, uuid, _details(form, state, code or None), whole_of(_one(form, "Sequence")))


def _details(form: Form, state: MessageState, code: int | None) -> Details:
    queued = utc(_one(form, "QueuedTime")) or utc(_one(form, "MessageTime"))
    sent = utc(_one(form, "SentTime"))
    return Details(
        state,
        code,
        parts_of(_one(form, "Units")),
        utc(_one(form, "DeliveryReportTime")) or sent or queued,
        sender=_address(_one(form, "From")),
        phone=_address(_one(form, "To")),
        charged=charge_of(_one(form, "TotalAmount")),
        mcc=network_of(_one(form, "MCC")),
        mnc=network_of(_one(form, "MNC")),
        queued_at=queued,
        sent_at=sent,
    )


def read_inbound(form: Form) -> InboundText | str:
    """What somebody wrote; or, in words that repeat nothing of it, why it cannot be read."""
    uuid = message_uuid({"message_uuid": _one(form, "MessageUUID")})
    if uuid is None:
        return "MessageUUID is missing or cannot be read"
    phone, sender = _address(_one(form, "From")), _address(_one(form, "To"))
    if phone is None or sender is None:
        return "From or To is missing or cannot be read"
    text = _one(form, "Text")
    text = _one(form, "Body") if text is None else text
    intent = _one(form, "MessageIntent")
    return InboundText(
        uuid,
        _e164(phone),
        _e164(sender),
        (text or "")[:_LONGEST_TEXT],
        None if intent is None else _intent(intent),
        utc(_one(form, "MessageTime")),
        min(whole_of(_one(form, "MediaCount")) or 0, _MOST_MEDIA),
    )


def _intent(said: str) -> str:
    word = said.strip().lower()
    return word if word in INTENTS else ""


def _one(form: Form, field: str) -> str | None:
    """The field's value; None where there is none, or several."""
    values = form.get(field, ())
    return values[0] if len(values) == 1 else None


def _address(value: str | None) -> str | None:
    """A number or a sender's name."""
    text = (value or "").strip()
    return text if _ADDRESS.fullmatch(text) else None


def _e164(address: str) -> str:
    return f"+{address}" if address.isdigit() and len(address) > 6 else address
