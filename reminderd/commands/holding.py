"""Keeping single deliveries back, letting them go, and approving whatever is on hold."""

from datetime import datetime

from reminderd.clock import to_text
from reminderd.commands.requests import Answer, Request, ids_of, until_of, why_of, zone_of
from reminderd.store import Hold, Store, Unknown
from reminderd.telemetry import Event, emit


def hold(store: Store, request: Request, who: str, now: datetime) -> Answer:
    """Keep pending deliveries from going out. All of them, or none where one is refused."""
    ids, why, until = ids_of(request), why_of(request), until_of(request, zone_of(request), now)
    with store.together():
        new = [each for each in ids if store.operations.hold(each, until, who, why, now)]
    for each in new:
        emit(Event.HOLD_OPENED, kind="delivery", delivery=each, by=who, until=until)
    return {"held": ids, "changed": [each for each in ids if each not in new], "until": until and to_text(until)}


def release(store: Store, request: Request, who: str, now: datetime) -> Answer:
    """Let held deliveries go out. All of them, or none where one is refused."""
    ids = ids_of(request)
    with store.together():
        released = {str(each): str(store.operations.release(each, who, now)) for each in ids}
    for each in ids:
        emit(Event.HOLD_CLOSED, kind="delivery", delivery=each, by=who)
    return {"released": released}


def approve(store: Store, wanted: int, who: str, now: datetime) -> tuple[Hold, int]:
    """Close a hold; returns it, and how many deliveries may go out now."""
    holds = store.holds.open_ones()
    found = next((each for each in holds if each.id == wanted), None)
    if found is None:
        known = ", ".join(f"{each.id} ({each.kind})" for each in holds) or "none"
        raise Unknown(f"there is no open hold {wanted}; open holds: {known}")
    with store.together():
        store.holds.close(found.id, who, True, now)
        store.operations.record(who, "approve", str(found.id), {"kind": found.kind}, now)
        if found.kind == "cursor":
            store.jobs.rewind_cursors(now)
        return found, store.holds.let_go(found.id)
