"""The proofs, in the order of docs/promise.md: what fails, how it is run, and how its output is read."""

import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """One row of the table.

    arguments: of this Python; quick: in a run of a few minutes instead. numbers(output): what was tried, in words; raises
    ValueError where the output does not say it.
    """

    fault: str
    arguments: tuple[str, ...]
    quick: tuple[str, ...]
    numbers: Callable[[str], str]

    def command(self, *, quick: bool) -> list[str]:
        return [sys.executable, *(self.quick if quick else self.arguments)]

    def shown(self) -> str:
        """The command as a reader types it."""
        return shlex.join(["python", *self.arguments])


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
    rows = _found(r"^.+: (\d+) points, (\d+) failures seen, (\d+) violations$", output)
    tried, _, violations = (sum(int(row[column]) for row in rows) for column in range(3))
    return f"{len(rows)} kinds of failure, {tried:,} points at which the disk failed; {violations} violations"


def _tortured(output: str) -> str:
    ((rounds, kills),) = _found(r"^(\d+) rounds in \d+ s: (\d+) times SIGKILL", output)
    ((deliveries,),) = _found(r"^(\d+) deliveries, ", output)
    ((commands,),) = _found(r"^(\d+) commands", output)
    kept = "every promise was kept" in output
    said = "0 violations" if kept else "; ".join(" ".join(each) for each in _found(r"^(\d+ BREACHES)", output))
    return f"{rounds} rounds, {kills} times SIGKILL, {deliveries} deliveries, {commands} commands; {said}"


def _loaded(output: str) -> str:
    ((deliveries, states),) = _found(r"^(\d+) deliveries in \d+ s \(\d+/s\), by state \{(.*)\}$", output)
    ((growth,),) = _found(r"growth (-?[\d.]+) MiB$", output)
    violations = len(re.findall(r"^not so: ", output, re.MULTILINE))
    states = states.replace("'", "").replace(": ", " ")
    return f"{int(deliveries):,} deliveries ({states}), memory grew {growth} MiB; {violations} violations"


def _passed(output: str) -> str:
    ((passed,),) = _found(r"(\d+) passed", output)[-1:]
    return f"{passed} tests passed"


def _pytest(*paths: str) -> tuple[str, ...]:
    return (
        "-m",
        "pytest",
        "-o",
        "addopts=",
        "-s",
        "--timeout",
        "3600",
        "-m",
        "not nightly",
        *paths,
    )


PROOFS = (
    Proof(
        "death before and after every effect: store, gateway, files, the mark",
        ("-m", "tests.crash.every_step"),
        ("-m", "tests.crash.every_step", "sending"),
        _crash_points,
    ),
    Proof(
        "SIGKILL, SIGSTOP, edits, moved clocks, faults of the gateway and commands at drawn moments",
        ("-m", "tests.torture", "--seed", "1", "--rounds", "80", "--jobs", "250"),
        ("-m", "tests.torture", "--seed", "1", "--rounds", "12"),
        _tortured,
    ),
    Proof(
        "a disk that fails at every statement and every call: full, broken, busy, read-only; done, but reported as failed",
        ("-m", "tests.crash.disks", "--step", "57"),
        ("-m", "tests.crash.disks", "--step", "300"),
        _disk,
    ),
    Proof(
        "full file systems, read-only remounts, locked and corrupt databases under the real daemon",
        _pytest("tests/e2e/test_disks.py"),
        _pytest("tests/e2e/test_disks.py"),
        _passed,
    ),
    Proof(
        "answers that lie: lost, late, halved, foreign, masked, rewritten, crossing",
        _pytest("tests/e2e", "-k", "lies or outcome"),
        _pytest("tests/e2e/test_gateway_outcomes.py"),
        _passed,
    ),
    Proof(
        "clocks that move, zone data that changes, states that are put back or copied, older schemas",
        _pytest(
            "tests/unit/test_clocks.py",
            "tests/unit/test_shifts.py",
            "tests/unit/test_origin_hold.py",
            "tests/unit/test_upgrade.py",
            "tests/e2e/test_restored.py",
        ),
        _pytest("tests/unit/test_shifts.py", "tests/unit/test_origin_hold.py"),
        _passed,
    ),
    Proof(
        "walks of people, files, operators, nights, zones, failures and time, against a reference model and the invariants",
        _pytest("tests/property/test_reference_walk.py", "tests/property/test_sync_model.py"),
        _pytest("tests/property/test_reference_walk.py"),
        _passed,
    ),
    Proof(
        "pruning and forgetting at any moment: the same walks, edits and rewound cursors afterwards, and the bytes that are left",
        _pytest(
            "tests/property/test_retention_walk.py",
            "tests/unit/test_retention.py",
            "tests/unit/test_pruning.py",
            "tests/unit/test_forget.py",
            "tests/e2e/test_forget.py",
        ),
        _pytest("tests/property/test_retention_walk.py", "tests/unit/test_forget.py"),
        _passed,
    ),
    Proof(
        "a sample of all zones, 2020 to 2040, and quiet hours, against a walk through each minute",
        _pytest("tests/property/test_zones.py", "tests/property/test_quiet.py"),
        _pytest("tests/property/test_zones.py"),
        _passed,
    ),
    Proof(
        "hostile files, settings, commands and answers",
        _pytest("tests/property", "tests/unit", "tests/e2e", "-k", "fuzz or hostile or bounds"),
        _pytest("tests/property", "-k", "fuzz"),
        _passed,
    ),
    Proof(
        "a hundred thousand deliveries with faults",
        ("-m", "tests.load", "--deliveries", "100000", "--seed", "1"),
        ("-m", "tests.load", "--deliveries", "2000", "--seed", "1"),
        _loaded,
    ),
)
