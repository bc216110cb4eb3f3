"""`reminderd sandbox`: a local stand-in for Plivo, in the foreground."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, timedelta
from pathlib import Path
from typing import TypeVar

import click

from reminderd.clock import SystemClock
from reminderd.gateway.sandbox import (
    AUTH_ID,
    AUTH_TOKEN,
    HOST,
    Behind,
    CallbackOptions,
    Ledger,
    LedgerError,
    Options,
    PlayedAccount,
    Replacement,
    Seen,
    Service,
    environment,
    own_numbers,
    parse_behind,
    parse_credit,
    parse_fault,
    parse_replacement,
    parse_scale,
    parse_seconds,
)
from reminderd.gateway.sandbox.faults import Fault
from reminderd.model import mask

HELP = """Play Plivo's Message API on this machine, to rehearse your jobs on.

It takes messages as Plivo does, sends none, and keeps a ledger of all that it accepted. It listens on 127.0.0.1 only
and prints the lines that point reminderd at it. Ctrl-C ends it.

\b
Faults make chosen requests go wrong, by rules of key=value with commas between:
  --fault status=503,count=2                 the next two sends get a 503
  --fault 'reset=after,phone=0101$'          accepted, then the connection breaks
  --fault latency=200ms,on=any               every request takes a while
  --fault 'status=429,header=Retry-After: 30,skip=5,count=1'

\b
What happens, one of:
  latency=200ms             answered later; goes together with any other
  status=503                this answer, from 200 to 599; not accepted, unless accept=true
    body=json|text|html|empty|TEXT, header=Name: value, several with | between
  redirect=ADDRESS          302, or the status given
  hang=60s                  no answer, then the close; not accepted, unless accept=true
  reset=before|after        the connection is reset, before or after accepting
  close=before|after        the connection is closed, before or after accepting
  truncate                  accepted; half an answer
  garbage, empty            accepted; a 202 that is no JSON, or has no body
  wrong=no-uuid|null|number|list    accepted; a 202 with other JSON than it should be
  dribble=100ms             the answer comes byte by byte
  ends=failed, code=420     accepted; later it turns out to have ended so, after=3s
Which requests:
  on=send|log|details|account|number|any (send), phone=REGEX, text=REGEX
How many:
  skip=N, count=N, probability=0.1 with seed=N

\b
What it reports by itself, to who asked for it with a url on this machine, goes wrong by such rules too:
  signature=wrong|v2|ma|list|none, repeat=3, reorder, lost, latency=10s
  on=status|inbound (both), state=queued|sent|delivered|..., phone=REGEX, text=REGEX

