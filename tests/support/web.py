"""Asking a running daemon's listener, and judging its figures with Prometheus' own tool."""

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any, NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

_NEVER_GIVEN = (15_000, 32_000)  # Linux gives 32768 to 60999

Labels = frozenset[tuple[str, str]]


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def free_port() -> int:
    """One that nobody listens on now, and that no connection is given by itself: many are made beside a test."""
    while True:
        port = random.randrange(*_NEVER_GIVEN)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def ask(
    port: int,
    path: str,
    method: str = "GET",
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    **more: str,
) -> Answer:
    """One request. headers, more: accept="…", by their names with underscores. Raises OSError."""
    given = {name.replace("_", "-"): value for name, value in {**(headers or {}), **more}.items()}
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, headers=given)
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, told, answer.read())
    finally:
        connection.close()


def answers(port: int) -> bool:
    try:
        return ask(port, "/healthz").status == 200
    except OSError:
        return False


class Figures:
    """A page of figures, read as Prometheus reads it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples: dict[str, dict[Labels, float]] = {}
        for family in self.families.values():
            for sample in family.samples:
                self.samples.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value

    @classmethod
    def of(cls, port: int) -> "Figures":
        answer = ask(port, "/metrics")
        assert answer.status == 200, answer
        return cls(answer.body.decode())

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples.get(name, {}).get(frozenset(labels.items()))


def promtool() -> str:
    """Prometheus' own tool, or this test is skipped."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not here: install Debian's package prometheus (--no-install-recommends)")
    return found


def run_promtool(*arguments: str, stdin: str | None = None) -> str:
    """What it says; fails where it finds something wrong."""
    done = subprocess.run(
        [promtool(), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
