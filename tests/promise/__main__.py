"""`python -m tests.promise [--quick] [--only WORD] [--write]`: run the proofs, print the table of docs/promise.md."""

import argparse
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.promise.proofs import PROOFS, Proof

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "promise.md"
BEGIN, END = "<!-- the table of the last run -->", "<!-- end of the table -->"


def main() -> int:
    parser = argparse.ArgumentParser(description="Try again what docs/promise.md says was tried.")
    parser.add_argument(
        "--quick", action="store_true", help="a few minutes instead of a quarter of an hour; never written"
    )
    parser.add_argument("--only", default="", help="only proofs whose first column has this word")
    parser.add_argument("--write", action="store_true", help="put the table into docs/promise.md")
    given = parser.parse_args()
    chosen = [proof for proof in PROOFS if given.only in proof.fault]
    rows, good = [], True
    for number, proof in enumerate(chosen, 1):
        print(f"[{number}/{len(chosen)}] {proof.fault}", file=sys.stderr, flush=True)
        row, kept = _run(proof, quick=given.quick)
        good &= kept
        rows.append(row)
        print(row, flush=True)
    if given.write and good and not given.quick and not given.only:
        _write(rows)
    return 0 if good else 1


def _run(proof: Proof, *, quick: bool) -> tuple[str, bool]:
    began = time.monotonic()
    done = subprocess.run(
        proof.command(quick=quick),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - began
    try:
        numbers = proof.numbers(done.stdout)
    except ValueError as error:
        numbers, done.returncode = str(error), done.returncode or 1
    if done.returncode:
        print(done.stdout[-8000:], file=sys.stderr)
        numbers += f"; FAILED with status {done.returncode}"
    return f"| {proof.fault} | {numbers} | {seconds:.0f} s | `{proof.shown()}` |", done.returncode == 0


def _write(rows: list[str]) -> None:
    head, _, rest = PAGE.read_text().partition(BEGIN)
    tail = rest.partition(END)[2]
    where = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    table = [
        "",
        f"Run on {datetime.now(UTC):%Y-%m-%d}, {where}.",
        "",
        "| what fails | tried | time | command |",
        "|---|---|---|---|",
        *rows,
        "",
    ]
    PAGE.write_text(head + BEGIN + "\n".join(table) + "\n" + END + tail)


if __name__ == "__main__":
    sys.exit(main())