Rules can be changed while it runs, at /__control/faults. docs/sandbox.md says more.
"""


_OFFSET = re.compile(r"([+-])(0[0-9]|1[0-4]):([0-5][0-9])")
T = TypeVar("T")


def _parse_offset(text: str) -> timedelta:
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an offset from UTC, write it like +05:30")
    sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return -offset if sign == "-" else offset


def _by(parse: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, str], T]:
    """A click callback that reads a value, and shows the ValueError's sentence when it cannot."""

    def read(ctx: click.Context, param: click.Parameter, text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from error

    return read


def _read_faults(ctx: click.Context, param: click.Parameter, specs: tuple[str, ...]) -> tuple[Fault, ...]:
    read = _by(parse_fault)
    return tuple(read(ctx, param, spec) for spec in specs)


def _read_replacements(ctx: click.Context, param: click.Parameter, specs: tuple[str, ...]) -> tuple[Replacement, ...]:
    read = _by(parse_replacement)
    return tuple(read(ctx, param, spec) for spec in specs)


def _read_behind(ctx: click.Context, param: click.Parameter, pairs: tuple[str, ...]) -> tuple[Behind, ...]:
    read = _by(parse_behind)
    return tuple(read(ctx, param, pair) for pair in pairs)


def _read_own(ctx: click.Context, param: click.Parameter, numbers: tuple[str, ...]) -> frozenset[str] | None:
    return _by(lambda _: own_numbers(numbers))(ctx, param, "") if numbers else None


@click.command("sandbox", help=HELP, short_help="Play Plivo on this machine, to rehearse your jobs on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8750, show_default=True, help="0 picks a free one.")
@click.option(
    "--ledger",
    "ledger_path",
    type=click.Path(path_type=Path),
    help="Keep what was accepted in this file, one JSON line a message; it is read back at the next start.",
)
@click.option(
    "--fault",
    "faults",
    metavar="RULE",
    multiple=True,
    callback=_read_faults,
    help="A rule as above; can be given several times.",
)
@click.option("--auth-id", help="Take only this account; else any id of 20 characters beginning with MA or SA.")
@click.option("--auth-token", help="Take only this token; else any.")
@click.option(
    "--log-lag",
    metavar="TIME",
    default="0s",
    callback=_by(parse_seconds),
    help="Show messages in the log only after this time, like 2s.",
)
@click.option(
    "--log-number",
    "numbers",
    metavar="PATTERN=REPLACEMENT",
    multiple=True,
    callback=_read_replacements,
    help="Show phones otherwise in the log, like '[0-9]{4}$=****'; can be given several times.",
)
@click.option(
    "--log-limit",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Lists of the log that are answered a minute; 0 for no limit. Plivo's own limit is 20.",
)
@click.option(
    "--account-offset",
    metavar="OFFSET",
    default="+00:00",
    callback=_by(_parse_offset),
    help="The account's distance from UTC, like +05:30; it shows in the log's times.",
)
@click.option(
    "--credit",
    metavar="AMOUNT",
    default=PlayedAccount().credit,
    callback=_by(parse_credit),
    help="What the account has left, in USD; it is not used up.",
)
@click.option(
    "--own-number",
    "own",
    metavar="NUMBER",
    multiple=True,
    callback=_read_own,
    help="Only these numbers belong to the account; else any does.",
)
@click.option("--inbound-url", metavar="URL", help="Pass on here, signed, what people write; on this machine only.")
@click.option(
    "--callback-scale",
    metavar="FACTOR",
    default="1",
    callback=_by(parse_scale),
    help="How long the pauses are before a callback is tried again; they are 60, 120 and 240 s for 1, as with Plivo.",
)
@click.option(
    "--behind",
    metavar="PUBLIC=LOCAL",
    multiple=True,
    callback=_read_behind,
    help="Make callbacks to PUBLIC at LOCAL, like https://example.org=http://127.0.0.1:8080; can be given several times.",
)
@click.option("--ready-file", type=click.Path(path_type=Path), help="Write url and pid here, as JSON, when listening.")
@click.option("--quiet", is_flag=True, help="Print no line for each request.")
@click.option("--show-texts", is_flag=True, help="Print the messages' texts too.")
def command(
    port: int,
    ledger_path: Path | None,
    faults: tuple[Fault, ...],
    auth_id: str | None,
    auth_token: str | None,
    log_lag: float,
    numbers: tuple[Replacement, ...],
    log_limit: int,
    account_offset: timedelta,
    credit: str,
    own: frozenset[str] | None,
    inbound_url: str | None,
    callback_scale: float,
    behind: tuple[Behind, ...],
    ready_file: Path | None,
    quiet: bool,
    show_texts: bool,
) -> None:
    account = PlayedAccount(credit, numbers=own)
    callbacks = CallbackOptions(inbound_url, scale=callback_scale, behind=behind)
    options = Options(auth_id, auth_token, log_limit, log_lag, account_offset, numbers, account, callbacks)
    watch = None if quiet else lambda seen: _print(_line(seen, show_texts))
    try:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)  # one of an earlier run must not be taken for ours
        with closing(Ledger(ledger_path)) as ledger:
            try:
                service = Service(ledger, SystemClock(), options, faults, watch)
            except ValueError as error:
                raise click.BadParameter(str(error), param_hint="--inbound-url") from error
            asyncio.run(_serve(service, port, lambda url: _announce(url, options, ready_file)))
    except LedgerError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{ready_file}: {error.strerror}") from error


async def _serve(service: Service, port: int, announce: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        url = f"http://{HOST}:{await service.start(port)}"
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on port {port} of {HOST}: {os.strerror(error.errno or 0)}"
        ) from error
    try:
        announce(url)
        await stop.wait()
    finally:
        await service.stop()


def _announce(url: str, options: Options, ready_file: Path | None) -> None:
    _print(url)
    token = AUTH_TOKEN if options.auth_token is None else "..."
    for name, value in environment(url, options.auth_id or AUTH_ID, token).items():
        _print(f"export {name}={value}")
    if ready_file is not None:
        _write_whole(ready_file, json.dumps({"url": url, "pid": os.getpid()}))


def _write_whole(path: Path, content: str) -> None:
    """Whoever sees the file sees all of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    draft.write_text(content)
    draft.replace(path)


def _line(seen: Seen, show_texts: bool) -> str:
    """One request in aligned columns: time, request, phone, result, reported state, fault, and the text if asked for."""
    subject = seen.subject
    phones = subject.phones if subject else ()
    phone = mask(phones[0]) + (f" +{len(phones) - 1}" if len(phones) > 1 else "") if phones else ""
    time = f"{seen.at.astimezone(UTC):%H:%M:%S}.{seen.at.microsecond // 1000:03d}Z"
    line = f"{time}  {seen.method:<4} {seen.what:<9}  {phone:<10}  {seen.result:<24}"
    if subject and subject.state:
        line += f"  {subject.state}"
    if seen.fault is not None:
        line += f"  fault: {seen.fault}"
    if show_texts and subject and subject.text:
        line += f"  {subject.text!r}"
    return "".join(c if c.isprintable() else "?" for c in line).rstrip()


def _print(line: str) -> None:
    """Print while somebody reads; a reader that went away must not end the sandbox."""
    try:
        print(line, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
