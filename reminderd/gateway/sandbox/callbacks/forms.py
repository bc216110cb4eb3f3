"""What callbacks say, field by field."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from reminderd.gateway.sandbox.charges import FREE, charge, network
from reminderd.gateway.sandbox.course import Step
from reminderd.gateway.sandbox.incoming import Received
from reminderd.gateway.sandbox.message import Message

_FINAL = ("delivered", "undelivered", "failed", "read")
_WITH_CODE = ("failed", "undelivered")


def status_form(message: Message, step: Step, sequence: int) -> Mapping[str, str]:
    """That `message` has come to the state of `step`."""
    accepted = message.accepted_at
    sent_after = None if step.state in ("queued", "failed") else message.course.sent_after(step.after)
    sent = None if step.state in ("queued", "failed") else accepted + timedelta(seconds=sent_after or 0.0)
    charged = charge(message.units, sent=sent is not None)
    reached = network(message.dst)
    form = {
        "From": message.src,
        "To": message.dst,
        "MessageUUID": message.message_uuid,
        "ParentMessageUUID": message.message_uuid,
        "PartInfo": "1 of 1",
        "Type": message.type,
        "Status": step.state,
        "Units": str(message.units),
        "TotalRate": charged.rate,
        "TotalAmount": charged.amount,
        "MCC": reached.mcc if reached else "",
        "MNC": reached.mnc if reached else "",
        "Sequence": str(sequence),
        "MessageTime": _time(accepted),
        "QueuedTime": _time(accepted),
        "SentTime": _time(sent),
        "DeliveryReportTime": _time(accepted + timedelta(seconds=step.after) if step.state in _FINAL else None),
        "PowerpackUUID": "",
        "requester_ip": "127.0.0.1",
    }
    if step.state in _WITH_CODE and step.code is not None:
        form["ErrorCode"] = str(step.code)
    return form


def inbound_form(received: Received) -> Mapping[str, str]:
    """That somebody wrote."""
    return {
        "From": received.src,
        "To": received.dst,
        "Text": received.text,
        "Type": "sms",
        "MessageUUID": received.message_uuid,
        "Units": str(received.units),
        "TotalRate": FREE.rate,
        "TotalAmount": FREE.amount,
        "MessageIntent": received.intent,
        "PowerpackUUID": "",
    }


def _time(moment: datetime | None) -> str:
    """UTC, without an offset; nothing for what has not happened."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
