"""reminderd run"""

import faulthandler
import functools
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import click

from reminderd.cli.common import FAILED, UNUSABLE, SettingsSource, clean, fail, plural, settings_options
from reminderd.clock import SystemClock, to_text
from reminderd.control import ControlServer
from reminderd.daemon import Daemon, Place, Restarts, notify, takes
from reminderd.gateway.config import PlivoConfig
from reminderd.gateway.port import Gateway, SendRequest
from reminderd.model import Problem
from reminderd.settings import Settings
from reminderd.store import (
    Mark,
    Site,
    StateError,
    StateFailure,
    StateUnavailable,
    Store,
    Tenure,
    copy_state,
    default_folder,
    host_identity,
    locked,
    state_exists,
)
from reminderd.telemetry import configure
from reminderd.web.activation import take_sockets
from reminderd.web.extra import callbacks_to

_START_SECONDS = 90.0
_SLOWEST_DISK = 5_000_000  # bytes a second


@click.command()
@click.option("--dry-run", is_flag=True, help="Send nothing and change nothing: print what would be sent.")
@click.option("--once", is_flag=True, help="Do what is due now, wait for what is in flight, and end.")
@settings_options
def command(source: SettingsSource, dry_run: bool, once: bool) -> None:
    """Run the daemon in the foreground: watch the job files, send what is due, record every step.

    \b
    SIGTERM, SIGINT  claim nothing more, wait for requests under way, end with 0
    SIGHUP           read the settings and the job files anew

    With --dry-run it works on a throwaway copy of the state, and touches neither the network nor the state.
    """
    if sys.__stderr__ is not None:
        faulthandler.enable(sys.__stderr__)  # killed by a watchdog, it shows where each thread hung
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the daemon takes signals there is nothing to read anew
    handed = take_sockets(os.environ, os.getpid())
    settings = source.settings(_tell_problems)
    # What a rehearsal prints is what would be sent; its log would tell of messages that never were.
    configure(settings.log.format, "warning" if dry_run else settings.log.level)
    if not dry_run and (missing := _missing_credentials(settings)):
        _fail(str(missing), UNUSABLE)
    restarts = Restarts.under_systemd({} if dry_run or once else os.environ, SystemClock())
    if not restarts.wait():
        return
    with ExitStack() as stack:
        tenure = None
        try:
            if dry_run:
                settings = _on_a_copy(settings, stack)
            else:
                tenure = stack.enter_context(locked(settings.state, to_text(SystemClock().now())))
                notify(takes(_opening_takes(settings.state)))
            store = Store.open(settings.state, create=True)
            if tenure is not None:
                tenure.opened()
        except StateUnavailable as error:
            _fail(f"{error}; then it can be started")  # as whatever restarts it will do by itself
        except StateError as error:
            _fail(str(error), UNUSABLE)
        stack.callback(store.close)
        _run(settings, source, store, stack, tenure, None if once else handed)
        restarts.ended_well()


def _fail(message: str, status: int = FAILED) -> NoReturn:
    """End with a sentence, which systemd has too: what it runs when the unit fails says why."""
    notify(f"STATUS={message}", patience=1)
    fail(message, status)


def _tell_problems(problems: Sequence[Problem]) -> None:
    more = f", and {plural(len(problems) - 1, 'more problem')}" if len(problems) > 1 else ""
    notify(f"STATUS={problems[0]}{more}", patience=1)


def _opening_takes(state: Path) -> float:
    """Seconds that a slow disk may need until the state is checked and its files are loaded."""
    try:
        return _START_SECONDS + state.stat().st_size / _SLOWEST_DISK
    except OSError:  # there is none yet, or opening it says what is wrong
        return _START_SECONDS


