"""The proofs, in the order of docs/promise.md: what fails, how it is run, and how its output is read."""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Proof:
    """One row of the table.

    arguments: of this Python; quick: in a run of a few minutes instead. environment: beside the usual one. numbers(output):
    what was tried, in words; raises ValueError where the output does not say it.
    """

    fault: str
    arguments: tuple[str, ...]
    quick: tuple[str, ...]
    numbers: Callable[[str], str]
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, *, quick: bool) -> list[str]:
        return [sys.executable, *(self.quick if quick else self.arguments)]

    def shown(self) -> str:
        """The command as a reader types it."""
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        return " ".join([*variables, "python", *self.arguments])


def _found(pattern: str, output: str) -> list[tuple[str, ...]]:
    found = [match.groups() for match in re.finditer(pattern, output, re.MULTILINE)]
    if not found:
        raise ValueError(f"the output has no {pattern!r}")
    return found


def _crash_points(output: str) -> str:
    rows = _found(r"^.+: (\d+) crash points, (\d+) runs, (\d+) violations$", output)
    points, runs, violations = (sum(int(row[column]) for row in rows) for column in range(3))
    return f"{len(rows)} scenarios, {points:,} crash points, {runs:,} runs; {violations} violations"


def _disk(output: str) -> str:
    rows = _found(r"^.+: (\d+) (?:statements|calls|commits|points)[^,]*, .*?(\d+) violations", output)
    tried, violations = (sum(int(row[column]) for row in rows) for column in range(2))
    return f"{len(rows)} kinds of failure, {tried:,} points at which the disk failed; {violations} violations"


def _last_line(pattern: str) -> Callable[[str], str]:
    return lambda output: "; ".join(" ".join(groups) for groups in _found(pattern, output)[-1:])


def _passed(output: str) -> str:
    ((passed,),) = _found(r"^(\d+) passed", output)[-1:]
    return f"{passed} tests passed"


def _pytest(*paths: str, nightly: bool = False) -> tuple[str, ...]:
    return (
        "-m",
        "pytest",
        "-o",
        "addopts=",
        "-s",
        "--timeout",
        "3600",
        *(() if nightly else ("-m", "not nightly")),
        *paths,
    )


_NIGHTLY = {"NIGHTLY": "1"}
