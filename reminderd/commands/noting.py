"""What other processes did, noted among the heartbeats."""

from datetime import datetime

from reminderd.clock import from_text
from reminderd.commands.requests import Answer, Request, shown, word
from reminderd.store import Refusal, Store, Task


def backup(store: Store, request: Request, who: str, now: datetime) -> Answer:  # noqa: ARG001 - as all commands
    """A backup was made, or failed: `started`, `ok`, and in `detail` what came of it."""
    given, ok = word(request.get("started"), "time"), request.get("ok")
    try:
        started = from_text(given or "")
    except ValueError:
        raise Refusal(f"{shown(given)} is not a time") from None
    if not isinstance(ok, bool) or started.tzinfo is None:
        raise Refusal("say when the backup was started, in UTC, and whether it is good")
    store.heartbeats.note(Task.BACKUP, min(started, now), now, ok, word(request.get("detail"), "text") or "")
    return {"noted": "backup"}
