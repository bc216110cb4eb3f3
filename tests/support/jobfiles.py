"""Job files for tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


def job_text(name: str, message: str = "Hello.") -> str:
    """A good job file with one job of this name."""
    return f'name: {name}\nschedule:\n  at: 2031-05-04T09:00\nto: ["+14155550123"]\nmessage: {message!r}\n'


def jobs_text(*names: str) -> str:
    """A good job file with several jobs."""
    entries = (
        f'  - name: {name}\n    schedule: {{cron: "0 9 * * *"}}\n    to: ["+14155550123"]\n    message: Hello.\n'
        for name in names
    )
    return "jobs:\n" + "".join(entries)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may read everything; within this the process may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def write(path: Path, text: str) -> Path:
    """Write a file in place, and return its path."""
    path.write_text(text, encoding="utf-8")
    return path
