"""Bare programs to compare with, each with nothing around the SDK. Run as `python -m benchmarks.bare PROGRAM ...`.

Each prints a line when it is ready and begins when it reads one.
"""

import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import plivo
import schedule

SLEEPER = 500

_SENDER = "+14155550100"
_TEXT = "Your appointment is tomorrow at nine, number %d."


def phone(number: int) -> str:
    """One of the thousand numbers that are reserved for fiction."""
    return f"+447700900{number % 1000:03d}"


def _client(url: str) -> Any:
    """An unchanged client but for its address."""
    base = property(lambda _: f"{url}/v1/Account", lambda _self, _value: None)
    return type("Client", (plivo.RestClient,), {"base_uri": base})()


def _create(client: Any, number: int) -> None:
    client.messages.create(src=_SENDER, dst=phone(number), text=_TEXT % number)


def _wait() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def burst(url: str, threads: str, messages: str) -> None:
    """A loop of `messages.create` in each of so many threads."""
    numbers = count()

    def send(client: Any) -> None:
        while (number := next(numbers)) < int(messages):
            _create(client, number)

    senders = [threading.Thread(target=send, args=(_client(url),)) for _ in range(int(threads))]
    _wait()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()


def clock(url: str, first: str, spacing: str, messages: str) -> None:
    """Sleep until each instant, and send one message, to the phones from `SLEEPER` on."""
    client = _client(url)
    _wait()
    for number in range(int(messages)):
        time.sleep(max(0.0, float(first) + number * float(spacing) - time.time()))
        _create(client, SLEEPER + number)


def idle(jobs: str) -> None:
    """The usual loop around `schedule`, with so many jobs that are not due."""
    for _ in range(int(jobs)):
        schedule.every(1).weeks.do(_wait)
    _wait()
    while True:
        schedule.run_pending()
        time.sleep(1)


_PROGRAMS: dict[str, Callable[..., None]] = {"burst": burst, "clock": clock, "idle": idle}

if __name__ == "__main__":
    _PROGRAMS[sys.argv[1]](*sys.argv[2:])
