"""Who wants no messages any more, or wants them again."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from reminderd.commands.requests import Answer, Request, phone_of, sender_of, word
from reminderd.model import bare, mask
from reminderd.store import Store, Unknown
from reminderd.telemetry import Event, emit


def add(store: Store, request: Request, who: str, now: datetime) -> Answer:
    """Send nothing more to a phone, from one sender or from any."""
    phone, sender = phone_of(request.get("phone"), "opt-out"), sender_of(request)
    why = word(request.get("why"), "reason") or ""
    known = any(bare(each["sender"]) == bare(sender) for each in store.opt_outs.of(phone))
    with store.together():
        cancelled = store.opt_outs.add(phone, sender, who, "operator", why, now)
        store.operations.record(who, "opt-out add", phone, {"sender": sender, "why": why}, now)
    if not known:
        emit(Event.OPT_OUT_ADDED, to=mask(phone), sender=sender or None, source="operator", by=who)
    for delivery, job in cancelled:
        emit(Event.DELIVERY_CANCELLED, job=job, delivery=delivery, reason="opted out")
    return {"phone": phone, "sender": sender, "new": not known, "cancelled": [each.id for each in cancelled]}


def remove(store: Store, request: Request, who: str, now: datetime) -> Answer:
    """Send what comes from now on to this phone again."""
    phone, sender = phone_of(request.get("phone"), "opt-out"), sender_of(request)
    there = store.opt_outs.of(phone)
    mine = next((each for each in there if bare(each["sender"]) == bare(sender)), None)
    if mine is None:
        raise Unknown(f"{phone} has not opted out of {sender or 'every sender'}{_others(phone, there)}")
    with store.together():
        store.opt_outs.remove(phone, sender)
        detail = {"sender": sender, "since": mine["since"], "source": mine["source"]}
        store.operations.record(who, "opt-out remove", phone, detail, now)
    emit(Event.OPT_OUT_REMOVED, to=mask(phone), sender=sender or None, by=who)
    left = [each["sender"] for each in there if bare(each["sender"]) != bare(sender)]
    stopped_at = store.inbound.stopped_at(phone, sender)
    return {"phone": phone, "sender": sender, "source": mine["source"], "still": left, "stopped_at": stopped_at}


def _others(phone: str, there: list[dict[str, object]]) -> str:
    if not there:
        return "; `reminderd opt-out list` shows who has"
    return f"; what there is ends with {ways_back(phone, there)}"


def ways_back(phone: str, there: Sequence[Mapping[str, object]]) -> str:
    """The commands that end these opt-outs."""
    ways = (
        f"reminderd opt-out remove {phone}" + (f" --sender {each['sender']}" if each["sender"] else "")
        for each in there
    )
    return ", ".join(ways)
