"""Job files to measure with."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bare import phone

FAR = 30 * 86400.0  # seconds from now to a reminder that is never sent here


def write_single(folder: Path, name: str, due: float, number: int) -> None:
    """One one-off job in a file of its own, renamed into place. due: seconds of the wall clock."""
    _place(folder / f"{name}.yaml", _body(due, number, ""))


def write_many(folder: Path, name: str, dues: Iterable[float]) -> None:
    """One file of one-off jobs, each for a phone of its own."""
    jobs = [f"  - name: {name}-{n}\n{_body(due, n, '    ')}" for n, due in enumerate(dues)]
    _place(folder / f"{name}.yaml", "jobs:\n" + "".join(jobs))


def _body(due: float, number: int, indent: str) -> str:
    at = datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    message = f"Your appointment is tomorrow at nine, number {number}."
    lines = (f'schedule: {{at: "{at}"}}', f'to: "{phone(number)}"', f'message: "{message}"')
    return "".join(f"{indent}{line}\n" for line in lines)


def _place(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}")
    draft.write_text(text)
    draft.replace(path)
