"""What the daemon writes can be asked for by its fields."""

import json
from contextlib import ExitStack
from typing import Any

from tests.systemd.conftest import Play
from tests.systemd.machine import JOBS, SERVICE, installed_with_sandbox, job, run, systemctl, until


def entries(*matches: str) -> list[dict[str, Any]]:
    lines = run("journalctl", "--no-pager", "--output=json", "--all", *matches).stdout.splitlines()
    return [json.loads(line) for line in lines]


def fields_of_a_life() -> None:
    with ExitStack() as stack:
        sandbox = installed_with_sandbox(stack)
        job("rent", to="+14155550101")
        job("water", to="+14155550102")
        systemctl("start", SERVICE)
        sandbox.wait_accepted(4)
        until(lambda: entries("REMINDERD_JOB=rent", "REMINDERD_EVENT=delivery.accepted"), "no entry of the job")
        for entry in entries("REMINDERD_JOB=rent"):
            assert entry["_SYSTEMD_UNIT"] == SERVICE
            assert entry["SYSLOG_IDENTIFIER"] == "reminderd"
            assert entry["_TRANSPORT"] == "journal"
            assert entry["MESSAGE"].startswith(f"{entry['REMINDERD_EVENT']} job=rent")
        first = entries("REMINDERD_EVENT=delivery.accepted", "REMINDERD_JOB=rent")[0]
        assert first["PRIORITY"] == "6"
        assert first["REMINDERD_ATTEMPT"] == "1"
        assert first["REMINDERD_TO"] != "+14155550101"
        delivery = first["REMINDERD_DELIVERY"]
        assert {entry["REMINDERD_JOB"] for entry in entries(f"REMINDERD_DELIVERY={delivery}")} == {"rent"}

        (JOBS / "broken.yaml").write_text('schedule: {cron: "0 9 * *"}\n')
        systemctl("reload", SERVICE, check=False)
        problems = entries("REMINDERD_EVENT=catalog.problem", "--priority=warning")
        assert "broken.yaml:1:" in problems[0]["REMINDERD_PROBLEM"]


def test_the_journal_can_be_asked_for_a_job_a_delivery_or_an_event(play: Play) -> None:
    play(fields_of_a_life)


LARGE = """
from reminderd.telemetry import Event, configure, emit, traceback
configure("auto", "info")
emit(Event.CATALOG_PROBLEM, problem="x" * 600_000)
try:
    raise ValueError("of two\\nlines")
except ValueError:
    traceback(Event.DAEMON_FAILED, where="here")
"""


def large_and_long_entries() -> None:
    with ExitStack() as stack:
        installed_with_sandbox(stack)
        properties = ["MemoryDenyWriteExecute=yes", "SystemCallFilter=@system-service", "User=reminderd"]
        properties += ["SystemCallFilter=~@privileged @resources", "SystemCallErrorNumber=EPERM"]
        arguments = [f"--property={each}" for each in properties]
        run("systemd-run", "--quiet", "--wait", *arguments, "/opt/reminderd/bin/python3", "-c", LARGE)
        until(lambda: entries("REMINDERD_EVENT=daemon.failed"), "it is not in the journal")
        (large,) = entries("REMINDERD_EVENT=catalog.problem")
        assert large["REMINDERD_PROBLEM"] == "x" * 600_000
        (failed,) = entries("REMINDERD_EVENT=daemon.failed")
        assert failed["PRIORITY"] == "3"
        assert failed["MESSAGE"].splitlines()[0].rstrip() == "daemon.failed where=here"
        assert failed["MESSAGE"].splitlines()[-2:] == ["ValueError: of two", "lines"]


def test_large_entries_and_tracebacks_come_whole_under_the_units_own_restrictions(play: Play) -> None:
    play(large_and_long_entries)
