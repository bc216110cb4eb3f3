"""How the commands that change something reach the state: through a running daemon, or directly under its lock."""

import os
import sys
from contextlib import closing
from typing import Any

import click

from reminderd.cli.common import FAILED, UNUSABLE, SettingsSource, fail, print_json
from reminderd.clock import SystemClock, to_text
from reminderd.commands import Commands
from reminderd.control import NotRunning, ask, user_name
from reminderd.reconciler import look_up
from reminderd.settings import Settings
from reminderd.store import (
    COMMAND,
    Refusal,
    StateError,
    StateLocked,
    StateMissing,
    Store,
    is_locked,
    locked,
    state_exists,
)


def act(source: SettingsSource, request: dict[str, Any]) -> dict[str, Any]:
    """Have a command carried out; ends with its reason when it is refused."""
    settings = source.settings_for_state()
    request = {**request, "zone": settings.timezone}  # for times without an offset that belong to no job
    try:
        answer = _ask_daemon(settings, request) if is_locked(settings.state) else _act_directly(settings, request)
    except (NotRunning, StateError) as error:
        fail(str(error), UNUSABLE)
    if not answer.get("ok"):
        fail(str(answer.get("error", "the daemon gave no answer; see its log")), FAILED)
    result: dict[str, Any] = answer["result"]
    return result


def _ask_daemon(settings: Settings, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return ask(settings.state, request)
    except TimeoutError:
        return {"ok": False, "error": "the daemon did not answer in time; see its log"}


def _act_directly(settings: Settings, request: dict[str, Any]) -> dict[str, Any]:
    clock = SystemClock()
    if not state_exists(settings.state):
        raise StateMissing(f"there is no state at {settings.state}; `reminderd run` creates it")
    try:
        with locked(settings.state, to_text(clock.now()), COMMAND), closing(Store.open(settings.state)) as store:
            commands = Commands(store)
            doubt = commands.needs_log(request)
            findings = look_up(_gateway(settings), [doubt]) if doubt else None
            who = user_name(os.getuid())
            return {"ok": True, "result": commands.perform(request, who, clock.now(), findings)}
    except StateLocked:
        return _ask_daemon(settings, request)  # a daemon started in this moment
    except (Refusal, ValueError) as refusal:
        return {"ok": False, "error": str(refusal)}


def _gateway(settings: Settings) -> Any:
    from reminderd.cli.run import build_gateway

    if settings.plivo.auth_id is None or settings.plivo.auth_token is None:
        raise Refusal("Plivo's log cannot be asked without credentials; give them, or --force")
    return build_gateway(settings)


def show(result: dict[str, Any], as_json: bool, *lines: str) -> None:
    """Print what was done, for programs or for people."""
    if as_json:
        print_json(result)
    else:
        for line in lines:
            click.echo(line)
    sys.exit(0)