def _run(
    settings: Settings,
    source: SettingsSource,
    store: Store,
    stack: ExitStack,
    tenure: Tenure | None,
    handed: list[socket.socket] | None,
) -> None:
    """tenure: None in a rehearsal. handed: systemd's sockets; None for one pass over what is due, which nobody watches."""
    dry_run = tenure is None
    build = _rehearsal if dry_run else build_gateway
    load = functools.partial(_load_for_copy, source, settings) if dry_run else functools.partial(_load, source)
    place = _place(settings, store, tenure) if tenure is not None else None
    try:
        daemon = Daemon(settings, store, SystemClock(), build, load, place)
    except ValueError as error:
        _fail(str(error), UNUSABLE)
    daemon.handle_signals()
    if not dry_run:
        control = ControlServer(settings.state, daemon.handle)
        try:
            control.start()
        except OSError as error:
            _fail(
                f"the command socket beside {settings.state} cannot be made: {error.strerror}; mend that, and start again"
            )
        stack.callback(control.stop)
    daemon.start()
    try:
        if handed is None:
            daemon.run_once()
        else:
            if not dry_run:
                daemon.surfaces.open(handed)
            daemon.run()
    except StateFailure as error:  # only --once ends with it; the daemon says so and tries again
        _fail(f"the state {settings.state} cannot be used: {error}; what is recorded is kept, run it again")
    finally:
        daemon.close()
    if daemon.failure is not None:
        _fail(daemon.failure)


def _place(settings: Settings, store: Store, tenure: Tenure) -> Place:
    folder = settings.marks or default_folder()
    mark, site = Mark(folder, store.origin.identity().state_id), Site(folder, settings.state)
    try:
        alone = mark.take()
    except OSError:  # that it cannot be written is said by the daemon, all the time
        alone = True
    if not alone:
        _fail(
            f"another daemon on this host uses a copy of {settings.state} (its mark is {mark.path}); stop it first",
            UNUSABLE,
        )
    return Place(mark, site, host_identity(settings.host), settings.host is not None, tenure.lost)


def _missing_credentials(settings: Settings) -> Problem | None:
    if settings.plivo.auth_id is not None and settings.plivo.auth_token is not None:
        return None
    hint = (
        "give plivo.auth_id and plivo.auth_token_file in the settings, or PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN in the "
        "environment; under systemd the token may be a credential (`run --dry-run` needs none)"
    )
    return Problem("settings", 0, 0, "plivo", "Plivo's credentials are missing", hint)


def _load(source: SettingsSource) -> tuple[Settings | None, list[Problem]]:
    """The settings again, for a reload; without credentials they are no use."""
    settings, problems = source.load()
    missing = _missing_credentials(settings) if settings else None
    return settings, [*problems, *([missing] if missing else [])]


def _load_for_copy(source: SettingsSource, rehearsed: Settings) -> tuple[Settings | None, list[Problem]]:
    """The settings again, for a rehearsal, which stays on its copy of the state."""
    settings, problems = source.load()
    return settings and settings.model_copy(update={"state": rehearsed.state}), problems


def build_gateway(settings: Settings) -> Gateway:
    """Plivo, as the settings describe it."""
    from reminderd.gateway.plivo import PlivoGateway

    plivo = settings.plivo
    assert plivo.auth_id is not None
    assert plivo.auth_token is not None
    return PlivoGateway(
        PlivoConfig(
            auth_id=plivo.auth_id,
            auth_token=plivo.auth_token.get_secret_value(),
            url=plivo.url,
            threads=plivo.threads,
            connect_timeout=plivo.connect_timeout,
            read_timeout=plivo.read_timeout,
            deadline=plivo.deadline,
            proxy=plivo.proxy,
            ca_file=plivo.ca_file,
            callbacks=callbacks_to(settings),
        )
    )


def _rehearsal(_: Settings) -> Gateway:
    from reminderd.gateway.rehearsal import RehearsalGateway

    return RehearsalGateway(_print_request)


def _print_request(request: SendRequest) -> None:
    left = timedelta(seconds=request.message_expiry or 0)
    click.echo(f"would send to {request.phone} from {request.sender} (valid for {left}): {clean(request.text)}")


def _on_a_copy(settings: Settings, stack: ExitStack) -> Settings:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reminderd-dry-run-")))
    if state_exists(settings.state):
        copy_state(settings.state, folder / "state.db")
    return settings.model_copy(update={"state": folder / "state.db"})
