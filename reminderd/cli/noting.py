"""Telling the state of a backup: through the daemon that runs on it, or under its lock where none does."""

import os
from contextlib import closing
from datetime import datetime
from pathlib import Path

import click

from reminderd.clock import SystemClock, to_text
from reminderd.commands import Commands
from reminderd.control import NotRunning, ask, user_name
from reminderd.store import (
    COMMAND,
    Refusal,
    StateError,
    StateFailure,
    Store,
    has_newest_schema,
    is_locked,
    locked,
    state_exists,
)

_LONGEST = 200


def note_backup(state: Path, started: datetime, ok: bool, detail: str) -> None:
    """Note a backup among the heartbeats. A backup is as good without it: that it cannot be noted is only said."""
    printable = "".join(c if c.isprintable() else "?" for c in detail)[:_LONGEST]
    request = {"command": "backup", "started": to_text(started), "ok": ok, "detail": printable}
    try:
        trouble = _noted(state, request)
    except (NotRunning, TimeoutError, StateError, StateFailure, Refusal, OSError) as error:
        trouble = str(error)
    if trouble:
        click.echo(f"the backup is not among the heartbeats of the state: {trouble}", err=True)


def _noted(state: Path, request: dict[str, object]) -> str:
    """Why it could not be; empty where it was."""
    if is_locked(state):
        answer = ask(state, request)
        return "" if answer.get("ok") else str(answer.get("error", "the daemon gave no answer"))
    if not state_exists(state) or not has_newest_schema(state):
        return ""  # there is nothing to note it in; and a backup is no reason to change an older state
    clock = SystemClock()
    with locked(state, to_text(clock.now()), COMMAND), closing(Store.open(state)) as store:
        Commands(store).perform(request, user_name(os.getuid()), clock.now())
    return ""
