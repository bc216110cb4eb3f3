"""Settling a delivery that is in doubt by an operator's word, as far as Plivo's log does not speak against it."""

from datetime import datetime

from reminderd.commands.requests import Answer, Request, uuid_of, whole
from reminderd.reconciler import Findings, candidates
from reminderd.store import Doubt, Refusal, Store, Why


def doubt_to_look_up(store: Store, request: Request) -> Doubt | None:
    """The doubt that Plivo's log must be asked about first; None where a word is enough."""
    if request.get("force") or (request.get("sent") and uuid_of(request) is None):
        return None
    delivery_id = whole(request.get("id"))
    store.operations.check_in_doubt(delivery_id)
    return store.doubts.get(delivery_id)


def sent(store: Store, request: Request, who: str, now: datetime, findings: Findings | None) -> Answer:
    delivery_id, uuid = whole(request.get("id")), uuid_of(request)
    store.operations.check_in_doubt(delivery_id)
    doubt = store.doubts.get(delivery_id)
    assert doubt is not None
    if uuid is not None and store.doubts.known_uuids([uuid]):
        raise Refusal(f"the message_uuid {uuid} belongs to another delivery")
    if uuid is not None and not request.get("force"):
        _check_named(store, doubt, uuid, findings)
    why = Why("an operator says that it was sent", who, "operator", doubt.attempt_id)
    with store.together():
        if not store.doubts.accept(doubt, uuid, "operator", why, now):
            raise Refusal(f"the message_uuid {uuid} belongs to another delivery")
        store.operations.record(who, "resolve --sent", str(delivery_id), {"uuid": uuid}, now)
    return {"id": delivery_id, "state": "accepted"}


def _check_named(store: Store, doubt: Doubt, uuid: str, findings: Findings | None) -> None:
    """Refuse where Plivo's log, as far as it can be read, speaks against this name."""
    number = doubt.delivery_id
    anyhow = f"reminderd resolve {number} --sent takes your word without a name, with {uuid} --force also for that"
    if findings is None or findings.unavailable is not None:
        return
    row = next((row for row in findings.rows if row.message_uuid == uuid), None)
    if row is None and findings.whole and not findings.skipped:
        raise Refusal(f"Plivo's log has no message {uuid} of the time of delivery {number}; {anyhow}")
    if row is not None and not candidates(store, doubt, [row]):
        raise Refusal(
            f"the message {uuid} cannot be delivery {number}: Plivo's log shows another sender, phone or time; {anyhow}"
        )


def not_sent(store: Store, request: Request, who: str, now: datetime, findings: Findings | None) -> Answer:
    delivery_id = whole(request.get("id"))
    store.operations.check_in_doubt(delivery_id)
    doubt = store.doubts.get(delivery_id)
    assert doubt is not None
    if not request.get("force"):
        _check_absent(store, doubt, findings)
    why = Why("an operator says that it was not sent", who, "operator", doubt.attempt_id)
    with store.together():
        state = store.doubts.not_sent(delivery_id, why, now)
        detail = {"force": bool(request.get("force"))}
        store.operations.record(who, "resolve --not-sent", str(delivery_id), detail, now)
    return {"id": delivery_id, "state": str(state)}


def _check_absent(store: Store, doubt: Doubt, findings: Findings | None) -> None:
    """Refuse where Plivo's log cannot be read, or has a message that could be this one."""
    number = doubt.delivery_id
    force = f"reminderd resolve {number} --not-sent --force goes on without"
    if findings is None or findings.unavailable is not None:
        said = findings.unavailable.evidence if findings and findings.unavailable else "not asked"
        raise Refusal(f"Plivo's log could not be read ({said}); try again, or {force}")
    if doubt.attempt_id not in {each.attempt_id for each in findings.looked_up}:
        raise Refusal(f"delivery {number} was tried again in this moment; look again: reminderd why {number}")
    if findings.skipped:
        raise Refusal(f"{findings.skipped} rows of Plivo's log could not be read; {force}")
    found = candidates(store, doubt, findings.rows)
    if found:
        uuids = ", ".join(row.message_uuid for row in found[:5])
        raise Refusal(
            f"Plivo's log has a message that can be delivery {number}: {uuids}; if it is, "
            f"reminderd resolve {number} --sent {found[0].message_uuid}; if it surely is not, {force}"
        )
    if not findings.whole:
        raise Refusal(
            f"Plivo's log of that time is too long to be read as a whole; it has no message to the number of delivery "
            f"{number}, but could have one to that number masked or rewritten; {force}"
        )
