"""Forgetting one person: everything that names their phone, but that something was sent."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from reminderd.commands.requests import Answer, Request, phone_of
from reminderd.message import in_any_notation
from reminderd.store import Forgotten, StateFailure, Store, advice
from reminderd.telemetry import Event, emit


class _Rehearsed(Exception):
    """Rolls back what was done to see what it would do."""


def forget(store: Store, forgot: Callable[[], None], request: Request, who: str, now: datetime) -> Answer:
    """Empty what names this phone, or with `dry_run` only say what that is.

    `opt_out`: nothing is to be sent to it any more either. forgot(): called when it is done and committed.
    """
    phone, dry, opt_out = (
        phone_of(request.get("phone"), "forget"),
        bool(request.get("dry_run")),
        bool(request.get("opt_out")),
    )
    number = in_any_notation(phone)
    done: Forgotten | None = None
    try:
        with store.together():
            if opt_out:
                store.opt_outs.add(phone, "", who, "operator", "", now)
            done = store.forgetting.forget(phone, number, who, now)
            if dry:
                raise _Rehearsed
            detail = {"deliveries": done.deliveries, "cancelled": len(done.cancelled), "opt_out": opt_out}
            store.operations.record(who, "forget", store.forgetting.word(phone), detail, now)
    except _Rehearsed:
        pass
    assert done is not None
    answer = {
        **done._asdict(),
        "cancelled": [delivery for delivery, _ in done.cancelled],
        "opted_out": opt_out,
        "dry_run": dry,
        "jobs": store.forgetting.named_by(number),
    }
    if dry:
        return answer
    forgot()
    for delivery, job in done.cancelled:
        emit(Event.DELIVERY_CANCELLED, job=job, delivery=delivery, reason="forgotten")
    emit(Event.RECIPIENT_FORGOTTEN, deliveries=done.deliveries, by=who)
    return {**answer, **_rewritten(store)}


def _rewritten(store: Store) -> Mapping[str, Any]:
    """Nothing of it is to stay in the file either; where the disk does not allow that now, the answer says why."""
    try:
        emptied = store.forgetting.rewrite()
    except StateFailure as error:
        return {"rewritten": False, "trouble": f"{error}; {advice(error)}"}
    return {"rewritten": True, "log_emptied": emptied}
