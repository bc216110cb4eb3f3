"""reminderd demo: the whole thing on this machine, in a few seconds, with a stand-in for Plivo."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from reminderd.cli.common import clean, coloured, fail
from reminderd.gateway.sandbox import AUTH_ID, AUTH_TOKEN
from reminderd.store import open_reports

_PATIENCE = 60.0

_JOBS = {
    "standup.yaml": """\
description: A recurring reminder, here every two seconds
schedule: {every: 2s, from: "2026-01-01T00:00:00Z"}
to:
  - {name: Ada, phone: "+14155550101"}
message: "{{ recipient.name }}, the stand-up starts at {{ due_at.strftime('%H:%M') }}."
""",
    "appointment.yaml": """\
description: A one-off for two people, each with their own text
schedule: {at: "AT_1"}
to:
  - {name: Grace, phone: "+14155550102", room: 4}
  - {name: Edsger, phone: "+14155550103", room: 7}
message: "Hello {{ recipient.name }}, we expect you in room {{ recipient.room }}."
""",
    "rent.yaml": """\
description: Plivo answers 429 to the first attempt; it is tried again when the account is usable
schedule: {at: "AT_2"}
to: "+14155550104"
vars: {amount: "1,200.00"}
message: "The rent of {{ vars.amount }} is due tomorrow."
""",
    "on-call.yaml": """\
description: Plivo takes the message, but its answer is lost; the delivery is in doubt until Plivo's log proves it
schedule: {at: "AT_3"}
to: "+14155550105"
message: "Your on-call night begins in an hour."
""",
}
_FAULTS = ("status=429,header=Retry-After: 1,phone=0104$,count=1", "reset=after,phone=0105$,count=1")
_WANTED = {"standup": 2, "appointment": 2, "rent": 1, "on-call": 1}


@click.command()
def command() -> None:
    """See it work: the sandbox, the daemon and four reminders, in a few seconds, on this machine only.

    Nothing is sent anywhere. The jobs, the state and the ledger of what was accepted stay in a temporary folder that is
    named at the end.
    """
    folder = Path(tempfile.mkdtemp(prefix="reminderd-demo-"))
    with ExitStack() as stack:
        url = stack.enter_context(_sandbox(folder))
        environment = _environment(folder, url)
        _write_jobs(folder / "jobs.d", datetime.now(UTC))
        _say("the job files are in", folder / "jobs.d")
        for name in sorted(_JOBS):
            click.echo(f"    {name:<18}{_JOBS[name].splitlines()[0].partition(': ')[2]}")
        _say("the daemon runs; its log:")
        stack.enter_context(_daemon(folder, environment))
        rows = _wait_until_accepted(folder / "state" / "state.db")
    _say("reminderd history")
    subprocess.run([*_reminderd(), "history", "--limit", "20"], env=environment, check=True)
    _explain(folder, environment, rows)


def _say(*words: object) -> None:
    text = "\n==> " + " ".join(str(word) for word in words)
    click.echo(click.style(text, bold=True) if coloured() else text)


def _reminderd() -> list[str]:
    return [sys.executable, "-m", "reminderd"]


def _environment(folder: Path, url: str) -> dict[str, str]:
    """Only our own settings: nothing of a real installation may leak into the demo."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REMINDERD_", "PLIVO_"))}
    (folder / "state").mkdir(exist_ok=True)
    (folder / "reminderd.yaml").write_text("plivo: {reconcile: [0s, 1s, 3s]}\n")
    return {
        **kept,
        "REMINDERD_CONFIG": str(folder / "reminderd.yaml"),
        "REMINDERD_JOBS": str(folder / "jobs.d"),
        "REMINDERD_STATE": str(folder / "state" / "state.db"),
        "REMINDERD_MARKS": str(folder / "marks"),
        "REMINDERD_PLIVO__URL": url,
        "REMINDERD_PLIVO__SENDER": "+14155550100",
        "PLIVO_AUTH_ID": AUTH_ID,
        "PLIVO_AUTH_TOKEN": AUTH_TOKEN,
    }


def _write_jobs(folder: Path, now: datetime) -> None:
    folder.mkdir()
    for name, text in _JOBS.items():
        for number, seconds in (("AT_1", 3), ("AT_2", 4), ("AT_3", 5)):
            text = text.replace(number, (now + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ"))
        (folder / name).write_text(text)


@contextmanager
def _sandbox(folder: Path) -> Iterator[str]:
    """A sandbox in a process of its own; gives its URL."""
    faults = [word for fault in _FAULTS for word in ("--fault", fault)]
    ready = folder / "sandbox.json"
    arguments = ["sandbox", "--port", "0", "--quiet", "--ledger", folder / "ledger.jsonl", "--ready-file", ready]
    with _process([*_reminderd(), *map(str, arguments), *faults], stdout=subprocess.DEVNULL) as process:
        _wait_for(ready.exists, process, "the sandbox does not start")
        url: str = json.loads(ready.read_text())["url"]
        _say("a stand-in for Plivo listens at", url)
        yield url


@contextmanager
def _daemon(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    with _process([*_reminderd(), "run"], env=environment) as process:
        _wait_for((folder / "state" / "state.db.sock").exists, process, "the daemon does not start")
        yield


@contextmanager
def _process(command: list[str], **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(70)


def _wait_for(condition: Any, process: "subprocess.Popen[bytes]", otherwise: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            fail(otherwise)
        time.sleep(0.05)


def _wait_until_accepted(state: Path) -> list[dict[str, Any]]:
    end = time.monotonic() + _PATIENCE
    rows: list[dict[str, Any]] = []
    while not _enough(rows):
        if time.monotonic() > end:
            fail("the messages were not accepted in time; the daemon's log above says why")
        time.sleep(0.2)
        rows = open_reports(state).history(limit=0)
    return rows


def _enough(rows: list[dict[str, Any]]) -> bool:
    accepted = [row["job"] for row in rows if row["state"] == "accepted"]
    return all(accepted.count(job) >= number for job, number in _WANTED.items())


def _explain(folder: Path, environment: dict[str, str], rows: list[dict[str, Any]]) -> None:
    retried = next(row for row in rows if row["job"] == "rent")
    doubted = next(row for row in rows if row["job"] == "on-call")
    _say(f"reminderd why {doubted['id']}")
    subprocess.run([*_reminderd(), "why", str(doubted["id"])], env=environment, check=True)
    ledger = [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]
    _say("where to look next")
    click.echo(f"    export REMINDERD_CONFIG={folder}/reminderd.yaml REMINDERD_JOBS={folder}/jobs.d")
    click.echo(f"    export REMINDERD_STATE={folder}/state/state.db REMINDERD_PLIVO__SENDER=+14155550100")
    click.echo(f"    reminderd why {retried['id']:<14} the story of the one that was tried twice")
    click.echo("    reminderd next               what comes, with people, times and texts")
    click.echo("    reminderd status             what needs someone")
    click.echo(f"    {folder}/ledger.jsonl   what the stand-in accepted: {len(ledger)} messages, each once")
    click.echo(f"    rm -r {clean(folder)}   when you are done")
