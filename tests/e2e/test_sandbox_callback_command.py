"""Callbacks of `reminderd sandbox` as people start it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from reminderd.cli.sandbox import command
from tests.support.receiver import Receiver
from tests.support.sandbox import SENDER, sdk_client

COMMAND = [sys.executable, "-c", "from reminderd.cli.sandbox import command; command()", "--port", "0"]


@contextmanager
def started(*arguments: str) -> Iterator[tuple[str, Iterator[str]]]:
    """Its address, and the lines that it prints."""
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url, *_ = (process.stdout.readline().strip() for _ in range(4))
            yield url, (line.rstrip() for line in process.stdout)
        finally:
            process.terminate()


def test_each_callback_is_one_line_with_its_state_and_what_came_back() -> None:
    with Receiver(lambda number, _call: 503 if number == 0 else 200) as receiver:
        rules = ("--fault", "ends=delivered,after=0s", "--fault", "repeat=2,state=sent")
        with started(*rules, "--inbound-url", f"{receiver.url}/in") as (url, lines), sdk_client(url) as client:
            client.messages.create(src=SENDER, dst="+14155550101", text="secret", url=f"{receiver.url}/status/9f2c")
            shown = [next(lines) for _ in range(5)]
    assert not any("secret" in line or "9f2c" in line or "14155550101" in line for line in shown)
    callbacks = [re.sub(r"^[0-9:.]+Z +", "", line) for line in shown if " POST status " in line]
    assert callbacks == [
        "POST status     …0101       503 Service Unavailable   queued",
        "POST status     …0101       200 OK                    sent  fault: repeat=2,state=sent",
        "POST status     …0101       200 OK                    sent  fault: repeat=2,state=sent",
        "POST status     …0101       200 OK                    delivered",
    ]


def test_an_address_of_another_machine_is_refused_with_a_word() -> None:
    with started("--fault", "ends=delivered,after=0s") as (url, lines), sdk_client(url) as client:
        client.messages.create(
            src=SENDER, dst="+14155550101", text="Hello", url="https://reminders.example.org/status/9f2c"
        )
        line = next(line for line in lines if " POST status " in line)
    assert line.endswith(
        "refused: reminders.example.org is not this machine; the sandbox calls loopback addresses only  queued"
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--inbound-url", "https://reminders.example.org/in"], "reminders.example.org is not this machine"),
        (["--inbound-url", "127.0.0.1:8080"], "is not an address"),
        (["--behind", "https://reminders.example.org"], "is not PUBLIC=LOCAL"),
        (["--behind", "https://reminders.example.org=https://example.com"], "example.com is not this machine"),
        (["--callback-scale", "often"], "is not a factor"),
        (["--fault", "signature=odd"], "write one of right"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(arguments: list[str], problem: str) -> None:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert problem in " ".join(result.output.split())


def test_what_is_behind_a_proxy_can_be_the_inbound_url_too() -> None:
    with Receiver() as receiver:
        public = "https://reminders.example.org"
        options = ("--behind", f"{public}={receiver.url}", "--inbound-url", f"{public}/plivo/inbound")
        with started(*options, "--fault", "ends=queued") as (url, _), sdk_client(url) as client:
            client.messages.create(src=SENDER, dst="+14155550101", text="Hello", url=f"{public}/status")
            (call,) = receiver.wait(1)
    assert (call.headers["Host"], call.form["Status"]) == ("reminders.example.org", "queued")
