"""What a running daemon knows of itself and its state may not: asked over the socket, else told by the loop's row."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from reminderd.clock import from_text
from reminderd.control import NotRunning, ask
from reminderd.duration import format_duration
from reminderd.store import Row

_SECONDS = 5.0
_NOTED = timedelta(minutes=1)  # the loop's row is kept current twice a minute


def standing(state: Path) -> dict[str, Any] | None:
    """The running daemon's own word; None where it gives none, or we may not ask."""
    try:
        answer = ask(state, {"command": "standing"}, _SECONDS)
    except (NotRunning, TimeoutError):
        return None
    return answer["result"] if answer.get("ok") else None


def trouble(said: dict[str, Any] | None, daemon: Row, loop: Row | None, now: datetime) -> str | None:
    """What is wrong with the passes of a daemon that runs; None where they are good. said: its own word."""
    noted = loop["finished_at"] if loop is not None else None
    if said is not None:
        if said["trouble"] is None:
            return None
        good = said["last_good_pass_at"]
        return f"{said['trouble']}{_ago(good, now)}"
    started = daemon["started_at"]
    if started is None or now - from_text(started) < _NOTED or (noted and now - from_text(noted) < _NOTED):
        return None
    return f"it does not answer{_ago(noted, now)}; see its log: journalctl -u reminderd"


def _ago(moment: str | None, now: datetime) -> str:
    if moment is None:
        return ", and no good pass was noted yet"
    age = max(timedelta(0), now - from_text(moment))
    return f"; its last good pass was {format_duration(timedelta(seconds=int(age.total_seconds())))} ago"


def open_alerts(rows: list[Row], said: dict[str, Any] | None) -> list[Row]:
    """The state's rows, and before them what is open and the state has not taken."""
    known = {row["name"] for row in rows if row["over_at"] is None}
    more = [each for each in said["alerts"] if each["name"] not in known] if said is not None else []
    return [{**each, "over_at": None, "over_told_at": None, "told_by": "", "over_told_by": ""} for each in more] + rows
